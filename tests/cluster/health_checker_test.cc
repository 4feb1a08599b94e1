#include "mesh/cluster/health_checker.h"

#include <string>
#include <variant>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cluster/health_checker_fixture.h"

namespace mesh::cluster {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(HealthCheckerTest, NewEndpointIsPendingUntilItsFirstResult) {
  Update({Tcp()});
  Add("a:1");
  Add("b:1");
  EXPECT_EQ(Health("a:1"), kPending);
  EXPECT_EQ(Reason("a:1"), "health check: not made yet");
  EXPECT_THAT(prober_.in_flight(), ElementsAre("a:1", "b:1"));
  Pass("a:1");
  EXPECT_EQ(Health("a:1"), kHealthy);
  EXPECT_EQ(Reason("a:1"), "");
  EXPECT_THAT(Heard(), ElementsAre("a:1 healthy", "a:1 passed"));
  Fail("b:1");
  EXPECT_EQ(Health("b:1"), kUnhealthy);
  EXPECT_EQ(Reason("b:1"), "health check: refused");
  EXPECT_THAT(Heard(), ElementsAre("b:1 unhealthy"));
}

// A story: it is up, fails as often as it may, is out, and comes back.
TEST_F(HealthCheckerTest, GoesRoundAtTheIntervals) {
  Update({Tcp()});
  NoteCalls();
  Add("a:1");
  Pass("a:1");
  Heard();
  Advance(absl::Milliseconds(9999));
  EXPECT_EQ(probes(), 1);
  Advance(absl::Milliseconds(1));
  EXPECT_EQ(probes(), 2);
  Fail("a:1");  // one of two
  EXPECT_EQ(Health("a:1"), kHealthy);
  EXPECT_THAT(Heard(), IsEmpty());
  Advance(absl::Seconds(5));
  EXPECT_EQ(probes(), 3);
  Finish("a:1", ProbeOutcome::kTimeout, "no answer within 1s");
  EXPECT_THAT(Heard(), ElementsAre("a:1 unhealthy"));
  EXPECT_EQ(Reason("a:1"), "health check: no answer within 1s");
  Advance(absl::Seconds(5));
  Pass("a:1");  // one of two
  EXPECT_THAT(Heard(), IsEmpty());
  Advance(absl::Seconds(10));
  Pass("a:1");
  EXPECT_THAT(Heard(), ElementsAre("a:1 healthy", "a:1 passed"));
  Advance(absl::Seconds(10));
  Pass("a:1");
  EXPECT_THAT(Heard(), ElementsAre("a:1 passed"));
  Advance(absl::Seconds(10));
  Finish("a:1", ProbeOutcome::kUnexpected, "HTTP status 503");  // at once
  EXPECT_THAT(Heard(), ElementsAre("a:1 unhealthy"));
}

TEST_F(HealthCheckerTest, OneProbeAtATimeForEachCheck) {
  Update({Tcp()});
  NoteCalls();
  Add("a:1");
  Advance(absl::Hours(1));
  EXPECT_EQ(probes(), 1);
}

TEST_F(HealthCheckerTest, WaitsLongerUntilThereAreCalls) {
  Update({Tcp()});
  Add("a:1");
  Pass("a:1");
  Advance(absl::Seconds(59));
  EXPECT_EQ(probes(), 1);
  Advance(absl::Seconds(1));
  EXPECT_EQ(probes(), 2);
  Pass("a:1");
  Advance(absl::Seconds(15));
  NoteCalls();  // what is due in 45 s is due in 10
  Advance(absl::Milliseconds(9999));
  EXPECT_EQ(probes(), 2);
  Advance(absl::Milliseconds(1));
  EXPECT_EQ(probes(), 3);
  Pass("a:1");
  NoteCalls();  // does nothing any more
  Advance(absl::Seconds(10));
  EXPECT_EQ(probes(), 4);
}

TEST_F(HealthCheckerTest, CallsPutNoCheckOff) {
  HealthCheck check = Tcp();
  check.interval = absl::Seconds(100);
  Update({check});
  Add("a:1");
  Pass("a:1");
  Advance(absl::Seconds(50));
  NoteCalls();
  Advance(absl::Seconds(10));
  EXPECT_EQ(probes(), 2);
}

TEST_F(HealthCheckerTest, AllChecksMustPass) {
  Update({Http("/live"), Http("/ready")});
  NoteCalls();
  Add("a:1");
  EXPECT_THAT(prober_.in_flight(), ElementsAre("a:1", "a:1"));
  Pass("a:1");
  EXPECT_EQ(Health("a:1"), kPending);
  EXPECT_EQ(Reason("a:1"), "health check: not made yet");
  EXPECT_THAT(Heard(), IsEmpty());
  Pass("a:1");
  EXPECT_THAT(Heard(), ElementsAre("a:1 healthy", "a:1 passed"));
  Advance(absl::Seconds(10));
  Pass("a:1");
  Finish("a:1", ProbeOutcome::kUnexpected, "HTTP status 500");
  EXPECT_THAT(Heard(), ElementsAre("a:1 passed", "a:1 unhealthy"));
  EXPECT_EQ(Reason("a:1"), "health check: HTTP status 500");
}

TEST_F(HealthCheckerTest, OneFailureIsEnoughWhileOthersArePending) {
  Update({Http("/live"), Http("/ready")});
  Add("a:1");
  Fail("a:1");
  EXPECT_THAT(Heard(), ElementsAre("a:1 unhealthy"));
}

TEST_F(HealthCheckerTest, AsksWhatAndWhomTheCheckNames) {
  HealthCheck named = Http("/health");
  std::get<HealthCheck::Http>(named.kind).host = "health.example";
  const struct {
    const char* name;
    HealthCheck check;
    const char* address;
    uint32_t port;
    const char* hostname;
    const char* probed;
    const char* authority;
  } kCases[] = {
      {"nothing", Http(), "10.0.0.1:80", 0, "", "10.0.0.1:80", "reviews"},
      {"host", named, "10.0.0.1:80", 0, "", "10.0.0.1:80", "health.example"},
      {"the endpoint's own", named, "10.0.0.1:80", 0, "a.example", "10.0.0.1:80", "a.example"},
      {"port", Tcp(), "10.0.0.1:80", 9090, "", "10.0.0.1:9090", "reviews"},
      {"port of IPv6", Tcp(), "[2001:db8::1]:80", 9090, "", "[2001:db8::1]:9090", "reviews"},
      {"no port", Tcp(), "unix:/run/a:b", 9090, "", "unix:/run/a:b", "reviews"},
  };
  for (const auto& test : kCases) {
    Update({test.check});
    EndpointExtras extras;
    extras.health_check_port = test.port;
    extras.health_check_hostname = test.hostname;
    Add(test.address, extras);
    const FakeProber::Seen& seen = prober_.seen().back();
    EXPECT_EQ(seen.address, test.probed) << test.name;
    EXPECT_EQ(seen.authority, test.authority) << test.name;
    EXPECT_EQ(seen.check, test.check) << test.name;
    EXPECT_EQ(seen.connection, nullptr) << test.name;
    Remove(test.address);
  }
}

TEST_F(HealthCheckerTest, FewProbesRunAtATime) {
  Make(16);
  Update({Tcp()});
  for (int i = 0; i < 1000; ++i) Add(absl::StrCat("10.0.0.1:", i));
  EXPECT_EQ(prober_.in_flight().size(), 16);
  // In the order in which they came.
  EXPECT_EQ(prober_.in_flight().front(), "10.0.0.1:0");
  EXPECT_EQ(prober_.in_flight().back(), "10.0.0.1:15");
  Remove("10.0.0.1:3");  // another takes its place
  EXPECT_EQ(prober_.in_flight().size(), 16);
  EXPECT_EQ(prober_.in_flight().back(), "10.0.0.1:16");
  Remove("10.0.0.1:500");  // queued
  for (int i = 0; i < 1000; ++i) {
    prober_.set_outcome(absl::StrCat("10.0.0.1:", i), ProbeOutcome::kSuccess);
  }
  while (!prober_.in_flight().empty()) Pass(prober_.in_flight().front());
  EXPECT_EQ(prober_.most_in_flight(), 16);
  EXPECT_EQ(probes(), 999);
  int healthy = 0;
  for (int i = 0; i < 1000; ++i) healthy += Health(absl::StrCat("10.0.0.1:", i)) == kHealthy;
  EXPECT_EQ(healthy, 1000);
}

TEST_F(HealthCheckerTest, InitialJitterSpreadsTheFirstProbes) {
  HealthCheck check = Tcp();
  check.initial_jitter = absl::Seconds(10);
  Update({check});
  for (int i = 0; i < 1000; ++i) {
    Add(absl::StrCat("10.0.0.1:", i));
    prober_.set_outcome(absl::StrCat("10.0.0.1:", i), ProbeOutcome::kSuccess);
  }
  EXPECT_EQ(probes(), 0);
  for (int second = 1; second <= 10; ++second) {
    Advance(absl::Seconds(1));
    // A tenth of them a second; 100 is more than six standard deviations.
    EXPECT_NEAR(static_cast<double>(probes()), 100.0 * second, 100.0) << second;
  }
  EXPECT_EQ(probes(), 1000);
}

}  // namespace
}  // namespace mesh::cluster
