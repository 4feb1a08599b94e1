#ifndef MESH_CLUSTER_ZONE_SHARING_H_
#define MESH_CLUSTER_ZONE_SHARING_H_

#include <string>
#include <vector>

#include "balancer/zone_routing.h"
#include "mesh/cluster/locality.h"
#include "mesh/model/cluster.h"
#include "mesh/model/zone_aware.h"

namespace mesh::cluster {

// Why the localities of a cluster's first priority cannot share calls by zone, as operators read
// it: `off: ...`; empty: they can. Empty also if nobody has asked for it.
std::string WhyNoZones(const model::ClusterConfig& config, bool by_weight);

// How they do, each of `localities` in its place. REQUIRES: config.zones_apply().
balancer::ZoneRouting ShareByZone(const std::vector<Locality*>& localities,
                                  const model::ClusterConfig& config);

// `direct`, `residual: 55.5 % stay`, `off: the cluster has fewer than 6 healthy endpoints`.
std::string ToString(const balancer::ZoneRouting& routing, const model::ZoneAware& settings);

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_ZONE_SHARING_H_
