#include "balancer/weighted_sequence.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

#include "balancer/deadline_schedule.h"

namespace mesh::balancer {
namespace {

// REQUIRES: `length` is the sum of the weights divided by `divisor`, which divides each.
std::vector<uint16_t> Cycle(const std::vector<uint64_t>& weights, uint64_t divisor,
                            uint64_t length) {
  std::vector<uint64_t> turns;
  turns.reserve(weights.size());
  for (uint64_t weight : weights) turns.push_back(weight / divisor);
  DeadlineSchedule schedule(turns);
  std::vector<uint16_t> cycle;
  cycle.reserve(length);
  while (cycle.size() < length) cycle.push_back(static_cast<uint16_t>(schedule.Next()));
  return cycle;
}

}  // namespace

WeightedSequence::WeightedSequence(const std::vector<uint64_t>& weights) : size_(weights.size()) {
  const uint64_t divisor = std::accumulate(weights.begin(), weights.end(), uint64_t{0},
                                           [](uint64_t a, uint64_t b) { return std::gcd(a, b); });
  const uint64_t sum = std::accumulate(weights.begin(), weights.end(), uint64_t{0});
  if (sum / divisor <= kMaxCycle) {
    cycle_ = Cycle(weights, divisor, sum / divisor);
    return;
  }
  ends_.reserve(weights.size());
  uint64_t end = 0;
  for (uint64_t weight : weights) ends_.push_back(end += weight);
}

uint32_t WeightedSequence::At(uint64_t cursor) const {
  if (!cycle_.empty()) return cycle_[cursor % cycle_.size()];
  // upper_bound skips the empty intervals of places without weight.
  const uint64_t target = ScaleTo(Spread(cursor), ends_.back());
  return static_cast<uint32_t>(std::upper_bound(ends_.begin(), ends_.end(), target) -
                               ends_.begin());
}

std::vector<uint64_t> WeightedSequence::Shares() const {
  std::vector<uint64_t> shares(size_, 0);
  for (uint16_t place : cycle_) ++shares[place];
  for (size_t i = 0; i < ends_.size(); ++i) shares[i] = ends_[i] - (i == 0 ? 0 : ends_[i - 1]);
  return shares;
}

}  // namespace mesh::balancer
