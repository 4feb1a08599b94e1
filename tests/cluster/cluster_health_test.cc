// What a cluster makes of ejections, active checks, warm-up and stalls: who gets calls.

#include <map>
#include <string>
#include <vector>

#include "mesh/cluster/stall_guard.h"
#include "tests/cluster/cluster_fixture.h"

namespace mesh::cluster {
namespace {

constexpr int kDeadlineExceeded = 4;
constexpr int kUnavailable = 14;

class ClusterHealthTest : public ClusterTest {
 protected:
  ClusterHealthTest() { connector_.set_outcome(ConnectionState::kReady); }

  void Serve(int endpoints, const model::Cluster& cluster) {
    Apply(Config(Numbered("a:", endpoints), cluster));
    Connect();
  }
  static model::Cluster Ejecting(uint32_t max_percent = 50) {
    model::Cluster cluster;
    cluster.outlier_detection.emplace();
    cluster.outlier_detection->max_ejection_percent = max_percent;
    cluster.panic_threshold = 0;
    return cluster;
  }
  static model::Cluster Checked() {
    model::Cluster cluster;
    model::HealthCheck check;
    check.timeout = absl::Seconds(1);
    check.interval = absl::Seconds(5);
    check.no_traffic_interval = absl::Seconds(5);
    check.unhealthy_threshold = 2;
    check.healthy_threshold = 2;
    cluster.health_checks.push_back(check);
    cluster.panic_threshold = 0;
    return cluster;
  }
  std::string Excluded(const std::string& address) {
    for (const auto& locality : SnapshotNow().localities) {
      for (const Snapshot::Endpoint& endpoint : locality.endpoints) {
        if (endpoint.address == address) return endpoint.excluded;
      }
    }
    return "unknown";
  }
};

TEST_F(ClusterHealthTest, FailuresInARowEjectOnTheFifthAndItComesBackAtATick) {  // OD-02, OD-06
  Serve(4, Ejecting());
  std::map<std::string, int> calls = Calls(40, kUnavailable, "a:0");
  EXPECT_EQ(calls["a:0"], 5);
  EXPECT_EQ(Excluded("a:0"), "ejected by outlier detection: consecutive_5xx, for 30s");
  // The interval is 10 s: the first tick at or after 30 s.
  Advance(absl::Seconds(29));
  EXPECT_EQ(Calls(40, 0).count("a:0"), 0u);
  Advance(absl::Seconds(2));
  EXPECT_EQ(Calls(40, 0)["a:0"], 10);
  EXPECT_EQ(Excluded("a:0"), "");
}

TEST_F(ClusterHealthTest, TheCapKeepsSomeIn) {  // OD-07
  Serve(4, Ejecting(50));
  Calls(200, kUnavailable);
  int out = 0;
  for (const char* address : {"a:0", "a:1", "a:2", "a:3"}) out += Excluded(address).empty() ? 0 : 1;
  EXPECT_EQ(out, 2);
  EXPECT_EQ(Picks(100).size(), 2u);
}

TEST_F(ClusterHealthTest, EjectedEndpointsAreUsedInPanic) {
  model::Cluster cluster = Ejecting(100);
  cluster.panic_threshold = 50;
  Serve(3, cluster);
  Calls(100, kUnavailable);
  EXPECT_EQ(Picks(100).size(), 3u);
  EXPECT_TRUE(SnapshotNow().priorities[0].panic);
}

TEST_F(ClusterHealthTest, AnEjectionLivesThroughUpdates) {
  Serve(4, Ejecting());
  Calls(40, kUnavailable, "a:0");
  std::vector<model::EndpointConfig> more = Numbered("a:", 6);
  more[0].weight = 3;
  Apply(Config(more, Ejecting()));
  EXPECT_NE(Excluded("a:0"), "");
  EXPECT_EQ(Calls(50, 0).count("a:0"), 0u);
  // Nobody is out once it is switched off.
  Apply(Config(more));
  EXPECT_EQ(Excluded("a:0"), "");
}

TEST_F(ClusterHealthTest, EjectedEndpointsSpillOverToTheNextPriority) {
  Apply(Config({{"x", Numbered("p0:", 3), 0}, {"y", Numbered("p1:", 3), 1}}, Ejecting(100)));
  Connect();
  Calls(100, kUnavailable, "p0:0");
  EXPECT_EQ(SnapshotNow().priorities[0].load, 93u);
}

TEST_F(ClusterHealthTest, ACheckedEndpointTakesCallsOnceACheckHasPassed) {
  Serve(2, Checked());
  EXPECT_EQ(PickText(), "pending");  // nothing is known yet
  EXPECT_EQ(Wanted().size(), 2u);    // checks go over the connections
  On([&] { prober_.Finish("a:0", wire::ProbeOutcome::kSuccess, "SERVING"); });
  EXPECT_EQ(Picks(10), (std::vector<std::string>{"a:0"}));
  On([&] { prober_.Finish("a:1", wire::ProbeOutcome::kUnexpected, "NOT_SERVING"); });
  EXPECT_EQ(Excluded("a:1"), "an active check does not pass: health check: NOT_SERVING");
  // Twice a success, twice a failure.
  for (int round = 0; round < 3 && Picks(10).size() < 2; ++round) {
    Advance(absl::Seconds(5));
    On([&] {
      for (const std::string& address : prober_.in_flight()) {
        prober_.Finish(address, wire::ProbeOutcome::kSuccess);
      }
    });
  }
  EXPECT_EQ(Picks(10).size(), 2u);
}

TEST_F(ClusterHealthTest, CallsWaitForTheFirstCheckAndNoLonger) {
  Serve(2, Checked());
  On([&] { prober_.Finish("a:0", wire::ProbeOutcome::kUnexpected, "NOT_SERVING"); });
  EXPECT_EQ(PickText(), "pending");
  On([&] { prober_.Finish("a:1", wire::ProbeOutcome::kUnexpected, "NOT_SERVING"); });
  EXPECT_EQ(PickText().substr(0, 28), "cluster \"c\": none of its 2 e");
  // All that were there are replaced.
  Apply(Config(Numbered("b:", 1), Checked()));
  EXPECT_EQ(PickText(), "pending");
  On([&] { prober_.Finish("b:0", wire::ProbeOutcome::kSuccess); });
  EXPECT_EQ(PickText(), "b:0");
  // One that the control plane keeps calls from is not waited for.
  std::vector<model::EndpointConfig> ill = Numbered("c:", 1);
  ill[0].health = model::HealthStatus::kUnhealthy;
  Apply(Config(ill, Checked()));
  EXPECT_NE(PickText(), "pending");
}

// What is known of an endpoint goes with it to a priority that nobody needs, and back.
TEST_F(ClusterHealthTest, AnEjectionOutlivesMovesBetweenPriorities) {
  model::Cluster cluster = Ejecting();
  cluster.outlier_detection->base_ejection_time = absl::Minutes(5);
  Serve(3, cluster);
  Calls(40, kUnavailable, "a:0");
  ASSERT_NE(Excluded("a:0"), "");
  const std::vector<model::EndpointConfig> all = Numbered("a:", 3);
  const std::vector<model::EndpointConfig> ill = {all[0]}, others = {all[1], all[2]};
  for (int i = 0; i < 2; ++i) {
    Apply(Config({{"x", others, 0}, {"y", ill, 1}}, cluster));
    EXPECT_EQ(Picks(20), (std::vector<std::string>{"a:1", "a:2"}));
    Apply(Config({{"x", all, 0}}, cluster));
    EXPECT_EQ(Picks(20), (std::vector<std::string>{"a:1", "a:2"}));
  }
  EXPECT_EQ(connector_.made(), 3);
}

TEST_F(ClusterHealthTest, EndpointsThatMovedWhileTheyWereIllAreCheckedOn) {
  Serve(2, Checked());
  for (const char* address : {"a:0", "a:1"}) {
    On([&] { prober_.Finish(address, wire::ProbeOutcome::kUnexpected, "NOT_SERVING"); });
  }
  const std::vector<model::EndpointConfig> all = Numbered("a:", 2);
  Apply(Config({{"x", {all[0]}, 0}, {"y", {all[1]}, 1}}, Checked()));
  EXPECT_NE(PickText(), "a:1");
  for (int round = 0; round < 3; ++round) {
    Advance(absl::Seconds(5));
    On([&] {
      for (const std::string& address : prober_.in_flight()) {
        prober_.Finish(address, address == "a:1" ? wire::ProbeOutcome::kSuccess
                                                 : wire::ProbeOutcome::kUnexpected);
      }
    });
  }
  EXPECT_EQ(PickText(), "a:1");
  EXPECT_EQ(SnapshotNow().priorities[1].load, 100u);
}

// Not for good: endpoints that moved to a priority that nobody needs are let go.
TEST_F(ClusterHealthTest, EndpointsOfAPriorityThatNobodyNeedsAreLetGo) {
  Serve(3, Ejecting());
  const std::vector<model::EndpointConfig> all = Numbered("a:", 3);
  Apply(Config({{"x", {all[0]}, 0}, {"y", {all[1]}, 1}, {"z", {all[2]}, 2}}, Ejecting()));
  Advance(absl::Minutes(14));
  EXPECT_EQ(Wanted(), (std::vector<std::string>{"a:0", "a:1", "a:2"}));
  Advance(absl::Minutes(2));
  // The next one stands by.
  EXPECT_EQ(Wanted(), (std::vector<std::string>{"a:0", "a:1"}));
}

TEST_F(ClusterHealthTest, NewEndpointsAreExcludedFromCountsIfSoConfigured) {
  model::Cluster cluster = Checked();
  cluster.ignore_new_until_checked = true;
  Apply(Config({{"x", Numbered("p0:", 2), 0}, {"y", Numbered("p1:", 2), 1}}, cluster));
  Connect();
  On([&] { prober_.Finish("p0:0", wire::ProbeOutcome::kSuccess); });
  // One healthy of one that counts: all the load is its.
  EXPECT_EQ(SnapshotNow().priorities[0].load, 100u);
}

TEST_F(ClusterHealthTest, ANewEndpointWarmsUp) {
  model::Cluster cluster;
  cluster.balancing.slow_start = model::SlowStart{absl::Seconds(100), 1.0, 0.1};
  Serve(1, cluster);
  Advance(absl::Seconds(200));
  Apply(Config(Numbered("a:", 2), cluster));
  EXPECT_NEAR(Shares(1100)["a:1"], 100, 10);
  Advance(absl::Seconds(50));
  EXPECT_NEAR(Shares(1500)["a:1"], 500, 30);
  Advance(absl::Seconds(51));
  EXPECT_EQ(Shares(1000)["a:1"], 500);
}

TEST_F(ClusterHealthTest, EndpointsThatAreNotToBeCheckedAnyMoreTakeCalls) {
  Serve(1, Checked());
  On([&] { prober_.Finish("a:0", wire::ProbeOutcome::kUnexpected, "NOT_SERVING"); });
  EXPECT_NE(Excluded("a:0"), "");
  std::vector<model::EndpointConfig> endpoints = Numbered("a:", 1);
  auto extras = std::make_shared<model::EndpointExtras>();
  extras->disable_active_health_check = true;
  endpoints[0].extras = extras;
  Apply(Config(endpoints, Checked()));
  EXPECT_EQ(Excluded("a:0"), "");
  EXPECT_EQ(PickText(), "a:0");
}

class StallGuardTest : public ClusterHealthTest {
 protected:
  // Begins `n` calls of which those on `frozen` stay unanswered; how many it got.
  int CallsBeside(const std::string& frozen, int n) {
    int got = 0;
    for (int i = 0; i < n; ++i) {
      PickRequest request;
      request.awaits_answer = true;
      PickResult result = Pick(request);
      cluster::Permit permit = std::move(std::get<Picked>(result).permit);
      if (permit.endpoint()->address() == frozen) {
        ++got;
        held_.push_back(std::move(permit));
      } else {
        permit.End(Report{});
      }
    }
    Settle();
    return got;
  }
  void EndHeld(int code) {
    for (cluster::Permit& permit : held_) {
      Report report;
      report.status_code = code;
      permit.End(report);
    }
    held_.clear();
  }
  std::vector<cluster::Permit> held_;
};

TEST_F(StallGuardTest, AFrozenEndpointGetsAFewCallsThenNone) {
  Serve(3, {});
  const int got = CallsBeside("a:0", 300);
  EXPECT_GE(got, 8);
  EXPECT_LE(got, 9);               // the others are compared with at random
  EXPECT_EQ(Excluded("a:0"), "");  // avoided, not out yet
  Advance(StallGuard::kConfirmAfter);
  EXPECT_EQ(Excluded("a:0"),
            "stalled: it takes calls and answers none (the default guard against frozen servers)");
  // A deadline is no answer.
  EndHeld(kDeadlineExceeded);
  EXPECT_EQ(CallsBeside("a:0", 300), 0);
  // No probe is answered, for a long time.
  for (int i = 0; i < 10; ++i) {
    On([&] { prober_.Finish("a:0", wire::ProbeOutcome::kTimeout); });
    Advance(absl::Seconds(2));
  }
  EXPECT_EQ(CallsBeside("a:0", 300), 0);
  // It thaws: that it knows no health service is an answer too.
  On([&] { prober_.Finish("a:0", wire::ProbeOutcome::kUnimplemented); });
  EXPECT_EQ(Excluded("a:0"), "");
  EXPECT_EQ(Calls(300, 0)["a:0"], 100);
}

TEST_F(StallGuardTest, AnAnswerToACallEndsIt) {
  Serve(3, {});
  CallsBeside("a:0", 300);
  EndHeld(0);
  EXPECT_EQ(Calls(300, 0)["a:0"], 100);
  Advance(StallGuard::kConfirmAfter);
  EXPECT_EQ(Excluded("a:0"), "");
  EXPECT_TRUE(prober_.seen().empty());
}

TEST_F(StallGuardTest, AtMostHalfOfTheEndpointsAreOut) {
  Serve(4, {});
  for (const char* frozen : {"a:0", "a:1", "a:2"}) {
    CallsBeside(frozen, 300);
    Advance(StallGuard::kConfirmAfter);
  }
  int out = 0;
  for (const char* address : {"a:0", "a:1", "a:2", "a:3"}) out += Excluded(address).empty() ? 0 : 1;
  EXPECT_EQ(out, 2);
}

TEST_F(StallGuardTest, WhereNobodyAnswersNobodyIsAvoided) {
  Serve(2, {});
  std::map<std::string, int> counts;
  for (int i = 0; i < 200; ++i) {
    PickRequest request;
    request.awaits_answer = true;
    PickResult result = Pick(request);
    held_.push_back(std::move(std::get<Picked>(result).permit));
    ++counts[held_.back().endpoint()->address()];
  }
  EXPECT_EQ(counts["a:0"], 100);
  EndHeld(0);
}

TEST_F(StallGuardTest, ASteadyLoadOfEqualEndpointsIsNotTouched) {
  Serve(3, {});
  // 30 in flight at any time, answered in their order.
  std::map<std::string, int> counts;
  for (int i = 0; i < 3000; ++i) {
    PickRequest request;
    request.awaits_answer = true;
    PickResult result = Pick(request);
    held_.push_back(std::move(std::get<Picked>(result).permit));
    ++counts[held_.back().endpoint()->address()];
    if (held_.size() < 30) continue;
    held_.front().End(Report{});
    held_.erase(held_.begin());
  }
  for (const auto& [address, count] : counts) EXPECT_EQ(count, 1000) << address;
  EndHeld(0);
}

TEST_F(StallGuardTest, CallsThatALimitRefusesAreNotAwaited) {
  model::Cluster cluster;
  cluster.circuit_breakers.normal.max_requests = 3;
  Serve(3, cluster);
  PickRequest request;
  request.awaits_answer = true;
  for (int i = 0; i < 3; ++i) {
    PickResult result = Pick(request);
    held_.push_back(std::move(std::get<Picked>(result).permit));
  }
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(std::holds_alternative<Dropped>(Pick(request)));
  for (const cluster::Permit& permit : held_) EXPECT_EQ(permit.endpoint()->unanswered(), 1u);
  EndHeld(0);
}

TEST_F(StallGuardTest, AnotherConnectionBeginsAnew) {
  Serve(3, {});
  CallsBeside("a:0", 300);
  Advance(StallGuard::kConfirmAfter);
  EXPECT_NE(Excluded("a:0"), "");
  EndHeld(kUnavailable);
  Become("a:0", ConnectionState::kFailing);
  Become("a:0", ConnectionState::kReady);
  EXPECT_EQ(Excluded("a:0"), "");
  EXPECT_EQ(Calls(300, 0)["a:0"], 100);
}

}  // namespace
}  // namespace mesh::cluster
