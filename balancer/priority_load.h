#ifndef BALANCER_PRIORITY_LOAD_H_
#define BALANCER_PRIORITY_LOAD_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mesh::balancer {

// The endpoints of a priority, or what they weigh together.
struct PriorityCounts {
  uint64_t hosts = 0;     // all of them
  uint64_t healthy = 0;   // of `hosts`
  uint64_t degraded = 0;  // of `hosts`, none of them healthy
  uint64_t excluded = 0;  // of `hosts`, not yet checked: no part of the ratios
};

// A priority, and which of its endpoints are meant. If it panics, all of them are.
struct PriorityPick {
  size_t priority = 0;
  bool degraded = false;  // the degraded endpoints, else the healthy ones
};

// The calls that each priority gets, in percent. Immutable value.
struct PriorityLoads {
  std::vector<uint32_t> healthy;   // for its healthy endpoints (all of them, if it panics)
  std::vector<uint32_t> degraded;  // for its degraded endpoints
  std::vector<bool> panic;         // it is too unhealthy to tell its endpoints apart

  // The priority of a call with this hash, or random number: the loads are walked, the healthy
  // ones first, until they exceed hash % 100. Loads below 100 in all leave the rest to the first
  // priority. REQUIRES: there is a priority.
  PriorityPick ChoosePriority(uint64_t hash) const;
};

// How Envoy spreads calls over priorities (load_balancer_impl.cc), to the percent: a priority is
// as available as the part of its endpoints that is healthy or degraded, times `overprovisioning`
// (in percent, 140 by default), 100 at most. Healthy endpoints of all priorities come first, in
// order, then degraded ones; if all together are not available enough, shares are scaled up, and
// what rounding leaves goes to the first that has any.
//
// In that case alone a priority panics if less than `panic_threshold` percent (0: never) of its
// endpoints are healthy or degraded. If all of them panic, each gets what it has of all endpoints.
// If nothing is available, nothing panics and the threshold is 0, the first gets it all, in vain;
// where a threshold is just not undercut then, all loads are 0, as Envoy has it.
PriorityLoads ComputePriorityLoads(const std::vector<PriorityCounts>& counts,
                                   uint32_t overprovisioning, uint32_t panic_threshold);

// The same with priorities as available as the `weights` of their endpoints say
// (weighted_priority_health of envoy endpoint.proto); they still panic by counts.
// REQUIRES: weights.size() == counts.size().
PriorityLoads ComputePriorityLoads(const std::vector<PriorityCounts>& counts,
                                   const std::vector<PriorityCounts>& weights,
                                   uint32_t overprovisioning, uint32_t panic_threshold);

}  // namespace mesh::balancer

#endif  // BALANCER_PRIORITY_LOAD_H_
