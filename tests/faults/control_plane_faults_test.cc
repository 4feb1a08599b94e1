// Faults of a control plane: what was good goes on serving, and what is good again applies.

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "tests/faults/fault_test.h"
#include "tests/testing/sanitized.h"

namespace mesh {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::kClusterLoadAssignmentType;
using testing::kClusterType;
using testing::kListenerType;
using testing::kRouteConfigurationType;
using testing::ServiceResources;

constexpr const char* kTypes[] = {kListenerType, kRouteConfigurationType, kClusterType,
                                  kClusterLoadAssignmentType};

class ControlPlaneFaultsTest : public FaultTest {
 protected:
  // A route to that cluster, which may not be there yet.
  void RouteTo(const std::string& cluster) {
    service_.cluster_weights = {{cluster, 1}};
    control_plane_.Set(kRouteConfigurationType, "echo", service_.RouteConfigurationBytes());
    control_plane_.Push(kRouteConfigurationType);
  }
  void SetCluster(const std::string& name) {
    control_plane_.Set(kClusterType, name, ServiceResources::ClusterBytes(name));
    control_plane_.Push(kClusterType);
  }
  void SetEndpoints(const std::string& cluster, const Localities& localities) {
    control_plane_.Set(kClusterLoadAssignmentType, cluster,
                       ServiceResources::AssignmentBytes(cluster, localities));
    control_plane_.Push(kClusterLoadAssignmentType);
  }
  // Two localities, all of priority 0.
  Localities Both() {
    return {{"y", 2, 0, {a_.address(), b_.address()}}, {"z", 1, 0, {c_.address()}}};
  }

  // Whether the resource of a type is in a state, as Watch() tells it.
  struct Watched {
    Mutex mutex;
    Snapshot snapshot;
  };
  std::unique_ptr<Mesh::Observation> Watch(Watched* watched) {
    return mesh().Watch("xds:///echo", [watched](const Snapshot& snapshot) {
      MutexLock lock(&watched->mutex);
      watched->snapshot = snapshot;
    });
  }
  static Snapshot Last(Watched* watched) {
    MutexLock lock(&watched->mutex);
    return watched->snapshot;
  }

  size_t RequestsOf(const std::string& type) const {
    size_t count = 0;
    for (const auto& request : control_plane_.requests()) count += request.type_url == type;
    return count;
  }
};

TEST_F(ControlPlaneFaultsTest, F01KilledItLosesNothingAndConfigurationIsKept) {
  Serve(Both());
  Watched watched;
  const auto stub = NewStub();
  ReachAll(stub.get(), {"a", "b", "c"});
  const auto observation = Watch(&watched);
  ASSERT_TRUE(Eventually([&] { return Last(&watched).resources.size() == 4; }));
  const Snapshot before = Last(&watched);
  Load load(mesh().Channel("xds:///echo"));
  load.WaitForCalls(50);
  control_plane_.Stop();
  Note("seen to be gone after", Time([&] {
         EXPECT_TRUE(Eventually([&] { return !Last(&watched).control_planes[0].connected; },
                                absl::Seconds(1)));
       }));
  load.WaitForCalls(800);  // past two attempts to connect again
  const LoadReport report = load.Stop();
  Note("load", report.ToString());
  EXPECT_EQ(report.lost, 0);
  EXPECT_EQ(report.servers.size(), 3u);
  const Snapshot after = Last(&watched);
  ASSERT_EQ(after.resources.size(), before.resources.size());
  for (size_t i = 0; i < after.resources.size(); ++i) {
    EXPECT_EQ(after.resources[i].name, before.resources[i].name);
    EXPECT_EQ(after.resources[i].version, before.resources[i].version);
    EXPECT_EQ(after.resources[i].state, "ACKED");
  }
}

TEST_F(ControlPlaneFaultsTest, F02RestartAsksForAllAtOnceAndOpensNoConnection) {
  Serve(Both());
  const auto stub = NewStub();
  ReachAll(stub.get(), {"a", "b", "c"});
  Load load(mesh().Channel("xds:///echo"));
  for (int i = 0; i < 3; ++i) {
    control_plane_.Stop();
    const size_t before = control_plane_.requests().size();
    const int streams = control_plane_.streams();
    ASSERT_TRUE(control_plane_.Start());
    Note("back after", Time([&] {
           ASSERT_TRUE(control_plane_.WaitForRequests(
               [&](const auto& all) { return all.size() >= before + 8; }));
         }));
    load.WaitForCalls(20);
    const auto requests = control_plane_.requests();
    EXPECT_EQ(requests.size(), before + 8) << "one request and one ACK for each type";
    std::map<std::string, int> seen;
    for (size_t r = before; r < requests.size(); ++r) {
      const bool first = seen[requests[r].type_url]++ == 0;
      EXPECT_EQ(requests[r].stream, streams + 1);
      EXPECT_EQ(requests[r].names.size(), 1u);
      EXPECT_NE(requests[r].version, "");
      EXPECT_EQ(requests[r].nonce.empty(), first);
      EXPECT_EQ(requests[r].error, "");
    }
  }
  const LoadReport report = load.Stop();
  Note("load", report.ToString());
  EXPECT_EQ(report.lost, 0);
  for (const auto* server : {&a_, &b_, &c_}) EXPECT_EQ(server->connections(), 1u);
}

TEST_F(ControlPlaneFaultsTest, F04AbsentAtTheStartItFailsTheHastyAndServesThePatient) {
  Serve(Both());
  control_plane_.Stop();
  const auto stub = NewStub();
  Outcome hasty, patient;
  std::thread waits([&] { patient = Call(stub.get(), absl::Seconds(10), true); });
  const absl::Duration took = Time([&] { hasty = Call(stub.get(), absl::Seconds(10)); });
  Note("a call fails after", took);
  EXPECT_LT(took, absl::Milliseconds(testing::kSanitized ? 1000 : 300));
  EXPECT_EQ(hasty.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(hasty.status.error_message(),
              AllOf(HasSubstr(control_plane_.address()), HasSubstr("test-node")));
  ASSERT_TRUE(control_plane_.Start());
  const absl::Duration healed = Time([&] { waits.join(); });
  Note("heals after", healed);
  EXPECT_TRUE(patient.status.ok()) << patient.status.error_message();
  EXPECT_LT(healed, absl::Seconds(3));  // the back-off of 1 s, with jitter, and 1 s
}

TEST_F(ControlPlaneFaultsTest, F09BadResourcesInATightLoopAreCheapAndTheNextGoodOnesApply) {
  Serve(Both());
  const auto stub = NewStub();
  ReachAll(stub.get(), {"a", "b", "c"});
  Load load(mesh().Channel("xds:///echo"));
  control_plane_.set_resend_on_nack(true);
  const std::string bad_listener(
      "\x0a\x04"
      "echo",
      6);  // without an API listener
  for (const char* type : kTypes) {
    const bool by_name = type == kListenerType || type == kRouteConfigurationType;
    const std::string name = by_name ? "echo" : "echo-cluster";
    const std::string bad = type == kClusterType ? BadCluster() : "\xff\xff\xff";
    const size_t before = RequestsOf(type);
    control_plane_.Set(type, name, bad);
    control_plane_.Push(type);
    ASSERT_TRUE(Eventually([&] { return RequestsOf(type) > before + 50; })) << type;
  }
  const ProcessState begin = ProcessState::Now();
  const size_t requests = control_plane_.requests().size();
  const absl::Duration wall = Time([&] { load.WaitForCalls(200); });
  const size_t nacks = control_plane_.requests().size() - requests;
  const ProcessState end = ProcessState::Now();
  Note("NACKs a second", absl::StrCat(nacks / absl::ToDoubleSeconds(wall)));
  Note("share of a core, server included", absl::StrCat((end.cpu - begin.cpu) / wall));
  const absl::Duration applied = Time([&] {
    control_plane_.set_resend_on_nack(false);
    Serve(One({c_.address()}));
    EXPECT_TRUE(Eventually([&] {
      load.Restart();
      load.WaitForCalls(20);
      const LoadReport report = load.report();
      return report.servers.size() == 1 && report.servers.count("c") == 1;
    }));
  });
  Note("the next good one is in force after", applied);
  EXPECT_LT(applied, absl::Seconds(testing::kSanitized ? 5 : 1));
  const LoadReport report = load.Stop();
  EXPECT_EQ(report.lost, 0) << report.ToString();
}

TEST_F(ControlPlaneFaultsTest, F10OneBadClusterOfAHundredHoldsNoOtherBack) {
  constexpr int kCount = 100;
  service_.cluster_weights.clear();
  const auto name = [](int i) { return absl::StrCat("c", i); };
  for (int i = 0; i < kCount; ++i) service_.cluster_weights[name(i)] = 1;
  for (int i = 0; i < kCount; ++i) {
    control_plane_.Set(kClusterType, name(i), ServiceResources::ClusterBytes(name(i)));
    control_plane_.Set(kClusterLoadAssignmentType, name(i),
                       ServiceResources::AssignmentBytes(name(i), One({a_.address()})));
  }
  control_plane_.Set(kListenerType, "echo", service_.ListenerBytes());
  control_plane_.Set(kRouteConfigurationType, "echo", service_.RouteConfigurationBytes());
  const auto stub = NewStub();
  EXPECT_TRUE(Call(stub.get()).status.ok());
  Load load(mesh().Channel("xds:///echo"));
  // Every cluster changes where its endpoints come from; one is bad besides.
  const int bad = 42;
  for (int i = 0; i < kCount; ++i) {
    std::string bytes = ServiceResources::ClusterBytes(name(i));
    // Field 3, eds_cluster_config, merged: service_name (2) "moved".
    bytes += std::string("\x1a\x07\x12\x05moved", 9);
    if (i == bad) bytes += std::string("\xc2\x01\x03\x0a\x01x", 6);
    control_plane_.Set(kClusterType, name(i), bytes);
  }
  control_plane_.Set(kClusterLoadAssignmentType, "moved",
                     ServiceResources::AssignmentBytes("moved", One({b_.address()})));
  const size_t before = control_plane_.requests().size();
  int from_a = 0, from_b = 0;
  const absl::Duration applied = Time([&] {
    control_plane_.Push(kClusterType);
    EXPECT_TRUE(Eventually([&] {
      from_a = from_b = 0;
      for (int i = 0; i < 200; ++i) {
        const Outcome outcome = Call(stub.get());
        from_a += outcome.server == "a";
        from_b += outcome.server == "b";
      }
      return from_b > 180 && from_b < 200;
    }));
  });
  Note("99 applied after", applied);
  EXPECT_GT(from_a, 0) << "the bad one keeps its last good value";
  std::vector<std::string> nacks;
  const auto requests = control_plane_.requests();
  for (size_t i = before; i < requests.size(); ++i) {
    if (!requests[i].error.empty()) nacks.push_back(requests[i].error);
  }
  ASSERT_EQ(nacks.size(), 1u);
  EXPECT_THAT(nacks[0], HasSubstr("\"c42\""));
  EXPECT_THAT(nacks[0], HasSubstr("1 of 100"));
  const LoadReport report = load.Stop();
  EXPECT_EQ(report.lost, 0) << report.ToString();
}

TEST_F(ControlPlaneFaultsTest, F12DeletedResourcesFailCallsAndHealWithinASecond) {
  Serve(Both());
  const auto stub = NewStub();
  EXPECT_TRUE(Call(stub.get()).status.ok());
  for (const auto& [type, name] :
       {std::make_pair(kListenerType, "echo"), std::make_pair(kClusterType, "echo-cluster")}) {
    control_plane_.Remove(type, name);
    control_plane_.Push(type);
    Outcome failed;
    ASSERT_TRUE(CallUntil(stub.get(), [&](const Outcome& outcome) {
      failed = outcome;
      return !outcome.status.ok();
    })) << type;
    EXPECT_EQ(failed.status.error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_THAT(failed.status.error_message(),
                AllOf(HasSubstr(name), HasSubstr("does not exist"), HasSubstr("test-node")));
    EXPECT_EQ(control_plane_.requests().back().error, "") << "a deletion is no error";
    const absl::Duration healed = Time([&] {
      Serve(Both());
      ASSERT_TRUE(CallUntil(stub.get(), [](const Outcome& o) { return o.status.ok(); }));
    });
    Note(absl::StrCat("heals after, ", name), healed);
    EXPECT_LT(healed, absl::Seconds(1));
  }
}

// What a control plane may do to move a route to another cluster, in every order.
TEST_F(ControlPlaneFaultsTest, F13ATornMoveToAnotherClusterLosesNothingInAnyOrder) {
  Serve(One({a_.address()}));
  const auto stub = NewStub();
  EXPECT_TRUE(Call(stub.get()).status.ok());
  Load load(mesh().Channel("xds:///echo"));
  enum Step { kRoute, kCluster, kEndpoints, kDeleteOld };
  std::vector<Step> order = {kRoute, kCluster, kEndpoints, kDeleteOld};
  std::string old = "echo-cluster";
  int moves = 0;
  do {
    // Who deletes the old cluster before anything else names another deletes what is in use.
    if (std::find(order.begin(), order.end(), kDeleteOld) <
        std::find(order.begin(), order.end(), kRoute)) {
      continue;
    }
    const std::string next = absl::StrCat("cluster-", ++moves);
    const auto& server = moves % 2 == 1 ? b_ : a_;
    for (const Step step : order) {
      switch (step) {
        case kRoute:
          RouteTo(next);
          break;
        case kCluster:
          SetCluster(next);
          break;
        case kEndpoints:
          SetEndpoints(next, One({server.address()}));
          break;
        case kDeleteOld:
          control_plane_.Remove(kClusterType, old);
          control_plane_.Push(kClusterType);
          break;
      }
      load.WaitForCalls(15);
    }
    EXPECT_TRUE(CallUntil(stub.get(), [&](const Outcome& o) { return o.server == server.name(); }));
    const LoadReport report = load.Restart();
    EXPECT_EQ(report.lost, 0) << ::testing::PrintToString(order) << " " << report.ToString();
    old = next;
  } while (std::next_permutation(order.begin(), order.end()));
  Note("moves", absl::StrCat(moves));
}

}  // namespace
}  // namespace mesh
