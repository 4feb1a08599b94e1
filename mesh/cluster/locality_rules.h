#ifndef MESH_CLUSTER_LOCALITY_RULES_H_
#define MESH_CLUSTER_LOCALITY_RULES_H_

#include <memory>

#include "mesh/model/endpoints.h"
#include "mesh/model/load_balancing.h"

namespace mesh::cluster {

// Which endpoints there are, and how their health is understood. A value.
struct LocalityRules {
  // Which endpoints of a configuration count; others are as if they were not there.
  enum class Admitted { kAll, kDefaultSubset, kNone };
  bool Admits(const model::EndpointConfig& config) const;

  bool knows_degraded = false;        // else degraded endpoints count as unhealthy
  bool degraded_takes_calls = false;  // else they are not usable
  bool in_order = false;              // endpoints are preferred in the order of the list
  bool scaled = false;                // ready weights are in percent of the configured ones
  bool scales_weight = false;         // see Locality::share_weight()
  bool weigh_endpoints = true;        // else ready weights are those of endpoints of weight 1
  // All clients prefer the same endpoints, if not all are connected: what is hashed must go to the
  // same one from each.
  bool same_everywhere = false;
  Admitted admitted = Admitted::kAll;
  std::shared_ptr<const model::SubsetSelection> subsets;  // not null where one is admitted

  bool operator==(const LocalityRules& other) const {
    return admitted == other.admitted && HasSameDefault(other) &&
           same_everywhere == other.same_everywhere && knows_degraded == other.knows_degraded &&
           degraded_takes_calls == other.degraded_takes_calls && in_order == other.in_order &&
           scaled == other.scaled && scales_weight == other.scales_weight &&
           weigh_endpoints == other.weigh_endpoints;
  }

 private:
  // REQUIRES: the same are admitted.
  bool HasSameDefault(const LocalityRules& other) const {
    return admitted != Admitted::kDefaultSubset || subsets == other.subsets ||
           (subsets->default_subset == other.subsets->default_subset &&
            subsets->list_as_any == other.subsets->list_as_any);
  }
};

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_LOCALITY_RULES_H_
