// Zone-aware routing in a cluster (envoy common.proto, ZoneAwareLbConfig): whose calls stay in the
// caller's locality as endpoints and callers come and go.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "mesh/model/zone_aware.h"
#include "tests/cluster/subset_fixture.h"

namespace mesh::cluster {
namespace {

using Counts = std::map<std::string, int>;
using Sizes = std::vector<std::pair<std::string, int>>;

// The caller is in zone `x`.
class ClusterZonesTest : public SubsetTest {
 protected:
  ClusterZonesTest() {
    cluster_config_.zone_aware.emplace();
    cluster_config_.locality_weighting = model::LocalityWeighting::kIgnored;
  }

  static std::shared_ptr<const model::LocalCluster> Callers(const Sizes& zones) {
    std::vector<TestLocality> localities;
    for (const auto& [zone, size] : zones) {
      localities.push_back({zone, Numbered("caller-" + zone, size)});
    }
    return model::LocalCluster::Of(Assignment(localities).get(), {"", "x", ""});
  }
  void Serve(const Sizes& zones, const Sizes& callers) {
    ServeTo(zones, callers.empty() ? nullptr : Callers(callers));
  }
  void ServeTo(const Sizes& zones, std::shared_ptr<const model::LocalCluster> local) {
    std::vector<TestLocality> localities;
    for (const auto& [zone, size] : zones) localities.push_back({zone, Numbered(zone, size)});
    config_ = Config(localities, cluster_config_);
    config_.local = std::move(local);
    Apply(config_);
    Connect();
  }
  // Of 1,200 calls, what each zone gets.
  Counts Zones() {
    Counts zones;
    for (const auto& [address, count] : SubsetTest::Shares(1200)) {
      zones[address.substr(0, 1)] += count;
    }
    return zones;
  }
  std::string Text() { return SnapshotNow().zone_routing; }

  model::Cluster cluster_config_;
  model::ClusterConfig config_;
};

TEST_F(ClusterZonesTest, CallsStayWhereThereIsEnough) {
  Serve({{"x", 4}, {"y", 4}}, {{"x", 2}, {"y", 2}});
  EXPECT_EQ(Zones(), (Counts{{"x", 1200}}));
  EXPECT_EQ(Text(), "direct");
  // Half of the callers, a quarter of the endpoints.
  Serve({{"x", 2}, {"y", 6}}, {{"x", 2}, {"y", 2}});
  EXPECT_EQ(Zones(), (Counts{{"x", 600}, {"y", 600}}));
  EXPECT_EQ(Text(), "residual: 50 % stay");
}

TEST_F(ClusterZonesTest, CallersComeAndGo) {
  Serve({{"x", 2}, {"y", 4}}, {});
  EXPECT_EQ(Zones(), (Counts{{"x", 400}, {"y", 800}}));
  EXPECT_EQ(Text(), "");
  // Only what is known of them changes.
  config_.local = Callers({{"x", 1}, {"y", 2}});
  Apply(config_);
  EXPECT_EQ(Zones(), (Counts{{"x", 1200}}));
  config_.local = Callers({{"x", 4}, {"y", 2}});
  Apply(config_);
  EXPECT_EQ(Zones(), (Counts{{"x", 600}, {"y", 600}}));
  config_.local = nullptr;
  Apply(config_);
  EXPECT_EQ(Zones(), (Counts{{"x", 400}, {"y", 800}}));
}

TEST_F(ClusterZonesTest, HealthAndConnectionsCount) {
  Serve({{"x", 4}, {"y", 4}}, {{"x", 2}, {"y", 2}});
  EXPECT_EQ(Zones(), (Counts{{"x", 1200}}));
  // Two of eight fail: a third of what is left, for half of the callers.
  Become("x0", ConnectionState::kFailing);
  Become("x1", ConnectionState::kFailing);
  EXPECT_EQ(Text(), "residual: 66.66 % stay");
  EXPECT_NEAR(Zones()["x"], 800, 2);
  for (const char* address : {"x2", "x3"}) Become(address, ConnectionState::kFailing);
  EXPECT_EQ(Zones(), (Counts{{"y", 1200}}));
  EXPECT_EQ(Text(), "off: the cluster has fewer than 6 healthy endpoints");
  for (const char* address : {"x0", "x1", "x2", "x3"}) Become(address, ConnectionState::kReady);
  EXPECT_EQ(Zones(), (Counts{{"x", 1200}}));
}

// While nothing of the own zone is connected yet calls do not wait for it.
TEST_F(ClusterZonesTest, NobodyWaitsForTheOwnZone) {
  connector_.set_outcome(ConnectionState::kConnecting);
  Serve({{"x", 4}, {"y", 4}}, {{"x", 2}, {"y", 2}});
  Become("y0", ConnectionState::kReady);
  EXPECT_EQ(Zones(), (Counts{{"y", 1200}}));
  Become("x3", ConnectionState::kReady);
  EXPECT_EQ(Zones(), (Counts{{"x", 1200}}));
}

TEST_F(ClusterZonesTest, WhyAnEndpointGetsNone) {
  Serve({{"x", 4}, {"y", 4}}, {{"x", 2}, {"y", 2}});
  Zones();
  const Snapshot::Cluster snapshot = SnapshotNow();
  ASSERT_EQ(snapshot.localities.size(), 2u);
  EXPECT_EQ(snapshot.localities[0].share.value(), 1.0);
  EXPECT_EQ(snapshot.localities[1].share.value(), 0.0);
  EXPECT_EQ(snapshot.localities[1].endpoints[0].excluded,
            "calls go to other localities: see zone_routing");
}

TEST_F(ClusterZonesTest, WhenItIsOff) {
  const Counts even = {{"x", 600}, {"y", 600}};
  Serve({{"x", 2}, {"y", 2}}, {{"x", 2}, {"y", 2}});
  EXPECT_EQ(Zones(), even);
  EXPECT_EQ(Text(), "off: the cluster has fewer than 6 healthy endpoints");
  Serve({{"x", 3}, {"y", 3}}, {{"x", 2}});
  EXPECT_EQ(Zones(), even);
  EXPECT_EQ(Text(), "off: the local cluster is in one locality");
  Serve({{"x", 3}, {"y", 3}}, {{"z", 2}, {"y", 1}});
  EXPECT_EQ(Zones(), even);
  EXPECT_EQ(Text(), "off: the local cluster has no endpoint in the locality of this process");
  Serve({{"x", 6}}, {{"x", 2}, {"y", 1}});
  EXPECT_EQ(Text(), "off: there is one locality");
  // One of four callers is healthy; with half of them it would be on.
  const auto callers = [](int healthy) {
    std::vector<model::EndpointConfig> x = Numbered("caller", 4);
    for (int i = healthy; i < 4; ++i) x[i].health = model::HealthStatus::kUnhealthy;
    return model::LocalCluster::Of(Assignment({{"x", x}, {"y", {x[3]}}}).get(), {"", "x", ""});
  };
  ServeTo({{"x", 3}, {"y", 3}}, callers(1));
  EXPECT_EQ(Zones(), even);
  EXPECT_EQ(Text(), "off: too few endpoints of the local cluster are healthy");
  ServeTo({{"x", 3}, {"y", 3}}, callers(3));
  EXPECT_EQ(Text(), "residual: 50 % stay");
}

TEST_F(ClusterZonesTest, NothingIsToldOfItWhileTheClusterHasNoEndpoints) {
  Serve({{"x", 4}, {"y", 4}}, {{"x", 2}, {"y", 2}});
  Zones();
  EXPECT_EQ(Text(), "direct");
  Serve({{"x", 0}, {"y", 0}}, {{"x", 2}, {"y", 2}});
  EXPECT_EQ(Text(), "");
}

TEST_F(ClusterZonesTest, WeightsOfLocalitiesGoFirst) {
  cluster_config_.locality_weighting = model::LocalityWeighting::kByWeight;
  Serve({{"x", 4}, {"y", 4}}, {{"x", 2}, {"y", 2}});
  EXPECT_EQ(Zones(), (Counts{{"x", 600}, {"y", 600}}));
  EXPECT_EQ(Text(), "");
  cluster_config_.zone_aware->asked = true;
  Serve({{"x", 4}, {"y", 4}}, {{"x", 2}, {"y", 2}});
  EXPECT_EQ(Text(), "off: localities share by weight");
}

TEST_F(ClusterZonesTest, WhoAsksForItIsToldThatNothingIsKnown) {
  cluster_config_.zone_aware->asked = true;
  Serve({{"x", 4}, {"y", 4}}, {});
  EXPECT_EQ(Zones(), (Counts{{"x", 600}, {"y", 600}}));
  EXPECT_EQ(Text(),
            "off: nothing is known of the cluster that this process is one of "
            "(Options::local_cluster)");
}

TEST_F(ClusterZonesTest, WeightsOfEndpointsMayCount) {
  cluster_config_.zone_aware->by_weight = true;
  std::vector<model::EndpointConfig> x = Numbered("x", 3);
  for (model::EndpointConfig& endpoint : x) endpoint.weight = 3;
  config_ = Config({{"x", x}, {"y", Numbered("y", 3)}}, cluster_config_);
  config_.local = Callers({{"x", 3}, {"y", 1}});
  Apply(config_);
  Connect();
  EXPECT_EQ(Zones(), (Counts{{"x", 1200}}));  // 75 % of both
  cluster_config_.zone_aware->by_weight = false;
  config_.cluster = Config(Numbered("x", 0), cluster_config_).cluster;
  Apply(config_);
  EXPECT_EQ(Text(), "residual: 66.66 % stay");
}

TEST_F(ClusterZonesTest, OnlyTheFirstPriorityHasZones) {
  config_ = Config({{"x", Numbered("x", 3), 0},
                    {"y", Numbered("y", 3), 0},
                    {"x", Numbered("u", 3), 1},
                    {"y", Numbered("v", 3), 1}},
                   cluster_config_);
  config_.local = Callers({{"x", 1}, {"y", 1}});
  Apply(config_);
  Connect();
  EXPECT_EQ(Zones(), (Counts{{"x", 1200}}));
  for (const char* zone : {"x", "y"}) {
    for (int i = 0; i < 3; ++i) Become(zone + std::to_string(i), ConnectionState::kFailing);
  }
  EXPECT_EQ(Zones(), (Counts{{"u", 600}, {"v", 600}}));
}

TEST_F(ClusterZonesTest, SubsetsHaveThemToo) {
  model::SubsetSelection selection;
  selection.selectors = {{{"version"}, std::nullopt, {}}};
  cluster_config_.subsets = std::make_shared<const model::SubsetSelection>(selection);
  const auto zone = [](const std::string& name) {
    TestLocality locality{name, {}};
    for (int i = 0; i < 4; ++i) {
      locality.endpoints.push_back(With(name + std::to_string(i), {{"version", "1"}}));
    }
    return locality;
  };
  config_ = Config({zone("x"), zone("y")}, cluster_config_);
  config_.local = Callers({{"x", 1}, {"y", 1}});
  Apply(config_);
  Connect();
  EXPECT_EQ(PicksOf({{"version", "1"}}), (std::vector<std::string>{"x0", "x1", "x2", "x3"}));
  config_.local = nullptr;
  Apply(config_);
  EXPECT_EQ(PicksOf({{"version", "1"}}).size(), 8u);
}

}  // namespace
}  // namespace mesh::cluster
