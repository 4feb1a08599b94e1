#include "mesh/base/random.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace mesh {
namespace {

std::vector<uint64_t> Take(Random* random, int count) {
  std::vector<uint64_t> taken;
  for (int i = 0; i < count; ++i) taken.push_back(random->Next());
  return taken;
}

TEST(RandomTest, ASeedGivesTheNumbersOfSplitMix64) {
  EXPECT_EQ(Take(NewSeededRandom(1234567).get(), 5),
            std::vector<uint64_t>({6457827717110365317u, 3203168211198807973u, 9817491932198370423u,
                                   4593380528125082431u, 16408922859458223821u}));
}

TEST(RandomTest, SeedsDiffer) {
  EXPECT_NE(Take(NewSeededRandom(1).get(), 3), Take(NewSeededRandom(2).get(), 3));
}

TEST(RandomTest, ThreadsShareTheNumbersOfOneSource) {
  constexpr int kEach = 1000;
  const auto random = NewSeededRandom(7);
  std::vector<uint64_t> mine, theirs;
  std::thread other([&] { theirs = Take(random.get(), kEach); });
  mine = Take(random.get(), kEach);
  other.join();
  mine.insert(mine.end(), theirs.begin(), theirs.end());
  std::vector<uint64_t> expected = Take(NewSeededRandom(7).get(), 2 * kEach);
  std::sort(mine.begin(), mine.end());
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(mine, expected);
}

// Always the same number.
class Constant final : public Random {
 public:
  explicit Constant(uint64_t number) : number_(number) {}
  uint64_t Next() override { return number_; }

 private:
  const uint64_t number_;
};

TEST(RandomTest, RangesAreHalfOpen) {
  Constant least(0), most(UINT64_MAX);
  EXPECT_EQ(least.NextDouble(), 0);
  EXPECT_LT(most.NextDouble(), 1);
  EXPECT_GT(most.NextDouble(), 1 - 1e-15);
  EXPECT_EQ(least.NextBelow(10), 0u);
  const auto random = NewSeededRandom(3);
  std::set<uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random->NextBelow(10));
  EXPECT_EQ(seen, std::set<uint64_t>({0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(random->NextBelow(1), 0u);
}

TEST(RandomTest, FastRandomNeitherRepeatsNorIsShared) {
  // 4,000 of 2^64 numbers: two that are equal by chance come once in 10^12 runs.
  std::set<uint64_t> seen;
  for (int t = 0; t < 4; ++t) {
    std::thread([&] {
      for (int i = 0; i < 1000; ++i) seen.insert(FastRandom());
    }).join();
  }
  EXPECT_EQ(seen.size(), 4000u);
}

TEST(FastRandomTest, RepeatsFromASeed) {
  const auto numbers = [] {
    std::vector<uint64_t> some;
    for (int i = 0; i < 10; ++i) some.push_back(FastRandom());
    return some;
  };
  SeedFastRandom(1);
  const std::vector<uint64_t> first = numbers();
  EXPECT_NE(numbers(), first);
  SeedFastRandom(1);
  EXPECT_EQ(numbers(), first);
  SeedFastRandom(2);
  EXPECT_NE(numbers(), first);
}

}  // namespace
}  // namespace mesh
