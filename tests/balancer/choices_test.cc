// The pure rules above the policies: which priority, which localities, how many endpoints.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "balancer/cursors.h"
#include "balancer/locality_choice.h"
#include "balancer/priority.h"
#include "balancer/subset.h"
#include "gtest/gtest.h"
#include "mesh/base/random.h"

namespace mesh::balancer {
namespace {

constexpr PriorityView kNew = {3, 0, false, false, false};
constexpr PriorityView kEmpty = {0, 0, false, false, false};
constexpr PriorityView kEmptied = {0, 0, true, false, false};
constexpr PriorityView kConnecting = {3, 0, true, false, false};
constexpr PriorityView kReady = {3, 1, true, false, false};
constexpr PriorityView kFailing = {3, 0, true, true, false};
constexpr PriorityView kOverdue = {3, 0, true, false, true};

struct PriorityCase {
  std::string what;
  std::vector<PriorityView> priorities;
  std::optional<size_t> chosen;
  std::optional<size_t> start;
};

TEST(ChoosePriorityTest, TruthTable) {
  const std::optional<size_t> none;
  const std::vector<PriorityCase> cases = {
      {"no priority", {}, none, none},
      {"nothing usable", {kEmpty}, none, none},
      {"nothing usable any more", {kEmptied}, none, none},
      {"the first is not started", {kNew}, none, 0},
      {"the first connects", {kConnecting}, 0, none},
      {"the first connects, the second waits its turn", {kConnecting, kNew}, 0, none},
      {"the first connects, the second is ready", {kConnecting, kReady}, 0, none},
      {"the first is ready", {kReady, kReady}, 0, none},
      {"the first is empty", {kEmpty, kNew}, none, 1},
      {"the first is empty, the second ready", {kEmpty, kReady}, 1, none},
      {"the first fails", {kFailing, kNew}, none, 1},
      {"the first fails, the second connects", {kFailing, kConnecting}, 1, none},
      {"the first fails, the second is ready", {kFailing, kReady}, 1, none},
      {"the first is overdue", {kOverdue, kNew}, none, 1},
      {"the first is overdue, the second is ready", {kOverdue, kReady}, 1, none},
      {"all fail", {kFailing, kFailing}, none, none},
      {"overdue, the rest fails", {kOverdue, kFailing}, 0, none},
      {"fails, the rest is overdue", {kFailing, kOverdue, kOverdue}, 1, none},
      {"failing and overdue, then a third", {kFailing, kOverdue, kReady}, 2, none},
      {"only one and it fails", {kFailing}, none, none},
      {"only one and it is overdue", {kOverdue}, 0, none},
  };
  for (const PriorityCase& c : cases) {
    const PriorityChoice choice = ChoosePriority(c.priorities);
    EXPECT_EQ(choice.chosen, c.chosen) << c.what;
    EXPECT_EQ(choice.start, c.start) << c.what;
  }
}

TEST(LocalitySharesTest, FollowWeightsOrReadyEndpoints) {
  // {weight, ready weight}
  const std::vector<LocalityView> views = {{2, 10}, {8, 1}, {5, 0}, {0, 4}};
  EXPECT_EQ(LocalityShares(true, views), (std::vector<uint64_t>{2, 8, 0, 0}));
  EXPECT_EQ(LocalityShares(false, views), (std::vector<uint64_t>{10, 1, 0, 4}));
  // LOC-04: no locality.
  EXPECT_EQ(LocalityShares(true, {{0, 3}, {0, 3}}), (std::vector<uint64_t>{0, 0}));
}

TEST(LocalitySharesTest, AreByWeightAsTheRuleSays) {
  EXPECT_FALSE(AreLocalitiesWeighted(true, false, {1, 2}));  // ignored
  EXPECT_TRUE(AreLocalitiesWeighted(false, true, {0, 0}));   // required
  EXPECT_TRUE(AreLocalitiesWeighted(false, false, {0, 1}));  // if any
  EXPECT_FALSE(AreLocalitiesWeighted(false, false, {0, 0}));
}

struct SubsetCase {
  std::string what;
  uint64_t cap;
  std::vector<SubsetView> localities;  // {size, share}
  std::vector<uint64_t> quotas;
};

TEST(SplitSubsetTest, CaseTable) {
  const std::vector<SubsetCase> cases = {
      {"one locality", 10, {{100, 1}}, {10}},
      {"no more than there are", 10, {{4, 1}}, {4}},
      {"by share", 10, {{100, 2}, {100, 8}}, {2, 8}},
      {"a remainder", 10, {{100, 1}, {100, 1}, {100, 1}}, {4, 3, 3}},
      {"what one cannot use, others get", 10, {{2, 1}, {100, 1}}, {2, 8}},
      {"one at least of each that has a share", 4, {{100, 1}, {100, 1000}}, {1, 3}},
      {"none without a share", 4, {{100, 0}, {100, 1}}, {0, 4}},
      {"an empty one", 4, {{0, 1}, {100, 1}}, {0, 4}},
      {"more localities than the cap", 2, {{5, 1}, {5, 1}, {5, 1}}, {1, 1, 1}},
      {"no localities", 2, {}, {}},
  };
  for (const SubsetCase& c : cases) EXPECT_EQ(SplitSubset(c.cap, c.localities), c.quotas) << c.what;
}

TEST(CursorsTest, CountFromARandomStartEachForItself) {
  const std::unique_ptr<Random> random = NewSeededRandom(3);
  const Cursors cursors(10, random.get());
  const Cursors others(10, random.get());
  const uint64_t first = cursors.Mine().Next(9);
  EXPECT_NE(first, others.Mine().Next(9));
  EXPECT_EQ(cursors.Mine().Next(9), first + 1);
  const uint64_t neighbour = cursors.Mine().Next(8);
  EXPECT_EQ(cursors.Mine().Next(9), first + 2);
  EXPECT_EQ(cursors.Mine().Next(8), neighbour + 1);
}

}  // namespace
}  // namespace mesh::balancer
