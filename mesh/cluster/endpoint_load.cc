#include "mesh/cluster/endpoint_load.h"

namespace mesh::cluster {

void EndpointLoad::SetRules(Rules rules) {
  MutexLock lock(&mutex_);
  rules_.swap(rules);
}

void EndpointLoad::Record(const xds::EncodedLoadReport& report, absl::Time now) {
  MutexLock lock(&mutex_);
  const auto load = xds::ParseLoadReport(report, rules_->metric_names_for_computing_utilization);
  if (load.has_value()) weight_.Record(*load, *rules_, now);
}

void EndpointLoad::Restart() {
  MutexLock lock(&mutex_);
  weight_.Restart();
}

double EndpointLoad::Weight(absl::Time now) {
  MutexLock lock(&mutex_);
  return weight_.Get(*rules_, now);
}

}  // namespace mesh::cluster
