#ifndef MESH_CLUSTER_HEALTH_CHECK_STATE_H_
#define MESH_CLUSTER_HEALTH_CHECK_STATE_H_

#include <cstdint>

#include "absl/time/time.h"
#include "mesh/base/random.h"
#include "mesh/model/health_check.h"
#include "mesh/wire/prober.h"

namespace mesh::cluster {

// What active checks say of an endpoint.
enum class CheckedHealth : uint8_t {
  kUnhealthy,
  kPending,  // no check has been made yet; takes no calls, as if unhealthy
  kHealthy,
};

// What two checks say together: both must pass.
inline CheckedHealth Both(CheckedHealth a, CheckedHealth b) { return a < b ? a : b; }

// What one check has found out about one endpoint, and when it is to be made again (envoy
// health_check.proto, and health_checker_base_impl.cc where that says otherwise).
//
//                       success
//      pending ───────────────────────────► healthy
//         │                                  │   ▲
//         │ failure                          │   │ healthy_threshold successes in a row
//         │          an answer that is not   │   │
//         │          success, at once; or    │   │
//         │          unhealthy_threshold     ▼   │
//         └─────────────────────────────► unhealthy
//                    failures in a row
//
// A new endpoint is pending, which Envoy calls unhealthy; what the control plane says of it counts
// beside this, not instead. One that was in use when its checks changed starts as what it was:
// only the first result of the new checks makes it something else. If the very first result is a
// success, the endpoint is healthy at once, wherever it started. Then waits before the next check:
//
//   success, and it is or has just become healthy     interval
//   success, but more are needed                      healthy_edge_interval
//   failure, but more are needed                      unhealthy_edge_interval
//   failure, and it is or has just become unhealthy   unhealthy_interval
//   success, while the cluster has had no calls       no_traffic_healthy_interval
//   failure, while the cluster has had no calls       no_traffic_interval
//
// Thread-compatible.
class HealthCheckState {
 public:
  explicit HealthCheckState(CheckedHealth start = CheckedHealth::kPending) : health_(start) {}

  CheckedHealth health() const { return health_; }
  // Whether a result was counted.
  bool checked() const { return checked_; }

  // Counts the result of a check.
  void Count(const model::HealthCheck& check, wire::ProbeOutcome outcome);

  // How long to wait before the first check of an endpoint.
  static absl::Duration InitialDelay(const model::HealthCheck& check, Random* random);
  // How long to wait after what was last counted; never 0. `had_calls`: the cluster has had calls.
  // REQUIRES: checked().
  absl::Duration NextDelay(const model::HealthCheck& check, bool had_calls, Random* random) const;

 private:
  void CountSuccess(const model::HealthCheck& check);
  void CountFailure(const model::HealthCheck& check, bool at_once);

  CheckedHealth health_;
  bool checked_ = false;
  bool passed_ = false;  // the last one
  // Results in a row that speak against health_, and are not enough yet.
  uint32_t against_ = 0;
};

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_HEALTH_CHECK_STATE_H_
