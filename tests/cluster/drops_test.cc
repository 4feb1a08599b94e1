#include "mesh/cluster/drops.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "mesh/base/random.h"

namespace mesh::cluster {
namespace {

using Categories = std::vector<model::DropCategory>;

constexpr uint64_t kLast = std::numeric_limits<uint64_t>::max();

// How many of `calls` fail by each category, and last how many do not, when their draws lie at
// even distances.
std::vector<uint64_t> Spread(const Drops& drops, uint64_t calls) {
  std::vector<uint64_t> counts(drops.categories().size() + 1, 0);
  for (uint64_t i = 0; i < calls; ++i) {
    const model::DropCategory* category = drops.Choose(i * (kLast / calls));
    ++counts[category == nullptr ? counts.size() - 1 : category - drops.categories().data()];
  }
  return counts;
}

TEST(DropsTest, ApplyInSequenceToTheRemainder) {
  struct Case {
    std::string what;
    std::vector<uint32_t> per_million;
    std::vector<uint64_t> counts;  // of 100,000 calls
  };
  const std::vector<Case> cases = {
      {"no category", {}, {100000}},
      {"one of nothing", {0}, {0, 100000}},
      {"DRP-01: 0.1, and 0.2 of the other 0.9", {100000, 200000}, {10000, 18000, 72000}},
      {"60 % and 50 %", {600000, 500000}, {60000, 20000, 20000}},
      {"DRP-03: all", {1000000}, {100000, 0}},
      {"nothing is left for the next", {1000000, 1000000, 5}, {100000, 0, 0, 0}},
      {"all of the rest", {250000, 1000000}, {25000, 75000, 0}},
      {"nothing, all", {0, 1000000}, {0, 100000, 0}},
      {"nothing in between", {500000, 0, 500000}, {50000, 0, 25000, 25000}},
      {"more than all is all", {4000000}, {100000, 0}},
  };
  for (const Case& c : cases) {
    Categories categories;
    for (uint32_t per_million : c.per_million) categories.push_back({"c", per_million});
    const std::vector<uint64_t> counts = Spread(Drops(categories), 100000);
    ASSERT_EQ(counts.size(), c.counts.size()) << c.what;
    for (size_t i = 0; i < counts.size(); ++i) {
      // A draw may lie on the border of a share.
      EXPECT_NEAR(static_cast<double>(counts[i]), static_cast<double>(c.counts[i]), 1.0)
          << c.what << ", " << i;
    }
  }
}

TEST(DropsTest, Drp03EveryDrawFailsByACategoryOfAll) {
  const Drops drops(Categories{{"lb", 0}, {"throttle", 1000000}});
  const std::unique_ptr<Random> random = NewSeededRandom(1);
  std::vector<uint64_t> draws = {0, 1, kLast - 1, kLast};
  while (draws.size() < 1000) draws.push_back(random->Next());
  for (uint64_t draw : draws) {
    ASSERT_NE(drops.Choose(draw), nullptr);
    EXPECT_EQ(drops.Choose(draw)->name, "throttle");
  }
}

TEST(DropsTest, NothingToDropDropsNoDraw) {
  for (const Drops& drops :
       {Drops(), Drops(Categories()), Drops(Categories{{"lb", 0}, {"throttle", 0}})}) {
    EXPECT_TRUE(drops.empty());
    for (uint64_t draw : {uint64_t{0}, uint64_t{1}, kLast}) {
      EXPECT_EQ(drops.Choose(draw), nullptr);
    }
  }
  EXPECT_FALSE(Drops(Categories{{"lb", 1}}).empty());
}

// The twin draws for each category anew.
TEST(DropsTest, SharesAreThoseOfADrawForEachCategory) {
  constexpr int kCalls = 200000;
  const Categories categories = {{"a", 100000}, {"b", 200000}, {"c", 1}, {"d", 333333}};
  const Drops drops(categories);
  const std::unique_ptr<Random> random = NewSeededRandom(7);
  std::vector<int> counts(categories.size() + 1, 0), twin(categories.size() + 1, 0);
  for (int i = 0; i < kCalls; ++i) {
    const model::DropCategory* category = drops.Choose(random->Next());
    ++counts[category == nullptr ? categories.size() : category - drops.categories().data()];
    size_t j = 0;
    while (j < categories.size() && random->NextBelow(1000000) >= categories[j].per_million) ++j;
    ++twin[j];
  }
  // Five standard deviations of the difference are below 0.006 of the calls.
  for (size_t i = 0; i < counts.size(); ++i) EXPECT_NEAR(counts[i], twin[i], kCalls * 0.006) << i;
}

}  // namespace
}  // namespace mesh::cluster
