#ifndef MESH_BASE_CLOCK_H_
#define MESH_BASE_CLOCK_H_

#include "absl/time/time.h"

namespace mesh {

// Tells the time that timers, deadlines and back-off go by. It is monotonic, so that a change
// of the wall clock moves nothing; its origin is arbitrary, so that only differences of two
// readings of one clock mean anything. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;
};

// The machine's monotonic clock. Thread-safe.
class SteadyClock final : public Clock {
 public:
  absl::Time Now() const override;
};

}  // namespace mesh

#endif  // MESH_BASE_CLOCK_H_
