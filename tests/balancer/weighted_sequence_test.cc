// Turns by weight: the exact sequences of earliest-deadline-first, and shares that converge fast.

#include "balancer/weighted_sequence.h"

#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace mesh::balancer {
namespace {

std::vector<uint32_t> Take(const std::vector<uint64_t>& weights, uint64_t from, int count) {
  const WeightedSequence sequence(weights);
  std::vector<uint32_t> places;
  for (int i = 0; i < count; ++i) places.push_back(sequence.At(from + i));
  return places;
}

std::vector<int> Counts(const std::vector<uint64_t>& weights, uint64_t from, int count) {
  std::vector<int> counts(weights.size(), 0);
  for (uint32_t place : Take(weights, from, count)) ++counts[place];
  return counts;
}

struct Case {
  std::string id;
  std::vector<uint64_t> weights;
  uint64_t seed;
  std::vector<uint32_t> picks;
};

TEST(WeightedSequenceTest, PicksAsEarliestDeadlineFirstDoes) {
  const std::vector<Case> cases = {
      {"LOC-01, RR-01", {1, 2}, 0, {1, 0, 1, 1, 0, 1}},
      {"RR-02", {1, 2}, 1, {0, 1, 1, 0, 1, 1}},
      {"LOC-02", {1, 1, 1}, 0, {0, 1, 2, 0, 1, 2}},
      {"LOC-03", {1, 0, 1}, 0, {0, 2, 0, 2}},
      {"one place", {7}, 0, {0, 0, 0}},
      {"equal large weights are as good as 1", {1000000, 1000000}, 0, {0, 1, 0, 1}},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Take(c.weights, c.seed, static_cast<int>(c.picks.size())), c.picks) << c.id;
  }
}

// The rows of gRPC's static stride scheduler that are not about reported weights.
TEST(WeightedSequenceTest, SharesAreExactInTheShortAndTheLongRun) {  // WRR-05, WRR-10
  EXPECT_EQ(Counts({1, 2, 3}, 0, 6), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(Counts({1, 2, 3}, 0, 131070), (std::vector<int>{21845, 43690, 65535}));
}

TEST(WeightedSequenceTest, TheFirstPickOverAllSeedsHasTheExactShares) {
  const auto first_picks = [](const std::vector<uint64_t>& weights) {
    std::vector<int> counts(weights.size(), 0);
    for (uint64_t seed = 0; seed < 10; ++seed) ++counts[WeightedSequence(weights).At(seed)];
    return counts;
  };
  EXPECT_EQ(first_picks({1, 6, 3}), (std::vector<int>{1, 6, 3}));  // LOC-05
  EXPECT_EQ(first_picks({6, 3, 1}), (std::vector<int>{6, 3, 1}));  // RR-03
}

// The sequence by definition: at each step the place whose next turn is due first, by an
// exhaustive search in rational numbers.
TEST(WeightedSequenceTest, EqualsANaiveSchedule) {
  const std::vector<std::vector<uint64_t>> tables = {
      {1, 2, 3}, {5, 1, 1}, {10, 1}, {3, 3, 2, 1}, {100, 50, 25, 1}, {2, 0, 4, 0, 6}};
  for (const std::vector<uint64_t>& weights : tables) {
    std::vector<uint64_t> turns(weights.size(), 1);
    std::vector<uint64_t> waits_since(weights.size());
    for (size_t i = 0; i < weights.size(); ++i) waits_since[i] = i;
    const WeightedSequence sequence(weights);
    for (uint64_t step = 0; step < 200; ++step) {
      size_t best = weights.size();
      for (size_t i = 0; i < weights.size(); ++i) {
        if (weights[i] == 0) continue;
        if (best == weights.size()) best = i;
        const uint64_t mine = turns[i] * weights[best];
        const uint64_t its = turns[best] * weights[i];
        if (mine < its || (mine == its && waits_since[i] < waits_since[best])) best = i;
      }
      ASSERT_EQ(sequence.At(step), best) << step;
      ++turns[best];
      waits_since[best] = weights.size() + step;
    }
  }
}

struct ShareCase {
  std::string id;
  std::vector<uint64_t> weights;
};

TEST(WeightedSequenceTest, SharesAreWithinAFewPicksFromAnyStart) {
  const uint64_t third = std::numeric_limits<uint32_t>::max() / 3;
  const std::vector<ShareCase> cases = {
      {"LOC-11", {2, 8}},
      {"LOC-12", {third, third, third + 1}},
      {"LOC-12, uneven", {third, 2 * third}},
      {"more than a cycle holds", {997, 1009, 1013}},
      {"no weight in the middle", {997, 0, 1009}},
      {"a small one among large ones", {1, 1000000, 999}},
  };
  for (const ShareCase& c : cases) {
    uint64_t sum = 0;
    for (uint64_t weight : c.weights) sum += weight;
    for (uint64_t start : {uint64_t{0}, uint64_t{12345}, ~uint64_t{0} - 5000, uint64_t{1} << 63}) {
      const std::vector<int> counts = Counts(c.weights, start, 3000);
      for (size_t i = 0; i < c.weights.size(); ++i) {
        const double due = 3000.0 * static_cast<double>(c.weights[i]) / static_cast<double>(sum);
        EXPECT_NEAR(counts[i], due, 4) << c.id << " place " << i << " from " << start;
        if (c.weights[i] == 0) {
          EXPECT_EQ(counts[i], 0) << c.id;
        }
      }
    }
  }
}

TEST(WeightedSequenceTest, FiftyLocalitiesAllGetTheirShare) {  // LOC-14
  std::vector<uint64_t> weights;
  for (uint64_t i = 0; i < 50; ++i) weights.push_back(100 + 7 * i);
  uint64_t sum = 0;
  for (uint64_t weight : weights) sum += weight;
  const std::vector<int> counts = Counts(weights, 99, 50000);
  for (size_t i = 0; i < weights.size(); ++i) {
    EXPECT_NEAR(counts[i], 50000.0 * static_cast<double>(weights[i]) / static_cast<double>(sum), 5);
  }
}

}  // namespace
}  // namespace mesh::balancer
