// How priorities share the calls by Envoy's rules: loads, degraded endpoints, panic, standby.

#include <map>
#include <string>
#include <vector>

#include "tests/cluster/cluster_fixture.h"

namespace mesh::cluster {
namespace {

using model::HealthStatus;

class PrioritySpillOverTest : public ClusterTest {
 protected:
  PrioritySpillOverTest() { connector_.set_outcome(ConnectionState::kReady); }

  // `healthy` endpoints, then `degraded` ones, then unhealthy ones, `count` in all.
  static std::vector<model::EndpointConfig> Mixed(const std::string& prefix, int count, int healthy,
                                                  int degraded = 0) {
    std::vector<model::EndpointConfig> endpoints = Numbered(prefix, count);
    for (int i = healthy; i < count; ++i) {
      endpoints[i].health =
          i < healthy + degraded ? HealthStatus::kDegraded : HealthStatus::kUnhealthy;
    }
    return endpoints;
  }
  // Calls of 5,000 by the address's part before the colon, in percent.
  std::map<std::string, int> ByName() {
    std::map<std::string, double> counts;
    for (const auto& [address, count] : Shares(5000)) {
      counts[address.substr(0, address.find(':'))] += count / 50.0;
    }
    std::map<std::string, int> percents;
    for (const auto& [name, percent] : counts) percents[name] = static_cast<int>(percent + 0.5);
    return percents;
  }
  std::vector<uint32_t> Loads() {
    std::vector<uint32_t> loads;
    for (const Snapshot::Priority& priority : SnapshotNow().priorities) {
      loads.push_back(priority.load);
    }
    return loads;
  }
};

TEST_F(PrioritySpillOverTest, EachPriorityGetsWhatItsHealthyEndpointsCanTake) {  // F21
  const struct {
    int healthy;  // of the 3 of priority 0
    std::vector<uint32_t> loads;
  } rows[] = {{3, {100, 0}}, {2, {93, 7}}, {1, {46, 54}}, {0, {0, 100}}};
  for (const auto& row : rows) {
    Apply(Config({{"x", Mixed("p0:", 3, row.healthy), 0}, {"y", Mixed("p1:", 3, 3), 1}}));
    Connect();
    EXPECT_EQ(Loads(), row.loads);
    const std::map<std::string, int> told = ByName();
    const auto share = [&told](const char* name) {
      const auto found = told.find(name);
      return found == told.end() ? 0 : found->second;
    };
    EXPECT_NEAR(share("p0"), row.loads[0], 2) << row.healthy;
    EXPECT_NEAR(share("p1"), row.loads[1], 2) << row.healthy;
  }
}

TEST_F(PrioritySpillOverTest, ConnectionsThatFailCountAsUnhealthy) {
  Apply(Config({{"x", Endpoints({"p0:1", "p0:2", "p0:3"}), 0}, {"y", Endpoints({"p1:1"}), 1}}));
  Connect();
  EXPECT_EQ(Loads(), (std::vector<uint32_t>{100, 0}));
  Become("p0:1", ConnectionState::kFailing);
  EXPECT_EQ(Loads(), (std::vector<uint32_t>{93, 7}));
  Become("p0:2", ConnectionState::kFailing);
  EXPECT_EQ(Loads(), (std::vector<uint32_t>{46, 54}));
  Become("p0:3", ConnectionState::kFailing);
  EXPECT_EQ(Loads(), (std::vector<uint32_t>{0, 100}));
  EXPECT_EQ(PickText(), "p1:1");
  Become("p0:3", ConnectionState::kReady);
  EXPECT_EQ(Loads(), (std::vector<uint32_t>{46, 54}));
}

TEST_F(PrioritySpillOverTest, OneThatMovesFailingDoesNotStandForThoseThatWereNotTried) {
  Apply(Config({{"x", Endpoints({"p:1"}), 0}}));
  Connect();
  Become("p:1", ConnectionState::kFailing);
  Apply(Config({{"x", Mixed("q:", 1, 0), 0}, {"y", Endpoints({"p:1", "p:2"}), 1}}));
  EXPECT_EQ(Loads(), (std::vector<uint32_t>{0, 100}));
  EXPECT_EQ(PickText(), "p:2");
}

TEST_F(PrioritySpillOverTest, LoadForWhatIsNotConnectedYetGoesToWhatIs) {
  connector_.set_outcome("p1:1", ConnectionState::kConnecting);
  Apply(Config({{"x", Mixed("p0:", 2, 1), 0}, {"y", Endpoints({"p1:1"}), 1}}));
  Connect();
  EXPECT_EQ(Loads(), (std::vector<uint32_t>{70, 30}));
  EXPECT_EQ(ByName(), (std::map<std::string, int>{{"p0", 100}}));
  Become("p1:1", ConnectionState::kReady);
  EXPECT_NEAR(ByName()["p1"], 30, 2);
}

TEST_F(PrioritySpillOverTest, DegradedEndpointsTakeWhatHealthyOnesCannot) {
  Apply(Config({{"x", Mixed("p0:", 4, 1, 3), 0}}));
  Connect();
  // 35 of 100 for the healthy one; the degraded ones have the rest.
  std::map<std::string, int> shares = Shares(5000);
  EXPECT_NEAR(shares["p0:0"] / 50.0, 35, 2);
  EXPECT_NEAR(shares["p0:1"] / 50.0, 65.0 / 3, 2);
  // Of two priorities, healthy endpoints of both come first.
  Apply(Config({{"x", Mixed("p0:", 4, 1, 3), 0}, {"y", Mixed("p1:", 2, 2), 1}}));
  shares = Shares(5000);
  EXPECT_NEAR(shares["p0:0"] / 50.0, 35, 2);
  EXPECT_EQ(shares.count("p0:1"), 0u);
}

TEST_F(PrioritySpillOverTest, TooFewHealthyOnesMakeAPanic) {  // RR-04
  Apply(Config({{"x", Mixed("p0:", 6, 2), 0}}));
  Connect();
  EXPECT_EQ(Shares(600).size(), 6u);
  EXPECT_TRUE(SnapshotNow().priorities[0].panic);
  // Exactly half is none.
  Apply(Config({{"x", Mixed("p0:", 6, 3), 0}}));
  EXPECT_EQ(Shares(600).size(), 3u);
  EXPECT_FALSE(SnapshotNow().priorities[0].panic);
  EXPECT_EQ(Wanted().size(), 6u);  // they are connected, and may come back
}

TEST_F(PrioritySpillOverTest, CallsFailInsteadOfAPanicIfTheClusterSaysSo) {  // RR-05
  model::Cluster cluster;
  cluster.fail_traffic_on_panic = true;
  const auto apply = [&](int count, int healthy) {
    Apply(Config({{"x", Mixed("p0:", count, healthy), 0}}, cluster));
  };
  apply(6, 2);
  Connect();
  const PickResult refused = Pick();
  ASSERT_TRUE(std::holds_alternative<Failed>(refused));
  EXPECT_EQ(std::get<Failed>(refused).status.message(),
            "cluster \"c\": too few endpoints of a priority are healthy, so that its calls fail "
            "(zone_aware_lb_config.fail_traffic_on_panic)");
  EXPECT_TRUE(SnapshotNow().priorities[0].panic);
  EXPECT_EQ(SnapshotNow().priorities[0].state, "refusing");
  apply(6, 3);  // exactly half is no panic
  EXPECT_EQ(Shares(600).size(), 3u);
  EXPECT_FALSE(SnapshotNow().priorities[0].panic);
  apply(6, 0);
  EXPECT_TRUE(std::holds_alternative<Failed>(Pick()));
}

// A priority that panics beside one that does not: its part of the calls fails, no more.
TEST_F(PrioritySpillOverTest, OnlyTheCallsOfThePriorityThatPanicsFail) {
  model::Cluster cluster;
  cluster.fail_traffic_on_panic = true;
  Apply(Config({{"x", Mixed("p0:", 5, 1), 0}, {"y", Mixed("p1:", 2, 1), 1}}, cluster));
  Connect();
  // Availability 28 and 70, of 98.
  EXPECT_EQ(Loads(), (std::vector<uint32_t>{29, 71}));
  int refused = 0;
  for (int i = 0; i < 5000; ++i) {
    const PickResult result = Pick();
    if (const auto* picked = std::get_if<Picked>(&result)) {
      EXPECT_EQ(picked->permit.endpoint()->address(), "p1:0");
    } else {
      ASSERT_TRUE(std::holds_alternative<Failed>(result));
      ++refused;
    }
  }
  EXPECT_NEAR(refused / 50.0, 29, 2);
  const Snapshot::Cluster now = SnapshotNow();
  EXPECT_EQ(now.priorities[0].state, "refusing");
  EXPECT_EQ(now.priorities[1].state, "serving");
  EXPECT_EQ(now.localities[0].endpoints[0].excluded,
            "too few endpoints of its priority are healthy, and fail_traffic_on_panic is set");
}

TEST_F(PrioritySpillOverTest, ThereIsNoPanicWhereAnotherPriorityIsHealthy) {
  Apply(Config({{"x", Mixed("p0:", 3, 1), 0}, {"y", Mixed("p1:", 3, 3), 1}}));
  Connect();
  std::map<std::string, int> shares = Shares(5000);
  EXPECT_EQ(shares.count("p0:1"), 0u);
  EXPECT_NEAR(shares["p0:0"] / 50.0, 46, 2);
}

TEST_F(PrioritySpillOverTest, InPanicTheFirstCallFindsAnEndpointToo) {
  Apply(Config({{"x", Mixed("p0:", 3, 0), 0}}));
  EXPECT_EQ(PickText(), "pending");
  Settle();
  EXPECT_EQ(Shares(300).size(), 3u);
}

// Of 5 endpoints 2 drain: the healthy one is one of 3.
TEST_F(PrioritySpillOverTest, EndpointsThatDrainDoNotCount) {
  std::vector<model::EndpointConfig> endpoints = Mixed("p0:", 5, 1);
  endpoints[1].health = endpoints[2].health = HealthStatus::kDraining;
  Apply(Config({{"x", endpoints, 0}, {"y", Mixed("p1:", 2, 2), 1}}));
  Connect();
  EXPECT_EQ(Loads(), (std::vector<uint32_t>{46, 54}));
  EXPECT_EQ(Shares(600).size(), 3u) << "none of them takes calls";
}

TEST_F(PrioritySpillOverTest, InPanicEndpointsThatDrainTakeCalls) {
  std::vector<model::EndpointConfig> endpoints = Mixed("p0:", 4, 1);
  endpoints[3].health = HealthStatus::kDraining;
  Apply(Config({{"x", endpoints, 0}}));
  Connect();
  EXPECT_EQ(Shares(600).size(), 4u);
}

TEST_F(PrioritySpillOverTest, AHashDoesNotChooseThePriorityOfAPolicyWithout) {
  Apply(Config({{"x", Mixed("p0:", 3, 2), 0}, {"y", Mixed("p1:", 3, 3), 1}}));
  Connect();
  PickRequest request;
  request.hash = 99;  // beyond the 93 of priority 0
  int first = 0;
  for (int i = 0; i < 1000; ++i) {
    const PickResult result = Pick(request);
    first += std::get<Picked>(result).permit.endpoint()->address().substr(0, 2) == "p0";
  }
  EXPECT_NEAR(first, 930, 40);
}

TEST_F(PrioritySpillOverTest, NobodyHealthyAndNoThresholdFailsTheCalls) {  // RR-06
  model::Cluster cluster;
  cluster.panic_threshold = 0;
  Apply(Config({{"x", Mixed("p0:", 3, 0), 0}}, cluster));
  Connect();
  EXPECT_EQ(
      PickText(),
      "cluster \"c\": none of its 3 endpoints may take calls: unhealthy, ejected, or in a locality "
      "without weight (ClusterLoadAssignment \"eds\")");
}

TEST_F(PrioritySpillOverTest, InPanicLocalitiesDoNotCount) {
  Apply(Config({{"x", Mixed("x:", 1, 0), 0, 9}, {"y", Mixed("y:", 3, 1), 0, 1}}));
  Connect();
  for (const auto& [address, count] : Shares(400)) EXPECT_EQ(count, 100) << address;
}

TEST_F(PrioritySpillOverTest, LocalitiesWeighWhatTheyCanServe) {  // LOC-07
  const auto apply = [this](int healthy) {
    Apply(Config({{"x", Mixed("x:", 100, healthy), 0, 1}, {"y", Mixed("y:", 100, 100), 0, 2}}));
  };
  apply(100);
  Connect();
  const struct {
    int healthy;
    double share;
  } rows[] = {{100, 33.3}, {69, 32.6}, {50, 25.9}, {25, 14.9}, {0, 0}};
  for (const auto& row : rows) {
    apply(row.healthy);
    EXPECT_NEAR(ByName()["x"], row.share, 0.6) << row.healthy;
  }
}

TEST_F(PrioritySpillOverTest, AFewOfTheNextPriorityStandBy) {
  Apply(Config(
      {{"x", Numbered("p0:", 3), 0}, {"y", Numbered("p1:", 5), 1}, {"z", Numbered("p2:", 5), 2}}));
  Connect();
  EXPECT_EQ(Wanted().size(), 3u + 2u);
  EXPECT_EQ(SnapshotNow().priorities[1].state, "standby");
  EXPECT_EQ(SnapshotNow().priorities[2].state, "unstarted");
  // They take calls at once when the first is lost, and the others of theirs connect.
  for (const char* address : {"p0:0", "p0:1", "p0:2"}) Become(address, ConnectionState::kFailing);
  EXPECT_EQ(PickText().substr(0, 3), "p1:");
  EXPECT_EQ(Wanted().size(), 3u + 5u + 2u);
  // It is connected as a whole for a while after it was needed, then a few.
  Become("p0:0", ConnectionState::kReady);
  Become("p0:1", ConnectionState::kReady);
  Become("p0:2", ConnectionState::kReady);
  Advance(absl::Minutes(14));
  EXPECT_EQ(Wanted().size(), 3u + 5u + 2u);
  Advance(absl::Minutes(2));
  EXPECT_EQ(Wanted().size(), 3u + 2u);
}

TEST_F(PrioritySpillOverTest, SharesToldAreThosePicked) {
  Apply(Config({{"x", Mixed("p0:", 4, 1, 2), 0, 3},
                {"y", Mixed("p0b:", 2, 1), 0, 1},
                {"z", Mixed("p1:", 3, 1), 1, 1}}));
  Connect();
  std::map<std::string, int> picked = Shares(20000);
  double sum = 0;
  for (const auto& locality : SnapshotNow().localities) {
    for (const Snapshot::Endpoint& endpoint : locality.endpoints) {
      const double told = locality.share.value() * endpoint.share.value();
      sum += told;
      EXPECT_NEAR(picked[endpoint.address] / 20000.0, told, 0.015) << endpoint.address;
    }
  }
  EXPECT_NEAR(sum, 1, 1e-6);
}

}  // namespace
}  // namespace mesh::cluster
