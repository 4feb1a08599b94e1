// Turns by weight, against a search through fractions.

#include "balancer/deadline_schedule.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <numeric>
#include <vector>

#include "gtest/gtest.h"
#include "mesh/base/random.h"

namespace mesh::balancer {
namespace {

std::vector<uint32_t> Take(DeadlineSchedule schedule, int count) {
  std::vector<uint32_t> places;
  for (int i = 0; i < count; ++i) places.push_back(schedule.Next());
  return places;
}

TEST(DeadlineScheduleTest, TakesTurns) {
  const auto take = [](const std::vector<uint64_t>& weights, int count) {
    return Take(DeadlineSchedule(weights), count);
  };
  using Places = std::vector<uint32_t>;
  EXPECT_EQ(take({1, 2}, 6), (Places{1, 0, 1, 1, 0, 1}));     // EDF-01, LOC-01
  EXPECT_EQ(take({1, 1, 1}, 6), (Places{0, 1, 2, 0, 1, 2}));  // EDF-02, LOC-02
  EXPECT_EQ(take({1, 0, 1}, 4), (Places{0, 2, 0, 2}));        // LOC-03
  // Six sixths, three thirds and a whole are one point of time, for which doubles are too coarse:
  // the place of weight 1 has waited longest.
  EXPECT_EQ(take({6, 3, 1}, 10), (Places{0, 1, 0, 0, 1, 0, 0, 2, 1, 0}));
  EXPECT_EQ(take({7}, 3), (Places{0, 0, 0}));
}

TEST(DeadlineScheduleTest, IsEmptyWithoutWeight) {
  EXPECT_TRUE(DeadlineSchedule({}).empty());
  EXPECT_TRUE(DeadlineSchedule({0, 0}).empty());  // LOC-04
  EXPECT_TRUE(DeadlineSchedule({0, 0}, 100).empty());
  EXPECT_EQ(DeadlineSchedule({0, 0}, 100).turns(), (std::vector<uint64_t>{0, 0}));
  EXPECT_FALSE(DeadlineSchedule({0, 1}).empty());
}

std::vector<uint64_t> SomeWeights(Random* random) {
  std::vector<uint64_t> weights(1 + random->NextBelow(6));
  for (uint64_t& weight : weights) weight = random->NextBelow(10);
  weights[random->NextBelow(weights.size())] = 1 + random->NextBelow(10);
  return weights;
}

// At each step the place whose next turn is due first, and of those the one that waits longest.
TEST(DeadlineScheduleTest, EqualsANaiveSearch) {
  const std::unique_ptr<Random> random = NewSeededRandom(5);
  for (int round = 0; round < 300; ++round) {
    const std::vector<uint64_t> weights = SomeWeights(random.get());
    std::vector<uint64_t> turns(weights.size(), 1);
    std::vector<uint64_t> waits_since(weights.size());
    for (size_t i = 0; i < weights.size(); ++i) waits_since[i] = i;
    DeadlineSchedule schedule(weights);
    for (uint64_t step = 0; step < 150; ++step) {
      size_t best = weights.size();
      for (size_t i = 0; i < weights.size(); ++i) {
        if (weights[i] == 0) continue;
        if (best == weights.size()) best = i;
        const uint64_t mine = turns[i] * weights[best];
        const uint64_t its = turns[best] * weights[i];
        if (mine < its || (mine == its && waits_since[i] < waits_since[best])) best = i;
      }
      ASSERT_EQ(schedule.Next(), best) << round << ", " << step;
      ++turns[best];
      waits_since[best] = weights.size() + step;
    }
  }
}

TEST(DeadlineScheduleTest, SkipsTurnsAsIfTheyWereTaken) {
  const std::unique_ptr<Random> random = NewSeededRandom(6);
  for (int round = 0; round < 300; ++round) {
    const std::vector<uint64_t> weights = SomeWeights(random.get());
    const uint64_t picks = random->NextBelow(120);
    DeadlineSchedule taken(weights);
    for (uint64_t i = 0; i < picks; ++i) taken.Next();
    const DeadlineSchedule skipped(weights, picks);
    ASSERT_EQ(skipped.turns(), taken.turns()) << round;
    ASSERT_EQ(Take(skipped, 60), Take(taken, 60)) << round;
  }
}

TEST(DeadlineScheduleTest, LargeNumbersDoNotOverflow) {
  const uint64_t large = std::numeric_limits<uint64_t>::max();
  const std::vector<uint64_t> turns = DeadlineSchedule({large, large, large / 2}, large).turns();
  EXPECT_EQ(std::accumulate(turns.begin(), turns.end(), uint64_t{0}), large);
  EXPECT_NEAR(static_cast<double>(turns[0]), 0.4 * static_cast<double>(large), 1e5);
  EXPECT_NEAR(static_cast<double>(turns[2]), 0.2 * static_cast<double>(large), 1e5);
  // A cycle later it is where it was.
  const std::vector<uint64_t> weights = {4'000'000'000, 3'999'999'999, 1};
  const uint64_t cycle = 8'000'000'000;
  EXPECT_EQ(Take(DeadlineSchedule(weights, 1000 * cycle + 17), 50),
            Take(DeadlineSchedule(weights, 17), 50));
}

}  // namespace
}  // namespace mesh::balancer
