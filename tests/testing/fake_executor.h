#ifndef TESTS_TESTING_FAKE_EXECUTOR_H_
#define TESTS_TESTING_FAKE_EXECUTOR_H_

#include <deque>
#include <map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "mesh/base/executor.h"
#include "mesh/base/mutex.h"
#include "tests/testing/fake_clock.h"

namespace mesh::testing {

// An executor that runs tasks on the test's own thread, and only when the test says so. Tasks may
// be handed over by any thread. Thread-safe.
class FakeExecutor final : public Executor {
 public:
  // `clock` must outlive the executor.
  explicit FakeExecutor(FakeClock* clock) : clock_(clock) {}
  // Destroys what is left, unrun.
  ~FakeExecutor() override;

  void Post(Task task) override;
  TimerId PostAfter(absl::Duration delay, Task task) override;
  bool Cancel(TimerId timer) override;

  // Runs posted tasks, in order, and then timers that are due, in the order they are due, until
  // neither is left. Returns how many ran.
  size_t RunReady();
  // Moves the clock from timer to timer, running each when it is due (and what it posts), until
  // `by` has passed. Returns how many tasks and timers ran.
  size_t Advance(absl::Duration by);

  // Runs one task that was posted, or else the timer that is due next, for which it moves the
  // clock, but not beyond `end`. False: there is none, and it is `end` now.
  bool Step(absl::Time end);

  size_t pending_tasks() const;
  size_t pending_timers() const;

 private:
  // Runs one posted task or due timer. False when there is none.
  bool RunOne();

  FakeClock* const clock_;
  mutable Mutex mutex_;
  TimerId last_timer_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<Task> ready_ ABSL_GUARDED_BY(mutex_);
  std::map<std::pair<absl::Time, TimerId>, Task> timers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mesh::testing

#endif  // TESTS_TESTING_FAKE_EXECUTOR_H_
