#ifndef MESH_BASE_REAPER_H_
#define MESH_BASE_REAPER_H_

#include "absl/base/thread_annotations.h"
#include "mesh/base/executor.h"
#include "mesh/base/mutex.h"

namespace mesh {

// Destroys things where it is safe to, when their last user may be on a thread on which it is
// not (a gRPC callback thread must not destroy a channel). Shared by all who may be last, so that
// it lives as long as any of them. Thread-safe.
class Reaper {
 public:
  // `executor` must outlive every call before Close().
  explicit Reaper(Executor* executor);

  // Runs `destroy` on the executor; after Close() on a thread of its own.
  void Destroy(Task destroy);

  // The executor is about to go.
  void Close();

 private:
  Mutex mutex_;
  Executor* executor_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mesh

#endif  // MESH_BASE_REAPER_H_
