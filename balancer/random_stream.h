#ifndef BALANCER_RANDOM_STREAM_H_
#define BALANCER_RANDOM_STREAM_H_

#include <cstdint>

#include "balancer/weighted_sequence.h"

namespace mesh::balancer {

// Many uniform numbers for one pick, out of the one that it was given (SplitMix64). Not for
// secrets. Thread-compatible.
class RandomStream {
 public:
  explicit RandomStream(uint64_t random) : state_(random) {}

  uint64_t Next() {
    state_ += 0x9e3779b97f4a7c15;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  // Uniform in [0, bound). REQUIRES: bound > 0.
  uint32_t NextBelow(uint32_t bound) { return static_cast<uint32_t>(ScaleTo(Next(), bound)); }
  // Uniform in [0, 1).
  double NextDouble() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

 private:
  uint64_t state_;
};

}  // namespace mesh::balancer

#endif  // BALANCER_RANDOM_STREAM_H_
