#ifndef MESH_CALL_CALL_TRACE_LOG_H_
#define MESH_CALL_CALL_TRACE_LOG_H_

#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "mesh/base/mutex.h"
#include "mesh/call/call_trace.h"

namespace mesh {

// What a CallTrace has recorded. Thread-safe.
class CallTrace::Log {
 public:
  void Add(Attempt attempt) {
    MutexLock lock(&mutex_);
    attempts_.push_back(std::move(attempt));
  }

  std::vector<Attempt> attempts() const {
    MutexLock lock(&mutex_);
    return attempts_;
  }

 private:
  mutable Mutex mutex_;
  std::vector<Attempt> attempts_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mesh

#endif  // MESH_CALL_CALL_TRACE_LOG_H_
