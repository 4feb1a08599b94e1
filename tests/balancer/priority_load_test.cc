// How calls spread over priorities, against what Envoy's code gives and against a naive twin.

#include "balancer/priority_load.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "mesh/base/random.h"

namespace mesh::balancer {
namespace {

using Loads = std::vector<uint32_t>;
using Panic = std::vector<bool>;

struct Case {
  std::string id;
  std::vector<PriorityCounts> counts;  // {hosts, healthy, degraded, excluded}
  uint32_t threshold;
  Loads healthy;
  Loads degraded;
  Panic panic;
};

// envoy load_balancer_impl_base_test.cc, and the numbers of priority.rst as the code has them.
TEST(PriorityLoadTest, CaseTable) {
  const uint64_t large = std::numeric_limits<uint64_t>::max();
  const std::vector<Case> cases = {
      {"PRI-01", {{1, 0}, {1, 0}}, 50, {50, 50}, {0, 0}, {true, true}},
      {"PRI-03", {{1, 0}, {2, 0}, {1, 1}}, 50, {0, 0, 100}, {0, 0, 0}, {false, false, false}},
      {"PRI-05", {{1, 1}, {1, 1}}, 50, {100, 0}, {0, 0}, {false, false}},
      {"PRI-07", {{4, 1}, {2, 2}}, 50, {35, 65}, {0, 0}, {false, false}},
      {"PRI-09", {{4, 1, 0, 3}, {5, 1}}, 50, {100, 0}, {0, 0}, {false, false}},
      {"PRI-11", {{4, 0, 0, 1}, {6, 1, 0, 2}}, 50, {40, 60}, {0, 0}, {true, true}},
      {"PRI-13", {{5, 1}, {5, 1}, {5, 1}}, 50, {34, 33, 33}, {0, 0, 0}, {true, true, true}},
      {"PRI-17", {{5, 0, 5}, {5, 2, 2}, {5, 2}}, 50, {0, 56, 44}, {0, 0, 0}, {false, false, false}},
      {"PRI-19", {{5, 0}, {6, 2}, {3, 1}}, 50, {37, 42, 21}, {0, 0, 0}, {true, true, true}},
      {"PRI-21", {{5, 0}, {5, 0, 2}, {5, 0, 1}}, 50, {34, 33, 33}, {0, 0, 0}, {true, true, true}},
      {"PRI-25", {{5, 0}, {5, 0, 2}, {5, 0, 1}}, 0, {0, 0, 0}, {0, 67, 33}, {false, false, false}},
      {"PRI-29", {{2, 1}, {2, 1}, {2, 1}}, 50, {70, 30, 0}, {0, 0, 0}, {false, false, false}},
      {"72 %", {{100, 72}, {100, 100}}, 50, {100, 0}, {0, 0}, {false, false}},
      {"71 %", {{100, 71}, {100, 71}}, 50, {99, 1}, {0, 0}, {false, false}},
      {"25 %, then all", {{100, 25}, {100, 100}}, 50, {35, 65}, {0, 0}, {false, false}},
      {"{25, 25, 20}",
       {{100, 25}, {100, 25}, {100, 20}},
       0,
       {37, 35, 28},
       {0, 0, 0},
       {false, false, false}},
      {"{5, 65}", {{100, 5}, {100, 65}}, 50, {8, 92}, {0, 0}, {true, false}},
      {"1 of 3", {{3, 1}, {3, 3}}, 50, {46, 54}, {0, 0}, {false, false}},
      {"2 of 3", {{3, 2}, {3, 3}}, 50, {93, 7}, {0, 0}, {false, false}},
      {"7 of 10", {{10, 7}, {10, 10}}, 50, {98, 2}, {0, 0}, {false, false}},
      {"degraded takes what healthy leaves", {{10, 5, 5}}, 50, {70}, {30}, {false}},
      {"a panicking priority keeps its share",
       {{10, 1}, {10, 5}},
       50,
       {17, 83},
       {0, 0},
       {true, false}},
      {"RR-06: nobody healthy, no panic", {{3, 0}, {3, 0}}, 0, {100, 0}, {0, 0}, {false, false}},
      {"no endpoints", {{0, 0}, {0, 0}}, 50, {100, 0}, {0, 0}, {true, true}},
      {"no endpoints, no panic", {{0, 0}, {0, 0}}, 0, {100, 0}, {0, 0}, {false, false}},
      {"the first is empty", {{0, 0}, {3, 0}}, 50, {0, 100}, {0, 0}, {true, true}},
      {"all excluded", {{3, 0, 0, 3}, {1, 0}}, 50, {75, 25}, {0, 0}, {true, true}},
      {"a threshold above 100 is 100", {{10, 4}, {10, 0}}, 1000, {50, 50}, {0, 0}, {true, true}},
      {"half is not below 50 %", {{8, 4}, {8, 0}}, 50, {100, 0}, {0, 0}, {false, true}},
      {"too rare to be available", {{1000, 1}}, 1, {100}, {0}, {true}},
      {"no overflow", {{large, large / 2}, {large, large}}, 50, {69, 31}, {0, 0}, {false, false}},
      {"none", {}, 50, {}, {}, {}},
  };
  for (const Case& c : cases) {
    const PriorityLoads loads = ComputePriorityLoads(c.counts, 140, c.threshold);
    EXPECT_EQ(loads.healthy, c.healthy) << c.id;
    EXPECT_EQ(loads.degraded, c.degraded) << c.id;
    EXPECT_EQ(loads.panic, c.panic) << c.id;
  }
}

TEST(PriorityLoadTest, FollowsWeightsButPanicsByCounts) {
  // PRI-27: {total, healthy} by weight; one endpoint of the first is excluded.
  const std::vector<PriorityCounts> counts = {{3, 1, 0, 1}, {1, 1}};
  EXPECT_EQ(ComputePriorityLoads(counts, {{10, 4}, {1, 1}}, 100, 50).healthy, (Loads{40, 60}));
  // What is excluded may be part of the total.
  EXPECT_EQ(ComputePriorityLoads(counts, {{30, 4, 0, 20}, {1, 1}}, 100, 50).healthy,
            (Loads{40, 60}));
  // One endpoint of two is healthy, but it weighs next to nothing: available to 0 %, no panic.
  const PriorityLoads rare = ComputePriorityLoads({{2, 1}}, {{1000, 1}}, 140, 50);
  EXPECT_EQ(rare.healthy, Loads{0});
  EXPECT_EQ(rare.panic, Panic{false});
  EXPECT_EQ(rare.ChoosePriority(7).priority, 0u);
  // Nothing weighs anything.
  EXPECT_EQ(ComputePriorityLoads({{2, 1}, {1, 1}}, {{0, 0}, {0, 0}}, 140, 0).healthy,
            (Loads{100, 0}));
}

TEST(PriorityLoadTest, OverprovisioningIsAnyPercentage) {
  EXPECT_EQ(ComputePriorityLoads({{2, 1}, {2, 2}}, 100, 50).healthy, (Loads{50, 50}));
  EXPECT_EQ(ComputePriorityLoads({{2, 1}, {2, 2}}, 200, 50).healthy, (Loads{100, 0}));
  const uint32_t most = std::numeric_limits<uint32_t>::max();
  EXPECT_EQ(ComputePriorityLoads({{1000, 1}, {2, 2}}, most, 50).healthy, (Loads{100, 0}));
}

TEST(PriorityLoadTest, ChoosesByTheCumulativeLoads) {
  const PriorityLoads loads = {{20, 0, 30}, {10, 40, 0}, {false, false, false}};
  std::vector<int> healthy(3, 0);
  std::vector<int> degraded(3, 0);
  for (uint64_t hash = 900; hash < 1000; ++hash) {
    const PriorityPick pick = loads.ChoosePriority(hash);
    ++(pick.degraded ? degraded : healthy)[pick.priority];
  }
  EXPECT_EQ(healthy, (std::vector<int>{20, 0, 30}));
  EXPECT_EQ(degraded, (std::vector<int>{10, 40, 0}));
  // The edges: r = hash % 100 + 1 is compared with sums.
  EXPECT_EQ(loads.ChoosePriority(19).priority, 0u);
  EXPECT_EQ(loads.ChoosePriority(20).priority, 2u);
  EXPECT_FALSE(loads.ChoosePriority(49).degraded);
  EXPECT_TRUE(loads.ChoosePriority(50).degraded);
  EXPECT_EQ(loads.ChoosePriority(50).priority, 0u);
  EXPECT_EQ(loads.ChoosePriority(99).priority, 1u);
  EXPECT_EQ(loads.ChoosePriority(std::numeric_limits<uint64_t>::max()).priority, 0u);  // 15
}

// The rule as semantics state it, in real numbers that are cut, priority after priority.
PriorityLoads NaiveLoads(const std::vector<PriorityCounts>& counts, uint64_t overprovisioning,
                         uint64_t threshold) {
  struct Part {
    size_t priority;
    bool degraded;
    uint64_t available;
  };
  std::vector<Part> parts;
  for (const bool degraded : {false, true}) {
    for (size_t i = 0; i < counts.size(); ++i) {
      const uint64_t total = counts[i].hosts - counts[i].excluded;
      const uint64_t part = degraded ? counts[i].degraded : counts[i].healthy;
      parts.push_back(
          {i, degraded, total == 0 ? 0 : std::min<uint64_t>(100, overprovisioning * part / total)});
    }
  }
  uint64_t norm = 0;
  for (const Part& part : parts) norm += part.available;
  norm = std::min<uint64_t>(norm, 100);

  PriorityLoads loads = {Loads(counts.size(), 0), Loads(counts.size(), 0),
                         Panic(counts.size(), false)};
  const auto load_of = [&loads](const Part& part) -> uint32_t& {
    return (part.degraded ? loads.degraded : loads.healthy)[part.priority];
  };
  uint64_t left = norm == 0 ? 0 : 100;
  for (const Part& part : parts) {
    if (norm == 0) continue;
    const uint64_t load = std::min(left, part.available * 100 / norm);
    load_of(part) = static_cast<uint32_t>(load);
    left -= load;
  }
  for (const Part& part : parts) {
    if (part.available == 0) continue;
    load_of(part) += static_cast<uint32_t>(left);
    break;
  }
  if (norm == 0 && threshold == 0) loads.healthy[0] = 100;
  bool all = threshold > 0 && norm < 100;
  uint64_t hosts = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    const uint64_t total = counts[i].hosts - counts[i].excluded;
    const uint64_t usable = counts[i].healthy + counts[i].degraded;
    loads.panic[i] =
        norm < 100 && threshold > 0 && (total == 0 || 100 * usable < threshold * total);
    all = all && loads.panic[i];
    hosts += counts[i].hosts;
  }
  if (!all) return loads;
  left = 100;
  for (size_t i = 0; i < counts.size(); ++i) {
    loads.degraded[i] = 0;
    loads.healthy[i] = hosts == 0 ? 0 : static_cast<uint32_t>(100 * counts[i].hosts / hosts);
    left -= loads.healthy[i];
  }
  size_t first = 0;
  while (first + 1 < counts.size() && counts[first].hosts == 0) ++first;
  loads.healthy[hosts == 0 ? 0 : first] += static_cast<uint32_t>(left);
  return loads;
}

TEST(PriorityLoadTest, EqualsANaiveTwin) {
  const std::unique_ptr<Random> random = NewSeededRandom(11);
  int panics = 0;
  int scaled = 0;
  for (int round = 0; round < 20000; ++round) {
    std::vector<PriorityCounts> counts(1 + random->NextBelow(5));
    for (PriorityCounts& priority : counts) {
      priority.hosts = random->NextBelow(13);
      priority.excluded = random->NextBelow(4) == 0 ? random->NextBelow(priority.hosts + 1) : 0;
      const uint64_t counted = priority.hosts - priority.excluded;
      priority.healthy = random->NextBelow(counted + 1) * random->NextBelow(2);
      priority.degraded = random->NextBelow(counted - priority.healthy + 1) * random->NextBelow(2);
    }
    const uint32_t overprovisioning = random->NextBelow(2) == 0 ? 140 : 100;
    const auto threshold = static_cast<uint32_t>(random->NextBelow(3) * 30);
    const PriorityLoads loads = ComputePriorityLoads(counts, overprovisioning, threshold);
    const PriorityLoads naive = NaiveLoads(counts, overprovisioning, threshold);
    ASSERT_EQ(loads.healthy, naive.healthy) << round;
    ASSERT_EQ(loads.degraded, naive.degraded) << round;
    ASSERT_EQ(loads.panic, naive.panic) << round;
    const uint32_t sum = std::accumulate(loads.healthy.begin(), loads.healthy.end(), 0u) +
                         std::accumulate(loads.degraded.begin(), loads.degraded.end(), 0u);
    ASSERT_EQ(sum, 100u) << round;
    if (loads.panic[0]) ++panics;
    if (loads.healthy[0] > 0 && loads.healthy[0] < 100) ++scaled;
  }
  EXPECT_GT(panics, 1000);
  EXPECT_GT(scaled, 1000);
}

}  // namespace
}  // namespace mesh::balancer
