#ifndef MESH_CLUSTER_PICKER_H_
#define MESH_CLUSTER_PICKER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "mesh/cluster/endpoint.h"

namespace mesh::cluster {

// What a call asks of a cluster.
struct PickRequest {
  // Endpoints that earlier attempts of the call used: avoided while there is another.
  absl::Span<const Endpoint* const> tried;
  std::optional<uint64_t> hash;
};

// An endpoint that is connected, and the right to use it.
struct Picked {
  Permit permit;
};
// Nothing is connected yet, but it is being tried: wait for the next picker.
struct Pending {};
// Nothing can be connected at present. Calls that wait for readiness wait for the next picker;
// others fail with `status` (UNAVAILABLE; names cluster and cause).
struct Failed {
  absl::Status status;
};

using PickResult = std::variant<Picked, Pending, Failed>;

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_PICKER_H_
