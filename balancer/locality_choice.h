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

// What the choice of a locality by availability takes into account.
struct LocalityCounts {
  uint32_t weight = 0;     // as configured
  uint64_t hosts = 0;      // all endpoints
  uint64_t available = 0;  // of them, those that calls are chosen among: the healthy ones, say
  uint64_t excluded = 0;   // of `hosts`, not yet checked: no part of the ratio
};

// The share of calls of each locality as Envoy has it (locality_weight.rst): its weight times the
// part of its endpoints that is available, times `overprovisioning` (in percent, 140 by default),
// the whole weight at most. In lowest terms; exact unless that takes numbers beyond 2^48, which are
// rounded, what is above 0 to 1 at least.
std::vector<uint64_t> AvailableLocalityShares(const std::vector<LocalityCounts>& localities,
                                              uint32_t overprovisioning);

// Whether the localities of a priority are weighted. `ignore`: never; `require`: always (one
// without weight takes no load); neither: if any has a weight.
bool AreLocalitiesWeighted(bool ignore, bool require, const std::vector<uint32_t>& weights);

}  // namespace mesh::balancer

#endif  // BALANCER_LOCALITY_CHOICE_H_
