#include "tests/testing/fake_executor.h"

#include <algorithm>

namespace mesh::testing {

FakeExecutor::~FakeExecutor() {
  // What is destroyed here may hand over more, which is destroyed as well.
  for (;;) {
    decltype(ready_) ready;
    decltype(timers_) timers;
    MutexLock lock(&mutex_);
    ready.swap(ready_);
    timers.swap(timers_);
    if (ready.empty() && timers.empty()) return;
  }
}

void FakeExecutor::Post(Task task) {
  MutexLock lock(&mutex_);
  ready_.push_back(std::move(task));
}

Executor::TimerId FakeExecutor::PostAfter(absl::Duration delay, Task task) {
  const absl::Time due = clock_->Now() + std::max(delay, absl::ZeroDuration());
  MutexLock lock(&mutex_);
  const TimerId timer = ++last_timer_;
  timers_.emplace(std::make_pair(due, timer), std::move(task));
  return timer;
}

bool FakeExecutor::Cancel(TimerId timer) {
  Task cancelled;  // destroyed after the lock is released
  MutexLock lock(&mutex_);
  const auto found = std::find_if(timers_.begin(), timers_.end(),
                                  [&](const auto& entry) { return entry.first.second == timer; });
  if (found == timers_.end()) return false;
  cancelled = std::move(found->second);
  timers_.erase(found);
  return true;
}

bool FakeExecutor::RunOne() {
  Task task;
  {
    MutexLock lock(&mutex_);
    if (!ready_.empty()) {
      task = std::move(ready_.front());
      ready_.pop_front();
    } else if (!timers_.empty() && timers_.begin()->first.first <= clock_->Now()) {
      task = std::move(timers_.begin()->second);
      timers_.erase(timers_.begin());
    } else {
      return false;
    }
  }
  task();
  return true;
}

size_t FakeExecutor::RunReady() {
  size_t ran = 0;
  while (RunOne()) ++ran;
  return ran;
}

size_t FakeExecutor::Advance(absl::Duration by) {
  const absl::Time end = clock_->Now() + by;
  size_t ran = RunReady();
  for (;;) {
    absl::Time next = end;
    {
      MutexLock lock(&mutex_);
      if (!timers_.empty()) next = std::min(end, timers_.begin()->first.first);
    }
    clock_->Set(std::max(next, clock_->Now()));
    ran += RunReady();
    if (next == end) return ran;
  }
}

bool FakeExecutor::Step(absl::Time end) {
  if (RunOne()) return true;
  absl::Time next = end;
  {
    MutexLock lock(&mutex_);
    if (!timers_.empty()) next = std::min(end, timers_.begin()->first.first);
  }
  clock_->Set(std::max(next, clock_->Now()));
  return RunOne();
}

size_t FakeExecutor::pending_tasks() const {
  MutexLock lock(&mutex_);
  return ready_.size();
}

size_t FakeExecutor::pending_timers() const {
  MutexLock lock(&mutex_);
  return timers_.size();
}

}  // namespace mesh::testing
