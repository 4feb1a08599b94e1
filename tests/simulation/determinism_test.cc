// One seed is one history.

#include <set>

#include "gtest/gtest.h"
#include "tests/simulation/runner.h"

namespace mesh::simulation {
namespace {

TEST(DeterminismTest, OneSeedHasOneTrace) {
  for (const Scenario& scenario : Scenarios()) {
    for (uint64_t seed = 1; seed <= 3; ++seed) {
      const Outcome first = Simulate(scenario, seed, /*keep_trace=*/true);
      const Outcome second = Simulate(scenario, seed, /*keep_trace=*/true);
      EXPECT_EQ(first.hash, second.hash) << scenario.name << ", seed " << seed;
      EXPECT_EQ(first.trace, second.trace);
      // Whether the lines are kept makes no difference.
      EXPECT_EQ(Simulate(scenario, seed).hash, first.hash);
    }
  }
}

TEST(DeterminismTest, SeedsDiffer) {
  const Scenario* const scenario = FindScenario("everything_at_random");
  std::set<uint64_t> hashes;
  for (uint64_t seed = 1; seed <= 20; ++seed) hashes.insert(Simulate(*scenario, seed).hash);
  EXPECT_EQ(hashes.size(), 20u);
}

}  // namespace
}  // namespace mesh::simulation
