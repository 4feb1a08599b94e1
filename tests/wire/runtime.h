#ifndef TESTS_WIRE_RUNTIME_H_
#define TESTS_WIRE_RUNTIME_H_

#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "mesh/base/clock.h"
#include "mesh/base/mutex.h"
#include "mesh/base/reaper.h"
#include "mesh/base/serializer.h"
#include "mesh/base/thread_executor.h"
#include "mesh/wire/pump.h"

namespace mesh::wire {

// What gRPC adapters run on in a mesh, with the order in which a mesh ends it.
struct Runtime {
  Runtime() = default;
  ~Runtime() { EndPump(); }

  // Ends the pump first; operations must be cancelled before. Returns how long that took.
  absl::Duration EndPump() {
    const absl::Time start = clock.Now();
    pump.reset();
    if (!ended) serializer.Shutdown();
    if (!ended) reaper->Close();
    ended = true;
    return clock.Now() - start;
  }

  SteadyClock clock;
  ThreadExecutor executor{&clock};
  Serializer serializer{&executor};
  std::shared_ptr<Reaper> reaper = std::make_shared<Reaper>(&executor);
  std::unique_ptr<Pump> pump = std::make_unique<Pump>();
  bool ended = false;
};

// A value that one thread changes and another waits for. Thread-safe.
template <typename T>
class Watched {
 public:
  template <typename Change>
  void Update(Change change) {
    MutexLock lock(&mutex_);
    change(value_);
    changed_.SignalAll();
  }

  T Get() {
    MutexLock lock(&mutex_);
    return value_;
  }

  // Whether `condition` became true of the value within `timeout`.
  template <typename Condition>
  bool WaitFor(Condition condition, absl::Duration timeout = absl::Seconds(10)) {
    const SteadyClock clock;
    const absl::Time deadline = clock.Now() + timeout;
    MutexLock lock(&mutex_);
    while (!condition(value_)) {
      const absl::Duration left = deadline - clock.Now();
      if (left <= absl::ZeroDuration()) return false;
      changed_.WaitFor(&mutex_, left);
    }
    return true;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  T value_ ABSL_GUARDED_BY(mutex_) = {};
};

}  // namespace mesh::wire

#endif  // TESTS_WIRE_RUNTIME_H_
