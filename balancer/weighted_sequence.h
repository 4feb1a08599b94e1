#ifndef BALANCER_WEIGHTED_SEQUENCE_H_
#define BALANCER_WEIGHTED_SEQUENCE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mesh::balancer {

// The multiple of `cursor` that, taken modulo 2^64, makes a Weyl sequence of the golden ratio:
// any run of n consecutive cursors is spread over the range almost evenly, with an error of a
// few places and not of the square root of n, as random numbers have.
inline uint64_t Spread(uint64_t cursor) { return cursor * 0x9e3779b97f4a7c15; }

// `uniform` of [0, 2^64) scaled to [0, bound).
inline uint64_t ScaleTo(uint64_t uniform, uint64_t bound) {
  return static_cast<uint64_t>((static_cast<unsigned __int128>(uniform) * bound) >> 64);
}

// An endless sequence of numbers below n in which i appears in proportion to weight i, evenly
// spread. With small weights it is the cycle that earliest-deadline-first makes (each place is
// due every 1/weight, ties by who waits longer), so that every cycle has the exact shares; else
// places are intervals that a Weyl sequence falls into. Immutable, thread-safe.
class WeightedSequence {
 public:
  // The longest cycle: 2 bytes each.
  static constexpr uint64_t kMaxCycle = 1024;

  // REQUIRES: fewer than 65,536 weights; one is above 0; the sum is below 2^64.
  explicit WeightedSequence(const std::vector<uint64_t>& weights);

  uint32_t At(uint64_t cursor) const;

  // How often each number comes, out of the sum: in the cycle, or as the intervals have it.
  std::vector<uint64_t> Shares() const;

 private:
  size_t size_;  // places
  std::vector<uint16_t> cycle_;
  std::vector<uint64_t> ends_;  // of the intervals, if there is no cycle
};

}  // namespace mesh::balancer

#endif  // BALANCER_WEIGHTED_SEQUENCE_H_
