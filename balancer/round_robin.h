#ifndef BALANCER_ROUND_ROBIN_H_
#define BALANCER_ROUND_ROBIN_H_

#include <memory>

#include "balancer/policy.h"

namespace mesh::balancer {

// Places in turn, by the cursor. With unequal weights each place gets its share of the turns,
// evenly spread: exactly within a cycle while the weights are small (WeightedSequence), else with
// an error of a few picks. Built in O(n) for small n, in O(chunks) for large n.
// REQUIRES: weights.size() > 0.
std::unique_ptr<const Policy> BuildRoundRobin(const Weights& weights);

}  // namespace mesh::balancer

#endif  // BALANCER_ROUND_ROBIN_H_
