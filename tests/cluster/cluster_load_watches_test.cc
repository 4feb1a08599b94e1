// Load reports out of band, as they come on streams to the endpoints of a cluster (gRFC A51, A58;
// grpc-go's orca/producer_test.go).

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "mesh/cluster/endpoint_load.h"
#include "tests/cluster/subset_fixture.h"
#include "tests/testing/fake_load_watcher.h"
#include "tests/testing/orca.pb.h"

namespace mesh::cluster {
namespace {

using Counts = std::map<std::string, int>;

const Counts kEven = {{"busy", 55}, {"idle", 55}};
const Counts kWeighted = {{"busy", 10}, {"idle", 100}};

// A report of 10 queries a second.
std::string Busy(double utilization) {
  testing::OrcaLoadReport report;
  report.set_rps_fractional(10);
  report.set_application_utilization(utilization);
  return report.SerializeAsString();
}

class ClusterLoadWatchesTest : public SubsetTest {
 protected:
  ClusterLoadWatchesTest() {
    rules().blackout_period = absl::ZeroDuration();
    rules().oob_reporting_period = absl::Seconds(5);
    cluster_config_.balancing.policy = model::LbPolicy::kClientSideWeightedRoundRobin;
  }

  model::ClientSideWeightedRoundRobin& rules() {
    return cluster_config_.balancing.client_side_weighted_round_robin;
  }
  void ServeAll(const std::vector<std::string>& addresses) {
    Apply(Config(Endpoints(addresses), cluster_config_));
    Connect();
  }
  void ServeTwo() { ServeAll({"busy", "idle"}); }

  const wire::Connection* ConnectionOf(const std::string& address) {
    for (int i = 0; i < 1000; ++i) {
      PickResult result = Pick();
      Permit& permit = std::get<Picked>(result).permit;
      if (permit.endpoint()->address() == address) return &permit.endpoint()->connection();
    }
    ADD_FAILURE() << address << " gets no calls";
    return nullptr;
  }
  void Report(const std::string& address, const std::string& report) {
    On([&, connection = ConnectionOf(address)] { load_watcher_.Report(connection, report); });
  }
  void ReportBoth() {
    Report("busy", Busy(1.0));
    Report("idle", Busy(0.1));
  }
  void End(const std::string& address, const absl::Status& status) {
    On([&, connection = ConnectionOf(address)] { load_watcher_.End(connection, status); });
  }
  void Look() { Advance(rules().weight_update_period); }
  size_t begun() { return load_watcher_.seen().size(); }
  size_t open() { return load_watcher_.open(); }
  // How long from now until one more stream is begun; 10 minutes: none is.
  absl::Duration UntilNext() {
    const size_t before = begun();
    const absl::Time start = clock_.Now();
    while (begun() == before && clock_.Now() - start < absl::Minutes(10)) {
      Advance(absl::Milliseconds(100));
    }
    return clock_.Now() - start;
  }
  static bool IsAbout(absl::Duration actual, absl::Duration base) {
    return actual >= base * 0.8 && actual <= base * 1.2 + absl::Milliseconds(100);
  }
  // A call that `address` answers with a report.
  void Call(const std::string& address, const std::string& report) {
    for (int i = 0; i < 1000; ++i) {
      PickResult result = Pick();
      Permit& permit = std::get<Picked>(result).permit;
      if (permit.endpoint()->address() != address) continue;
      cluster::Report end;
      end.end = clock_.Now();
      end.load_report.value = report;
      permit.End(end);
      return;
    }
    FAIL() << address << " gets no calls";
  }

  model::Cluster cluster_config_;
};

TEST_F(ClusterLoadWatchesTest, EachReadyEndpointReportsOnAStream) {
  connector_.set_outcome(ConnectionState::kConnecting);
  ServeTwo();
  EXPECT_EQ(begun(), 0u);
  Become("idle", ConnectionState::kReady);
  ASSERT_EQ(begun(), 1u);
  Become("busy", ConnectionState::kReady);
  ASSERT_EQ(begun(), 2u);
  for (const auto& seen : load_watcher_.seen()) {
    EXPECT_EQ(seen.interval, absl::Seconds(5));
    EXPECT_EQ(seen.authority, "c");
  }
  EXPECT_EQ(load_watcher_.seen()[0].connection, ConnectionOf("idle"));
  EXPECT_EQ(load_watcher_.seen()[1].connection, ConnectionOf("busy"));
  ReportBoth();
  EXPECT_EQ(Shares(110), kEven);  // until they are looked at
  Look();
  EXPECT_EQ(Shares(110), kWeighted);
  // The last report counts.
  Report("busy", Busy(0.2));
  Report("busy", Busy(0.1));
  Look();
  EXPECT_EQ(Shares(110), kEven);
  EXPECT_EQ(begun(), 2u);
}

TEST_F(ClusterLoadWatchesTest, WhatCallsReportDoesNotCount) {
  ServeTwo();
  ReportBoth();
  Look();
  {
    const PickResult result = Pick();
    EXPECT_EQ(std::get<Picked>(result).permit.endpoint()->load(), nullptr);
  }
  Call("busy", Busy(0.1));
  Look();
  EXPECT_EQ(Shares(110), kWeighted);
}

TEST_F(ClusterLoadWatchesTest, TheBlackoutAndTheExpiryAreOfStreamsToo) {
  rules().blackout_period = absl::Seconds(10);
  ServeTwo();
  ReportBoth();
  Advance(absl::Seconds(9));
  EXPECT_EQ(Shares(110), kEven);
  Look();
  EXPECT_EQ(Shares(110), kWeighted);
  Advance(absl::Minutes(3));
  EXPECT_EQ(Shares(110), kEven);
}

TEST_F(ClusterLoadWatchesTest, AStreamIsNoCall) {
  ServeTwo();
  for (int i = 0; i < 2; ++i) {
    const PickResult result = Pick();
    EXPECT_EQ(std::get<Picked>(result).permit.endpoint()->in_flight(), 1u);
  }
  for (int i = 0; i < 20; ++i) {
    End("busy", absl::UnavailableError("lost"));
    UntilNext();
  }
  EXPECT_EQ(connector_.rechecks("busy"), 0);
  EXPECT_EQ(Shares(110), kEven);
}

TEST_F(ClusterLoadWatchesTest, ALostConnectionEndsItsStream) {
  rules().blackout_period = absl::Seconds(10);
  ServeTwo();
  const wire::Connection* const idle = ConnectionOf("idle");
  ReportBoth();
  Advance(absl::Seconds(10));
  EXPECT_EQ(Shares(110), kWeighted);
  Become("idle", ConnectionState::kConnecting);
  EXPECT_EQ(load_watcher_.open(idle), 0u);
  EXPECT_EQ(UntilNext(), absl::Minutes(10));
  Report("busy", Busy(1.0));
  Become("idle", ConnectionState::kReady);
  EXPECT_EQ(load_watcher_.open(idle), 1u);
  // It has to report for a blackout first.
  ReportBoth();
  Advance(absl::Seconds(9));
  EXPECT_EQ(Shares(110), kEven);
  Look();
  EXPECT_EQ(Shares(110), kWeighted);
  EXPECT_EQ(begun(), 3u);
}

TEST_F(ClusterLoadWatchesTest, AServerThatDoesNotReportIsNotAskedAgain) {
  ServeTwo();
  End("busy", absl::UnimplementedError("unknown service"));
  EXPECT_EQ(UntilNext(), absl::Minutes(10));
  ASSERT_EQ(log_.size(), 1u);
  EXPECT_TRUE(absl::StrContains(log_[0], "cluster \"c\": endpoint busy reports no load"))
      << log_[0];
  EXPECT_TRUE(absl::StrContains(log_[0], "unknown service")) << log_[0];
  // Said once, of whichever endpoint was the first.
  End("idle", absl::UnimplementedError("unknown service"));
  EXPECT_EQ(log_.size(), 1u);
  EXPECT_EQ(open(), 0u);
  // Another server may be there when it is connected again.
  Become("busy", ConnectionState::kFailing);
  Become("busy", ConnectionState::kReady);
  EXPECT_EQ(begun(), 3u);
  EXPECT_EQ(open(), 1u);
}

TEST_F(ClusterLoadWatchesTest, AStreamThatEndsIsBegunAgainAfterABackoff) {
  ServeAll({"busy"});
  absl::Duration base = absl::Seconds(1);
  for (int i = 0; i < 14; ++i) {
    End("busy", i % 2 == 0 ? absl::UnavailableError("gone") : absl::OkStatus());
    EXPECT_EQ(open(), 0u);
    const absl::Duration delay = UntilNext();
    EXPECT_TRUE(IsAbout(delay, base)) << i << ": " << delay;
    EXPECT_EQ(open(), 1u);
    base = std::min(base * 1.6, absl::Seconds(120));
  }
  EXPECT_EQ(base, absl::Seconds(120));
  // A report makes it short again, whatever it says.
  Report("busy", "no report");
  End("busy", absl::UnavailableError("gone"));
  EXPECT_TRUE(IsAbout(UntilNext(), absl::Seconds(1)));
  End("busy", absl::UnavailableError("gone"));
  EXPECT_TRUE(IsAbout(UntilNext(), absl::Seconds(1.6)));
}

TEST_F(ClusterLoadWatchesTest, ALostConnectionEndsTheWaitingToo) {
  ServeAll({"busy"});
  End("busy", absl::UnavailableError("gone"));
  Become("busy", ConnectionState::kFailing);
  EXPECT_EQ(UntilNext(), absl::Minutes(10));
  Become("busy", ConnectionState::kReady);
  EXPECT_EQ(open(), 1u);
}

TEST_F(ClusterLoadWatchesTest, WithoutTheOptionNobodyIsAsked) {
  rules().oob_reporting_period.reset();
  ServeTwo();
  EXPECT_EQ(begun(), 0u);
  // With it the streams begin, and calls are asked no more; what is known stays.
  Call("busy", Busy(1.0));
  Call("idle", Busy(0.1));
  rules().oob_reporting_period = absl::ZeroDuration();
  ServeTwo();
  ASSERT_EQ(open(), 2u);
  EXPECT_EQ(load_watcher_.seen()[0].interval, absl::ZeroDuration());
  Call("busy", Busy(0.1));
  Look();
  EXPECT_EQ(Shares(110), kWeighted);
  // And the other way.
  rules().oob_reporting_period.reset();
  ServeTwo();
  EXPECT_EQ(open(), 0u);
  Call("busy", Busy(0.1));
  Look();
  EXPECT_EQ(Shares(110), kEven);
}

TEST_F(ClusterLoadWatchesTest, OtherPoliciesHaveNoStreams) {
  ServeTwo();
  ReportBoth();
  End("idle", absl::UnavailableError("gone"));
  EXPECT_EQ(open(), 1u);
  Apply(Config(Endpoints({"busy", "idle"}), model::Cluster()));
  EXPECT_EQ(open(), 0u);
  EXPECT_EQ(UntilNext(), absl::Minutes(10));
  ServeTwo();
  EXPECT_EQ(open(), 2u);
}

TEST_F(ClusterLoadWatchesTest, OnlyAnotherPeriodBeginsThemAnew) {
  ServeTwo();
  rules().weight_expiration_period = absl::Minutes(1);
  ServeTwo();
  EXPECT_EQ(begun(), 2u);
  rules().oob_reporting_period = absl::Seconds(7);
  ServeTwo();
  ASSERT_EQ(begun(), 4u);
  EXPECT_EQ(load_watcher_.seen()[3].interval, absl::Seconds(7));
  EXPECT_EQ(open(), 2u);
}

TEST_F(ClusterLoadWatchesTest, AnEndpointThatGoesTakesItsStreamAlong) {
  ServeTwo();
  const int live = connector_.live();
  ServeAll({"busy"});
  EXPECT_EQ(open(), 1u);
  EXPECT_EQ(connector_.live(), live - 1);
  ServeAll({"busy", "new"});
  EXPECT_EQ(open(), 2u);
  End("busy", absl::UnavailableError("gone"));  // it waits
  ServeAll({"new"});
  EXPECT_EQ(UntilNext(), absl::Minutes(10));
  EXPECT_EQ(open(), 1u);
}

// Each endpoint gets another connection, to which its stream moves.
TEST_F(ClusterLoadWatchesTest, OtherConnectionOptionsMoveTheStreams) {
  rules().blackout_period = absl::Seconds(10);
  ServeTwo();
  ReportBoth();
  Advance(absl::Seconds(10));
  const wire::Connection* const before = ConnectionOf("busy");
  cluster_config_.connections.connect_timeout = absl::Seconds(7);
  ServeTwo();
  Advance(absl::Seconds(1));
  const wire::Connection* const after = ConnectionOf("busy");
  EXPECT_NE(after, before);
  EXPECT_EQ(load_watcher_.open(before), 0u);
  EXPECT_EQ(load_watcher_.open(after), 1u);
  EXPECT_EQ(open(), 2u);
  // What is known stays, and goes on.
  EXPECT_EQ(Shares(110), kWeighted);
  Report("busy", Busy(0.1));
  Look();
  EXPECT_EQ(Shares(110), kEven);
}

TEST_F(ClusterLoadWatchesTest, TheEndOfTheClusterEndsThem) {
  ServeTwo();
  End("busy", absl::UnavailableError("gone"));  // it waits
  cluster_ = nullptr;
  Settle();
  EXPECT_EQ(open(), 0u);
  EXPECT_EQ(UntilNext(), absl::Minutes(10));
}

TEST_F(ClusterLoadWatchesTest, TheEndOfTheTableEndsThem) {
  ServeTwo();
  On([this] { table_ = nullptr; });
  EXPECT_EQ(open(), 0u);
}

}  // namespace
}  // namespace mesh::cluster
