#ifndef MESH_BASE_SERIALIZER_H_
#define MESH_BASE_SERIALIZER_H_

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "mesh/base/executor.h"
#include "mesh/base/mutex.h"

namespace mesh {

// Runs tasks one at a time, in the order they were posted, on an executor's threads (and on those
// that wait in RunAndWait or Shutdown, so that no executor's progress is needed). It owns
// all mutable control-plane state: what it guards is ABSL_GUARDED_BY(serializer_), and a task
// says that it runs here by AssertHeld(). Tasks that are posted after Shutdown() are destroyed
// unrun. Thread-safe.
class ABSL_LOCKABLE Serializer {
 public:
  // A task that will run on the serializer later. Destroying or resetting it guarantees that the
  // task does not run afterwards, and destroys it. Serializer-bound (after Shutdown() any one
  // thread may destroy it, while the executor is alive); movable.
  class Timer {
   public:
    Timer() = default;
    Timer(Timer&& other) noexcept = default;
    Timer& operator=(Timer&& other) noexcept;
    ~Timer() { Reset(); }

    // Cancels the task. No effect when it runs or has run.
    void Reset();
    // Whether the task is still to run.
    bool pending() const { return state_ != nullptr && !state_->done; }

   private:
    friend class Serializer;
    struct State {  // serializer-bound
      bool done = false;
      Task task;
      Executor* executor = nullptr;
      Executor::TimerId id = 0;
    };
    std::shared_ptr<State> state_;
  };

  // `executor` must outlive the serializer.
  explicit Serializer(Executor* executor);
  // REQUIRES: no task is running, and Shutdown() has returned or nothing is queued.
  ~Serializer();

  // Runs `task` on the serializer, never inside this call. From any thread.
  void Post(Task task);

  // Runs `task` on the serializer after `delay`.
  ABSL_MUST_USE_RESULT Timer After(absl::Duration delay, Task task)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(this);

  // Posts `task` and waits until it has run; while no other thread runs tasks, the caller runs
  // what is queued itself. Returns with the task unrun after Shutdown().
  // REQUIRES: not on the serializer.
  void RunAndWait(Task task);

  // Runs what was posted before (itself, while no other thread does), then drops everything that
  // comes. Returns when no task runs or will run. REQUIRES: not on the serializer.
  void Shutdown();

  // Tells the thread-safety analysis, and a debug build, that the caller is a task of this.
  void AssertHeld() const ABSL_ASSERT_EXCLUSIVE_LOCK();
  bool is_held() const;

 private:
  struct Core;  // outlives the serializer while the executor still holds tasks
  const std::shared_ptr<Core> core_;
};

}  // namespace mesh

#endif  // MESH_BASE_SERIALIZER_H_
