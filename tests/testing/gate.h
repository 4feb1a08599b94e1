#ifndef TESTS_TESTING_GATE_H_
#define TESTS_TESTING_GATE_H_

#include "absl/base/thread_annotations.h"
#include "mesh/base/mutex.h"

namespace mesh::testing {

// A gate that threads wait at until one opens it, for good. What happened before Open happens
// before the return of Wait. Thread-safe.
class Gate {
 public:
  void Open() {
    MutexLock lock(&mutex_);
    open_ = true;
    opened_.SignalAll();
  }

  void Wait() {
    MutexLock lock(&mutex_);
    while (!open_) opened_.Wait(&mutex_);
  }

 private:
  Mutex mutex_;
  CondVar opened_;
  bool open_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace mesh::testing

#endif  // TESTS_TESTING_GATE_H_
