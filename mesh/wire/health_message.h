#ifndef MESH_WIRE_HEALTH_MESSAGE_H_
#define MESH_WIRE_HEALTH_MESSAGE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "mesh/wire/prober.h"

namespace mesh::wire {

// grpc.health.v1 by hand: the application may link code made from health.proto, and two of one
// name do not go into one process.

inline constexpr absl::string_view kHealthCheckMethod = "/grpc.health.v1.Health/Check";

// The bytes of a HealthCheckRequest. An empty service is the whole server.
std::string EncodeHealthCheckRequest(absl::string_view service);

// What a call of that method that ended with gRPC's `code` and `message`, or with the bytes of a
// HealthCheckResponse, says of the server. UNAVAILABLE and CANCELLED are kNetwork, whoever said
// so: with these gRPC ends a call whose connection is lost, and with no others.
ProbeResult ToProbeResult(int code, absl::string_view message, absl::string_view response);

}  // namespace mesh::wire

#endif  // MESH_WIRE_HEALTH_MESSAGE_H_
