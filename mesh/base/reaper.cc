#include "mesh/base/reaper.h"

#include <thread>
#include <utility>

namespace mesh {

Reaper::Reaper(Executor* executor) : executor_(executor) {}

void Reaper::Destroy(Task destroy) {
  {
    MutexLock lock(&mutex_);
    if (executor_ != nullptr) {
      tasks_.push_back(std::move(destroy));
      executor_->Post([self = shared_from_this()] { self->RunOne(); });
      return;
    }
  }
  std::thread(std::move(destroy)).detach();
}

Task Reaper::Take(bool close) {
  MutexLock lock(&mutex_);
  if (tasks_.empty()) {
    if (close) executor_ = nullptr;
    return nullptr;
  }
  Task task = std::move(tasks_.front());
  tasks_.pop_front();
  return task;
}

void Reaper::RunOne() {
  if (Task task = Take(false)) task();
}

void Reaper::RunAll() {
  while (Task task = Take(false)) task();
}

void Reaper::Close() {
  while (Task task = Take(true)) task();
}

}  // namespace mesh
