#ifndef BALANCER_LOCALITY_CHOICE_H_
#define BALANCER_LOCALITY_CHOICE_H_

#include <cstdint>
#include <vector>

namespace mesh::balancer {

// What the choice of a locality takes into account.
struct LocalityView {
  uint32_t weight = 0;        // as configured
  uint64_t ready_weight = 0;  // the sum of the weights of its endpoints that can take calls
};

// The share of calls of each locality, as weights. By locality weight, a locality gets its weight
// as long as any of its endpoints is ready; otherwise all endpoints count alike, so that a
// locality gets what its ready endpoints weigh.
std::vector<uint64_t> LocalityShares(bool by_locality_weight,
                                     const std::vector<LocalityView>& localities);

// Whether the localities of a priority are weighted. `ignore`: never; `require`: always (one
// without weight takes no load); neither: if any has a weight.
bool AreLocalitiesWeighted(bool ignore, bool require, const std::vector<uint32_t>& weights);

}  // namespace mesh::balancer

#endif  // BALANCER_LOCALITY_CHOICE_H_
