// Zone-aware routing against what Envoy does call by call (load_balancer_impl,
// ZoneAwareLoadBalancerBase), and by hand.

#include "balancer/zone_routing.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "mesh/base/random.h"

namespace mesh::balancer {
namespace {

using model::ZoneAware;

// Zones of so many endpoints of the cluster, all healthy and ready, and of the local cluster.
struct Counts {
  uint64_t upstream;
  uint64_t local;
};

std::vector<ZoneView> Views(const std::vector<Counts>& counts) {
  std::vector<ZoneView> views;
  for (const Counts& zone : counts) {
    views.push_back({zone.upstream, zone.upstream, zone.local, zone.upstream});
  }
  return views;
}

// The first zone is the caller's.
LocalClusterView Local(const std::vector<Counts>& counts) {
  LocalClusterView local;
  for (const Counts& zone : counts) {
    local.localities += zone.local > 0 ? 1 : 0;
    local.weight += zone.local;
  }
  local.own_endpoints = counts.empty() ? 0 : counts[0].local;
  return local;
}

// `direct`, `residual 5000`, `off`, and the parts of 1,000 that each zone gets.
std::string Text(const ZoneRouting& routing) {
  std::string text = routing.state == ZoneState::kDirect ? "direct"
                     : routing.state == ZoneState::kResidual
                         ? absl::StrCat("residual ", routing.stay)
                         : "off";
  const uint64_t sum = std::accumulate(routing.shares.begin(), routing.shares.end(), uint64_t{0});
  for (const uint64_t share : routing.shares) {
    absl::StrAppend(&text, " ", (share * 1000 + sum / 2) / sum);
  }
  return text;
}
std::string Route(const std::vector<Counts>& counts, const ZoneAware& settings = {}) {
  return Text(RouteByZone(Views(counts), 0, Local(counts), settings));
}

TEST(ZoneRoutingTest, ByHand) {
  const struct {
    std::vector<Counts> counts;
    const char* routing;
  } kRows[] = {
      {{{3, 3}, {3, 3}}, "direct 1000 0"},
      {{{5, 3}, {3, 3}}, "direct 1000 0"},
      // Half of the callers, a quarter of the endpoints: half of the calls stay.
      {{{2, 4}, {6, 4}}, "residual 5000 500 500"},
      // The comment of Envoy's code: 40 %, 40 %, 20 % to 25 %, 50 %, 25 %.
      {{{5, 8}, {10, 8}, {5, 4}}, "residual 6250 625 250 125"},
      // A zone without callers, and one without more than its callers need.
      {{{2, 5}, {4, 0}, {2, 5}}, "residual 5000 500 500 0"},
      // Thirds, cut to hundredths of a percent.
      {{{1, 1}, {1, 1}, {4, 1}}, "residual 4998 500 0 500"},
  };
  for (const auto& row : kRows) EXPECT_EQ(Route(row.counts), row.routing);
}

TEST(ZoneRoutingTest, WhenItIsOff) {
  const std::vector<Counts> good = {{3, 3}, {3, 3}};
  EXPECT_EQ(RouteByZone(Views({{6, 3}}), 0, Local(good), {}).state, ZoneState::kOneLocality);
  EXPECT_EQ(RouteByZone(Views(good), 0, Local({{6, 3}}), {}).state, ZoneState::kOneLocalLocality);
  EXPECT_EQ(RouteByZone(Views(good), 0, Local({{6, 0}, {1, 1}, {1, 1}}), {}).state,
            ZoneState::kNotLocal);
  EXPECT_EQ(RouteByZone(Views({{3, 3}, {2, 3}}), 0, Local(good), {}).state, ZoneState::kTooSmall);
  LocalClusterView panics = Local(good);
  panics.panics = true;
  EXPECT_EQ(RouteByZone(Views(good), 0, panics, {}).state, ZoneState::kLocalPanic);
  EXPECT_TRUE(RouteByZone(Views(good), 0, panics, {}).shares.empty());
  ZoneAware small;
  small.min_cluster_size = 5;
  EXPECT_EQ(Route({{3, 3}, {2, 3}}, small), "direct 1000 0");
}

TEST(ZoneRoutingTest, WhereTheClusterHasNothingInTheOwnZone) {
  const std::vector<Counts> counts = {{4, 2}, {4, 1}};
  LocalClusterView local = Local(counts);
  local.own_endpoints = 7;
  local.weight = 10;
  local.localities = 3;
  // All calls leave: 50 % - 20 %, 50 % - 10 %.
  EXPECT_EQ(Text(RouteByZone(Views(counts), std::nullopt, local, {})), "residual 0 429 571");
}

TEST(ZoneRoutingTest, Forced) {
  ZoneAware forced;
  forced.force_local_zone = 2;
  EXPECT_EQ(Route({{2, 4}, {6, 4}}, forced), "direct 1000 0");
  EXPECT_EQ(Route({{1, 4}, {7, 4}}, forced), "residual 2500 250 750");
  // The callers may all be in one zone.
  EXPECT_EQ(Route({{2, 4}, {6, 0}}, forced), "direct 1000 0");
}

TEST(ZoneRoutingTest, ForAPartOfTheCalls) {
  ZoneAware settings;
  settings.routing_enabled = 50;
  EXPECT_EQ(Route({{3, 3}, {3, 3}}, settings), "direct 750 250");
  settings.routing_enabled = 0;
  EXPECT_EQ(Route({{2, 3}, {6, 3}}, settings), "residual 5000 250 750");
}

TEST(ZoneRoutingTest, WhereNothingIsReady) {
  std::vector<ZoneView> views = Views({{3, 3}, {3, 3}, {6, 3}});
  const LocalClusterView local = Local({{3, 3}, {3, 3}, {6, 3}});
  views[2].ready_weight = 0;
  EXPECT_EQ(Text(RouteByZone(views, 0, local, {})), "residual 7500 1000 0 0");
  // Nothing where it would go: as without zones.
  views = Views({{6, 3}, {3, 3}, {3, 3}});
  views[0].ready_weight = 0;
  EXPECT_EQ(Text(RouteByZone(views, 0, Local({{6, 3}, {3, 3}, {3, 3}}), {})), "direct 0 500 500");
}

// What Envoy draws, as its code has it.
class EnvoyZones {
 public:
  explicit EnvoyZones(const std::vector<Counts>& counts) {
    uint64_t upstream = 0, local = 0;
    for (const Counts& zone : counts) {
      upstream += zone.upstream;
      local += zone.local;
    }
    std::vector<uint64_t> ups, locals;
    for (const Counts& zone : counts) {
      ups.push_back(10000 * zone.upstream / upstream);
      locals.push_back(10000 * zone.local / local);
    }
    direct_ = ups[0] > 0 && ups[0] >= locals[0];
    stay_ = locals[0] > 0 ? ups[0] * 10000 / locals[0] : 0;
    residual_.push_back(0);
    for (size_t i = 1; i < counts.size(); ++i) {
      residual_.push_back(residual_.back() + (ups[i] > locals[i] ? ups[i] - locals[i] : 0));
    }
  }

  size_t Choose(Random* random) const {
    if (direct_) return 0;
    if (random->Next() % 10000 < stay_) return 0;
    if (residual_.back() == 0) return random->Next() % residual_.size();
    const uint64_t threshold = random->Next() % residual_.back();
    size_t i = 0;
    while (threshold >= residual_[i]) ++i;
    return i;
  }

 private:
  bool direct_;
  uint64_t stay_;
  std::vector<uint64_t> residual_;
};

TEST(ZoneRoutingTest, SharesAreEnvoysOdds) {
  const std::unique_ptr<Random> random = NewSeededRandom(3);
  constexpr int kCalls = 20000;
  int residual = 0;
  for (int run = 0; run < 200; ++run) {
    std::vector<Counts> counts;
    for (uint64_t i = 0; i < 2 + random->NextBelow(4); ++i) {
      counts.push_back({1 + random->NextBelow(9), random->NextBelow(9)});
    }
    counts.resize(std::max<size_t>(2, counts.size()), {3, 3});
    counts[0].local += 1;
    counts[1].local += 1;
    ZoneAware settings;
    settings.min_cluster_size = 1;
    const ZoneRouting routing = RouteByZone(Views(counts), 0, Local(counts), settings);
    ASSERT_EQ(routing.shares.size(), counts.size());
    residual += routing.state == ZoneState::kResidual ? 1 : 0;
    const double sum = static_cast<double>(
        std::accumulate(routing.shares.begin(), routing.shares.end(), uint64_t{0}));
    const EnvoyZones envoy(counts);
    std::vector<int> chosen(counts.size(), 0);
    for (int call = 0; call < kCalls; ++call) ++chosen[envoy.Choose(random.get())];
    for (size_t i = 0; i < counts.size(); ++i) {
      EXPECT_NEAR(chosen[i] / double{kCalls}, static_cast<double>(routing.shares[i]) / sum, 0.02)
          << run << ":" << i;
    }
  }
  EXPECT_GT(residual, 50);
}

}  // namespace
}  // namespace mesh::balancer
