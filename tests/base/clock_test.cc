#include "mesh/base/clock.h"

#include "gtest/gtest.h"

namespace mesh {
namespace {

TEST(SteadyClockTest, NeverGoesBackAndDoesGoOn) {
  const SteadyClock clock;
  const absl::Time start = clock.Now();
  absl::Time last = start;
  while (last == start) {
    const absl::Time now = clock.Now();
    ASSERT_GE(now, last);
    last = now;
  }
}

}  // namespace
}  // namespace mesh
