#ifndef MESH_WIRE_LOAD_MESSAGE_H_
#define MESH_WIRE_LOAD_MESSAGE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace mesh::wire {

// xds.service.orca.v3 by hand: the application may link code made from orca.proto, and two of one
// name do not go into one process.

inline constexpr absl::string_view kLoadReportMethod =
    "/xds.service.orca.v3.OpenRcaService/StreamCoreMetrics";

// The bytes of an OrcaLoadReportRequest that asks for all metrics but the costs of requests.
// REQUIRES: `interval` is finite and not negative.
std::string EncodeLoadReportRequest(absl::Duration interval);

}  // namespace mesh::wire

#endif  // MESH_WIRE_LOAD_MESSAGE_H_
