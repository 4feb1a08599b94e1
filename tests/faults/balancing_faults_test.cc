// Endpoints that are slow, silent or fail, and priorities that are ill: who takes their calls, and
// when they get them back. Times are noted and not judged, but where they tell what was at work.

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "mesh/base/random.h"
#include "mesh/xds/proto/cluster.pb.h"
#include "mesh/xds/proto/endpoint.pb.h"
#include "tests/faults/fault_test.h"
#include "tests/testing/tcp_proxy.h"

namespace mesh {
namespace {

using ::testing::AllOf;
using testing::EchoProcess;
using ::testing::Ge;
using testing::kClusterLoadAssignmentType;
using testing::kClusterType;
using ::testing::Le;
using testing::ServiceResources;
using testing::TcpProxy;
using xds::proto::Cluster;

// So many that a guard can tell an endpoint that answers none from one that is a little late.
constexpr int kCallers = 30;

class BalancingFaultsTest : public FaultTest {
 protected:
  // The cluster, after `change`.
  void SetCluster(const std::function<void(Cluster*)>& change) {
    Cluster cluster;
    ASSERT_TRUE(cluster.ParseFromString(ServiceResources::ClusterBytes("echo-cluster")));
    change(&cluster);
    control_plane_.Set(kClusterType, "echo-cluster", cluster.SerializeAsString());
    control_plane_.Push(kClusterType);
  }
  // The endpoints at `unhealthy` have a status that says so, each another one.
  void SetEndpoints(const Localities& localities, const std::vector<std::string>& unhealthy) {
    xds::proto::ClusterLoadAssignment assignment;
    ASSERT_TRUE(
        assignment.ParseFromString(ServiceResources::AssignmentBytes("echo-cluster", localities)));
    constexpr int kUnhealthy = 2, kTimeout = 4;
    int status = kUnhealthy;
    for (auto& locality : *assignment.mutable_endpoints()) {
      for (auto& endpoint : *locality.mutable_lb_endpoints()) {
        const auto& socket = endpoint.endpoint().address().socket_address();
        const std::string address = absl::StrCat(socket.address(), ":", socket.port_value());
        if (std::count(unhealthy.begin(), unhealthy.end(), address) == 0) continue;
        endpoint.set_health_status(status);
        status = kTimeout;
      }
    }
    control_plane_.Set(kClusterLoadAssignmentType, "echo-cluster", assignment.SerializeAsString());
    control_plane_.Push(kClusterLoadAssignmentType);
  }

  // Calls by who answered. All must be answered.
  std::map<std::string, int> Count(testing::Echo::Stub* stub, int calls) {
    SeedFastRandom(1);  // what picks of this thread draw
    std::map<std::string, int> counts;
    for (int i = 0; i < calls; ++i) {
      const Outcome outcome = Call(stub);
      EXPECT_TRUE(outcome.status.ok()) << outcome.status.error_message();
      ++counts[outcome.server];
    }
    return counts;
  }

  // Whether `load` comes to lose none of 300 calls in a row. What it lost until then goes into
  // `lost`, if given.
  static bool RunsClean(Load* load, int* lost = nullptr) {
    for (int i = 0; i < 20; ++i) {
      load->WaitForCalls(300);
      const LoadReport report = load->Restart();
      if (lost != nullptr) *lost += report.lost;
      if (report.lost == 0 && report.calls >= 300) return true;
    }
    return false;
  }

  EchoProcess d_{"d"};
  EchoProcess e_{"e"};
};

// What the guard promises (docs/guard.md), with nothing configured: of an endpoint that was
// stopped.
TEST_F(BalancingFaultsTest, AFrozenEndpointCostsFewerCallsThanThereAreCallers) {
  Serve(One({a_.address(), b_.address(), c_.address()}));
  const auto stub = NewStub();
  ReachAll(stub.get(), {"a", "b", "c"});
  Load load(mesh().Channel("xds:///echo"), absl::Seconds(1), kCallers);
  for (int i = 0; i < 2; ++i) {
    load.WaitForCalls(300);
    EXPECT_EQ(load.Restart().lost, 0);
    a_.Freeze();
    const int before = a_.calls();
    int lost = 0;
    load.WaitForCalls(600);  // those that it has taken come to their deadlines
    const absl::Duration clean = Time([&] { EXPECT_TRUE(RunsClean(&load, &lost)); });
    Note("lost", absl::StrCat(lost));
    Note("clean after 600 calls, 300 calls, and", clean);
    EXPECT_GT(lost, 0) << "nothing was frozen";
    EXPECT_LT(lost, kCallers);
    EXPECT_EQ(a_.calls(), before);
    const absl::Duration back = Time([&] {
      a_.Thaw();
      EXPECT_TRUE(Eventually([&] { return a_.calls() > before + lost + 50; }));
    });
    Note("back after", back);
    EXPECT_TRUE(RunsClean(&load));
  }
}

// The same of a network that swallows everything.
TEST_F(BalancingFaultsTest, F17ASwallowedEndpointCostsLittleUntilItIsNoticed) {
  TcpProxy proxy(a_.address());
  Serve(One({proxy.address(), b_.address(), c_.address()}));
  const auto stub = NewStub();
  ReachAll(stub.get(), {"a", "b", "c"});
  Load load(mesh().Channel("xds:///echo"), absl::Seconds(1), kCallers);
  load.WaitForCalls(600);
  EXPECT_EQ(load.Restart().lost, 0);
  proxy.set_blackhole(true);
  int lost = 0;
  load.WaitForCalls(600);
  EXPECT_TRUE(RunsClean(&load, &lost));
  Note("lost", absl::StrCat(lost));
  EXPECT_GT(lost, 0) << "nothing was swallowed";
  EXPECT_LT(lost, kCallers);
  load.WaitForCalls(600);
  const LoadReport report = load.Restart();
  EXPECT_EQ(report.lost, 0) << report.ToString();
  EXPECT_EQ(report.servers.count("a"), 0u);
  Note("p99 of the others", report.Quantile(0.99));
  proxy.set_blackhole(false);
  EXPECT_TRUE(Eventually([&] { return load.report().servers.count("a") > 0; }));
  EXPECT_TRUE(RunsClean(&load));
}

// Where there is no guard, outlier detection sees the deadlines.
TEST_F(BalancingFaultsTest, F17ASwallowedEndpointIsEjectedForTheDeadlinesOfItsCalls) {
  options_.guards_against_stalls = false;
  TcpProxy proxy(a_.address());
  Serve(One({proxy.address(), b_.address(), c_.address()}));
  SetCluster([](Cluster* cluster) {
    auto* detection = cluster->mutable_outlier_detection();
    detection->mutable_interval()->set_seconds(1);
    detection->mutable_max_ejection_percent()->set_value(50);
  });
  const auto stub = NewStub();
  ReachAll(stub.get(), {"a", "b", "c"});
  Load load(mesh().Channel("xds:///echo"), absl::Milliseconds(500), kCallers);
  load.WaitForCalls(300);
  load.Restart();
  proxy.set_blackhole(true);
  int lost = 0;
  Eventually([&] { return load.report().lost > 0; });
  EXPECT_TRUE(RunsClean(&load, &lost));
  Note("lost", absl::StrCat(lost));
  // Until its first five calls are at their deadlines, each caller comes to it once, and a few come
  // again before it is ejected.
  EXPECT_GE(lost, 5);
  EXPECT_LE(lost, 2 * kCallers);
  load.WaitForCalls(600);
  const LoadReport report = load.Stop();
  EXPECT_EQ(report.lost, 0) << report.ToString();
  EXPECT_EQ(report.servers.count("a"), 0u);
}

TEST_F(BalancingFaultsTest, F18LeastRequestLeavesASlowEndpointAlone) {
  options_.guards_against_stalls = false;  // the policy by itself
  constexpr absl::Duration kDeadline = absl::Seconds(1);
  Serve(One({a_.address(), b_.address(), c_.address(), d_.address(), e_.address()}));
  SetCluster([](Cluster* cluster) { cluster->set_lb_policy(Cluster::LEAST_REQUEST); });
  const auto stub = NewStub();
  ReachAll(stub.get(), {"a", "b", "c", "d", "e"});
  a_.set_delay(absl::Seconds(2));
  const int before = a_.calls();
  Load load(mesh().Channel("xds:///echo"), kDeadline, kCallers);
  for (int i = 0; i < 4; ++i) load.WaitForCalls(500);
  const LoadReport report = load.Stop();
  const int slow = a_.calls() - before;
  Note("load", report.ToString());
  Note("share of the slow one", absl::StrCat(1.0 * slow / report.calls));
  EXPECT_GT(slow, 0);
  // Both of two random choices are the slow one in one call of 25 (gRFC A48).
  EXPECT_LE(slow, report.calls / 5 / 3) << "a third of a fair share";
  // All of these and no others come to their deadlines, and not before.
  EXPECT_EQ(report.lost, slow);
  for (const auto& error : report.errors) {
    EXPECT_TRUE(absl::StartsWith(error.first, "4 ")) << error.first;
  }
  int at_deadline = 0, in_time = 0;
  for (const absl::Duration took : report.latencies) {
    if (took < kDeadline - absl::Milliseconds(50)) continue;
    ++at_deadline;
    if (took <= kDeadline + absl::Milliseconds(50)) ++in_time;
  }
  EXPECT_GE(at_deadline, report.lost);
  Note("ended within 50 ms of the deadline", absl::StrCat(in_time, " of ", report.lost));
}

// The first priority accepts connections and says nothing: the next one takes over when that has
// taken 10 s (gRFC A56), and not when the connections are given up.
TEST_F(BalancingFaultsTest, F20ASilentPriorityGivesWayAndComesBack) {
  TcpProxy first(a_.address()), second(b_.address());
  first.set_blackhole(true);
  second.set_blackhole(true);
  Serve({{"y", 1, 0, {first.address(), second.address()}}, {"z", 1, 1, {c_.address()}}});
  SetCluster([](Cluster* cluster) { cluster->mutable_connect_timeout()->set_seconds(30); });
  const auto stub = NewStub();
  const absl::Duration over =
      Time([&] { EXPECT_EQ(Call(stub.get(), absl::Seconds(20)).server, "c"); });
  Note("next priority after", over);
  EXPECT_GE(over, absl::Seconds(9.5));
  EXPECT_EQ(a_.calls() + b_.calls(), 0);
  Load load(mesh().Channel("xds:///echo"));
  load.WaitForCalls(100);
  const absl::Duration back = Time([&] {
    first.set_blackhole(false);
    second.set_blackhole(false);
    ReachAll(stub.get(), {"a", "b"});
  });
  Note("back after", back);
  EXPECT_EQ(load.Stop().lost, 0);
  const int before = c_.calls();
  EXPECT_EQ(Answering(stub.get(), 100), (std::set<std::string>{"a", "b"}));
  EXPECT_EQ(c_.calls(), before);
}

// 140 % of what is healthy (envoy endpoint.proto, overprovisioning_factor).
TEST_F(BalancingFaultsTest, F21AnIllPriorityKeepsWhatItCanTake) {
  const Localities localities = {{"y", 1, 0, {a_.address(), b_.address(), c_.address()}},
                                 {"z", 1, 1, {d_.address()}}};
  constexpr int kCalls = 5000;
  Serve(localities);
  const auto stub = NewStub();
  ReachAll(stub.get(), {"a", "b", "c"});
  EXPECT_EQ(d_.calls(), 0);
  SetEndpoints(localities, {a_.address()});
  ReachAll(stub.get(), {"d"});
  std::map<std::string, int> counts = Count(stub.get(), kCalls);
  EXPECT_EQ(counts.count("a"), 0u);
  EXPECT_THAT(counts["d"] * 100.0 / kCalls, AllOf(Ge(7 - 2), Le(7 + 2)));
  SetEndpoints(localities, {a_.address(), b_.address()});
  EXPECT_TRUE(Eventually([&] {
    const int before = b_.calls();
    Answering(stub.get(), 20);
    return b_.calls() == before;
  }));
  counts = Count(stub.get(), kCalls);
  EXPECT_EQ(counts.count("a") + counts.count("b"), 0u);
  EXPECT_THAT(counts["d"] * 100.0 / kCalls, AllOf(Ge(54 - 2), Le(54 + 2)));
  SetEndpoints(localities, {});
  ReachAll(stub.get(), {"a", "b"});
  EXPECT_EQ(Count(stub.get(), 300).count("d"), 0u);
}

// In gRPC's rules a priority takes all calls while any of its endpoints does.
TEST_F(BalancingFaultsTest, F21AnIllPriorityKeepsAllInTheGrpcProfile) {
  options_.profile = Profile::kGrpc;
  const Localities localities = {{"y", 1, 0, {a_.address(), b_.address(), c_.address()}},
                                 {"z", 1, 1, {d_.address()}}};
  Serve(localities);
  const auto stub = NewStub();
  ReachAll(stub.get(), {"a", "b", "c"});
  SetEndpoints(localities, {a_.address(), b_.address()});
  EXPECT_TRUE(Eventually([&] { return Answering(stub.get(), 20) == std::set<std::string>{"c"}; }));
  EXPECT_EQ(Count(stub.get(), 1000), (std::map<std::string, int>{{"c", 1000}}));
  EXPECT_EQ(d_.calls(), 0);
}

class OutlierFaultsTest : public BalancingFaultsTest {
 protected:
  OutlierFaultsTest() : all_{&a_, &b_, &c_, &d_, &e_} {}

  // Five endpoints, reached by stub_.
  void Detect(uint32_t max_ejection_percent) {
    std::vector<std::string> addresses;
    for (const EchoProcess* server : all_) addresses.push_back(server->address());
    Serve(One(addresses));
    SetCluster([&](Cluster* cluster) {
      auto* detection = cluster->mutable_outlier_detection();
      detection->mutable_interval()->set_seconds(1);
      detection->mutable_base_ejection_time()->set_seconds(2);
      detection->mutable_max_ejection_percent()->set_value(max_ejection_percent);
    });
    stub_ = NewStub();
    ReachAll(stub_.get(), {"a", "b", "c", "d", "e"});
  }

  const std::vector<EchoProcess*> all_;
  std::unique_ptr<testing::Echo::Stub> stub_;
};

TEST_F(OutlierFaultsTest, F22AnEndpointThatFailsIsEjectedAndComesBack) {
  Detect(20);
  Load load(mesh().Channel("xds:///echo"));
  load.WaitForCalls(100);
  EXPECT_EQ(load.Restart().lost, 0);
  a_.FailAlways();
  int before = a_.calls();
  int lost = 0;
  EXPECT_TRUE(RunsClean(&load, &lost));
  Note("lost", absl::StrCat(lost));
  EXPECT_GE(lost, 5) << "as many in a row eject it";
  EXPECT_LE(lost, a_.calls() - before);
  EXPECT_LE(lost, 200) << "its share of the calls of two intervals";
  // It is tried again once its time is over, and goes at once.
  before = a_.calls();
  EXPECT_TRUE(Eventually([&] { return a_.calls() > before; }));
  EXPECT_TRUE(RunsClean(&load));
  a_.StopFailing();
  before = a_.calls();
  const absl::Duration back =
      Time([&] { EXPECT_TRUE(Eventually([&] { return a_.calls() >= before + 100; })); });
  Note("back after", back);
  load.Restart();
  load.WaitForCalls(300);
  const LoadReport report = load.Stop();
  EXPECT_EQ(report.lost, 0) << report.ToString();
  EXPECT_EQ(report.servers.size(), 5u);
}

// max_ejection_percent 40: two of five, and not more.
TEST_F(OutlierFaultsTest, F22NoMoreAreEjectedThanMayBe) {
  Detect(40);
  for (EchoProcess* server : {&a_, &b_, &c_}) server->FailAlways();
  Load load(mesh().Channel("xds:///echo"));
  // While two are ejected, and until the first has come back.
  EXPECT_TRUE(Eventually([&] {
    std::set<const EchoProcess*> tried;
    std::map<const EchoProcess*, int> before;
    for (const EchoProcess* server : {&a_, &b_, &c_}) before[server] = server->calls();
    load.WaitForCalls(50);
    for (const EchoProcess* server : {&a_, &b_, &c_}) {
      if (server->calls() > before[server]) tried.insert(server);
    }
    EXPECT_FALSE(tried.empty()) << "all three are ejected";
    return tried.size() == 1;
  }));
  const LoadReport report = load.Stop();
  Note("load", report.ToString());
  EXPECT_EQ(report.servers.count("d") + report.servers.count("e"), 2u);
}

// Where everybody fails, everybody is tried: nobody would get well by being left alone.
TEST_F(OutlierFaultsTest, F22WhereAllFailTrafficStillFlows) {
  Detect(100);
  Load load(mesh().Channel("xds:///echo"));
  load.WaitForCalls(100);
  EXPECT_EQ(load.Restart().lost, 0);
  for (EchoProcess* server : all_) server->FailAlways();
  load.WaitForCalls(300);  // all are ejected by then
  load.Restart();
  int before = 0;
  for (const EchoProcess* server : all_) before += server->calls();
  load.WaitForCalls(300);
  for (EchoProcess* server : all_) server->StopFailing();
  const LoadReport report = load.Restart();
  int reached = 0;
  for (const EchoProcess* server : all_) reached += server->calls();
  // Two may have been on servers as the count began.
  EXPECT_GE(reached - before, 300 - 2) << "calls ended without a server";
  for (const auto& error : report.errors) {
    EXPECT_TRUE(absl::EndsWith(error.first, "was told to fail")) << error.first;
  }
  EXPECT_GE(report.errors.size(), 5u) << "some server was left alone";
  EXPECT_TRUE(RunsClean(&load));
  EXPECT_TRUE(Eventually([&] { return load.report().servers.size() == 5; }));
  EXPECT_EQ(load.Stop().lost, 0);
}

}  // namespace
}  // namespace mesh
