#ifndef MESH_BASE_EXECUTOR_H_
#define MESH_BASE_EXECUTOR_H_

#include <cstdint>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"

namespace mesh {

using Task = absl::AnyInvocable<void()>;

// Runs tasks, now or later, on threads of its own: never inside the call that hands one over.
// Thread-safe.
class Executor {
 public:
  using TimerId = uint64_t;  // never 0

  virtual ~Executor() = default;

  virtual void Post(Task task) = 0;
  // Runs `task` once, `delay` or a little more from now.
  virtual TimerId PostAfter(absl::Duration delay, Task task) = 0;
  // Destroys the timer's task unless it runs or has run. Returns whether it did.
  virtual bool Cancel(TimerId timer) = 0;
};

}  // namespace mesh

#endif  // MESH_BASE_EXECUTOR_H_
