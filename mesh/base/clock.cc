#include "mesh/base/clock.h"

#include <chrono>

namespace mesh {

absl::Time SteadyClock::Now() const {
  return absl::UnixEpoch() + absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace mesh
