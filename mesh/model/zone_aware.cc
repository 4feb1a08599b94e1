#include "mesh/model/zone_aware.h"

#include <algorithm>

namespace mesh::model {

std::shared_ptr<const LocalCluster> LocalCluster::Of(const ClusterLoadAssignment* endpoints,
                                                     const Locality& own) {
  if (endpoints == nullptr) return nullptr;
  auto result = std::make_shared<LocalCluster>();
  result->own = own;
  for (const std::shared_ptr<const LocalityEndpoints>& locality : endpoints->localities) {
    if (locality->priority != 0 || locality->endpoints.empty()) continue;
    auto zone = std::find_if(result->zones.begin(), result->zones.end(), [&](const Zone& known) {
      return known.locality == locality->locality;
    });
    if (zone == result->zones.end()) zone = result->zones.insert(zone, {locality->locality});
    locality->endpoints.ForEach([&](const EndpointConfig& endpoint) {
      ++zone->endpoints;
      ++result->endpoints;
      if (endpoint.health == HealthStatus::kDraining) ++result->draining;
      if (endpoint.health == HealthStatus::kDegraded) ++result->usable;
      if (!IsUsable(endpoint.health)) return;
      ++result->usable;
      ++zone->healthy;
      zone->weight += endpoint.weight;
    });
  }
  return result;
}

}  // namespace mesh::model
