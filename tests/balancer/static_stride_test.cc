// The turns that reported weights make: the rows of gRPC's static stride scheduler, by the picks
// of the policy that is built of them, and what holds for any weights.

#include "balancer/static_stride.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "balancer/round_robin.h"
#include "gtest/gtest.h"
#include "mesh/base/random.h"

namespace mesh::balancer {
namespace {

std::unique_ptr<const Policy> PolicyOf(const std::vector<uint16_t>& turns) {
  return BuildRoundRobin(Weights::Of(std::vector<uint32_t>(turns.begin(), turns.end())));
}

std::vector<int> Counts(const std::vector<double>& weights, uint64_t from, int picks) {
  const std::unique_ptr<const Policy> policy = PolicyOf(StaticStrideWeights(weights));
  std::vector<int> counts(weights.size(), 0);
  PickInput input;
  for (int i = 0; i < picks; ++i) {
    input.cursor = from + i;
    ++counts[policy->Pick(input)];
  }
  return counts;
}

TEST(StaticStrideTest, TooFewKnownWeightsMakeNone) {
  const struct {
    const char* id;
    std::vector<double> weights;
  } cases[] = {
      {"WRR-01", {}},           {"WRR-02", {0}},          {"WRR-03", {1}},
      {"WRR-04", {0, 0, 0, 0}}, {"one known", {0, 7, 0}},
  };
  for (const auto& c : cases) EXPECT_TRUE(StaticStrideWeights(c.weights).empty()) << c.id;
}

TEST(StaticStrideTest, PicksAreInProportion) {
  std::vector<double> outlier(20, 1);
  outlier[0] = 81;
  std::vector<int> of_outlier(20, 1);
  of_outlier[0] = 50;
  const struct {
    const char* id;
    std::vector<double> weights;
    int picks;
    std::vector<int> counts;
  } cases[] = {
      {"WRR-05", {1, 2, 3}, 6, {1, 2, 3}},
      {"WRR-06: an unknown one has the mean", {3, 0, 1}, 6, {3, 2, 1}},
      {"WRR-07", {300, 300, 0}, 6, {2, 2, 2}},
      {"WRR-08: ten times the mean at most", outlier, 69, of_outlier},
      {"WRR-09: a hundredth of the mean at least", {100, 1e-10}, 201, {200, 1}},
      {"WRR-10", {1, 2, 3}, 131070, {21845, 43690, 65535}},
  };
  for (const auto& c : cases) {
    for (const uint64_t from : {uint64_t{0}, uint64_t{1}, uint64_t{123456789}}) {
      EXPECT_EQ(Counts(c.weights, from, c.picks), c.counts) << c.id << " from " << from;
    }
  }
}

TEST(StaticStrideTest, EqualWeightsArePlainRoundRobin) {  // WRR-07
  const std::vector<uint16_t> turns = StaticStrideWeights(std::vector<double>{300, 300, 0});
  EXPECT_EQ(turns, (std::vector<uint16_t>{1, 1, 1}));
  PickInput input;
  for (input.cursor = 0; input.cursor < 9; ++input.cursor) {
    EXPECT_EQ(PolicyOf(turns)->Pick(input), input.cursor % 3);
  }
}

TEST(StaticStrideTest, TheHeaviestHas65535TurnsWhereSmallNumbersDoNotDo) {
  std::vector<double> weights;
  for (int i = 0; i < 40; ++i) weights.push_back(1000 + 37.3 * i);
  const std::vector<uint16_t> turns = StaticStrideWeights(weights);
  EXPECT_EQ(*std::max_element(turns.begin(), turns.end()), 65535);
}

// What it is by definition, in long double and without any rounding.
std::vector<long double> Naive(const std::vector<double>& weights) {
  long double sum = 0;
  long double known = 0;
  for (const double weight : weights) {
    sum += weight;
    if (weight > 0) ++known;
  }
  const long double mean = sum / known;
  std::vector<long double> result;
  for (const double weight : weights) {
    const long double counted = weight > 0 ? weight : mean;
    result.push_back(std::min(std::max(counted, mean / 100), 10 * mean));
  }
  return result;
}

TEST(StaticStrideTest, AnyWeightsAreInTheProportionsOfTheDefinition) {
  const std::unique_ptr<Random> random = NewSeededRandom(58);
  int shortened = 0;
  for (int round = 0; round < 3000; ++round) {
    std::vector<double> weights(2 + random->NextBelow(300));
    const double spread = static_cast<double>(random->NextBelow(20));  // powers of ten
    const bool whole = random->NextBelow(2) == 0;
    for (double& weight : weights) {
      if (random->NextBelow(8) == 0) continue;  // unknown
      weight = whole ? static_cast<double>(1 + random->NextBelow(6))
                     : std::pow(10, spread * random->NextDouble() - spread / 2);
    }
    const auto known =
        std::count_if(weights.begin(), weights.end(), [](double weight) { return weight > 0; });
    const std::vector<uint16_t> turns = StaticStrideWeights(weights);
    if (known < 2) {
      EXPECT_TRUE(turns.empty());
      continue;
    }
    ASSERT_EQ(turns.size(), weights.size());
    const std::vector<long double> naive = Naive(weights);
    const auto heaviest = std::max_element(turns.begin(), turns.end()) - turns.begin();
    if (turns[heaviest] < 65535) ++shortened;
    for (size_t i = 0; i < turns.size(); ++i) {
      ASSERT_GT(turns[i], 0);
      const long double exact = naive[i] / naive[heaviest];
      const long double share = static_cast<long double>(turns[i]) / turns[heaviest];
      // Half a turn by rounding, and twice what small numbers may be off by.
      ASSERT_NEAR(share, exact, 0.5 / 65535 + 0.006 * exact) << "round " << round << " at " << i;
    }
  }
  EXPECT_GT(shortened, 100);
}

TEST(StaticStrideTest, ExtremeWeightsStayFinite) {
  const double most = std::numeric_limits<float>::max();
  const double least = std::numeric_limits<float>::min();
  const std::vector<uint16_t> turns =
      StaticStrideWeights(std::vector<double>{most, most, least, 0});
  EXPECT_EQ(turns[0], turns[1]);
  EXPECT_GT(turns[2], 0);
  EXPECT_LT(turns[2], turns[3]);
}

}  // namespace
}  // namespace mesh::balancer
