#ifndef BALANCER_RANDOM_CHOICE_H_
#define BALANCER_RANDOM_CHOICE_H_

#include <memory>

#include "balancer/policy.h"

namespace mesh::balancer {

// Any place, at random, in proportion to its weight. Built in O(n) for small n, in O(chunks) for
// large n. REQUIRES: weights.size() > 0.
std::unique_ptr<const Policy> BuildRandomChoice(const Weights& weights);

}  // namespace mesh::balancer

#endif  // BALANCER_RANDOM_CHOICE_H_
