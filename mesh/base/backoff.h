#ifndef MESH_BASE_BACKOFF_H_
#define MESH_BASE_BACKOFF_H_

#include "absl/time/time.h"
#include "mesh/base/random.h"

namespace mesh {

// Exponential back-off with jitter (gRPC connection-backoff.md). Thread-compatible.
class Backoff {
 public:
  struct Options {
    absl::Duration initial = absl::Seconds(1);
    double multiplier = 1.6;
    absl::Duration max = absl::Seconds(120);
    double jitter = 0.2;  // each delay is within ± this share of its base
  };

  // `random` must outlive the back-off.
  Backoff(const Options& options, Random* random);

  // The delay before the next attempt; the base of the one after it is larger.
  absl::Duration Next();
  // The next delay is the first one again.
  void Reset();

 private:
  const Options options_;
  Random* const random_;
  absl::Duration base_;
};

}  // namespace mesh

#endif  // MESH_BASE_BACKOFF_H_
