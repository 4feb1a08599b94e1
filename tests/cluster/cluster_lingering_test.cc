// Endpoints of clusters with subsets that no balancer has a place for, while they are configured:
// what is known of them, and their connections, are there when calls ask for them again.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "mesh/cluster/endpoint_table.h"
#include "mesh/cluster/priority.h"
#include "tests/cluster/subset_fixture.h"

namespace mesh::cluster {
namespace {

using Addresses = std::vector<std::string>;
using Selection = model::SubsetSelection;

class ClusterLingeringTest : public SubsetTest {
 protected:
  static std::vector<model::EndpointConfig> Two(const std::string& v) {
    return {With("a:0", {{"s", "x"}, {"v", v}}), With("b:0", {{"s", "x"}, {"v", v}})};
  }
  static Selection By(const std::string& key) {
    Selection selection;
    selection.selectors = {{{key}, std::nullopt, {}}};
    return selection;
  }
  static model::ClusterConfig WithoutSubsets(const std::vector<model::EndpointConfig>& endpoints) {
    model::Cluster cluster;
    Eject(&cluster);
    return Config(endpoints, cluster);
  }
  static model::ClusterConfig WithSelectors(const std::vector<model::EndpointConfig>& endpoints,
                                            const Selection& selection) {
    model::Cluster cluster = WithSubsets(selection);
    Eject(&cluster);
    return Config(endpoints, cluster);
  }
  static void Eject(model::Cluster* cluster) {
    cluster->panic_threshold = 0;
    cluster->outlier_detection.emplace();
    cluster->outlier_detection->max_ejection_percent = 50;
    cluster->outlier_detection->base_ejection_time = absl::Minutes(5);
    cluster->outlier_detection->max_ejection_time = absl::Minutes(60);
  }
  // Calls with that metadata fail at `address` until it is ejected.
  void EjectByCalls(const std::string& address, const model::MetadataMatch* match) {
    PicksOfMatch(match);
    for (int i = 0; i < 20; ++i) {
      PickRequest request;
      request.metadata = match;
      request.awaits_answer = true;
      PickResult result = Pick(request);
      auto& picked = std::get<Picked>(result);
      Report report;
      report.status_code = picked.permit.endpoint()->address() == address ? 14 : 0;
      picked.permit.End(report);
      Settle();
    }
    ASSERT_EQ(PicksOfMatch(match).size(), 1u);
  }
};

TEST_F(ClusterLingeringTest, SelectorsThatComeLeaveAnEndpointEjected) {
  Apply(WithoutSubsets(Two("1")));
  Connect();
  EjectByCalls("a:0", nullptr);
  const int made = connector_.made();
  Apply(WithSelectors(Two("1"), By("v")));
  Advance(absl::Minutes(1));
  EXPECT_EQ(PicksOf({{"v", "1"}}), (Addresses{"b:0"}));
  EXPECT_EQ(connector_.made(), made);
  Advance(absl::Minutes(5));
  EXPECT_EQ(PicksOf({{"v", "1"}}), (Addresses{"a:0", "b:0"}));
}

TEST_F(ClusterLingeringTest, SelectorsThatChangeLeaveAnEndpointEjected) {
  Apply(WithSelectors(Two("1"), By("v")));
  const model::MetadataMatch match(model::MetadataFields{{"v", "1"}});
  EjectByCalls("b:0", &match);
  const int made = connector_.made();
  Apply(WithSelectors(Two("1"), By("s")));
  EXPECT_EQ(PicksOf({{"s", "x"}}), (Addresses{"a:0"}));
  Apply(WithSelectors(Two("1"), By("v")));
  Apply(WithoutSubsets(Two("1")));
  EXPECT_EQ(PicksOfNothing(), (Addresses{"a:0"}));
  EXPECT_EQ(connector_.made(), made);
}

// Nobody has asked those for connections who take the calls from now on.
TEST_F(ClusterLingeringTest, SelectorsThatGoLeaveWhatTheirSubsetsKnow) {
  Selection any = By("v");
  any.fallback = Selection::Fallback::kAnyEndpoint;
  Apply(WithSelectors(Two("1"), any));
  const model::MetadataMatch match(model::MetadataFields{{"v", "1"}});
  EjectByCalls("b:0", &match);
  const int made = connector_.made();
  Apply(WithoutSubsets(Two("1")));
  Advance(absl::Minutes(1));
  EXPECT_EQ(PicksOfNothing(), (Addresses{"a:0"}));
  EXPECT_EQ(connector_.made(), made);
}

// It took calls because all of its subset were unhealthy. Among all endpoints it takes none, but it
// is there as before.
TEST_F(ClusterLingeringTest, AnUnhealthyEndpointKeepsItsConnectionAsSelectorsGo) {
  Selection any = By("v");
  any.fallback = Selection::Fallback::kAnyEndpoint;
  std::vector<model::EndpointConfig> endpoints = Two("1");
  endpoints.push_back(With("c:0", {{"s", "x"}, {"v", "2"}}));
  endpoints[0].health = endpoints[1].health = model::HealthStatus::kUnhealthy;
  model::ClusterConfig config = WithSelectors(endpoints, any);
  auto cluster = std::make_shared<model::Cluster>(*config.cluster);
  cluster->panic_threshold = 20;
  config.cluster = cluster;
  Apply(config);
  EXPECT_EQ(PicksOf({{"v", "1"}}), (Addresses{"a:0", "b:0"}));
  EXPECT_EQ(PicksOf({{"v", "2"}}), (Addresses{"c:0"}));
  const int made = connector_.made();
  EXPECT_EQ(made, 3);
  cluster = std::make_shared<model::Cluster>(*cluster);
  cluster->subsets = nullptr;
  config.cluster = cluster;
  Apply(config);
  Advance(absl::Minutes(1));
  EXPECT_EQ(PicksOfNothing(), (Addresses{"c:0"}));
  EXPECT_EQ(Wanted(), (Addresses{"a:0", "b:0", "c:0"}));
  Apply(Config(Two("1"), *cluster));
  EXPECT_EQ(PicksOfNothing(), (Addresses{"a:0", "b:0"}));
  EXPECT_EQ(connector_.made(), made);
}

TEST_F(ClusterLingeringTest, MetadataThatChangeLeaveAnEndpointEjected) {
  Apply(WithSelectors(Two("1"), By("v")));
  const model::MetadataMatch match(model::MetadataFields{{"v", "1"}});
  EjectByCalls("b:0", &match);
  const int made = connector_.made();
  Apply(WithSelectors(Two("2"), By("v")));
  Advance(absl::Minutes(1));
  EXPECT_EQ(PicksOf({{"v", "2"}}), (Addresses{"a:0"}));
  EXPECT_EQ(connector_.made(), made);
}

TEST_F(ClusterLingeringTest, AnEndpointMayMoveMeanwhile) {
  Apply(WithSelectors(Two("1"), By("v")));
  const model::MetadataMatch match(model::MetadataFields{{"v", "1"}});
  EjectByCalls("b:0", &match);
  const int made = connector_.made();
  const model::ClusterConfig config = WithSelectors(Two("2"), By("v"));
  Apply(config);
  // Whichever of the two comes first in the update.
  for (const bool later : {false, true, false}) {
    const std::vector<TestLocality> localities =
        later ? std::vector<TestLocality>{{"y", Two("2")}, {"z", {}}}
              : std::vector<TestLocality>{{"y", {}}, {"z", Two("2")}};
    Apply(Config(localities, *config.cluster));
  }
  EXPECT_EQ(PicksOf({{"v", "2"}}), (Addresses{"a:0"}));
  EXPECT_EQ(connector_.made(), made);
}

TEST_F(ClusterLingeringTest, OneThatIsNotConfiguredAnyMoreGoesAtOnce) {
  const std::vector<model::EndpointConfig> both = Two("1");
  for (const bool selectors_change : {false, true}) {
    for (const bool lingers : {false, true}) {
      SCOPED_TRACE(::testing::Message() << selectors_change << lingers);
      Apply(WithSelectors(both, By("v")));
      EXPECT_EQ(PicksOf({{"v", "1"}}), (Addresses{"a:0", "b:0"}));
      if (lingers) Apply(WithSelectors(both, By("s")));
      EXPECT_EQ(Wanted(), (Addresses{"a:0", "b:0"}));
      Apply(WithSelectors({both[0]}, By(selectors_change ? "w" : lingers ? "s" : "v")));
      EXPECT_EQ(Wanted(), (Addresses{"a:0"}));
      Apply(WithSelectors({}, By("v")));
      EXPECT_EQ(Wanted(), Addresses());
    }
  }
}

TEST_F(ClusterLingeringTest, EndsWhenNobodyAsksForLong) {
  Apply(WithSelectors(Two("1"), By("v")));
  const model::MetadataMatch match(model::MetadataFields{{"v", "1"}});
  PicksOfMatch(&match);
  Apply(WithSelectors(Two("1"), By("s")));
  Advance(EndpointTable::kLingerFor - absl::Minutes(5));
  EXPECT_EQ(PicksOf({{"s", "x"}}), (Addresses{"a:0", "b:0"}));  // so that it begins anew
  Apply(WithSelectors(Two("1"), By("v")));
  Advance(EndpointTable::kLingerFor - absl::Minutes(1));
  EXPECT_EQ(Wanted(), (Addresses{"a:0", "b:0"}));
  Advance(absl::Minutes(1));
  EXPECT_EQ(Wanted(), Addresses());
}

TEST_F(ClusterLingeringTest, GoesOnWhileTheEndpointIsEjected) {
  model::ClusterConfig config = WithSelectors(Two("1"), By("v"));
  model::Cluster cluster = *config.cluster;
  cluster.outlier_detection->base_ejection_time = absl::Minutes(20);
  config.cluster = std::make_shared<const model::Cluster>(cluster);
  Apply(config);
  const model::MetadataMatch match(model::MetadataFields{{"v", "1"}});
  EjectByCalls("b:0", &match);
  cluster.subsets = std::make_shared<const Selection>(By("s"));
  config.cluster = std::make_shared<const model::Cluster>(cluster);
  Apply(config);
  Advance(EndpointTable::kLingerFor);
  EXPECT_EQ(Wanted(), (Addresses{"b:0"}));
  EXPECT_EQ(PicksOf({{"s", "x"}}), (Addresses{"a:0"}));
}

TEST_F(ClusterLingeringTest, EndsWithTheSubsets) {
  Apply(WithSelectors(Two("1"), By("v")));
  const model::MetadataMatch match(model::MetadataFields{{"v", "1"}});
  PicksOfMatch(&match);
  Apply(WithSelectors(Two("1"), By("s")));
  const int made = connector_.made();
  Apply(WithoutSubsets(Two("1")));  // all may take calls now, and they are there
  EXPECT_EQ(PicksOfNothing(), (Addresses{"a:0", "b:0"}));
  EXPECT_EQ(connector_.made(), made);
  Apply(WithoutSubsets({Two("1")[0]}));
  EXPECT_EQ(Wanted(), (Addresses{"a:0"}));
}

// One that is configured at two priorities is until both places have gone; whether it lingers
// when the first of them goes, or comes to linger later.
TEST_F(ClusterLingeringTest, AnEndpointOfTwoPlaces) {
  for (const bool lingers_before : {true, false}) {
    SCOPED_TRACE(lingers_before);
    const TestLocality first{"y", Two("1"), 0};
    const TestLocality second{"z", {Two("1")[1]}, 1};
    const auto config = [&](const std::vector<TestLocality>& localities, const std::string& key) {
      model::Cluster cluster = WithSubsets(By(key));
      Eject(&cluster);
      return Config(localities, cluster);
    };
    Apply(config({first, second}, "v"));
    const model::MetadataMatch match(model::MetadataFields{{"v", "1"}});
    EjectByCalls("b:0", &match);
    if (lingers_before) Apply(config({first, second}, "s"));
    Apply(config({first}, lingers_before ? "s" : "v"));
    Apply(config({first}, "s"));
    EXPECT_EQ(PicksOf({{"s", "x"}}), (Addresses{"a:0"}));
    Apply(config({}, "s"));
    EXPECT_EQ(Wanted(), Addresses());
  }
}

// What a cap, or the end of a priority's time, has given up does not linger: as without subsets.
class GivenUpTest : public ClusterLingeringTest, public ::testing::WithParamInterface<bool> {
 protected:
  static std::vector<model::EndpointConfig> Many(int count) {
    std::vector<model::EndpointConfig> endpoints;
    for (int i = 0; i < count; ++i) endpoints.push_back(With(absl::StrCat("e", i), {{"v", "1"}}));
    return endpoints;
  }
  // All take calls that name no metadata.
  static model::Cluster AnyEndpoint() {
    if (!GetParam()) return {};
    Selection selection = By("v");
    selection.fallback = Fallback::kAnyEndpoint;
    return WithSubsets(selection);
  }
};

TEST_P(GivenUpTest, ByALimitOfConnections) {
  model::Cluster cluster = AnyEndpoint();
  cluster.circuit_breakers.normal.max_connections = 16;
  Apply(Config(Many(20), cluster));
  Connect();
  EXPECT_EQ(Wanted().size(), 16u);
  cluster.circuit_breakers.normal.max_connections = 4;
  Apply(Config(Many(20), cluster));
  EXPECT_EQ(Wanted().size(), 4u);
}

TEST_P(GivenUpTest, WhereTheListOutgrowsTheCap) {
  model::Cluster cluster = AnyEndpoint();
  cluster.max_connected_endpoints = 4;
  Apply(Config(Many(3), cluster));
  Connect();
  EXPECT_EQ(Wanted().size(), 3u);
  Apply(Config(Many(40), cluster));
  EXPECT_EQ(Wanted().size(), 4u);
  EXPECT_LE(connector_.made(), 3 + 4);  // none is connected only to be given up
}

TEST_P(GivenUpTest, ThatStoodInForFailingOnes) {
  model::Cluster cluster = AnyEndpoint();
  cluster.max_connected_endpoints = 4;
  Apply(Config(Many(40), cluster));
  Connect();
  for (int round = 0; round < 6; ++round) {
    const Addresses now = Wanted();
    for (const std::string& address : now) Become(address, ConnectionState::kFailing);
    for (const std::string& address : now) Become(address, ConnectionState::kReady);
  }
  EXPECT_EQ(Wanted().size(), 4u);
}

TEST_P(GivenUpTest, WithAPriorityThatIsNotNeeded) {
  model::Cluster cluster = AnyEndpoint();
  cluster.priority_rule = model::PriorityRule::kFailover;
  Apply(Config({{"y", {With("a:0", {{"v", "1"}})}, 0}, {"z", {With("b:0", {{"v", "1"}})}, 1}},
               cluster));
  Connect();
  Become("a:0", ConnectionState::kFailing);
  EXPECT_EQ(Wanted(), (Addresses{"a:0", "b:0"}));
  Become("a:0", ConnectionState::kReady);
  Advance(Priority::kRetainFor);
  EXPECT_EQ(Wanted(), (Addresses{"a:0"}));
}

INSTANTIATE_TEST_SUITE_P(Subsets, GivenUpTest, ::testing::Bool());

}  // namespace
}  // namespace mesh::cluster
