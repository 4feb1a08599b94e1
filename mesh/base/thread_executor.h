#ifndef MESH_BASE_THREAD_EXECUTOR_H_
#define MESH_BASE_THREAD_EXECUTOR_H_

#include <map>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "mesh/base/clock.h"
#include "mesh/base/executor.h"
#include "mesh/base/mutex.h"

namespace mesh {

// One thread that runs tasks in the order they were posted, and timers when they are due. The
// destructor runs what was posted before it (and what that posts), drops the timers, and joins
// the thread.
// REQUIRES: not destroyed on its own thread. Thread-safe.
class ThreadExecutor final : public Executor {
 public:
  // `clock` must outlive the executor and advance in real time.
  explicit ThreadExecutor(const Clock* clock);
  ~ThreadExecutor() override;

  void Post(Task task) override;
  TimerId PostAfter(absl::Duration delay, Task task) override;
  bool Cancel(TimerId timer) override;

 private:
  void Loop();

  const Clock* const clock_;
  Mutex mutex_;
  CondVar wake_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  TimerId last_timer_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<Task> ready_ ABSL_GUARDED_BY(mutex_);
  std::map<std::pair<absl::Time, TimerId>, Task> timers_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<TimerId, absl::Time> due_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace mesh

#endif  // MESH_BASE_THREAD_EXECUTOR_H_
