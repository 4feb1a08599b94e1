#ifndef MESH_BASE_REAPER_H_
#define MESH_BASE_REAPER_H_

#include <deque>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "mesh/base/executor.h"
#include "mesh/base/mutex.h"

namespace mesh {

// Destroys things where it is safe to, when their last user may be on a thread on which it is
// not (a gRPC callback thread must not destroy a channel). Shared by all who may be last, so that
// it lives as long as any of them; made by std::make_shared. Thread-safe.
class Reaper : public std::enable_shared_from_this<Reaper> {
 public:
  // `executor` must outlive every call before Close().
  explicit Reaper(Executor* executor);

  // Runs `destroy` on the executor; after Close() on a thread of its own.
  void Destroy(Task destroy);

  // Runs here what the executor has not run yet, and what comes of that: the executor may be
  // somebody's who has no time for it now, or never again.
  // REQUIRES: a thread on which it is safe to destroy things.
  void RunAll();

  // RunAll(), and the executor is about to go. REQUIRES: the same.
  void Close();

 private:
  void RunOne();
  // The next task; null, and then closed if `close`: there is none.
  Task Take(bool close);

  Mutex mutex_;
  Executor* executor_ ABSL_GUARDED_BY(mutex_);
  std::deque<Task> tasks_ ABSL_GUARDED_BY(mutex_);  // the executor has a RunOne() for each
};

}  // namespace mesh

#endif  // MESH_BASE_REAPER_H_
