// Aggregates of real clusters, by way of the table.

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tests/cluster/cluster_fixture.h"

namespace mesh::cluster {
namespace {

class AggregateFailoverTest : public ClusterTest {
 protected:
  using Children = std::vector<std::shared_ptr<const model::ClusterConfig>>;

  static std::shared_ptr<const model::ClusterConfig> ChildOf(
      const std::string& name, const std::vector<TestLocality>& localities) {
    model::ClusterConfig config = Config(localities);
    config.key = {"", name, name};
    return std::make_shared<const model::ClusterConfig>(config);
  }
  static std::shared_ptr<const model::ClusterConfig> Child(
      const std::string& name, const std::vector<std::string>& addresses) {
    return ChildOf(name, {{"z", Endpoints(addresses)}});
  }
  static std::shared_ptr<const model::ClusterConfig> Missing(const std::string& name) {
    model::ClusterConfig config;
    config.key = {"", name, ""};
    config.status = absl::UnavailableError("Cluster \"" + name + "\": does not exist");
    return std::make_shared<const model::ClusterConfig>(config);
  }
  static model::ClusterConfig Aggregate(Children children) {
    model::Cluster cluster;
    cluster.name = "g";
    cluster.type = model::ClusterType::kAggregate;
    model::ClusterConfig config;
    config.key = {"", "g", ""};
    config.cluster = std::make_shared<const model::Cluster>(cluster);
    config.children = std::move(children);
    return config;
  }
};

TEST_F(AggregateFailoverTest, ToTheNextClusterAndBack) {
  Apply(Aggregate({Child("a", {"a:1", "a:2"}), Child("b", {"b:1"})}));
  EXPECT_EQ(Wanted(), std::vector<std::string>());
  EXPECT_EQ(PickText(), "pending");
  Settle();
  EXPECT_EQ(Wanted(), (std::vector<std::string>{"a:1", "a:2"}));
  Become("a:1", ConnectionState::kReady);
  Become("a:2", ConnectionState::kReady);
  EXPECT_EQ(Picks(20), (std::vector<std::string>{"a:1", "a:2"}));
  // 1. One endpoint is lost, then the other.
  Become("a:1", ConnectionState::kFailing);
  EXPECT_EQ(Picks(20), std::vector<std::string>{"a:2"});
  EXPECT_EQ(Wanted(), (std::vector<std::string>{"a:1", "a:2"}));
  Become("a:2", ConnectionState::kFailing);
  EXPECT_EQ(Wanted(), (std::vector<std::string>{"a:1", "a:2", "b:1"}));
  EXPECT_EQ(PickText(), "pending");
  Become("b:1", ConnectionState::kReady);
  EXPECT_EQ(Picks(20), std::vector<std::string>{"b:1"});
  // 2. Back.
  Become("a:1", ConnectionState::kReady);
  EXPECT_EQ(Picks(20), std::vector<std::string>{"a:1"});
  EXPECT_EQ(SnapshotNow().children[1].state, "ready") << "it stays warm";
}

// A37: an error of that child only.
TEST_F(AggregateFailoverTest, AChildThatIsNotThereIsSkipped) {
  connector_.set_outcome(ConnectionState::kReady);
  Apply(Aggregate({Missing("a"), Child("b", {"b:1"})}));
  Connect();
  EXPECT_EQ(PickText(), "b:1");
  Apply(Aggregate({Missing("a"), Child("b", {})}));
  EXPECT_EQ(
      PickText(),
      "cluster \"g\": none of its clusters can take a call: Cluster \"a\": does not exist; "
      "cluster \"b\": no endpoints (ClusterLoadAssignment \"b\" has none in its locality /z/)");
  Apply(Aggregate({Child("a", {"a:1"}), Child("b", {"b:1"})}));
  EXPECT_EQ(PickText(), "a:1");
}

// Each priority of each child has its ten seconds (gRFC A56), as if they were of one cluster.
TEST_F(AggregateFailoverTest, EveryPriorityHasItsTime) {
  Apply(Aggregate({ChildOf("a", {{"x", Endpoints({"a:0"}), 0}, {"y", Endpoints({"a:1"}), 1}}),
                   Child("b", {"b:0"})}));
  Connect();
  Advance(absl::Milliseconds(9'999));
  EXPECT_EQ(Wanted(), std::vector<std::string>{"a:0"});
  Advance(absl::Milliseconds(1));
  EXPECT_EQ(Wanted(), (std::vector<std::string>{"a:0", "a:1"}));
  Advance(absl::Milliseconds(9'999));
  EXPECT_EQ(Wanted(), (std::vector<std::string>{"a:0", "a:1"}));
  Advance(absl::Milliseconds(1));
  EXPECT_EQ(Wanted(), (std::vector<std::string>{"a:0", "a:1", "b:0"}));
  Become("b:0", ConnectionState::kReady);
  EXPECT_EQ(PickText(), "b:0");
}

TEST_F(AggregateFailoverTest, ChildrenAreTheTablesOwnClusters) {
  connector_.set_outcome(ConnectionState::kReady);
  const auto a = Child("a", {"a:1"});
  Apply(Aggregate({a, Child("b", {"b:1"})}));
  EXPECT_EQ(table_->size(), 3u);
  std::shared_ptr<Cluster> direct;
  On([&] { direct = table_->Apply(*a, nullptr); });
  EXPECT_EQ(table_->size(), 3u);
  Connect();
  const PickResult held = Pick();
  Snapshot::Cluster snapshot;
  On([&] { snapshot = direct->snapshot(); });
  EXPECT_EQ(snapshot.localities[0].endpoints[0].in_flight, 1u);
  // The child lives as long as anybody holds it.
  cluster_.reset();
  Settle();
  Settle();
  EXPECT_EQ(table_->size(), 1u);
  On([&] { direct.reset(); });
  Settle();
  EXPECT_EQ(table_->size(), 0u);
}

TEST_F(AggregateFailoverTest, AnEqualConfigurationChangesNothing) {
  const auto a = Child("a", {"a:1"});
  struct Counter : Cluster::Observer {
    void OnPickerChanged() override { ++count; }
    int count = 0;
  } counter;
  Apply(Aggregate({a}));
  On([&] { cluster_->AddObserver(&counter); });
  const std::shared_ptr<Cluster> before = cluster_;
  Apply(Aggregate({a}));
  EXPECT_EQ(cluster_, before);
  EXPECT_EQ(counter.count, 0);
  On([&] { cluster_->RemoveObserver(&counter); });
}

// Of the same key, but another kind: what held the former holds it still.
TEST_F(AggregateFailoverTest, AnAggregateThatBecomesAnErrorAndBack) {
  connector_.set_outcome(ConnectionState::kReady);
  Apply(Aggregate({Child("a", {"a:1"})}));
  Connect();
  const std::shared_ptr<Cluster> aggregate = cluster_;
  Apply(*Missing("g"));
  EXPECT_EQ(PickText(), "Cluster \"g\": does not exist");
  Apply(Aggregate({Child("a", {"a:1"})}));
  EXPECT_EQ(PickText(), "a:1");
  cluster_ = aggregate;
  EXPECT_EQ(PickText(), "a:1");
}

// One is about to leave it, and keeps what is no more until then.
TEST_F(AggregateFailoverTest, TargetsMayKnowDifferentThingsOfAnAggregate) {
  connector_.set_outcome(ConnectionState::kReady);
  Apply(Aggregate({Missing("a"), Child("b", {"b:1"})}));
  Connect();
  std::shared_ptr<Cluster> leaving;
  On([&] {
    leaving = table_->Apply(Aggregate({Child("a", {"a:1"}), Child("b", {"b:1"})}), nullptr);
    leaving->Connect();
  });
  EXPECT_EQ(PickText(), "b:1");
  std::swap(cluster_, leaving);
  EXPECT_EQ(PickText(), "a:1");
  cluster_.reset();
  Settle();
  cluster_ = std::move(leaving);
  EXPECT_EQ(PickText(), "b:1");
  EXPECT_EQ(connector_.live(), 1);
}

TEST_F(AggregateFailoverTest, TheLastHolderMayBeOnAnyThread) {
  connector_.set_outcome(ConnectionState::kReady);
  Apply(Aggregate({Child("a", {"a:1"})}));
  Connect();
  std::thread([cluster = std::move(cluster_)] {}).join();
  EXPECT_EQ(connector_.live(), 1);
  Settle();
  Settle();
  EXPECT_EQ(connector_.live(), 0);
  EXPECT_EQ(table_->size(), 0u);
}

TEST_F(AggregateFailoverTest, WithoutTheTableAHeldAggregatePicksNothing) {
  connector_.set_outcome(ConnectionState::kReady);
  Apply(Aggregate({Child("a", {"a:1"}), Child("b", {"b:1"})}));
  Connect();
  On([this] { table_.reset(); });
  EXPECT_EQ(PickText(), "cluster \"g\": the mesh has been shut down");
  EXPECT_EQ(connector_.live(), 0);
}

// Picks go on on other threads while children come and go.
TEST_F(AggregateFailoverTest, PicksWhileChildrenChange) {
  connector_.set_outcome(ConnectionState::kReady);
  Apply(Aggregate({Child("a", {"a:1"})}));
  Connect();
  const std::shared_ptr<Cluster> held = cluster_;
  std::atomic<bool> stop{false};
  std::atomic<int> picked{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 2; ++i) {
    callers.emplace_back([&] {
      while (!stop) {
        const EpochReader reader(epochs_);
        const PickResult result = held->Pick({}, reader);
        if (std::holds_alternative<Picked>(result)) ++picked;
        ASSERT_FALSE(std::holds_alternative<Failed>(result));
      }
    });
  }
  for (int round = 0; round < 200; ++round) {
    const std::string name(1, static_cast<char>('a' + round % 3));
    const std::string next(1, static_cast<char>('a' + (round + 1) % 3));
    Apply(Aggregate({Child(next, {next + ":1"}), Child(name, {name + ":1"})}));
  }
  while (picked < 1000) std::this_thread::yield();
  stop = true;
  for (std::thread& caller : callers) caller.join();
}

}  // namespace
}  // namespace mesh::cluster
