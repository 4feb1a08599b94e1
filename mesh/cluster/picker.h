#ifndef MESH_CLUSTER_PICKER_H_
#define MESH_CLUSTER_PICKER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "mesh/cluster/endpoint.h"
#include "mesh/model/metadata_match.h"
#include "mesh/model/routing_priority.h"

namespace mesh::cluster {

// What a call asks of a cluster.
struct PickRequest {
  // Endpoints that earlier attempts of the call used: avoided while there is another.
  absl::Span<const Endpoint* const> tried;
  std::optional<uint64_t> hash;
  // Uniform, and the same for all picks of a call: whether it is dropped is decided by it.
  uint64_t draw = 0;
  model::RoutingPriority priority = model::RoutingPriority::kDefault;  // whose limits apply
  // The metadata that the endpoint must have where the cluster has subsets; null: none. It lives as
  // long as the pick.
  const model::MetadataMatch* metadata = nullptr;
  bool awaits_answer = false;  // it is of a kind that is answered once, and soon: unary
  bool is_retry = false;       // a policy has the call made again: limits of retries apply as well
};

// An endpoint that is connected, and the right to use it.
struct Picked {
  // In place, for picks: to move a permit that was just made costs more than to make it.
  explicit Picked(Endpoint* endpoint) : permit(endpoint) {}
  explicit Picked(Permit permit) : permit(std::move(permit)) {}

  Permit permit;
};
// Nothing is connected yet, but it is being tried: wait for the next picker.
struct Pending {};
// Nothing can be connected at present. Calls that wait for readiness wait for the next picker;
// others fail with `status` (UNAVAILABLE; names cluster and cause).
struct Failed {
  absl::Status status;
};

// The call is not to be made, and not to wait: a limit of the cluster is reached, or the control
// plane has such calls fail.
struct Dropped {
  absl::Status status;      // UNAVAILABLE; names cluster and cause
  bool overloaded = false;  // a limit is reached
};

using PickResult = std::variant<Picked, Pending, Failed, Dropped>;

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_PICKER_H_
