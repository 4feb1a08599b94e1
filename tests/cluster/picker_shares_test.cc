// What a cluster's snapshot says of shares, against what its picks count; and why an endpoint has
// none.

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "tests/cluster/cluster_fixture.h"

namespace mesh::cluster {
namespace {

using Words = std::map<std::string, std::string>;

class PickerSharesTest : public ClusterTest {
 protected:
  explicit PickerSharesTest(uint32_t max_connected = 128) : ClusterTest(max_connected) {
    connector_.set_outcome(ConnectionState::kReady);
  }

  void Serve(const std::vector<TestLocality>& localities, model::Cluster cluster = {}) {
    Apply(Config(localities, std::move(cluster)));
    Connect();
  }

  static model::Cluster Failover() {
    model::Cluster cluster;
    cluster.priority_rule = model::PriorityRule::kFailover;
    return cluster;
  }

  // What `n` picks would count, by the snapshot. 0s are left out.
  std::map<std::string, int> Told(int n) {
    std::map<std::string, int> told;
    for (const auto& locality : SnapshotNow().localities) {
      for (const Snapshot::Endpoint& endpoint : locality.endpoints) {
        const double share = locality.share.value() * endpoint.share.value();
        EXPECT_EQ(share == 0, !endpoint.excluded.empty()) << endpoint.address;
        if (share > 0) told[endpoint.address] += static_cast<int>(std::lround(n * share));
      }
    }
    return told;
  }
  Words Excluded() {
    Words excluded;
    for (const auto& locality : SnapshotNow().localities) {
      for (const Snapshot::Endpoint& endpoint : locality.endpoints) {
        if (!endpoint.excluded.empty()) excluded[endpoint.address] = endpoint.excluded;
      }
    }
    return excluded;
  }
  std::vector<std::string> PriorityStates() {
    std::vector<std::string> states;
    for (const Snapshot::Priority& priority : SnapshotNow().priorities) {
      states.push_back(priority.state);
    }
    return states;
  }
};

TEST_F(PickerSharesTest, AreWhatPicksCount) {
  const struct {
    const char* what;
    std::vector<TestLocality> localities;
    model::LocalityWeighting weighting = model::LocalityWeighting::kByWeightIfAny;
  } rows[] = {
      {"one", {{"a", Endpoints({"1"})}}},
      {"equal", {{"a", Endpoints({"1", "2", "3"})}}},
      {"endpoint weights", {{"a", {{"1", 1}, {"2", 2}, {"3", 5}}}}},
      {"locality weights", {{"a", Endpoints({"1", "2"}), 0, 3}, {"b", Endpoints({"3"}), 0, 1}}},
      {"both", {{"a", {{"1", 1}, {"2", 3}}, 0, 2}, {"b", {{"3", 7}, {"4", 1}}, 0, 1}}},
      {"all alike",
       {{"a", Endpoints({"1", "2", "3"}), 0, 9}, {"b", Endpoints({"4"}), 0, 1}},
       model::LocalityWeighting::kIgnored},
      {"an endpoint in two localities",
       {{"a", Endpoints({"1", "2"}), 0, 1}, {"b", Endpoints({"2"}), 0, 1}}},
      {"an endpoint twice in one", {{"a", Endpoints({"1", "2", "2"})}}},
      {"unhealthy ones", {{"a", {{"1"}, {"2", 1, model::HealthStatus::kUnhealthy}, {"3"}}}}},
      {"an empty locality", {{"a", {}, 0, 5}, {"b", Endpoints({"1", "2"}), 0, 1}}},
      {"a locality without weight",
       {{"a", Endpoints({"1"}), 0, 0}, {"b", Endpoints({"2", "3"}), 0, 1}}},
      {"a second priority", {{"a", Endpoints({"1"}), 0, 1}, {"b", Endpoints({"2"}), 1, 1}}},
  };
  for (const auto& row : rows) {
    model::Cluster cluster;
    cluster.locality_weighting = row.weighting;
    Serve(row.localities, cluster);
    EXPECT_EQ(Told(480), Shares(480)) << row.what;
  }
}

TEST_F(PickerSharesTest, OfRandomPicksAreTheWeights) {
  model::Cluster cluster;
  cluster.balancing.policy = model::LbPolicy::kRandom;
  Serve({{"a", {{"1", 1}, {"2", 3}}}}, cluster);
  EXPECT_EQ(Told(400), (std::map<std::string, int>{{"1", 100}, {"2", 300}}));
  EXPECT_EQ(SnapshotNow().policy, "random");
}

TEST_F(PickerSharesTest, AreInLowestTerms) {
  Serve({{"a", {{"1", 6}, {"2", 2}}, 0, 10}, {"b", Endpoints({"3"}), 0, 30}});
  const Snapshot::Cluster snapshot = SnapshotNow();
  EXPECT_EQ(snapshot.localities[0].share.part, 1u);
  EXPECT_EQ(snapshot.localities[0].share.of, 4u);
  EXPECT_EQ(snapshot.localities[0].endpoints[0].share.part, 3u);
  EXPECT_EQ(snapshot.localities[0].endpoints[0].share.of, 4u);
}

TEST_F(PickerSharesTest, FollowConnections) {
  Serve({{"a", Endpoints({"1", "2", "3"})}});
  Become("2", ConnectionState::kFailing);
  EXPECT_EQ(Told(60), Shares(60));
  EXPECT_EQ(Excluded(), (Words{{"2", "connection: 2: refused"}}));
  Become("2", ConnectionState::kConnecting);
  EXPECT_EQ(Excluded(), (Words{{"2", "not connected yet"}}));
  EXPECT_EQ(SnapshotNow().priorities[0].connecting, 1u);
  Become("2", ConnectionState::kReady);
  EXPECT_EQ(Excluded(), Words());
}

TEST_F(PickerSharesTest, NobodyHasOneBeforeACallAsks) {
  Apply(Config({{"a", Endpoints({"1"})}}));
  EXPECT_EQ(Excluded(), (Words{{"1", "no call has asked for connections yet"}}));
  EXPECT_EQ(SnapshotNow().localities[0].share.part, 0u);
}

TEST_F(PickerSharesTest, SayWhyAnEndpointHasNone) {
  Serve({{"a", {{"1"}, {"2", 1, model::HealthStatus::kDraining}}, 0, 1},
         {"b", Endpoints({"3"}), 0, 0},
         {"c", Endpoints({"4"}), 1, 1}},
        Failover());
  EXPECT_EQ(Excluded(), (Words{{"2", "the control plane says that it is draining"},
                               {"3", "its locality has no weight, and localities share by weight"},
                               {"4", "priority 0 takes the calls"}}));
}

TEST_F(PickerSharesTest, PrioritiesSayHowTheyStand) {
  connector_.set_outcome(ConnectionState::kConnecting);
  Serve({{"a", Endpoints({"1"}), 0, 1},
         {"b", Endpoints({"2"}), 1, 1},
         {"c", Endpoints({"3"}), 2, 1},
         {"d", {{"4", 1, model::HealthStatus::kUnhealthy}}, 3, 1}},
        Failover());
  EXPECT_EQ(PriorityStates(),
            (std::vector<std::string>{"connecting", "unstarted", "unstarted", "empty"}));
  Become("1", ConnectionState::kFailing);
  Become("2", ConnectionState::kReady);
  EXPECT_EQ(PriorityStates(),
            (std::vector<std::string>{"failing", "serving", "unstarted", "empty"}));
  EXPECT_EQ(Excluded()["3"], "priority 1 takes the calls");
  Become("1", ConnectionState::kReady);
  EXPECT_EQ(PriorityStates(),
            (std::vector<std::string>{"serving", "standby", "unstarted", "empty"}));
  Become("1", ConnectionState::kConnecting);
  EXPECT_EQ(PriorityStates()[0], "connecting");
}

class SmallSubsetTest : public PickerSharesTest {
 protected:
  SmallSubsetTest() : PickerSharesTest(/*max_connected=*/2) {}
};

TEST_F(SmallSubsetTest, EndpointsBeyondTheCapSaySo) {
  Serve({{"a", Endpoints({"1", "2", "3", "4", "5"})}});
  EXPECT_EQ(Told(60), Shares(60));
  const Words excluded = Excluded();
  EXPECT_EQ(excluded.size(), 3u);
  for (const auto& [address, why] : excluded) {
    EXPECT_EQ(why, "not connected: only 2 of the priority's 5 usable endpoints are, at a time");
  }
}

// Counts notices. Serializer-bound.
class Notices final : public Cluster::Observer {
 public:
  void OnPickerChanged() override { ++picker; }
  void OnConnectionsChanged() override { ++connections; }
  int picker = 0, connections = 0;
};

TEST_F(PickerSharesTest, AnObserverHearsOfConnectionsThatChangeNoPick) {
  Serve({{"a", Endpoints({"1", "2"})}});
  Notices notices;
  On([&] { cluster_->AddObserver(&notices); });
  Become("2", ConnectionState::kFailing);
  EXPECT_EQ(notices.picker, 1);
  EXPECT_EQ(notices.connections, 0);
  Become("2", ConnectionState::kConnecting);
  EXPECT_EQ(notices.picker, 1);
  EXPECT_EQ(notices.connections, 1);
  On([&] { cluster_->RemoveObserver(&notices); });
}

}  // namespace
}  // namespace mesh::cluster
