// The policies against naive twins, over equal and unequal weights and many sizes.

#include <cmath>
#include <cstdint>
#include <memory>
#include <numeric>
#include <vector>

#include "balancer/alias_table.h"
#include "balancer/policy.h"
#include "balancer/random_choice.h"
#include "balancer/round_robin.h"
#include "gtest/gtest.h"
#include "mesh/base/random.h"

namespace mesh::balancer {
namespace {

// Weights that repeat: 1 to `span`.
std::vector<uint32_t> Ramp(uint32_t size, uint32_t span) {
  std::vector<uint32_t> weights;
  for (uint32_t i = 0; i < size; ++i) weights.push_back(1 + (i * 7) % span);
  return weights;
}

double Due(const std::vector<uint32_t>& weights, uint32_t place, double picks) {
  double sum = 0;
  for (uint32_t weight : weights) sum += weight;
  return picks * weights[place] / sum;
}

TEST(WeightsTest, FindAgreesWithALinearSearch) {
  for (const std::vector<uint32_t>& list :
       {Ramp(1, 1), Ramp(256, 1), Ramp(257, 5), Ramp(600, 1), Ramp(600, 9)}) {
    const Weights weights = Weights::Of(list);
    ASSERT_EQ(weights.size(), list.size());
    uint64_t target = 0;
    for (uint32_t place = 0; place < list.size(); ++place) {
      EXPECT_EQ(weights.weight(place), list[place]);
      for (uint32_t i = 0; i < list[place]; ++i) ASSERT_EQ(weights.Find(target++), place);
    }
    EXPECT_EQ(weights.sum(), target);
  }
}

TEST(WeightsTest, AreEqualOnlyIfAllOfAllChunksAre) {
  EXPECT_TRUE(Weights::Of(std::vector<uint32_t>(600, 3)).equal());
  std::vector<uint32_t> one_differs(600, 3);
  one_differs[599] = 4;
  EXPECT_FALSE(Weights::Of(one_differs).equal());
  // Each chunk is equal in itself.
  std::vector<uint32_t> chunks_differ(512, 3);
  for (size_t i = 256; i < 512; ++i) chunks_differ[i] = 2;
  EXPECT_FALSE(Weights::Of(chunks_differ).equal());
}

TEST(RoundRobinTest, TakesEqualPlacesInTurn) {  // RR-07
  for (uint32_t size : {1u, 2u, 3u, 7u, 10u, 256u, 257u, 1000u, 100000u}) {
    const std::unique_ptr<const Policy> policy =
        BuildRoundRobin(Weights::Of(std::vector<uint32_t>(size, 5)));
    for (uint64_t start : {uint64_t{0}, uint64_t{4294967295} - 3000, uint64_t{1} << 40}) {
      for (uint64_t i = 0; i < 3000; ++i) {
        PickInput input;
        input.cursor = start + i;
        ASSERT_EQ(policy->Pick(input), static_cast<uint32_t>(input.cursor) % size)
            << size << " places, cursor " << input.cursor;
      }
    }
  }
}

TEST(RoundRobinTest, GivesUnequalPlacesTheirShareWithinAFewTurns) {
  for (const std::vector<uint32_t>& list :
       {std::vector<uint32_t>{6, 3, 1}, Ramp(10, 4), Ramp(200, 100), Ramp(1000, 9)}) {
    const std::unique_ptr<const Policy> policy = BuildRoundRobin(Weights::Of(list));
    std::vector<int> counts(list.size(), 0);
    constexpr int kPicks = 30000;
    for (int i = 0; i < kPicks; ++i) {
      PickInput input;
      input.cursor = 77 + i;
      ++counts[policy->Pick(input)];
    }
    for (uint32_t place = 0; place < list.size(); ++place) {
      EXPECT_NEAR(counts[place], Due(list, place, kPicks), 5) << list.size() << ", " << place;
    }
  }
}

TEST(RandomChoiceTest, GivesPlacesTheirShareInTheLongRun) {
  const std::unique_ptr<Random> random = NewSeededRandom(7);
  for (const std::vector<uint32_t>& list :
       {Ramp(1, 1), Ramp(10, 1), Ramp(10, 4), Ramp(256, 9), Ramp(300, 9)}) {
    const std::unique_ptr<const Policy> policy = BuildRandomChoice(Weights::Of(list));
    std::vector<int> counts(list.size(), 0);
    constexpr int kPicks = 300000;
    for (int i = 0; i < kPicks; ++i) {
      PickInput input;
      input.random = random->Next();
      const uint32_t place = policy->Pick(input);
      ASSERT_LT(place, list.size());
      ++counts[place];
    }
    for (uint32_t place = 0; place < list.size(); ++place) {
      const double due = Due(list, place, kPicks);
      EXPECT_NEAR(counts[place], due, 5 * std::sqrt(due)) << list.size() << ", " << place;
    }
  }
}

TEST(RoundRobinTest, TellsTheSharesThatItsTurnsHave) {
  for (const std::vector<uint32_t>& list :
       {std::vector<uint32_t>(7, 5), std::vector<uint32_t>{6, 3, 1}, Ramp(200, 5)}) {
    const std::unique_ptr<const Policy> policy = BuildRoundRobin(Weights::Of(list));
    const std::vector<uint64_t> shares = policy->Shares();
    const uint64_t cycle = std::accumulate(shares.begin(), shares.end(), uint64_t{0});
    std::vector<uint64_t> counts(list.size(), 0);
    for (uint64_t i = 0; i < cycle; ++i) {
      PickInput input;
      input.cursor = 12345 + i;
      ++counts[policy->Pick(input)];
    }
    EXPECT_EQ(shares, counts) << list.size();
  }
}

// The policies that have no cycle to count.
TEST(PolicyTest, SharesAreTheWeights) {
  for (const auto builder : {BuildRoundRobin, BuildRandomChoice}) {
    for (const std::vector<uint32_t>& list :
         {std::vector<uint32_t>(3, 4), std::vector<uint32_t>{1000000, 7, 3}, Ramp(256, 9),
          Ramp(1000, 9)}) {
      const std::vector<uint64_t> shares = builder(Weights::Of(list))->Shares();
      ASSERT_EQ(shares.size(), list.size());
      for (size_t i = 0; i < list.size(); ++i) {
        EXPECT_EQ(shares[i] * list[0], shares[0] * list[i]) << list.size() << ", " << i;
      }
    }
  }
}

// The exact share of each place, from all values of `random` that can make a difference.
TEST(AliasTableTest, HasTheExactShares) {
  for (const std::vector<uint32_t>& list :
       {std::vector<uint32_t>{1}, std::vector<uint32_t>{1, 2}, std::vector<uint32_t>{0, 5, 0, 1},
        std::vector<uint32_t>{6, 3, 1}, Ramp(16, 6)}) {
    const AliasTable table(list);
    uint64_t sum = 0;
    for (uint32_t weight : list) sum += weight;
    // Places share boxes in units of 1 / (n * sum): sample the middle of each.
    const uint64_t units = sum * list.size();
    std::vector<uint64_t> counts(list.size(), 0);
    for (uint64_t unit = 0; unit < units; ++unit) {
      const auto middle = (static_cast<unsigned __int128>(2 * unit + 1) << 64) / (2 * units);
      ++counts[table.Pick(static_cast<uint64_t>(middle))];
    }
    for (size_t i = 0; i < list.size(); ++i) EXPECT_EQ(counts[i], list[i] * list.size()) << i;
  }
}

}  // namespace
}  // namespace mesh::balancer
