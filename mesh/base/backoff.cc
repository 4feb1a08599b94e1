#include "mesh/base/backoff.h"

#include <algorithm>

namespace mesh {

Backoff::Backoff(const Options& options, Random* random)
    : options_(options), random_(random), base_(std::min(options.initial, options.max)) {}

absl::Duration Backoff::Next() {
  const double share = 1 + options_.jitter * (2 * random_->NextDouble() - 1);
  const absl::Duration delay = base_ * share;
  base_ = std::min(base_ * options_.multiplier, options_.max);
  return delay;
}

void Backoff::Reset() { base_ = std::min(options_.initial, options_.max); }

}  // namespace mesh
