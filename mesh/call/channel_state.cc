#include "mesh/call/channel_state.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace mesh::call {

ChannelState::ChannelState() = default;

ChannelState::~ChannelState() = default;

void ChannelState::Set(Connectivity state) {
  std::list<Waiter> told;  // destroyed after the lock is released
  MutexLock lock(&mutex_);
  if (state_.exchange(state, std::memory_order_acq_rel) == state) return;
  for (auto waiter = waiters_.begin(); waiter != waiters_.end();) {
    const auto next = std::next(waiter);
    if (waiter->last_observed != state) told.splice(told.end(), waiters_, waiter);
    waiter = next;
  }
  changed_.SignalAll();
}

bool ChannelState::WaitForChange(Connectivity last_observed,
                                 const std::function<absl::Duration()>& remaining) {
  MutexLock lock(&mutex_);
  while (Get() == last_observed) {
    const absl::Duration left = remaining();
    if (left <= absl::ZeroDuration()) return false;
    // Not longer than an hour at once, for the sake of deadlines that no wait can express.
    changed_.WaitFor(&mutex_, std::min(left, absl::Hours(1)));
  }
  return true;
}

void ChannelState::DropOnChange(Connectivity last_observed, std::shared_ptr<void> signal,
                                std::function<bool()> is_over) {
  Waiter waiter{last_observed, std::move(signal), std::move(is_over)};
  std::list<Waiter> expired;
  MutexLock lock(&mutex_);
  TakeExpired(&expired);
  // Otherwise the waiter, and so the signal, is destroyed here.
  if (Get() == last_observed) waiters_.push_back(std::move(waiter));
}

void ChannelState::TakeExpired(std::list<Waiter>* expired) {
  for (auto waiter = waiters_.begin(); waiter != waiters_.end();) {
    const auto next = std::next(waiter);
    if (waiter->is_over()) expired->splice(expired->end(), waiters_, waiter);
    waiter = next;
  }
}

}  // namespace mesh::call
