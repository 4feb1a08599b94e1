#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mesh/cluster/health_checker.h"
#include "tests/cluster/health_checker_fixture.h"

namespace mesh::cluster {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(HealthCheckerTest, EndpointThatIsNotThereIsHealthy) {
  Update({Tcp()});
  EXPECT_EQ(Health("a:1"), kHealthy);
  EXPECT_EQ(Reason("a:1"), "");
  Remove("a:1");
}

TEST_F(HealthCheckerTest, AddingAgainKeepsTheState) {
  Update({Tcp()});
  NoteCalls();
  Add("a:1");
  Pass("a:1");
  Add("a:1");
  EXPECT_EQ(Health("a:1"), kHealthy);
  EndpointExtras extras;
  extras.hash_key = "of no matter here";
  Add("a:1", extras);
  EXPECT_EQ(probes(), 1);
  extras.health_check_port = 2;
  Add("a:1", extras);  // asked elsewhere, at once; it is what it was until there is an answer
  EXPECT_EQ(Health("a:1"), kHealthy);
  EXPECT_THAT(prober_.in_flight(), ElementsAre("a:2"));
  Finish("a:2", ProbeOutcome::kUnexpected);
  EXPECT_EQ(Health("a:1"), kUnhealthy);
}

TEST_F(HealthCheckerTest, DisabledIsHealthyAndNotProbed) {
  Update({Tcp()});
  EndpointExtras extras;
  extras.disable_active_health_check = true;
  Add("a:1", extras);
  EXPECT_EQ(Health("a:1"), kHealthy);
  EXPECT_EQ(probes(), 0);
  Add("a:1");
  EXPECT_EQ(Health("a:1"), kHealthy);
  Fail("a:1");
  Advance(absl::Minutes(1));
  Fail("a:1");
  EXPECT_EQ(Health("a:1"), kUnhealthy);
  Add("a:1", extras);
  EXPECT_EQ(Health("a:1"), kHealthy);
  Advance(absl::Hours(1));
  EXPECT_EQ(probes(), 2);
}

TEST_F(HealthCheckerTest, RemovedIsForgotten) {
  Update({Tcp()});
  Add("a:1");
  Add("b:1");
  Pass("b:1");
  Heard();
  Remove("a:1");
  Remove("b:1");
  EXPECT_THAT(prober_.in_flight(), IsEmpty());
  Advance(absl::Hours(1));
  EXPECT_EQ(probes(), 2);
  EXPECT_THAT(Heard(), IsEmpty());
  Add("b:1");
  EXPECT_EQ(Health("b:1"), kPending);
}

TEST_F(HealthCheckerTest, OwnerMayRemoveWhatItHearsOf) {
  Update({Tcp()});
  Add("a:1");
  remove_when_heard_ = true;
  Pass("a:1");
  EXPECT_THAT(Heard(), ElementsAre("a:1 healthy"));
  EXPECT_EQ(checker_->size(), 0);
  Advance(absl::Hours(1));
  EXPECT_EQ(probes(), 1);
}

TEST_F(HealthCheckerTest, TheSameChecksChangeNothing) {
  Update({Tcp(), Http()});
  NoteCalls();
  Add("a:1");
  Pass("a:1");
  Pass("a:1");
  Advance(absl::Seconds(7));
  Update({Tcp(), Http()});
  Advance(absl::Seconds(2));
  EXPECT_EQ(probes(), 2);
  Advance(absl::Seconds(1));
  EXPECT_EQ(probes(), 4);
}

TEST_F(HealthCheckerTest, EndpointsStayWhatTheyAreWhenTheirChecksChange) {
  Update({Http("/old")});
  NoteCalls();
  Add("up:1");
  Add("down:1");
  Pass("up:1");
  Fail("down:1");
  Add("new:1");
  Heard();
  Update({Http("/new")});  // in flight at once, the old ones are not
  EXPECT_THAT(prober_.in_flight(), ::testing::UnorderedElementsAre("up:1", "down:1", "new:1"));
  for (size_t i = probes() - 3; i < probes(); ++i) {
    EXPECT_EQ(prober_.seen()[i].check, Http("/new"));
  }
  EXPECT_EQ(Health("up:1"), kHealthy);
  EXPECT_EQ(Health("down:1"), kUnhealthy);
  EXPECT_EQ(Health("new:1"), kPending);
  Fail("up:1");  // one of two
  EXPECT_EQ(Health("up:1"), kHealthy);
  Pass("down:1");  // the first of this check
  EXPECT_EQ(Health("down:1"), kHealthy);
}

TEST_F(HealthCheckerTest, AnotherCheckLeavesTheFirstItsState) {
  Update({Http("/a")});
  NoteCalls();
  Add("a:1");
  Pass("a:1");
  Advance(absl::Seconds(5));
  Update({Http("/a"), Http("/b")});
  EXPECT_EQ(Health("a:1"), kHealthy);
  EXPECT_EQ(prober_.seen().back().check, Http("/b"));
  Finish("a:1", ProbeOutcome::kUnexpected);
  EXPECT_EQ(Health("a:1"), kUnhealthy);
  Update({Http("/a")});
  EXPECT_EQ(Health("a:1"), kHealthy);
  Advance(absl::Seconds(5));
  EXPECT_EQ(probes(), 3);  // as it was due
}

TEST_F(HealthCheckerTest, ChecksChangeWhileProbesRunAndWait) {
  Make(1);
  Update({Http("/old")});
  Add("a:1");
  Add("b:1");
  EXPECT_THAT(prober_.in_flight(), ElementsAre("a:1"));
  Update({Http("/new")});
  EXPECT_THAT(prober_.in_flight(), ElementsAre("a:1"));
  Pass("a:1");
  EXPECT_THAT(prober_.in_flight(), ElementsAre("b:1"));
  Pass("b:1");
  EXPECT_EQ(probes(), 3);
  EXPECT_EQ(prober_.seen()[1].check, Http("/new"));
  EXPECT_EQ(prober_.seen()[2].check, Http("/new"));
}

TEST_F(HealthCheckerTest, WithoutChecksAllAreHealthy) {
  Update({Tcp()});
  Add("a:1");
  Fail("a:1");
  Update({});
  EXPECT_EQ(Health("a:1"), kHealthy);
  Add("b:1");
  EXPECT_EQ(Health("b:1"), kHealthy);
  Advance(absl::Hours(1));
  EXPECT_EQ(probes(), 1);
  // Those that are in use stay so until they fail.
  Update({Tcp()});
  EXPECT_EQ(Health("b:1"), kHealthy);
  Add("c:1");
  EXPECT_EQ(Health("c:1"), kPending);
}

TEST_F(HealthCheckerTest, DestroyedWithProbesInEveryState) {
  Make(1);
  HealthCheck later = Tcp();
  later.initial_jitter = absl::Hours(1);
  Update({Tcp(), later});
  Add("a:1");
  Add("b:1");
  EXPECT_THAT(prober_.in_flight(), ElementsAre("a:1"));
  On([&] {
    prober_.Finish("a:1", ProbeOutcome::kSuccess);
    checker_.reset();
  });
  EXPECT_THAT(prober_.in_flight(), IsEmpty());
  EXPECT_THAT(Heard(), IsEmpty());
  EXPECT_EQ(executor_.pending_timers(), 0);
}

}  // namespace
}  // namespace mesh::cluster
