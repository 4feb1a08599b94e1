#ifndef MESH_CLUSTER_CLUSTER_HEALTH_H_
#define MESH_CLUSTER_CLUSTER_HEALTH_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "mesh/base/clock.h"
#include "mesh/base/random.h"
#include "mesh/base/serializer.h"
#include "mesh/cluster/endpoint_table.h"
#include "mesh/cluster/health_checker.h"
#include "mesh/cluster/outlier_detector.h"
#include "mesh/cluster/stall_guard.h"
#include "mesh/model/cluster.h"
#include "mesh/wire/prober.h"

namespace mesh::cluster {

// What a cluster finds out about the endpoints of its table beyond their connections, as their
// verdicts: active checks, outlier detection, and a guard against those that take calls and answer
// none. None of these knows of another; here they meet. Also how warm endpoints are (slow start).
// Only endpoints that are connected, or are to be, are looked at. Serializer-bound.
class ClusterHealth final : private HealthChecker::Owner {
 public:
  struct Options {
    Serializer* serializer = nullptr;  // all of these outlive this
    const Clock* clock = nullptr;
    Random* random = nullptr;
    wire::Prober* prober = nullptr;  // null: no endpoint is probed
    EndpointTable* table = nullptr;
    std::string cluster_name;
    bool guards_against_stalls = true;
  };

  // `changed` is called after a change that the table does not tell of: weights.
  ClusterHealth(const Options& options, std::function<void()> changed);
  ~ClusterHealth() override;
  ClusterHealth(const ClusterHealth&) = delete;
  ClusterHealth& operator=(const ClusterHealth&) = delete;

  // For attempts; the same object always.
  std::shared_ptr<const OutlierRules> rules() const { return detector_.rules(); }

  void Update(const model::Cluster& cluster);
  // The cluster has had a call.
  void NoteCalls();

  // The table's: an endpoint comes, it is another object than `former` from now on, what active
  // checks are told of it is new, its connection has another state, it goes.
  void OnNew(TableEndpoint& endpoint);
  void OnSucceeded(TableEndpoint& endpoint, Endpoint* former);
  void OnExtras(TableEndpoint& endpoint);
  void OnConnection(TableEndpoint& endpoint);
  void OnUnused(TableEndpoint& endpoint);

  // From calls; see Endpoint::Suspicion. The endpoint may be gone.
  void OnFailuresInARow(const Endpoint* endpoint, Crossings crossings);
  void OnStall(const Endpoint* endpoint);

  const OutlierDetector& outliers() const { return detector_; }
  // Why an endpoint takes no calls, by its verdict; empty: it may.
  std::string WhyNot(const TableEndpoint& endpoint) const;

 private:
  std::shared_ptr<wire::Connection> ConnectionTo(absl::string_view address) override;
  void OnHealth(absl::string_view address, CheckedHealth health) override;
  void OnPassed(absl::string_view address) override;

  void Judge(TableEndpoint& endpoint);
  void Apply(const OutlierDetector::Changes& changes);
  void ScheduleInterval();
  // Begins to warm it up.
  void Warm(TableEndpoint& endpoint);
  // All that warm up, as long as they have by now.
  void WarmAll();
  // Its warmth after `age`; how long until it is another one.
  absl::Duration SetWarmth(TableEndpoint& endpoint, absl::Duration age);
  void ScheduleWarmUp(absl::Duration wait);

  const Options options_;
  const std::function<void()> changed_;
  OutlierDetector detector_;
  std::unique_ptr<HealthChecker> checker_;  // null without a prober
  StallGuard guard_;
  bool checks_ = false;
  bool ignore_new_until_checked_ = false;
  std::optional<model::SlowStart> slow_start_;
  // Since when an endpoint can take calls, while it warms up.
  std::map<const Endpoint*, absl::Time> warming_;
  Serializer::Timer interval_;
  Serializer::Timer warm_up_;
  absl::Time warm_up_due_;  // meaningful while that is pending
};

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_CLUSTER_HEALTH_H_
