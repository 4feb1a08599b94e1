#include "mesh/base/thread_executor.h"

#include <algorithm>

namespace mesh {
namespace {

// Keeps the deadline that std::condition_variable computes within its range.
constexpr absl::Duration kLongestWait = absl::Hours(1);

}  // namespace

ThreadExecutor::ThreadExecutor(const Clock* clock) : clock_(clock), thread_([this] { Loop(); }) {}

ThreadExecutor::~ThreadExecutor() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    wake_.Signal();
  }
  thread_.join();
  // What is destroyed here may hand over more, which is destroyed as well.
  for (;;) {
    decltype(ready_) ready;
    decltype(timers_) timers;
    MutexLock lock(&mutex_);
    ready.swap(ready_);
    timers.swap(timers_);
    due_.clear();
    if (ready.empty() && timers.empty()) return;
  }
}

void ThreadExecutor::Post(Task task) {
  MutexLock lock(&mutex_);
  ready_.push_back(std::move(task));
  wake_.Signal();
}

Executor::TimerId ThreadExecutor::PostAfter(absl::Duration delay, Task task) {
  const absl::Time due = clock_->Now() + std::max(delay, absl::ZeroDuration());
  MutexLock lock(&mutex_);
  const TimerId timer = ++last_timer_;
  const auto added = timers_.emplace(std::make_pair(due, timer), std::move(task)).first;
  due_.emplace(timer, due);
  if (added == timers_.begin()) wake_.Signal();
  return timer;
}

bool ThreadExecutor::Cancel(TimerId timer) {
  Task cancelled;  // destroyed after the lock is released
  MutexLock lock(&mutex_);
  const auto due = due_.find(timer);
  if (due == due_.end()) return false;
  const auto entry = timers_.find({due->second, timer});
  cancelled = std::move(entry->second);
  timers_.erase(entry);
  due_.erase(due);
  return true;
}

void ThreadExecutor::Loop() {
  std::vector<Task> batch;
  mutex_.Lock();
  for (;;) {
    if (!ready_.empty()) {
      batch.swap(ready_);
      mutex_.Unlock();
      for (Task& task : batch) {
        task();
        task = nullptr;  // before the next one runs
      }
      batch.clear();
      mutex_.Lock();
    }
    // One timer at a time, so that those behind it can still be cancelled; then what was posted
    // meanwhile, so that neither kind starves the other.
    if (!stopping_ && !timers_.empty() && timers_.begin()->first.first <= clock_->Now()) {
      const auto first = timers_.begin();
      Task task = std::move(first->second);
      due_.erase(first->first.second);
      timers_.erase(first);
      mutex_.Unlock();
      task();
      task = nullptr;
      mutex_.Lock();
      continue;
    }
    if (!ready_.empty()) continue;
    if (stopping_) break;
    if (timers_.empty()) {
      wake_.Wait(&mutex_);
    } else {
      wake_.WaitFor(&mutex_, std::min(timers_.begin()->first.first - clock_->Now(), kLongestWait));
    }
  }
  mutex_.Unlock();
}

}  // namespace mesh
