// Client-side weighted round robin as it runs: who gets calls by what endpoints report of their
// load (gRFC A58; grpc-go's balancer/weightedroundrobin/balancer_test.go).

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "mesh/cluster/endpoint_load.h"
#include "tests/cluster/subset_fixture.h"
#include "tests/testing/orca.pb.h"

namespace mesh::cluster {
namespace {

using Counts = std::map<std::string, int>;
using mesh::testing::OrcaLoadReport;

// A report of 10 queries a second.
OrcaLoadReport Busy(double utilization, double eps = 0) {
  OrcaLoadReport report;
  report.set_rps_fractional(10);
  report.set_eps(eps);
  report.set_application_utilization(utilization);
  return report;
}

class ClusterLoadReportsTest : public SubsetTest {
 protected:
  ClusterLoadReportsTest() {
    rules().blackout_period = absl::ZeroDuration();
    cluster_config_.balancing.policy = model::LbPolicy::kClientSideWeightedRoundRobin;
  }

  model::ClientSideWeightedRoundRobin& rules() {
    return cluster_config_.balancing.client_side_weighted_round_robin;
  }
  void ServeAll(const std::vector<model::EndpointConfig>& endpoints) {
    Apply(Config(endpoints, cluster_config_));
    Connect();
  }
  void ServeTwo() { ServeAll(Endpoints({"busy", "idle"})); }

  // Calls of the cluster (that name `match`) until `address` has had one, which it answers with
  // `report`. The others tell nothing.
  void Hear(const std::string& address, const std::string& report,
            const model::MetadataMatch* match = nullptr) {
    PickRequest request;
    request.metadata = match;
    for (int i = 0; i < 1000; ++i) {
      PickResult result = Pick(request);
      Permit& permit = std::get<Picked>(result).permit;
      if (permit.endpoint()->address() != address) continue;
      Report end;
      end.end = clock_.Now();
      end.load_report.value = report;
      permit.End(end);
      return;
    }
    FAIL() << address << " gets no calls";
  }
  void Hear(const std::string& address, const OrcaLoadReport& report) {
    Hear(address, report.SerializeAsString());
  }
  void HearBoth() {
    Hear("busy", Busy(1.0));
    Hear("idle", Busy(0.1));
  }
  void Look() { Advance(rules().weight_update_period); }

  struct CountingObserver final : Cluster::Observer {
    void OnPickerChanged() override { ++changes; }
    uint64_t changes = 0;
  };

  model::Cluster cluster_config_;
  CountingObserver observer_;
};

const Counts kEven = {{"busy", 55}, {"idle", 55}};
const Counts kWeighted = {{"busy", 10}, {"idle", 100}};

TEST_F(ClusterLoadReportsTest, CallsGoByReports) {  // WRR-11
  ServeTwo();
  HearBoth();
  EXPECT_EQ(Shares(110), kEven);  // until they are looked at
  Look();
  EXPECT_EQ(Shares(110), kWeighted);
  EXPECT_EQ(SnapshotNow().policy, "client_side_weighted_round_robin");
}

TEST_F(ClusterLoadReportsTest, WhatTheyWeighWarmsUp) {
  cluster_config_.balancing.slow_start = model::SlowStart{absl::Seconds(100), 1.0, 0.1};
  rules().weight_expiration_period = absl::Hours(1);
  ServeAll(Endpoints({"busy", "also busy"}));
  Advance(absl::Seconds(200));
  ServeAll(Endpoints({"busy", "also busy", "idle"}));
  EXPECT_NEAR(Shares(2100)["idle"], 100, 10) << "the weights of all are alike";
  for (const char* busy : {"busy", "also busy"}) Hear(busy, Busy(1.0));
  Hear("idle", Busy(0.1));
  Advance(absl::Seconds(50));
  // Ten times as much as each of the others, but half of that.
  EXPECT_NEAR(Shares(700)["idle"], 500, 20);
  Advance(absl::Seconds(51));
  EXPECT_NEAR(Shares(1200)["idle"], 1000, 20);
}

TEST_F(ClusterLoadReportsTest, ErrorsCost) {  // WRR-12
  rules().error_utilization_penalty = 0.9;
  ServeTwo();
  Hear("busy", Busy(1.0));
  Hear("idle", Busy(0.1, 10));
  Look();
  EXPECT_EQ(Shares(110), kEven);
  // Without a penalty the same reports are as in WRR-11.
  rules().error_utilization_penalty = 0;
  ServeTwo();
  Hear("busy", Busy(1.0));
  Hear("idle", Busy(0.1, 10));
  Look();
  EXPECT_EQ(Shares(110), kWeighted);
}

TEST_F(ClusterLoadReportsTest, ReportsCountAfterTheBlackout) {  // WRR-13
  rules().blackout_period = absl::Seconds(10);
  ServeTwo();
  HearBoth();
  for (int second = 0; second < 9; ++second) Look();
  EXPECT_EQ(Shares(110), kEven);
  Look();
  EXPECT_EQ(Shares(110), kWeighted);
}

TEST_F(ClusterLoadReportsTest, OldReportsDoNotCount) {  // WRR-14
  ServeTwo();
  HearBoth();
  Look();
  EXPECT_EQ(Shares(110), kWeighted);
  Advance(absl::Seconds(178));
  EXPECT_EQ(Shares(110), kWeighted);
  Look();
  EXPECT_EQ(Shares(110), kEven);
}

TEST_F(ClusterLoadReportsTest, AfterExpiryTheBlackoutBeginsAnew) {  // WRR-14
  rules().blackout_period = absl::Seconds(10);
  ServeTwo();
  HearBoth();
  Advance(absl::Seconds(180));
  EXPECT_EQ(Shares(110), kEven);
  HearBoth();
  Advance(absl::Seconds(9));
  EXPECT_EQ(Shares(110), kEven);
  Look();
  EXPECT_EQ(Shares(110), kWeighted);
}

TEST_F(ClusterLoadReportsTest, WithoutReportsCallsTakeTurns) {  // WRR-15
  ServeTwo();
  Look();
  EXPECT_EQ(Shares(110), kEven);
  // One endpoint alone is not weighed against itself.
  Hear("busy", Busy(1.0));
  Look();
  EXPECT_EQ(Shares(110), kEven);
}

TEST_F(ClusterLoadReportsTest, ReportsThatSayNothingAreAsIfNoneHadCome) {
  ServeTwo();
  HearBoth();
  Look();
  for (const std::string& report :
       {std::string("no report"), std::string("\x31"), OrcaLoadReport().SerializeAsString(),
        Busy(0).SerializeAsString()}) {
    Hear("busy", report);
    Hear("idle", report);
    Look();
    EXPECT_EQ(Shares(110), kWeighted);
  }
}

TEST_F(ClusterLoadReportsTest, UtilizationByNamedMetrics) {
  rules().metric_names_for_computing_utilization = {"named_metrics.queue", "mem_utilization"};
  ServeTwo();
  OrcaLoadReport busy;
  busy.set_rps_fractional(10);
  busy.set_cpu_utilization(0.1);
  busy.set_mem_utilization(0.5);
  auto* const metric = busy.add_named_metrics();
  metric->set_key("queue");
  metric->set_value(1);
  OrcaLoadReport idle;
  idle.set_rps_fractional(10);
  idle.set_cpu_utilization(1);
  idle.set_mem_utilization(0.1);
  Hear("busy", busy);
  Hear("idle", idle);
  Look();
  EXPECT_EQ(Shares(110), kWeighted);
}

TEST_F(ClusterLoadReportsTest, AnEndpointThatIsNewHasTheMeanAtOnce) {
  ServeTwo();
  HearBoth();
  Look();
  Apply(Config(Endpoints({"busy", "idle", "new"}), cluster_config_));
  EXPECT_EQ(Shares(165), (Counts{{"busy", 10}, {"idle", 100}, {"new", 55}}));
}

TEST_F(ClusterLoadReportsTest, AnEndpointThatIsBackReportsForABlackoutFirst) {
  rules().blackout_period = absl::Seconds(10);
  ServeTwo();
  HearBoth();
  Advance(absl::Seconds(10));
  EXPECT_EQ(Shares(110), kWeighted);
  Become("idle", ConnectionState::kFailing);
  EXPECT_EQ(Shares(10), (Counts{{"busy", 10}}));
  Become("idle", ConnectionState::kReady);
  EXPECT_EQ(Shares(110), kEven);
  Hear("idle", Busy(0.1));
  Advance(absl::Seconds(9));
  EXPECT_EQ(Shares(110), kEven);
  Look();
  EXPECT_EQ(Shares(110), kWeighted);
}

TEST_F(ClusterLoadReportsTest, WeightsOfTheControlPlaneDoNotCount) {
  std::vector<model::EndpointConfig> endpoints = Endpoints({"busy", "idle"});
  endpoints[0].weight = 7;
  ServeAll(endpoints);
  EXPECT_EQ(Shares(110), kEven);
  HearBoth();
  Look();
  EXPECT_EQ(Shares(110), kWeighted);
}

TEST_F(ClusterLoadReportsTest, EachLocalityWeighsItsOwn) {
  cluster_config_.locality_weighting = model::LocalityWeighting::kByWeight;
  Apply(Config({{"x", Endpoints({"x0", "x1"}), 0, 3}, {"y", Endpoints({"y0", "y1"}), 0, 1}},
               cluster_config_));
  Connect();
  Hear("x0", Busy(0.5));
  Hear("x1", Busy(0.25));
  Hear("y0", Busy(0.01));
  Hear("y1", Busy(0.01));
  Look();
  const Counts shares = Shares(2400);
  EXPECT_NEAR(shares.at("x0"), 600, 8);
  EXPECT_NEAR(shares.at("x1"), 1200, 8);
  EXPECT_NEAR(shares.at("y0"), 300, 8);
  EXPECT_NEAR(shares.at("y1"), 300, 8);
}

TEST_F(ClusterLoadReportsTest, OfALowerPriorityTheyCountWhenItTakesOver) {
  Apply(Config({{"x", Endpoints({"first"}), 0}, {"y", Endpoints({"busy", "idle"}), 1}},
               cluster_config_));
  Connect();
  EXPECT_EQ(Shares(10), (Counts{{"first", 10}}));
  Become("first", ConnectionState::kFailing);
  HearBoth();
  Look();
  EXPECT_EQ(Shares(110), kWeighted);
}

TEST_F(ClusterLoadReportsTest, SubsetsWeighTheirOwn) {
  model::SubsetSelection selection;
  selection.fallback = Fallback::kAnyEndpoint;
  selection.selectors.push_back({{"v"}, std::nullopt, {}});
  cluster_config_.subsets = std::make_shared<const model::SubsetSelection>(selection);
  ServeAll({With("busy", {{"v", "1"}}), With("idle", {{"v", "1"}}), With("other", {{"v", "2"}})});
  const model::MetadataMatch match(model::MetadataFields{{"v", "1"}});
  PicksOfMatch(&match);
  Hear("busy", Busy(1.0).SerializeAsString(), &match);
  Hear("idle", Busy(0.1).SerializeAsString(), &match);
  Look();
  Counts subset;
  for (int i = 0; i < 110; ++i) ++subset[TextOf(&match)];
  EXPECT_EQ(subset, kWeighted);
  // One more, of which nothing is known, has the mean among all.
  EXPECT_EQ(Shares(165), (Counts{{"busy", 10}, {"idle", 100}, {"other", 55}}));
}

TEST_F(ClusterLoadReportsTest, NothingIsPublishedWhereNothingChanges) {
  ServeTwo();
  On([&] { cluster_->AddObserver(&observer_); });
  HearBoth();
  Look();
  EXPECT_EQ(observer_.changes, 1u);
  HearBoth();
  for (int i = 0; i < 5; ++i) Look();
  EXPECT_EQ(observer_.changes, 1u);
  Hear("busy", Busy(0.5));
  Look();
  EXPECT_EQ(observer_.changes, 2u);
  On([&] { cluster_->RemoveObserver(&observer_); });
}

TEST_F(ClusterLoadReportsTest, OtherPoliciesDoNotListenAndHaveNoTimer) {
  ServeAll(Endpoints({"busy", "idle"}));
  const auto listens = [this] {
    PickResult result = Pick();
    return std::get<Picked>(result).permit.endpoint()->load() != nullptr;
  };
  EXPECT_TRUE(listens());
  HearBoth();
  Look();
  // The endpoints stay, and what they weigh does not count any more.
  model::Cluster round_robin;
  Apply(Config(Endpoints({"busy", "idle"}), round_robin));
  EXPECT_FALSE(listens());
  HearBoth();
  EXPECT_EQ(Shares(110), kEven);
  std::vector<model::EndpointConfig> weighted = Endpoints({"busy", "idle"});
  weighted[1].weight = 10;
  Apply(Config(weighted, round_robin));
  EXPECT_EQ(Shares(110), kWeighted);
  // It counts again, as it was known, where the policy comes back.
  Apply(Config(Endpoints({"busy", "idle"}), cluster_config_));
  EXPECT_TRUE(listens());
  EXPECT_EQ(Shares(110), kWeighted);
}

// The policy goes and comes back, and meanwhile, or from before until after, an endpoint is lost.
TEST_F(ClusterLoadReportsTest, OneThatIsLostUnderAnotherPolicyReportsForABlackoutFirst) {
  rules().blackout_period = absl::Seconds(10);
  enum Phase { kBefore, kMeanwhile, kAfter };
  const struct {
    Phase lost;
    Phase back;
  } cases[] = {
      {kBefore, kMeanwhile}, {kBefore, kAfter}, {kMeanwhile, kMeanwhile}, {kMeanwhile, kAfter}};
  for (const auto& c : cases) {
    SCOPED_TRACE(absl::StrCat(c.lost, " to ", c.back));
    ServeTwo();
    HearBoth();
    Advance(absl::Seconds(10));
    ASSERT_EQ(Shares(110), kWeighted);
    for (const Phase phase : {kBefore, kMeanwhile, kAfter}) {
      if (phase == kMeanwhile) Apply(Config(Endpoints({"busy", "idle"}), model::Cluster()));
      if (phase == kAfter) ServeTwo();
      if (phase == c.lost) Become("idle", ConnectionState::kFailing);
      if (phase == c.back) Become("idle", ConnectionState::kReady);
    }
    EXPECT_EQ(Shares(110), kEven);
  }
}

TEST_F(ClusterLoadReportsTest, AnUpdateOfTheParametersKeepsWhatIsKnown) {
  ServeTwo();
  HearBoth();
  Look();
  rules().weight_update_period = absl::Milliseconds(100);
  rules().weight_expiration_period = absl::Minutes(1);
  ServeTwo();
  EXPECT_EQ(Shares(110), kWeighted);
  Advance(absl::Minutes(1));
  EXPECT_EQ(Shares(110), kEven);
}

// Each endpoint becomes another object, with a connection of its own, and is the same server.
TEST_F(ClusterLoadReportsTest, OtherConnectionOptionsKeepWhatIsKnown) {
  rules().blackout_period = absl::Seconds(10);
  ServeTwo();
  HearBoth();
  Advance(absl::Seconds(10));
  EXPECT_EQ(Shares(110), kWeighted);
  Permit before = std::move(std::get<Picked>(Pick()).permit);
  const auto object_of = [this](const std::string& address) {
    for (;;) {
      PickResult result = Pick();
      Endpoint* const endpoint = std::get<Picked>(result).permit.endpoint();
      if (endpoint->address() == address) return endpoint;
    }
  };
  cluster_config_.connections.connect_timeout = absl::Seconds(7);
  ServeTwo();
  Advance(absl::Seconds(1));
  EXPECT_NE(object_of(before.endpoint()->address()), before.endpoint());
  EXPECT_EQ(Shares(110), kWeighted);
  // A call on the former object still tells of the server.
  const bool is_busy = before.endpoint()->address() == "busy";
  const std::string bytes = Busy(is_busy ? 0.1 : 1.0).SerializeAsString();
  Report report;
  report.end = clock_.Now();
  report.load_report.value = bytes;
  before.End(report);
  Look();
  EXPECT_EQ(Shares(110), kEven);
}

TEST_F(ClusterLoadReportsTest, APermitMayOutliveThePolicyAndTheCluster) {
  ServeTwo();
  Permit permit = std::move(std::get<Picked>(Pick()).permit);
  model::Cluster round_robin;
  Apply(Config(Endpoints({"other"}), round_robin));
  const std::string bytes = Busy(0.5).SerializeAsString();
  Report report;
  report.end = clock_.Now();
  report.load_report.value = bytes;
  permit.End(report);
}

}  // namespace
}  // namespace mesh::cluster
