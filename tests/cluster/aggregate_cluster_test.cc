// Which of its children an aggregate picks, and which it connects (gRFC A37, A56), with children
// whose states the test chooses.

#include "mesh/cluster/aggregate_cluster.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "mesh/base/epoch.h"
#include "mesh/base/reaper.h"
#include "mesh/base/serializer.h"
#include "mesh/cluster/endpoint.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/fake_executor.h"

namespace mesh::cluster {
namespace {

using wire::ConnectionState;

// Picks as its state says; `idle` until somebody picks or connects. Used on one thread.
class ScriptedCluster final : public Cluster {
 public:
  ScriptedCluster(std::string name, std::shared_ptr<Reaper> reaper)
      : name_(std::move(name)),
        endpoint_(new Endpoint(name_, std::move(reaper), Endpoint::Hearing{})) {}
  ~ScriptedCluster() override { endpoint_->Retire(); }

  // Observers hear of it.
  void Become(ConnectionState state) {
    state_ = state;
    const std::vector<Observer*> observers = observers_;
    for (Observer* observer : observers) observer->OnPickerChanged();
  }
  void ChangeConnections() {
    for (Observer* observer : observers_) observer->OnConnectionsChanged();
  }
  void set_drops(bool drops) { drops_ = drops; }
  bool is_asked() const { return asked_; }
  size_t observers() const { return observers_.size(); }

  const std::string& name() const override { return name_; }
  // Always full, so that it can be told who was asked.
  absl::StatusOr<LimitHold> Wait(model::RoutingPriority, const EpochReader&) const override {
    return absl::UnavailableError(name_);
  }
  PickResult Pick(const PickRequest&, const EpochReader&) const override {
    asked_ = true;
    if (drops_) return Dropped{absl::UnavailableError(absl::StrCat(name_, " drops")), true};
    switch (state_) {
      case ConnectionState::kReady:
        return Picked{Permit(endpoint_)};
      case ConnectionState::kFailing:
        return Failed{absl::UnavailableError(absl::StrCat("cluster \"", name_, "\": refused"))};
      case ConnectionState::kIdle:
      case ConnectionState::kConnecting:
        break;
    }
    return Pending{};
  }
  void Connect() override { asked_ = true; }
  void AddObserver(Observer* observer) override { observers_.push_back(observer); }
  void RemoveObserver(Observer* observer) override {
    observers_.erase(std::find(observers_.begin(), observers_.end(), observer));
  }
  ConnectionState state() const override { return state_; }
  Snapshot::Cluster snapshot() const override {
    Snapshot::Cluster snapshot;
    snapshot.name = name_;
    snapshot.state = std::string(wire::ToString(state_));
    if (state_ == ConnectionState::kFailing) snapshot.error = name_ + " is refused";
    const bool ready = state_ == ConnectionState::kReady;
    snapshot.priorities = {{0, ready ? "serving" : "unstarted", 1, ready ? 1u : 0u, 0},
                           {1, "unstarted", 1, 0, 0}};
    const Snapshot::Share all = {1, 1};
    snapshot.localities = {{"/z/",
                            0,
                            1,
                            {{name_ + ":1", snapshot.state, "unknown", 1, 0,
                              ready ? all : Snapshot::Share(), ready ? "" : "not connected"}},
                            ready ? all : Snapshot::Share()},
                           {"/y/", 1, 1, {}}};
    return snapshot;
  }

 private:
  const std::string name_;
  Endpoint* const endpoint_;
  ConnectionState state_ = ConnectionState::kIdle;
  bool drops_ = false;
  mutable bool asked_ = false;
  std::vector<Observer*> observers_;
};

class AggregateClusterTest : public ::testing::Test, private Cluster::Observer {
 protected:
  AggregateClusterTest() {
    On([this] {
      aggregate_ = std::make_unique<AggregateCluster>(&serializer_, &epochs_, "g");
      aggregate_->AddObserver(this);
    });
  }
  ~AggregateClusterTest() override {
    On([this] { aggregate_ = nullptr; });
    for (const auto& [name, cluster] : clusters_) EXPECT_EQ(cluster->observers(), 0u) << name;
    On([this] { epochs_.Reclaim(); });
    clusters_.clear();
    reaper_->Close();
    executor_.RunReady();
    EXPECT_EQ(executor_.pending_timers(), 0u);
    serializer_.Shutdown();
  }

  template <typename Step>
  void On(Step step) {
    serializer_.RunAndWait(step);
    executor_.RunReady();
  }
  // Children by name, the first preferred; `a*2` has two priorities.
  void Children(const std::vector<std::string>& names) {
    std::vector<AggregateCluster::Child> children;
    for (const std::string& name : names) {
      const uint32_t priorities = name.size() > 1 ? static_cast<uint32_t>(name[2] - '0') : 1;
      std::shared_ptr<ScriptedCluster>& cluster = clusters_[name.substr(0, 1)];
      if (cluster == nullptr)
        cluster = std::make_shared<ScriptedCluster>(name.substr(0, 1), reaper_);
      children.push_back({cluster, priorities});
    }
    On([&] { aggregate_->Update(children, absl::OkStatus()); });
  }
  void Become(const std::string& name, ConnectionState state) {
    On([&] { clusters_.at(name)->Become(state); });
  }
  // The child's name, `pending`, or the failure.
  std::string Pick() {
    const EpochReader reader(epochs_);
    const PickResult result = aggregate_->Pick({}, reader);
    if (const auto* picked = std::get_if<Picked>(&result)) {
      return picked->permit.endpoint()->address();
    }
    if (const auto* failed = std::get_if<Failed>(&result)) {
      EXPECT_EQ(failed->status.code(), absl::StatusCode::kUnavailable);
      return std::string(failed->status.message());
    }
    if (const auto* dropped = std::get_if<Dropped>(&result)) {
      return std::string(dropped->status.message());
    }
    return "pending";
  }
  // The child that a call would wait for.
  std::string Awaited() {
    const EpochReader reader(epochs_);
    return std::string(
        aggregate_->Wait(model::RoutingPriority::kDefault, reader).status().message());
  }
  // Of all children that were asked for connections.
  std::string Asked() const {
    std::vector<std::string> names;
    for (const auto& [name, cluster] : clusters_) {
      if (cluster->is_asked()) names.push_back(name);
    }
    return absl::StrJoin(names, " ");
  }
  std::string State() const { return std::string(wire::ToString(aggregate_->state())); }
  Snapshot::Cluster SnapshotNow() {
    Snapshot::Cluster snapshot;
    On([&] { snapshot = aggregate_->snapshot(); });
    return snapshot;
  }

  void OnPickerChanged() override { ++changes_; }
  void OnConnectionsChanged() override { ++connection_changes_; }

  testing::FakeClock clock_;
  testing::FakeExecutor executor_{&clock_};
  Serializer serializer_{&executor_};
  EpochDomain epochs_;
  const std::shared_ptr<Reaper> reaper_ = std::make_shared<Reaper>(&executor_);
  std::map<std::string, std::shared_ptr<ScriptedCluster>> clusters_;
  std::unique_ptr<AggregateCluster> aggregate_;
  int changes_ = 0;
  int connection_changes_ = 0;
};

// All states of two children that were asked before.
TEST_F(AggregateClusterTest, PicksAndStates) {
  const auto kIdle = ConnectionState::kIdle;
  const auto kConnecting = ConnectionState::kConnecting;
  const auto kReady = ConnectionState::kReady;
  const auto kFailing = ConnectionState::kFailing;
  const std::string none =
      "cluster \"g\": none of its clusters can take a call: cluster \"a\": refused; cluster \"b\": "
      "refused";
  const struct {
    ConnectionState a, b;
    std::string pick, state;
  } kRows[] = {
      {kIdle, kIdle, "pending", "idle"},
      {kIdle, kReady, "pending", "idle"},
      {kConnecting, kIdle, "pending", "connecting"},
      {kConnecting, kReady, "pending", "connecting"},
      {kConnecting, kFailing, "pending", "connecting"},
      {kReady, kIdle, "a", "ready"},
      {kReady, kReady, "a", "ready"},
      {kReady, kFailing, "a", "ready"},
      {kFailing, kIdle, "pending", "idle"},
      {kFailing, kConnecting, "pending", "connecting"},
      {kFailing, kReady, "b", "ready"},
      {kFailing, kFailing, none, "failing"},
  };
  Children({"a", "b"});
  for (const auto& row : kRows) {
    SCOPED_TRACE(absl::StrCat(wire::ToString(row.a), " ", wire::ToString(row.b)));
    Become("b", row.b);
    Become("a", row.a);
    EXPECT_EQ(State(), row.state);
    EXPECT_EQ(Pick(), row.pick);
  }
}

TEST_F(AggregateClusterTest, NothingIsConnectedBeforeSomebodyAsks) {
  Children({"a", "b"});
  EXPECT_EQ(Asked(), "");
  EXPECT_EQ(State(), "idle");
  On([this] { aggregate_->Connect(); });
  EXPECT_EQ(Asked(), "a");
  EXPECT_EQ(State(), "idle");
  Become("a", ConnectionState::kConnecting);
  EXPECT_EQ(State(), "connecting");
  Become("a", ConnectionState::kReady);
  EXPECT_EQ(Asked(), "a") << "the second is left alone";
}

TEST_F(AggregateClusterTest, APickAsksOnlyTheChildrenThatItNeeds) {
  Children({"a", "b"});
  EXPECT_EQ(Pick(), "pending");
  EXPECT_EQ(Asked(), "a");
}

// A37: "fails over to the next cluster"; EDS-05: and back.
TEST_F(AggregateClusterTest, FailsOverInOrderAndBack) {
  Children({"a", "b", "c"});
  Pick();
  Become("a", ConnectionState::kConnecting);
  // 1. The next is connected as soon as the first fails, without a call that asks for it.
  Become("a", ConnectionState::kFailing);
  EXPECT_EQ(Asked(), "a b");
  EXPECT_EQ(Pick(), "pending");
  Become("b", ConnectionState::kReady);
  EXPECT_EQ(Pick(), "b");
  EXPECT_EQ(Asked(), "a b");
  // 2. And the one after it.
  Become("b", ConnectionState::kFailing);
  Become("c", ConnectionState::kReady);
  EXPECT_EQ(Pick(), "c");
  // 3. A better one is back.
  Become("b", ConnectionState::kReady);
  EXPECT_EQ(Pick(), "b");
  Become("a", ConnectionState::kReady);
  EXPECT_EQ(Pick(), "a");
}

// A32: a limit that is reached is no reason to go elsewhere.
TEST_F(AggregateClusterTest, WhatAChildDropsIsDropped) {
  Children({"a", "b"});
  Become("a", ConnectionState::kReady);
  Become("b", ConnectionState::kReady);
  clusters_.at("a")->set_drops(true);
  EXPECT_EQ(Pick(), "a drops");
  clusters_.at("a")->set_drops(false);
  EXPECT_EQ(Pick(), "a");
}

// Whose limit of pending calls applies.
TEST_F(AggregateClusterTest, CallsWaitForTheChildThatIsToTakeThem) {
  Children({"a", "b", "c"});
  EXPECT_EQ(Awaited(), "a");
  Pick();
  Become("a", ConnectionState::kConnecting);
  EXPECT_EQ(Awaited(), "a");
  Become("a", ConnectionState::kFailing);
  EXPECT_EQ(Awaited(), "b");
  Become("b", ConnectionState::kConnecting);
  executor_.Advance(absl::Seconds(10));  // passed over
  EXPECT_EQ(Awaited(), "c");
  Become("c", ConnectionState::kFailing);
  EXPECT_EQ(Awaited(), "b") << "there is no other";
  Become("b", ConnectionState::kFailing);
  EXPECT_EQ(Awaited(), "a") << "the first, where all fail";
}

// EDS-13: not their deadlines.
TEST_F(AggregateClusterTest, FailsAtOnceWhereAllFail) {
  Children({"a", "b"});
  Become("a", ConnectionState::kFailing);
  EXPECT_EQ(Pick(), "pending");
  Become("b", ConnectionState::kFailing);
  EXPECT_EQ(State(), "failing");
  EXPECT_EQ(Pick(),
            "cluster \"g\": none of its clusters can take a call: cluster \"a\": refused; cluster "
            "\"b\": refused");
}

TEST_F(AggregateClusterTest, NamesSoManyCauses) {
  const std::vector<std::string> names = {"a", "b", "c", "d", "e", "f", "g"};
  Children(names);
  for (const std::string& name : names) Become(name, ConnectionState::kFailing);
  EXPECT_EQ(
      Pick(),
      "cluster \"g\": none of its clusters can take a call: cluster \"a\": refused; cluster "
      "\"b\": refused; cluster \"c\": refused; cluster \"d\": refused; cluster \"e\": refused; "
      "and 2 more");
}

// gRFC A56: each priority has its ten seconds.
TEST_F(AggregateClusterTest, AChildThatTakesTooLongIsPassedOver) {
  Children({"a*2", "b"});
  Pick();
  Become("a", ConnectionState::kConnecting);
  executor_.Advance(absl::Seconds(20) - absl::Milliseconds(1));
  EXPECT_EQ(Asked(), "a");
  const int changes = changes_;
  executor_.Advance(absl::Milliseconds(1));
  EXPECT_EQ(changes_, changes + 1) << "calls that wait look again";
  EXPECT_EQ(Asked(), "a b");
  EXPECT_EQ(Pick(), "pending");
  EXPECT_EQ(State(), "idle") << "of the second, which waits for its turn";
  Become("b", ConnectionState::kReady);
  EXPECT_EQ(Pick(), "b");
  EXPECT_EQ(State(), "ready");
  // Calls wait for it if nobody else can take them.
  Become("b", ConnectionState::kFailing);
  EXPECT_EQ(Pick(), "pending");
  EXPECT_EQ(State(), "connecting");
  Become("a", ConnectionState::kReady);
  EXPECT_EQ(Pick(), "a");
  // It has its time again.
  Become("a", ConnectionState::kConnecting);
  EXPECT_EQ(Pick(), "pending");
}

TEST_F(AggregateClusterTest, TheTimeBeginsWhenAChildIsNeeded) {
  Children({"a", "b", "c"});
  Pick();
  Become("a", ConnectionState::kConnecting);
  executor_.Advance(absl::Seconds(9));
  Become("a", ConnectionState::kFailing);
  Become("b", ConnectionState::kConnecting);
  executor_.Advance(absl::Milliseconds(9999));
  EXPECT_EQ(Asked(), "a b");
  executor_.Advance(absl::Milliseconds(1));
  EXPECT_EQ(Asked(), "a b c");
}

TEST_F(AggregateClusterTest, NoCallWaitsForANewChildWhileAnotherServes) {
  Children({"b", "c"});
  Pick();
  Become("b", ConnectionState::kReady);
  // 1. In front of it: connected, and used once it is ready.
  Children({"a", "b", "c"});
  EXPECT_EQ(Asked(), "a b");
  EXPECT_EQ(Pick(), "b");
  Become("a", ConnectionState::kConnecting);
  EXPECT_EQ(Pick(), "b");
  Become("a", ConnectionState::kReady);
  EXPECT_EQ(Pick(), "a");
  // 2. The order changes: the same.
  Children({"c", "a"});
  EXPECT_EQ(Asked(), "a b c");
  EXPECT_EQ(Pick(), "a");
  EXPECT_EQ(clusters_.at("b")->observers(), 0u);
  Become("c", ConnectionState::kFailing);
  EXPECT_EQ(Pick(), "a");
  Become("c", ConnectionState::kReady);
  EXPECT_EQ(Pick(), "c");
  // 3. The one that serves is gone: there is nothing to go on with.
  Children({"d", "b"});
  EXPECT_EQ(Pick(), "pending");
}

TEST_F(AggregateClusterTest, ObserversHearOfChildrenAndUpdates) {
  Children({"a", "b"});
  EXPECT_EQ(changes_, 1);
  Children({"a", "b"});
  EXPECT_EQ(changes_, 1) << "the same children";
  Become("b", ConnectionState::kReady);
  EXPECT_EQ(changes_, 2);
  On([this] { clusters_.at("a")->ChangeConnections(); });
  EXPECT_EQ(connection_changes_, 1);
  Children({"b"});
  EXPECT_EQ(changes_, 3);
  Become("a", ConnectionState::kReady);
  EXPECT_EQ(changes_, 3) << "it is no child any more";
  EXPECT_EQ(Pick(), "b");
}

TEST_F(AggregateClusterTest, ReadersOfFormerChildrenKeepThem) {
  Children({"a"});
  Become("a", ConnectionState::kReady);
  std::weak_ptr<ScriptedCluster> a = clusters_.at("a");
  clusters_.at("a") = nullptr;
  {
    const EpochReader reader(epochs_);
    const PickResult before = aggregate_->Pick({}, reader);
    Children({"b"});
    On([this] { epochs_.Reclaim(); });
    EXPECT_FALSE(a.expired());
  }
  On([this] { epochs_.Reclaim(); });
  EXPECT_TRUE(a.expired());
  clusters_.erase("a");
}

TEST_F(AggregateClusterTest, OnceClosedItSaysSo) {
  Children({"a"});
  Pick();
  Become("a", ConnectionState::kConnecting);
  On([this] { aggregate_->Close(); });
  EXPECT_EQ(Pick(), "cluster \"g\": the mesh has been shut down");
  EXPECT_EQ(clusters_.at("a")->observers(), 0u);
  EXPECT_EQ(executor_.pending_timers(), 0u);
}

TEST_F(AggregateClusterTest, SnapshotHasThePrioritiesOfItsChildrenOneAfterTheOther) {
  Children({"a", "b", "c"});
  Pick();
  Become("a", ConnectionState::kFailing);
  Become("b", ConnectionState::kReady);
  Become("c", ConnectionState::kReady);  // by others
  Snapshot::Cluster snapshot = SnapshotNow();
  EXPECT_EQ(snapshot.name, "g");
  EXPECT_EQ(snapshot.state, "ready");
  EXPECT_EQ(snapshot.policy, "aggregate");
  EXPECT_EQ(snapshot.error, "");
  std::vector<std::string> lines;
  for (const Snapshot::Child& child : snapshot.children) {
    lines.push_back(absl::StrCat(child.name, " ", child.state, " ", child.error));
  }
  EXPECT_EQ(lines, (std::vector<std::string>{"a failing a is refused", "b ready ", "c ready "}));
  lines.clear();
  for (const Snapshot::Priority& priority : snapshot.priorities) {
    lines.push_back(absl::StrCat(priority.priority, priority.cluster, " ", priority.state));
  }
  EXPECT_EQ(lines, (std::vector<std::string>{"0a unstarted", "1a unstarted", "2b serving",
                                             "3b unstarted", "4c standby", "5c unstarted"}));
  lines.clear();
  for (const Snapshot::LocalityEndpoints& locality : snapshot.localities) {
    std::string line = absl::StrCat(locality.priority, locality.cluster, " ", locality.share.part);
    for (const Snapshot::Endpoint& endpoint : locality.endpoints) {
      absl::StrAppend(&line, " ", endpoint.address, " ", endpoint.share.part, " ",
                      endpoint.excluded);
    }
    lines.push_back(line);
  }
  EXPECT_EQ(lines,
            (std::vector<std::string>{"0a 0 a:1 0 not connected", "1a 0", "2b 1 b:1 1 ", "3b 0",
                                      "4c 0 c:1 0 cluster \"b\" takes the calls", "5c 0"}));
  Become("b", ConnectionState::kFailing);
  Become("c", ConnectionState::kFailing);
  snapshot = SnapshotNow();
  EXPECT_EQ(snapshot.state, "failing");
  EXPECT_EQ(snapshot.error,
            "cluster \"g\": none of its clusters can take a call: a is refused; b is refused; c is "
            "refused");
}

}  // namespace
}  // namespace mesh::cluster
