#ifndef BALANCER_SLOW_START_H_
#define BALANCER_SLOW_START_H_

#include <cstdint>

#include "absl/time/time.h"
#include "mesh/model/load_balancing.h"

namespace mesh::balancer {

// Slow start: an endpoint that has just come takes fewer calls until its window is over
// (envoy common.proto, SlowStartConfig). `age` is how long it has been able to take calls.

// What its weight is multiplied with: max(min_weight, (age / window) ^ (1 / aggression)), and 1
// from the end of the window on. Pure.
double SlowStartFactor(const model::SlowStart& rule, absl::Duration age);

// How long until the factor has changed by enough to build weights anew, 0.05 or the rest of the
// window; at least a hundredth of the window. Infinite once it is over. Pure.
absl::Duration NextSlowStartStep(const model::SlowStart& rule, absl::Duration age);

// Weights are whole numbers, and most are 1: while any endpoint of a list warms up, all of the
// list are multiplied by this, so that a tenth of 1 can be told from 1. It is 100, or less where
// `greatest_weight` times 100 would not fit. Pure. REQUIRES: greatest_weight > 0.
uint32_t SlowStartScale(uint32_t greatest_weight);

// The weight, scaled and multiplied with its factor: rounded, and at least 1. Pure.
// REQUIRES: weight is not above the one that `scale` was made for; 0 <= factor <= 1.
uint32_t SlowStartWeight(uint32_t weight, uint32_t scale, double factor);

}  // namespace mesh::balancer

#endif  // BALANCER_SLOW_START_H_
