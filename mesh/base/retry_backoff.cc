#include "mesh/base/retry_backoff.h"

#include <algorithm>

namespace mesh {
namespace {

uint64_t Milliseconds(absl::Duration duration) {
  return static_cast<uint64_t>(std::max<int64_t>(1, absl::ToInt64Milliseconds(duration)));
}

}  // namespace

RetryBackoff::RetryBackoff(absl::Duration base, absl::Duration max)
    : interval_(Milliseconds(base)), max_(std::max(interval_, Milliseconds(max))) {}

absl::Duration RetryBackoff::Next(uint64_t random) {
  const uint64_t delay = random % interval_;
  interval_ = interval_ > max_ / 2 ? max_ : 2 * interval_;
  return absl::Milliseconds(static_cast<int64_t>(delay));
}

}  // namespace mesh
