#ifndef BALANCER_LOAD_BOUND_H_
#define BALANCER_LOAD_BOUND_H_

#include <cstdint>
#include <utility>

#include "balancer/weights.h"

namespace mesh::balancer {

// How many calls a place may have in flight when a hash wants it: `percent` of its share, by
// weight, of all calls and one more, rounded up, and one in any case (hash_balance_factor of envoy
// common.proto; arXiv:1608.01350). Immutable, thread-safe.
class LoadBound {
 public:
  // `percent` is 100 or more; 0: no bound.
  LoadBound(Weights weights, uint32_t percent) : weights_(std::move(weights)), percent_(percent) {}

  bool exists() const { return percent_ > 0; }
  // REQUIRES: exists(), place < weights.size().
  uint64_t Limit(uint32_t place, uint64_t in_flight_of_all) const;

 private:
  const Weights weights_;
  const uint32_t percent_;
};

}  // namespace mesh::balancer

#endif  // BALANCER_LOAD_BOUND_H_
