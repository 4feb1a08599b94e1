// Which priority serves (gRFC A56): F20, EDS-01 to 07.

#include "tests/cluster/cluster_fixture.h"

namespace mesh::cluster {
namespace {

class PriorityFailoverTest : public ClusterTest {
 protected:
  // The rule of gRPC.
  static model::ClusterConfig Config(const std::vector<TestLocality>& localities) {
    model::Cluster cluster;
    cluster.priority_rule = model::PriorityRule::kFailover;
    return cluster::Config(localities, cluster);
  }
  void ApplyTwo() {
    Apply(Config({{"x", Endpoints({"p0:1", "p0:2"}), 0}, {"y", Endpoints({"p1:1"}), 1}}));
  }
};

TEST_F(PriorityFailoverTest, TheHighestServesAndTheOthersDoNotConnect) {
  connector_.set_outcome(ConnectionState::kReady);
  ApplyTwo();
  Connect();
  EXPECT_EQ(Picks(10), (std::vector<std::string>{"p0:1", "p0:2"}));
  EXPECT_EQ(Wanted(), (std::vector<std::string>{"p0:1", "p0:2"}));
}

TEST_F(PriorityFailoverTest, APriorityWithoutUsableEndpointsIsSkipped) {
  connector_.set_outcome(ConnectionState::kReady);
  std::vector<model::EndpointConfig> draining = Endpoints({"p1:1"});
  draining[0].health = model::HealthStatus::kDraining;
  Apply(Config({{"x", {}, 0}, {"y", draining, 1}, {"z", Endpoints({"p2:1"}), 2}}));
  Connect();
  EXPECT_EQ(PickText(), "p2:1");
}

TEST_F(PriorityFailoverTest, FailsOverAtOnceWhenAllFailAndBackAtOnceWhenOneIsReady) {
  ApplyTwo();
  Connect();
  // 1. One of two fails: wait for the other.
  Become("p0:1", ConnectionState::kFailing);
  EXPECT_EQ(Wanted(), (std::vector<std::string>{"p0:1", "p0:2"}));
  // 2. All fail: the next priority connects; calls wait for it.
  Become("p0:2", ConnectionState::kFailing);
  EXPECT_EQ(Wanted(), (std::vector<std::string>{"p0:1", "p0:2", "p1:1"}));
  EXPECT_EQ(PickText(), "pending");
  // 3. It serves; the higher one goes on trying.
  Become("p1:1", ConnectionState::kReady);
  EXPECT_EQ(PickText(), "p1:1");
  Become("p0:1", ConnectionState::kConnecting);
  EXPECT_EQ(PickText(), "p1:1");
  // 4. One endpoint of the higher one is enough to go back.
  Become("p0:1", ConnectionState::kReady);
  EXPECT_EQ(Picks(10), (std::vector<std::string>{"p0:1"}));
  // 5. The lower one stays connected for a while.
  Advance(absl::Minutes(14));
  EXPECT_EQ(Wanted(), (std::vector<std::string>{"p0:1", "p0:2", "p1:1"}));
  Advance(absl::Minutes(2));
  EXPECT_EQ(Wanted(), (std::vector<std::string>{"p0:1", "p0:2"}));
  EXPECT_EQ(connector_.live(), 2);
  // 6. It connects again when it is needed again.
  Become("p0:1", ConnectionState::kFailing);
  EXPECT_EQ(Wanted(), (std::vector<std::string>{"p0:1", "p0:2", "p1:1"}));
}

TEST_F(PriorityFailoverTest, ALowerPriorityInUseAgainIsKept) {
  ApplyTwo();
  Connect();
  Become("p0:1", ConnectionState::kFailing);
  Become("p0:2", ConnectionState::kFailing);
  Become("p1:1", ConnectionState::kReady);
  Become("p0:1", ConnectionState::kReady);
  Advance(absl::Minutes(10));
  Become("p0:1", ConnectionState::kFailing);
  EXPECT_EQ(PickText(), "p1:1");
  Advance(absl::Minutes(10));
  EXPECT_EQ(PickText(), "p1:1");
}

TEST_F(PriorityFailoverTest, FailsOverAfterTenSecondsWithoutAnAnswer) {
  ApplyTwo();
  Connect();
  Advance(absl::Milliseconds(9999));
  EXPECT_EQ(Wanted(), (std::vector<std::string>{"p0:1", "p0:2"}));
  Advance(absl::Milliseconds(1));
  EXPECT_EQ(Wanted(), (std::vector<std::string>{"p0:1", "p0:2", "p1:1"}));
  // Nothing is known to have failed: calls wait for either.
  EXPECT_EQ(PickText(), "pending");
  Advance(absl::Seconds(60));
  EXPECT_EQ(PickText(), "pending");
  Become("p1:1", ConnectionState::kReady);
  EXPECT_EQ(PickText(), "p1:1");
  Become("p0:2", ConnectionState::kReady);
  EXPECT_EQ(PickText(), "p0:2");
}

TEST_F(PriorityFailoverTest, APriorityThatWasReadyHasTenSecondsToComeBack) {
  connector_.set_outcome(ConnectionState::kReady);
  ApplyTwo();
  Connect();
  Advance(absl::Seconds(100));
  Become("p0:1", ConnectionState::kConnecting);
  Become("p0:2", ConnectionState::kConnecting);
  EXPECT_EQ(PickText(), "pending");
  Advance(absl::Seconds(9));
  EXPECT_EQ(PickText(), "pending");
  Advance(absl::Seconds(1));
  EXPECT_EQ(PickText(), "p1:1");
}

TEST_F(PriorityFailoverTest, FailsWhenAllPrioritiesFail) {
  ApplyTwo();
  Connect();
  Become("p0:1", ConnectionState::kFailing);
  Become("p0:2", ConnectionState::kFailing);
  Become("p1:1", ConnectionState::kFailing);
  EXPECT_EQ(PickText(),
            "cluster \"c\": no endpoint is connected: 3 of 3 endpoints are failing: p1:1: "
            "refused");
}

TEST_F(PriorityFailoverTest, AnUpdateAddsAndRemovesPriorities) {
  connector_.set_outcome(ConnectionState::kReady);
  connector_.set_outcome("p0:1", ConnectionState::kFailing);
  Apply(Config({{"x", Endpoints({"p0:1"}), 0}}));
  Connect();
  EXPECT_NE(PickText(), "pending");
  // 1. A second priority comes to help.
  Apply(Config({{"x", Endpoints({"p0:1"}), 0}, {"y", Endpoints({"p1:1"}), 1}}));
  EXPECT_EQ(PickText(), "p1:1");
  // 2. And goes, while its failover timer could be running.
  Apply(Config({{"x", Endpoints({"p0:1"}), 0}}));
  EXPECT_NE(PickText(), "p1:1");
  EXPECT_EQ(connector_.live(), 1);
  Advance(absl::Minutes(20));
  // 3. The first gets an endpoint that works (EDS-06).
  Apply(Config({{"x", Endpoints({"p0:1", "p0:2"}), 0}}));
  EXPECT_EQ(PickText(), "p0:2");
}

}  // namespace
}  // namespace mesh::cluster
