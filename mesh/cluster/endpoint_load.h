#ifndef MESH_CLUSTER_ENDPOINT_LOAD_H_
#define MESH_CLUSTER_ENDPOINT_LOAD_H_

#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "balancer/load_weight.h"
#include "mesh/base/mutex.h"
#include "mesh/model/load_balancing.h"
#include "mesh/xds/load_report.h"

namespace mesh::cluster {

// What an endpoint reports of its load, with calls or out of band, and what it weighs by that.
// There only for endpoints of a cluster that balances by it. The lock is the endpoint's own, and
// held for as long as it takes to read a few numbers. Thread-safe.
class EndpointLoad {
 public:
  using Rules = std::shared_ptr<const model::ClientSideWeightedRoundRobin>;

  explicit EndpointLoad(Rules rules) : rules_(std::move(rules)) {}

  // From now on these apply; what is known stays.
  void SetRules(Rules rules);
  // A report came at `now`. One that is malformed is as if it had not come.
  void Record(const xds::EncodedLoadReport& report, absl::Time now);
  // See balancer::LoadWeight.
  void Restart();
  double Weight(absl::Time now);

 private:
  Mutex mutex_;
  Rules rules_ ABSL_GUARDED_BY(mutex_);
  balancer::LoadWeight weight_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_ENDPOINT_LOAD_H_
