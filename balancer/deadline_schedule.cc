#include "balancer/deadline_schedule.h"

#include <algorithm>
#include <cstddef>

namespace mesh::balancer {
namespace {

using Wide = unsigned __int128;

}  // namespace

// All turns up to a point of time come before all later ones. At the time `picks` / sum each place
// has had the whole part of picks * weight / sum, which is `picks` but for less than n.
DeadlineSchedule::DeadlineSchedule(const std::vector<uint64_t>& weights, uint64_t picks)
    : turns_(weights.size(), 0) {
  Wide sum = 0;
  for (uint64_t weight : weights) sum += weight;
  if (sum == 0) return;
  uint64_t left = picks;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] == 0) continue;
    turns_[i] = static_cast<uint64_t>(Wide{picks} * weights[i] / sum);
    left -= turns_[i];
    queue_.push_back({turns_[i] + 1, weights[i], 0, static_cast<uint32_t>(i)});
  }
  // They were queued in the order of their last turns. Of those that had it at the same time, the
  // one of less weight had waited longer. At the start they were queued as listed.
  std::sort(queue_.begin(), queue_.end(), [](const Due& a, const Due& b) {
    const Wide left = Wide{a.turn - 1} * b.weight;
    const Wide right = Wide{b.turn - 1} * a.weight;
    if (left != right) return left < right;
    if (a.turn > 1 && a.weight != b.weight) return a.weight < b.weight;
    return a.place < b.place;
  });
  for (Due& due : queue_) due.queued = queued_++;
  std::make_heap(queue_.begin(), queue_.end(), IsLater);
  for (; left > 0; --left) Next();
}

uint32_t DeadlineSchedule::Next() {
  std::pop_heap(queue_.begin(), queue_.end(), IsLater);
  Due& next = queue_.back();
  const uint32_t place = next.place;
  ++turns_[place];
  ++next.turn;
  next.queued = queued_++;
  std::push_heap(queue_.begin(), queue_.end(), IsLater);
  return place;
}

bool DeadlineSchedule::IsLater(const Due& a, const Due& b) {
  const Wide left = Wide{a.turn} * b.weight;
  const Wide right = Wide{b.turn} * a.weight;
  return left != right ? left > right : a.queued > b.queued;
}

}  // namespace mesh::balancer
