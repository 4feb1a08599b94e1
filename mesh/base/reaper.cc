#include "mesh/base/reaper.h"

#include <thread>
#include <utility>

namespace mesh {

Reaper::Reaper(Executor* executor) : executor_(executor) {}

void Reaper::Destroy(Task destroy) {
  {
    MutexLock lock(&mutex_);
    if (executor_ != nullptr) {
      executor_->Post(std::move(destroy));
      return;
    }
  }
  std::thread(std::move(destroy)).detach();
}

void Reaper::Close() {
  MutexLock lock(&mutex_);
  executor_ = nullptr;
}

}  // namespace mesh
