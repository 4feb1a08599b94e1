// Localities by weight and availability: Envoy's locality_wrr_test.cc, and a twin in doubles.

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "balancer/deadline_schedule.h"
#include "balancer/locality_choice.h"
#include "gtest/gtest.h"
#include "mesh/base/random.h"

namespace mesh::balancer {
namespace {

using Shares = std::vector<uint64_t>;

struct Case {
  std::string id;
  uint32_t overprovisioning;
  std::vector<LocalityCounts> localities;  // {weight, hosts, available, excluded}
  Shares shares;
  Shares counts;  // after 100 picks
};

TEST(LocalitySharesTest, AvailabilityCaseTable) {
  const std::vector<Case> cases = {
      {"LOC-06, 5 of 5", 140, {{1, 5, 5}, {2, 1, 1}}, {1, 2}, {33, 67}},
      {"LOC-06, 4 of 5", 140, {{1, 5, 4}, {2, 1, 1}}, {1, 2}, {33, 67}},
      {"LOC-06, 3 of 5", 140, {{1, 5, 3}, {2, 1, 1}}, {21, 50}, {29, 71}},
      {"LOC-06, 2 of 5", 140, {{1, 5, 2}, {2, 1, 1}}, {7, 25}, {22, 78}},
      {"LOC-06, 1 of 5", 140, {{1, 5, 1}, {2, 1, 1}}, {7, 50}, {12, 88}},
      {"LOC-06, none", 140, {{1, 5, 0}, {2, 1, 1}}, {0, 1}, {0, 100}},
      {"LOC-07", 100, {{1, 2, 1}, {1, 1, 1}}, {1, 2}, {33, 67}},
      {"LOC-07, overprovisioned", 140, {{1, 2, 1}, {1, 1, 1}}, {7, 10}, {41, 59}},
      {"LOC-09", 140, {{1, 3, 1, 2}, {1, 2, 2}}, {1, 1}, {50, 50}},
      {"LOC-04", 140, {{0, 3, 3}, {0, 3, 3}}, {0, 0}, {0, 0}},
      {"locality_weight.rst, 69 %", 140, {{1, 100, 69}, {2, 1, 1}}, {483, 1000}, {32, 68}},
      {"no endpoints", 140, {{5, 0, 0}, {1, 1, 1}}, {0, 1}, {0, 100}},
      {"all of them excluded", 140, {{5, 3, 0, 3}, {1, 1, 1}}, {0, 1}, {0, 100}},
      {"no overprovisioning at all", 0, {{1, 1, 1}, {1, 2, 2}}, {0, 0}, {0, 0}},
      {"none", 140, {}, {}, {}},
  };
  for (const Case& c : cases) {
    const Shares shares = AvailableLocalityShares(c.localities, c.overprovisioning);
    EXPECT_EQ(shares, c.shares) << c.id;
    EXPECT_EQ(DeadlineSchedule(shares, 100).turns(), c.counts) << c.id;
  }
}

TEST(LocalitySharesTest, FollowAvailabilityWhateverTheNumbers) {
  const std::unique_ptr<Random> random = NewSeededRandom(4);
  int rounded = 0;
  for (int round = 0; round < 5000; ++round) {
    const uint64_t most_hosts = uint64_t{1} << random->NextBelow(40);
    const uint64_t most_weight = uint64_t{1} << random->NextBelow(33);
    std::vector<LocalityCounts> localities(2 + random->NextBelow(6));
    std::vector<double> due;
    for (LocalityCounts& locality : localities) {
      locality.weight = static_cast<uint32_t>(random->NextBelow(most_weight));
      locality.hosts = random->NextBelow(most_hosts);
      locality.available = random->NextBelow(locality.hosts + 1);
      const double part = locality.hosts == 0 ? 0
                                              : static_cast<double>(locality.available) /
                                                    static_cast<double>(locality.hosts);
      due.push_back(locality.weight * std::min(1.0, 1.4 * part));
    }
    const Shares shares = AvailableLocalityShares(localities, 140);
    const size_t top = std::max_element(due.begin(), due.end()) - due.begin();
    for (size_t i = 0; i < localities.size(); ++i) {
      EXPECT_EQ(shares[i] == 0, due[i] == 0);
      if (due[i] == 0) continue;
      const double ratio = static_cast<double>(shares[i]) / static_cast<double>(shares[top]);
      EXPECT_NEAR(ratio, due[i] / due[top], 1e-12) << round;
      if (shares[i] == uint64_t{1} << 48) ++rounded;
    }
  }
  EXPECT_GT(rounded, 100);
}

TEST(LocalitySharesTest, LargeNumbersDoNotOverflow) {
  const uint32_t weight = std::numeric_limits<uint32_t>::max();
  const uint64_t hosts = std::numeric_limits<uint64_t>::max();
  EXPECT_EQ(AvailableLocalityShares({{weight, hosts, hosts / 2}, {weight, 1, 1}}, weight),
            (Shares{1, 1}));
  EXPECT_EQ(AvailableLocalityShares({{weight, hosts, 1}, {weight, 1, 1}}, 100),
            (Shares{1, uint64_t{1} << 48}));
}

}  // namespace
}  // namespace mesh::balancer
