#include "mesh/base/serializer.h"

#include <cassert>
#include <utility>

namespace mesh {

// The queue, and who works it off. That is one thread at a time: the executor's, or one that
// waits in RunAndWait or Shutdown, so that these need no executor to make progress. Thread-safe.
struct Serializer::Core : std::enable_shared_from_this<Core> {
  explicit Core(Executor* e) : executor(e) {}

  // Queues `task`. False when it was dropped.
  bool Post(Task task);
  // What the executor runs for a queue that is not empty.
  void OnExecutor();
  // Runs what is queued now. REQUIRES: `draining` is false.
  void Drain() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // Asks the executor to call OnExecutor, if nobody else will look at the queue.
  void Schedule() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // Drains, or waits for the thread that does.
  void DrainOrWait() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  Executor* const executor;
  std::atomic<std::thread::id> holder{std::thread::id()};  // the thread that runs a task
  Mutex mutex;
  CondVar changed;
  std::vector<Task> queue ABSL_GUARDED_BY(mutex);
  bool draining ABSL_GUARDED_BY(mutex) = false;
  bool scheduled ABSL_GUARDED_BY(mutex) = false;  // OnExecutor is still to come
  bool shut_down ABSL_GUARDED_BY(mutex) = false;
  int scheduling ABSL_GUARDED_BY(mutex) = 0;  // threads inside executor->Post
};

bool Serializer::Core::Post(Task task) {
  MutexLock lock(&mutex);  // released before a dropped task is destroyed
  if (shut_down) return false;
  queue.push_back(std::move(task));
  Schedule();
  return true;
}

void Serializer::Core::Schedule() {
  if (queue.empty() || draining || scheduled) return;
  scheduled = true;
  ++scheduling;
  mutex.Unlock();
  executor->Post([core = shared_from_this()] { core->OnExecutor(); });
  mutex.Lock();
  --scheduling;
  if (shut_down) changed.SignalAll();
}

void Serializer::Core::OnExecutor() {
  MutexLock lock(&mutex);
  scheduled = false;
  if (!draining && !queue.empty()) Drain();
}

void Serializer::Core::Drain() {
  std::vector<Task> batch;
  batch.swap(queue);
  draining = true;
  mutex.Unlock();
  holder.store(std::this_thread::get_id(), std::memory_order_relaxed);
  for (Task& task : batch) {
    task();
    task = nullptr;  // on the serializer, and before the next one runs
  }
  holder.store(std::thread::id(), std::memory_order_relaxed);
  mutex.Lock();
  draining = false;
  changed.SignalAll();
  // One batch at a time: other users of the executor get their turn.
  Schedule();
}

void Serializer::Core::DrainOrWait() {
  if (draining || queue.empty()) {
    changed.Wait(&mutex);
  } else {
    Drain();
  }
}

Serializer::Serializer(Executor* executor) : core_(std::make_shared<Core>(executor)) {}

Serializer::~Serializer() {
  MutexLock lock(&core_->mutex);
  core_->shut_down = true;  // a timer of the executor may still hold the core
}

void Serializer::Post(Task task) {
  const std::shared_ptr<Core> core = core_;  // the task may end the serializer's life
  core->Post(std::move(task));
}

Serializer::Timer Serializer::After(absl::Duration delay, Task task) {
  Timer timer;
  timer.state_ = std::make_shared<Timer::State>();
  timer.state_->executor = core_->executor;
  timer.state_->task = std::move(task);
  timer.state_->id = core_->executor->PostAfter(delay, [core = core_, state = timer.state_] {
    core->Post([state] {
      if (state->done) return;
      state->done = true;
      Task due = std::move(state->task);
      due();
    });
  });
  return timer;
}

void Serializer::RunAndWait(Task task) {
  assert(!is_held());
  const std::shared_ptr<Core> core = core_;
  bool done = false;  // guarded by core->mutex
  const bool posted = core->Post([&task, &done, core] {
    task();
    task = nullptr;
    MutexLock lock(&core->mutex);
    done = true;
    core->changed.SignalAll();
  });
  if (!posted) return;
  MutexLock lock(&core->mutex);
  while (!done) core->DrainOrWait();
}

void Serializer::Shutdown() {
  assert(!is_held());
  const std::shared_ptr<Core> core = core_;
  MutexLock lock(&core->mutex);
  core->shut_down = true;
  while (core->draining || !core->queue.empty() || core->scheduling > 0) core->DrainOrWait();
}

void Serializer::AssertHeld() const { assert(is_held()); }

bool Serializer::is_held() const {
  return core_->holder.load(std::memory_order_relaxed) == std::this_thread::get_id();
}

Serializer::Timer& Serializer::Timer::operator=(Timer&& other) noexcept {
  if (this == &other) return *this;
  Reset();
  state_ = std::move(other.state_);
  return *this;
}

void Serializer::Timer::Reset() {
  const std::shared_ptr<State> state = std::move(state_);
  if (state == nullptr || state->done) return;
  state->done = true;
  state->executor->Cancel(state->id);
  state->task = nullptr;
}

}  // namespace mesh
