#ifndef MESH_BASE_RETRY_BACKOFF_H_
#define MESH_BASE_RETRY_BACKOFF_H_

#include <cstdint>

#include "absl/time/time.h"

namespace mesh {

// The delays before the retries of a call: random below an interval, which doubles from `base` up
// to `max` (envoy route_components.proto, retry_back_off; gRFC A44). In whole milliseconds, so that
// an interval of 25 ms gives 0 to 24. Thread-compatible.
class RetryBackoff {
 public:
  // A base below 1 ms counts as 1 ms, a max below the base as the base.
  RetryBackoff(absl::Duration base, absl::Duration max);

  // The delay before the next retry; the interval of the one after it is larger. `random` is
  // uniform.
  absl::Duration Next(uint64_t random);

 private:
  uint64_t interval_;  // ms, above 0
  const uint64_t max_;
};

}  // namespace mesh

#endif  // MESH_BASE_RETRY_BACKOFF_H_
