// Clusters are shared by key and live while anybody holds them; connections are shared by all.

#include <string>
#include <thread>
#include <vector>

#include "tests/cluster/cluster_fixture.h"

namespace mesh::cluster {
namespace {

class ClusterTableTest : public ClusterTest {
 protected:
  ClusterTableTest() { connector_.set_outcome(ConnectionState::kReady); }

  static model::ClusterConfig Named(const std::string& name,
                                    const std::vector<std::string>& addresses) {
    model::ClusterConfig config = Config(Endpoints(addresses));
    config.key.cluster = name;
    return config;
  }
};

TEST_F(ClusterTableTest, OneClusterForEachKey) {
  On([&] {
    const std::shared_ptr<Cluster> a = table_->Apply(Named("a", {"h:1"}), nullptr);
    EXPECT_EQ(table_->Apply(Named("a", {"h:2"}), nullptr), a);
    EXPECT_NE(table_->Apply(Named("b", {"h:1"}), nullptr), a);
    EXPECT_EQ(a->name(), "a");
    EXPECT_EQ(table_->size(), 2u);
  });
  EXPECT_EQ(table_->size(), 0u);
}

TEST_F(ClusterTableTest, TheLastHolderMayBeOnAnyThread) {
  Apply(Named("a", {"h:1"}));
  Connect();
  EXPECT_EQ(connector_.live(), 1);
  std::thread([cluster = std::move(cluster_)] {}).join();
  EXPECT_EQ(connector_.live(), 1);  // not on that thread
  Settle();
  EXPECT_EQ(table_->size(), 0u);
  EXPECT_EQ(connector_.live(), 0);
}

TEST_F(ClusterTableTest, AClusterThatComesBackBeforeItIsTakenDownIsANewOne) {
  Apply(Named("a", {"h:1"}));
  Connect();
  serializer_.RunAndWait([&] {
    cluster_.reset();
    cluster_ = table_->Apply(Named("a", {"h:1"}), nullptr);
    cluster_->Connect();
  });
  Settle();
  EXPECT_EQ(table_->size(), 1u);
  EXPECT_EQ(PickText(), "h:1");
  EXPECT_EQ(connector_.live(), 1);
}

TEST_F(ClusterTableTest, ClustersShareTheConnectionToAnAddress) {
  Apply(Named("a", {"h:1", "h:2"}));
  Connect();
  const std::shared_ptr<Cluster> a = cluster_;
  Apply(Named("b", {"h:2", "h:3"}));
  Connect();
  EXPECT_EQ(connector_.made(), 3);
  EXPECT_EQ(Picks(10), (std::vector<std::string>{"h:2", "h:3"}));
  // 1. Both hear of it.
  const std::shared_ptr<Cluster> b = cluster_;
  Become("h:2", ConnectionState::kFailing);
  EXPECT_EQ(Picks(10), (std::vector<std::string>{"h:3"}));
  cluster_ = a;
  EXPECT_EQ(Picks(10), (std::vector<std::string>{"h:1"}));
  // 2. It stays while one of them has it.
  On([&] { cluster_ = table_->Apply(Named("a", {"h:1"}), nullptr); });
  EXPECT_EQ(Wanted(), (std::vector<std::string>{"h:1", "h:2", "h:3"}));
  cluster_ = b;
  On([&] { cluster_ = table_->Apply(Named("b", {"h:3"}), nullptr); });
  EXPECT_EQ(Wanted(), (std::vector<std::string>{"h:1", "h:3"}));
}

TEST_F(ClusterTableTest, AnotherConnectTimeoutIsAnotherConnection) {
  Apply(Named("a", {"h:1"}));
  Connect();
  const std::shared_ptr<Cluster> a = cluster_;
  model::Cluster patient;
  patient.connections.connect_timeout = absl::Seconds(50);
  model::ClusterConfig config = Config(Endpoints({"h:1"}), patient);
  config.key.cluster = "b";
  Apply(config);
  Connect();
  EXPECT_EQ(connector_.live(), 2);
}

TEST_F(ClusterTableTest, AnEqualConfigurationChangesNothing) {  // EDS-15
  const model::ClusterConfig config = Named("a", {"h:1", "h:2"});
  Apply(config);
  Connect();
  struct Counter : Cluster::Observer {
    void OnPickerChanged() override { ++count; }
    int count = 0;
  } counter;
  On([&] { cluster_->AddObserver(&counter); });
  Apply(config);                      // the same pointers
  Apply(Named("a", {"h:1", "h:2"}));  // the same values
  EXPECT_EQ(counter.count, 0);
  EXPECT_EQ(connector_.made(), 2);
  On([&] { cluster_->RemoveObserver(&counter); });
}

TEST_F(ClusterTableTest, WithoutTheTableAHeldClusterPicksNothing) {
  Apply(Named("a", {"h:1"}));
  Connect();
  On([this] { table_.reset(); });
  EXPECT_EQ(PickText(), "cluster \"a\": the mesh has been shut down");
  EXPECT_EQ(connector_.live(), 0);
}

TEST_F(ClusterTableTest, ACallThatFailedHasItsConnectionLookedAt) {
  Apply(Named("a", {"h:1", "h:2"}));
  Connect();
  PickResult result = Pick();
  Permit& permit = std::get<Picked>(result).permit;
  const std::string address = permit.endpoint()->address();
  permit.End({14});
  EXPECT_EQ(connector_.rechecks(address), 0);  // not on the call's thread
  Settle();
  EXPECT_EQ(connector_.rechecks(address), 1);
  // Again for a later call; but once for calls that fail together.
  std::vector<PickResult> picks;
  for (int i = 0; i < 4; ++i) picks.push_back(Pick());
  for (PickResult& pick : picks) std::get<Picked>(pick).permit.End({0, /*delivered=*/false});
  Settle();
  EXPECT_EQ(connector_.rechecks(address), 2);
}

TEST_F(ClusterTableTest, TriedEndpointsAreAvoidedWhileThereAreOthers) {
  Apply(Named("a", {"h:1", "h:2", "h:3"}));
  Connect();
  for (int round = 0; round < 20; ++round) {
    std::vector<const Endpoint*> tried;
    for (int i = 0; i < 3; ++i) {
      PickRequest request;
      request.tried = tried;
      PickResult result = Pick(request);
      const Endpoint* endpoint = std::get<Picked>(result).permit.endpoint();
      for (const Endpoint* other : tried) EXPECT_NE(other, endpoint);
      tried.push_back(endpoint);
    }
    PickRequest request;
    request.tried = tried;
    EXPECT_TRUE(std::holds_alternative<Picked>(Pick(request)));
  }
}

TEST_F(ClusterTableTest, TriedEndpointsAreAvoidedAcrossLocalities) {
  Apply(Config({{"x", Endpoints({"h:1"}), 0, 1000}, {"y", Endpoints({"h:2"}), 0, 1}}));
  Connect();
  PickResult first = Pick();
  const Endpoint* tried[] = {std::get<Picked>(first).permit.endpoint()};
  for (int i = 0; i < 20; ++i) {
    PickRequest request;
    request.tried = tried;
    const PickResult second = Pick(request);
    EXPECT_NE(std::get<Picked>(second).permit.endpoint(), tried[0]);
  }
}

TEST_F(ClusterTableTest, SnapshotSaysWhatThereIs) {
  connector_.set_outcome("h:2", ConnectionState::kFailing);
  std::vector<model::EndpointConfig> endpoints = Endpoints({"h:1", "h:2", "h:3"});
  endpoints[2].health = model::HealthStatus::kDraining;
  endpoints[0].weight = 5;
  model::ClusterConfig config = Config({{"x", endpoints, 0, 9}});
  config.ambient = absl::UnavailableError("the last update was bad");
  Apply(config);
  Connect();
  const PickResult held = Pick();
  const Snapshot::Cluster snapshot = SnapshotNow();
  EXPECT_EQ(snapshot.name, "c");
  EXPECT_EQ(snapshot.state, "ready");
  EXPECT_EQ(snapshot.error, "the last update was bad");
  ASSERT_EQ(snapshot.localities.size(), 1u);
  EXPECT_EQ(snapshot.localities[0].locality, "/x/");
  EXPECT_EQ(snapshot.localities[0].weight, 9u);
  const auto& out = snapshot.localities[0].endpoints;
  ASSERT_EQ(out.size(), 3u);
  EXPECT_EQ(out[0].state, "ready");
  EXPECT_EQ(out[0].weight, 5u);
  EXPECT_EQ(out[0].in_flight, 1u);
  EXPECT_EQ(out[1].state, "failing");
  EXPECT_EQ(out[1].health, "unknown");
  EXPECT_EQ(out[2].state, "idle");
  EXPECT_EQ(out[2].health, "draining");
}

}  // namespace
}  // namespace mesh::cluster
