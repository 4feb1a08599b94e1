// What Mesh::Watch tells.

#include <atomic>
#include <chrono>
#include <future>

#include "gmock/gmock.h"
#include "mesh/base/mutex.h"
#include "tests/mesh/main_job.h"

namespace mesh {
namespace {

using ::testing::HasSubstr;

// Keeps the last snapshot. Thread-safe.
class Seen {
 public:
  void Take(const Snapshot& snapshot) {
    MutexLock lock(&mutex_);
    last_ = snapshot;
    ++count_;
    changed_.SignalAll();
  }
  // The first snapshot for which `condition` holds; fails the test after 10 s without.
  Snapshot WaitFor(const std::function<bool(const Snapshot&)>& condition) {
    MutexLock lock(&mutex_);
    for (int i = 0; i < 100 && (count_ == 0 || !condition(last_)); ++i) {
      changed_.WaitFor(&mutex_, absl::Milliseconds(100));
    }
    EXPECT_TRUE(count_ > 0 && condition(last_)) << "not told within 10 s";
    return last_;
  }
  int count() {
    MutexLock lock(&mutex_);
    return count_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  Snapshot last_ ABSL_GUARDED_BY(mutex_);
  int count_ ABSL_GUARDED_BY(mutex_) = 0;
};

class WatchTest : public MainJobTest {
 protected:
  std::unique_ptr<Mesh::Observation> Watch(const std::string& target = "xds:///echo") {
    return mesh().Watch(target, [this](const Snapshot& snapshot) { seen_.Take(snapshot); });
  }

  Seen seen_;
};

TEST_F(WatchTest, TellsAllThatIsKnownOfATarget) {
  Serve(One({a_.address()}));
  const std::unique_ptr<Mesh::Observation> observation = Watch();
  const Snapshot snapshot = seen_.WaitFor([](const Snapshot& s) { return !s.clusters.empty(); });
  EXPECT_EQ(snapshot.target, "xds:///echo");
  EXPECT_EQ(snapshot.node_id, "test-node");
  EXPECT_EQ(snapshot.error, "");
  ASSERT_EQ(snapshot.control_planes.size(), 1u);
  EXPECT_EQ(snapshot.control_planes[0].server, control_plane_.address());
  EXPECT_TRUE(snapshot.control_planes[0].connected);
  std::vector<std::string> types;
  for (const Snapshot::Resource& resource : snapshot.resources) {
    types.push_back(resource.type);
    EXPECT_EQ(resource.state, "ACKED") << resource.name;
    EXPECT_NE(resource.version, "") << resource.name;
  }
  EXPECT_THAT(types, ::testing::UnorderedElementsAre("Listener", "RouteConfiguration", "Cluster",
                                                     "ClusterLoadAssignment"));
  ASSERT_EQ(snapshot.routes.size(), 1u);
  EXPECT_EQ(snapshot.routes[0].clusters[0].cluster, "echo-cluster");
  ASSERT_EQ(snapshot.clusters.size(), 1u);
  EXPECT_EQ(snapshot.clusters[0].name, "echo-cluster");
  EXPECT_EQ(snapshot.clusters[0].localities[0].endpoints[0].address, a_.address());
  EXPECT_EQ(snapshot.clusters[0].localities[0].endpoints[0].state, "idle") << "nobody calls";
}

TEST_F(WatchTest, TellsConnectionsAndUpdates) {
  Serve(One({a_.address()}));
  const std::unique_ptr<Mesh::Observation> observation = Watch();
  EXPECT_TRUE(Call(NewStub().get()).status.ok());
  const auto endpoint = [](const Snapshot& s) -> Snapshot::Endpoint {
    if (s.clusters.empty() || s.clusters[0].localities.empty()) return {};
    return s.clusters[0].localities[0].endpoints[0];
  };
  seen_.WaitFor([&](const Snapshot& s) { return endpoint(s).state == "ready"; });
  Serve(One({b_.address()}));
  seen_.WaitFor([&](const Snapshot& s) { return endpoint(s).address == b_.address(); });
}

// No pick changes when an endpoint fails that was not connected before.
TEST_F(WatchTest, TellsConnectionsThatChangeNoPick) {
  Serve(One({a_.address(), b_.address()}));
  b_.Kill();
  const std::unique_ptr<Mesh::Observation> observation = Watch();
  EXPECT_TRUE(Call(NewStub().get()).status.ok());
  seen_.WaitFor([&](const Snapshot& s) {
    if (s.clusters.empty() || s.clusters[0].localities.empty()) return false;
    const std::vector<Snapshot::Endpoint>& endpoints = s.clusters[0].localities[0].endpoints;
    return endpoints[0].state == "ready" && endpoints[1].state == "failing";
  });
}

TEST_F(WatchTest, TellsARejectedUpdate) {
  Serve(One({a_.address()}));
  const std::unique_ptr<Mesh::Observation> observation = Watch();
  seen_.WaitFor([](const Snapshot& s) { return !s.clusters.empty(); });
  control_plane_.Set(testing::kClusterType, "echo-cluster", BadCluster());
  control_plane_.Push(testing::kClusterType);
  const Snapshot snapshot = seen_.WaitFor([](const Snapshot& s) {
    for (const Snapshot::Resource& resource : s.resources) {
      if (resource.state == "NACKED") return true;
    }
    return false;
  });
  EXPECT_EQ(snapshot.clusters.size(), 1u) << "the last good one";
}

TEST_F(WatchTest, TellsWhyThereIsNothing) {
  const std::unique_ptr<Mesh::Observation> observation = Watch("foo:///x");
  EXPECT_THAT(seen_.WaitFor([](const Snapshot& s) { return !s.error.empty(); }).error,
              HasSubstr("unknown scheme"));
}

TEST_F(WatchTest, AnObservationThatEndedHearsNothing) {
  Serve(One({a_.address()}));
  std::unique_ptr<Mesh::Observation> observation = Watch();
  seen_.WaitFor([](const Snapshot& s) { return !s.clusters.empty(); });
  observation.reset();
  const int count = seen_.count();
  Serve(One({b_.address()}));
  EXPECT_EQ(Call(NewStub().get()).status.error_code(), grpc::StatusCode::OK);
  EXPECT_EQ(seen_.count(), count);
}

TEST_F(WatchTest, AnObservationThatBeginsAsTheLastOneEndsIsTold) {
  for (int i = 0; i < 300; ++i) {
    Watch("static:///1.1.1.1:1").reset();
    std::promise<void> told;
    std::atomic<bool> first{true};
    const auto observation = mesh().Watch("static:///1.1.1.1:1", [&](const Snapshot&) {
      if (first.exchange(false)) told.set_value();
    });
    ASSERT_EQ(told.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready) << i;
  }
}

TEST_F(WatchTest, AnObservationMayOutliveItsMesh) {
  Serve(One({a_.address()}));
  std::unique_ptr<Mesh::Observation> observation = Watch();
  seen_.WaitFor([](const Snapshot& s) { return !s.clusters.empty(); });
  mesh_.reset();
  observation.reset();
}

}  // namespace
}  // namespace mesh
