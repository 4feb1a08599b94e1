#ifndef BALANCER_DEADLINE_SCHEDULE_H_
#define BALANCER_DEADLINE_SCHEDULE_H_

#include <cstdint>
#include <vector>

namespace mesh::balancer {

// Places by weight, earliest deadline first: a place is due 1/weight after its last turn, and of
// those that are due at the same time the one that was queued first comes first (at the start, in
// order). Deadlines are compared as fractions: ties are ties, however long it runs. Envoy's
// scheduler (edf_scheduler.h) makes the same turns until its floating point drifts.
// Thread-compatible.
class DeadlineSchedule {
 public:
  // As it is after `picks` turns, in O(n log n) however many they are. Places without weight have
  // none.
  explicit DeadlineSchedule(const std::vector<uint64_t>& weights, uint64_t picks = 0);

  // Whether no place has a weight.
  bool empty() const { return queue_.empty(); }
  // The place whose turn it is, in O(log n). REQUIRES: !empty().
  uint32_t Next();
  // The turns that each place has had.
  const std::vector<uint64_t>& turns() const { return turns_; }

 private:
  struct Due {
    uint64_t turn;    // the next one, from 1: its deadline is turn / weight
    uint64_t weight;  // above 0
    uint64_t queued;
    uint32_t place;
  };
  static bool IsLater(const Due& a, const Due& b);

  std::vector<Due> queue_;  // a heap by IsLater
  std::vector<uint64_t> turns_;
  uint64_t queued_ = 0;
};

}  // namespace mesh::balancer

#endif  // BALANCER_DEADLINE_SCHEDULE_H_
