// When a cluster connects, and what its picks say until it serves and when it cannot.

#include "absl/status/status.h"
#include "tests/cluster/cluster_fixture.h"

namespace mesh::cluster {
namespace {

class ClusterStatesTest : public ClusterTest {};

TEST_F(ClusterStatesTest, NothingConnectsBeforeTheFirstPick) {
  // 1. A cluster with endpoints is idle.
  Apply(Config(Endpoints({"a:1", "a:2"})));
  EXPECT_EQ(connector_.made(), 0);
  EXPECT_EQ(SnapshotNow().state, "idle");
  // 2. The first pick waits, and starts the connections.
  EXPECT_EQ(PickText(), "pending");
  Settle();
  EXPECT_EQ(Wanted(), (std::vector<std::string>{"a:1", "a:2"}));
  EXPECT_EQ(SnapshotNow().state, "connecting");
  EXPECT_EQ(PickText(), "pending");
  // 3. As soon as one is ready it takes the calls.
  Become("a:2", ConnectionState::kReady);
  EXPECT_EQ(Picks(10), (std::vector<std::string>{"a:2"}));
  EXPECT_EQ(SnapshotNow().state, "ready");
  // 4. The other joins when it is ready.
  Become("a:1", ConnectionState::kReady);
  EXPECT_EQ(Shares(10), (std::map<std::string, int>{{"a:1", 5}, {"a:2", 5}}));
}

TEST_F(ClusterStatesTest, ConnectConnectsAsAPickDoes) {
  Apply(Config(Endpoints({"a:1"})));
  Connect();
  EXPECT_EQ(Wanted(), (std::vector<std::string>{"a:1"}));
}

TEST_F(ClusterStatesTest, ALostConnectionTakesNoCallsUntilItIsBack) {  // EDS-21
  connector_.set_outcome(ConnectionState::kReady);
  Apply(Config(Endpoints({"a:1", "a:2"})));
  Connect();
  EXPECT_EQ(Picks(10), (std::vector<std::string>{"a:1", "a:2"}));
  Become("a:1", ConnectionState::kIdle);
  EXPECT_EQ(Picks(10), (std::vector<std::string>{"a:2"}));
  Become("a:1", ConnectionState::kConnecting);
  Become("a:1", ConnectionState::kReady);
  EXPECT_EQ(Picks(10), (std::vector<std::string>{"a:1", "a:2"}));
}

TEST_F(ClusterStatesTest, FailsWhenAllFailAndSaysWhy) {
  Apply(Config(Endpoints({"a:1", "a:2"})));
  Connect();
  // 1. One fails: the other may still come.
  Become("a:1", ConnectionState::kFailing);
  EXPECT_EQ(PickText(), "pending");
  // 2. Both fail.
  Become("a:2", ConnectionState::kFailing);
  const PickResult result = Pick();
  ASSERT_TRUE(std::holds_alternative<Failed>(result));
  EXPECT_EQ(std::get<Failed>(result).status,
            absl::UnavailableError("cluster \"c\": no endpoint is connected: 2 of 2 endpoints are "
                                   "failing: a:2: refused"));
  EXPECT_EQ(SnapshotNow().state, "failing");
  // 3. An attempt to connect again does not make calls wait again.
  Become("a:1", ConnectionState::kConnecting);
  EXPECT_NE(PickText(), "pending");
  // 4. Success does.
  Become("a:1", ConnectionState::kReady);
  EXPECT_EQ(PickText(), "a:1");
}

TEST_F(ClusterStatesTest, NewEndpointsEndAFailureOnlyWhenAllThatFailedAreGone) {
  Apply(Config(Endpoints({"a:1", "a:2"})));
  Connect();
  Become("a:1", ConnectionState::kFailing);
  Become("a:2", ConnectionState::kFailing);
  Apply(Config(Endpoints({"a:1", "a:3"})));
  EXPECT_NE(PickText(), "pending");
  Apply(Config(Endpoints({"a:3", "a:4"})));
  EXPECT_EQ(PickText(), "pending");
}

TEST_F(ClusterStatesTest, SaysThatThereAreNoEndpoints) {  // EDS-11, EDS-12
  Apply(Config(std::vector<TestLocality>{}));
  EXPECT_EQ(PickText(), "cluster \"c\": no endpoints (ClusterLoadAssignment \"eds\" has none)");
  // They come and go (F15).
  connector_.set_outcome(ConnectionState::kReady);
  Apply(Config(Endpoints({"a:1"})));
  EXPECT_EQ(PickText(), "pending");
  Settle();
  EXPECT_EQ(PickText(), "a:1");
  Apply(Config(std::vector<TestLocality>{{"a", {}}}));
  EXPECT_EQ(PickText(),
            "cluster \"c\": no endpoints (ClusterLoadAssignment \"eds\" has none in its locality "
            "/a/)");
  const auto empty = [](const std::string& zone) { return TestLocality{zone, {}}; };
  Apply(Config({empty("a"), empty("b"), empty("c"), empty("d"), empty("e"), empty("f")}));
  EXPECT_EQ(PickText(),
            "cluster \"c\": no endpoints (ClusterLoadAssignment \"eds\" has none in its localities "
            "/a/, /b/, /c/, /d/, /e/ and 1 more)");
  model::Cluster cluster;
  cluster.type = model::ClusterType::kStatic;
  Apply(Config(std::vector<TestLocality>{}, cluster));
  EXPECT_EQ(PickText(), "cluster \"c\": no endpoints (its load_assignment has none)");
  cluster.type = model::ClusterType::kStrictDns;
  Apply(Config(std::vector<TestLocality>{}, cluster));
  EXPECT_EQ(PickText(), "cluster \"c\": no endpoints (the DNS of its load_assignment has none)");
  Apply(Config(Endpoints({"a:1"})));
  EXPECT_EQ(PickText(), "a:1");
}

TEST_F(ClusterStatesTest, AnErrorOfTheConfigurationFailsCallsWithIt) {
  model::ClusterConfig config;
  config.key = {"", "c", "eds"};
  config.status = absl::NotFoundError("cluster \"c\": resource does not exist");
  Apply(config);
  const PickResult result = Pick();
  ASSERT_TRUE(std::holds_alternative<Failed>(result));
  EXPECT_EQ(std::get<Failed>(result).status,
            absl::UnavailableError("cluster \"c\": resource does not exist"));
  // It heals; and comes again, over endpoints that served.
  connector_.set_outcome(ConnectionState::kReady);
  Apply(Config(Endpoints({"a:1"})));
  Connect();
  EXPECT_EQ(PickText(), "a:1");
  Apply(config);
  EXPECT_EQ(PickText(), "cluster \"c\": resource does not exist");
  EXPECT_EQ(connector_.live(), 0);
}

TEST_F(ClusterStatesTest, TakesNoCallsToEndpointsThatAreNotHealthy) {  // EDS-10
  connector_.set_outcome(ConnectionState::kReady);
  std::vector<model::EndpointConfig> endpoints = Numbered("a:", 6);
  endpoints[0].health = model::HealthStatus::kUnhealthy;
  endpoints[1].health = model::HealthStatus::kDraining;
  endpoints[2].health = model::HealthStatus::kTimeout;
  endpoints[3].health = model::HealthStatus::kHealthy;
  endpoints[4].health = model::HealthStatus::kUnknown;
  endpoints[5].health = model::HealthStatus::kDegraded;
  // By the rules of gRPC: degraded endpoints are not usable, and there is no panic.
  model::Cluster cluster;
  cluster.priority_rule = model::PriorityRule::kFailover;
  Apply(Config(endpoints, cluster));
  Connect();
  EXPECT_EQ(Picks(20), (std::vector<std::string>{"a:3", "a:4"}));
  EXPECT_EQ(Wanted(), (std::vector<std::string>{"a:3", "a:4"}));
  // A draining endpoint keeps its connection and its object for when it comes back.
  const Endpoint* before = std::get<Picked>(Pick()).permit.endpoint();
  for (model::EndpointConfig& endpoint : endpoints) {
    endpoint.health = model::HealthStatus::kDraining;
  }
  Apply(Config(endpoints, cluster));
  EXPECT_EQ(
      PickText(),
      "cluster \"c\": none of its 6 endpoints may take calls: unhealthy, ejected, or in a locality "
      "without weight (ClusterLoadAssignment \"eds\")");
  EXPECT_EQ(connector_.live(), 2);
  const int number = before->address().back() - '0';
  endpoints[number].health = model::HealthStatus::kHealthy;
  Apply(Config(endpoints, cluster));
  EXPECT_EQ(std::get<Picked>(Pick()).permit.endpoint(), before);
}

// Between a connection's change and the picker's, the snapshot has the one and not the other.
TEST_F(ClusterStatesTest, SaysThatThePicksAreAboutToChange) {
  Apply(Config(Endpoints({"a:1"})));
  Connect();
  EXPECT_FALSE(SnapshotNow().unsettled);
  Snapshot::Cluster between;
  On([&] {
    connector_.Become("a:1", ConnectionState::kReady, absl::OkStatus());
    serializer_.Post([&] { between = cluster_->snapshot(); });
  });
  EXPECT_TRUE(between.unsettled);
  EXPECT_EQ(between.priorities[0].ready, 1u);
  EXPECT_EQ(between.localities[0].endpoints[0].share.part, 0u);
  EXPECT_FALSE(SnapshotNow().unsettled);
  EXPECT_EQ(SnapshotNow().localities[0].endpoints[0].share.part, 1u);
}

TEST_F(ClusterStatesTest, TellsObserversOfEachNewPicker) {
  struct Counter : Cluster::Observer {
    void OnPickerChanged() override { ++count; }
    int count = 0;
  } counter;
  Apply(Config(Endpoints({"a:1", "a:2"})));
  On([&] { cluster_->AddObserver(&counter); });
  Connect();
  EXPECT_EQ(counter.count, 1);  // idle, now pending
  Become("a:1", ConnectionState::kReady);
  EXPECT_EQ(counter.count, 2);
  Apply(Config(Endpoints({"a:1", "a:2"})));  // nothing changes
  EXPECT_EQ(counter.count, 2);
  On([&] { cluster_->RemoveObserver(&counter); });
  Become("a:2", ConnectionState::kReady);
  EXPECT_EQ(counter.count, 2);
}

}  // namespace
}  // namespace mesh::cluster
