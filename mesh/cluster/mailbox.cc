#include "mesh/cluster/mailbox.h"

#include <utility>

namespace mesh::cluster {

bool Mailbox::Post(Task&& task) {
  MutexLock lock(&mutex_);
  if (serializer_ == nullptr) return false;
  tasks_.push_back(std::move(task));
  if (tasks_.size() == 1) {
    serializer_->Post([self = shared_from_this()] { self->Deliver(); });
  }
  return true;
}

void Mailbox::Deliver() {
  std::vector<Task> tasks;
  {
    MutexLock lock(&mutex_);
    tasks.swap(tasks_);
  }
  for (Task& task : tasks) {
    task();
    task = nullptr;  // before the next one runs
  }
}

void Mailbox::Close() {
  for (;;) {
    Deliver();
    MutexLock lock(&mutex_);
    if (!tasks_.empty()) continue;
    serializer_ = nullptr;
    return;
  }
}

}  // namespace mesh::cluster
