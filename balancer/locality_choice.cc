#include "balancer/locality_choice.h"

#include <algorithm>

namespace mesh::balancer {

std::vector<uint64_t> LocalityShares(bool by_locality_weight,
                                     const std::vector<LocalityView>& localities) {
  std::vector<uint64_t> shares;
  shares.reserve(localities.size());
  for (const LocalityView& locality : localities) {
    if (!by_locality_weight) {
      shares.push_back(locality.ready_weight);
    } else {
      shares.push_back(locality.ready_weight > 0 ? locality.weight : 0);
    }
  }
  return shares;
}

bool AreLocalitiesWeighted(bool ignore, bool require, const std::vector<uint32_t>& weights) {
  if (ignore) return false;
  return require ||
         std::any_of(weights.begin(), weights.end(), [](uint32_t weight) { return weight > 0; });
}

}  // namespace mesh::balancer
