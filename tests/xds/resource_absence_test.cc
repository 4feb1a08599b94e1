// Resources that do not come, are deleted, or are refused by the control plane.

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/xds/xds_client_fixture.h"

namespace mesh::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kAbsent[] =
    "error Listener \"a\": does not exist (node \"n\", control plane \"dns:///x\")";
constexpr char kKept[] =
    "Listener \"a\": was deleted; the last good value is kept (node \"n\", control plane "
    "\"dns:///x\")";
constexpr char kRejected[] =
    "Listener \"a\": rejected: value: bad (node \"n\", control plane \"dns:///x\")";

class ResourceAbsenceTest : public XdsClientTest {
 protected:
  void StartWith(const std::function<void(xds::ServerConfig*)>& change) {
    change(&options_.bootstrap.servers[0]);
    Start();
  }
  xds::ServerConfig& server() { return options_.bootstrap.servers[0]; }

  TextWatcher a_, b_;
};

// XDS-14
TEST_F(ResourceAbsenceTest, AResourceThatACompleteResponseLacksIsDeleted) {
  Start();
  Watch(listener_, "a", &a_);
  Watch(listener_, "b", &b_);
  Respond(listener_, "1", "n1", {"a=x", "b=y"});
  a_.Take();
  Respond(listener_, "2", "n2", {"b=y"});
  EXPECT_THAT(a_.Take(), ElementsAre(kAbsent));
  EXPECT_THAT(States(), ElementsAre("Listener a DOES_NOT_EXIST", "Listener b ACKED 2"));
  Respond(listener_, "3", "n3", {});
  EXPECT_THAT(a_.Take(), IsEmpty());
  // The very bytes of before, which must not be taken for nothing new.
  Respond(listener_, "4", "n4", {"a=x"});
  EXPECT_THAT(a_.Take(), ElementsAre("value x"));
}

// XDS-14
TEST_F(ResourceAbsenceTest, AResourceThatWasNeverSeenIsNotDeleted) {
  Start();
  Watch(listener_, "a", &a_);
  Watch(listener_, "b", &b_);
  ConfirmSent();
  Respond(listener_, "1", "n1", {"b=y"});
  EXPECT_THAT(a_.Take(), IsEmpty());
  EXPECT_THAT(States(), ElementsAre("Listener a REQUESTED", "Listener b ACKED 1"));
  Advance(absl::Seconds(15));
  EXPECT_THAT(a_.Take(), ElementsAre(kAbsent));
}

// XDS-14
TEST_F(ResourceAbsenceTest, ABadResourceThatIsNoLongerThereIsDeletedToo) {
  Start();
  Watch(listener_, "a", &a_);
  Respond(listener_, "1", "n1", {"a=bad"});
  a_.Take();
  Respond(listener_, "2", "n2", {});
  EXPECT_THAT(a_.Take(), ElementsAre(kAbsent));
}

TEST_F(ResourceAbsenceTest, ABadResourceIsPresent) {
  Start();
  Watch(listener_, "a", &a_);
  Respond(listener_, "1", "n1", {"a=x"});
  Respond(listener_, "2", "n2", {"a=bad"});
  EXPECT_THAT(a_.Take(), ElementsAre("value x", absl::StrCat("ambient ", kRejected)));
}

// XDS-15
TEST_F(ResourceAbsenceTest, AbsenceFromAPartialResponseMeansNothing) {
  Start();
  Watch(route_, "a", &a_);
  Respond(route_, "1", "n1", {"a=x"});
  a_.Take();
  Respond(route_, "2", "n2", {});
  EXPECT_THAT(a_.Take(), IsEmpty());
  EXPECT_THAT(States(), ElementsAre("RouteConfiguration a ACKED 1"));
}

// XDS-16
// EDS-19
TEST_F(ResourceAbsenceTest, ADeletionThatIsIgnoredLeavesTheValueAndWarnsOnce) {
  StartWith([](auto* server) { server->ignore_resource_deletion = true; });
  Watch(listener_, "a", &a_);
  Respond(listener_, "1", "n1", {"a=x"});
  a_.Take();
  for (int i = 0; i < 3; ++i) Respond(listener_, "2", "n2", {});
  EXPECT_THAT(a_.Take(), ElementsAre(absl::StrCat("ambient ", kKept)));
  EXPECT_THAT(log_, ElementsAre(kKept));
  EXPECT_THAT(States(), ElementsAre("Listener a DOES_NOT_EXIST 1"));
  Watch(listener_, "a", &b_);
  EXPECT_THAT(b_.Take(), ElementsAre("value x", absl::StrCat("ambient ", kKept)));
  Respond(listener_, "3", "n3", {"a=x"});
  EXPECT_THAT(a_.Take(), ElementsAre("ambient ok"));
}

// XDS-16: what becomes of a good value, by server features.
TEST_F(ResourceAbsenceTest, FeaturesDecideWhetherAValueSurvivesDataErrors) {
  const struct {
    bool ignore_deletion, fail_on_data_errors;
    bool survives_deletion, survives_rejection, survives_not_found, survives_unavailable;
  } kCases[] = {
      {false, false, false, true, true, true},
      {true, false, true, true, true, true},
      {false, true, false, false, false, true},
      {true, true, false, false, false, true},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(absl::StrCat(c.ignore_deletion, c.fail_on_data_errors));
    StartWith([&](auto* server) {
      server->ignore_resource_deletion = c.ignore_deletion;
      server->fail_on_data_errors = c.fail_on_data_errors;
    });
    const auto survives = [&](const xds::discovery::DiscoveryResponse& response) {
      Watch(listener_, "a", &a_);
      Respond(listener_, "1", "n1", {"a=x"});
      a_.Take();
      Deliver(response);
      const Texts events = a_.Take();
      EXPECT_EQ(events.size(), 1u);
      const bool kept = absl::StartsWith(events.at(0), "ambient ");
      EXPECT_EQ(kept, !absl::StartsWith(events.at(0), "error "));
      Unwatch(&a_);
      return kept;
    };
    const auto error = [&](absl::StatusCode code) {
      auto response = Response(listener_, "2", "n2", {});
      auto* error = response.add_resource_errors();
      error->mutable_resource_name()->set_name("a");
      error->mutable_error_detail()->set_code(static_cast<int>(code));
      return response;
    };
    EXPECT_EQ(survives(Response(listener_, "2", "n2", {})), c.survives_deletion);
    EXPECT_EQ(survives(Response(listener_, "2", "n2", {"a=bad"})), c.survives_rejection);
    EXPECT_EQ(survives(error(absl::StatusCode::kNotFound)), c.survives_not_found);
    EXPECT_EQ(survives(error(absl::StatusCode::kPermissionDenied)), c.survives_not_found);
    EXPECT_EQ(survives(error(absl::StatusCode::kUnavailable)), c.survives_unavailable);
    Stop();
  }
}

TEST_F(ResourceAbsenceTest, ARejectionThatDropsTheValueIsToldOnce) {
  StartWith([](auto* server) { server->fail_on_data_errors = true; });
  Watch(listener_, "a", &a_);
  Respond(listener_, "1", "n1", {"a=x"});
  a_.Take();
  for (int i = 0; i < 3; ++i) Respond(listener_, "2", "n2", {"a=bad"});
  EXPECT_THAT(a_.Take(), ElementsAre(absl::StrCat("error ", kRejected)));
  Respond(listener_, "3", "n3", {"a=x"});
  EXPECT_THAT(a_.Take(), ElementsAre("value x"));
}

TEST_F(ResourceAbsenceTest, WhatTheControlPlaneSaysOfAResourceIsPassedOn) {
  Start();
  Watch(listener_, "a", &a_);
  auto response = Response(listener_, "1", "n1", {});
  auto* error = response.add_resource_errors();
  error->mutable_resource_name()->set_name("a");
  error->mutable_error_detail()->set_code(7);
  error->mutable_error_detail()->set_message("not yours");
  Requests();
  Deliver(response);
  EXPECT_THAT(Requests(), ElementsAre("Listener V=1 N=n1 [a]"));
  EXPECT_THAT(a_.Take(), ElementsAre("error Listener \"a\": the control plane says "
                                     "PERMISSION_DENIED: not yours (node \"n\", control plane "
                                     "\"dns:///x\")"));
  EXPECT_THAT(States(), ElementsAre("Listener a RECEIVED_ERROR"));
  ConfirmSent();
  Advance(absl::Minutes(1));  // it is not waited for any more
  EXPECT_THAT(a_.Take(), IsEmpty());
}

// XDS-17
TEST_F(ResourceAbsenceTest, WhatDoesNotComeIn15SecondsDoesNotExistUntilItComes) {
  Start();
  Watch(listener_, "a", &a_);
  ConfirmSent();
  Advance(absl::Seconds(15) - absl::Milliseconds(1));
  EXPECT_THAT(a_.Take(), IsEmpty());
  Advance(absl::Milliseconds(1));
  EXPECT_THAT(a_.Take(), ElementsAre(kAbsent));
  EXPECT_THAT(States(), ElementsAre("Listener a DOES_NOT_EXIST"));
  Respond(listener_, "1", "n1", {"a=x"});
  EXPECT_THAT(a_.Take(), ElementsAre("value x"));
}

// XDS-17
TEST_F(ResourceAbsenceTest, EachResourceIsWaitedForFromItsOwnRequest) {
  Start();
  Watch(listener_, "a", &a_);
  ConfirmSent();
  Advance(absl::Seconds(10));
  Watch(listener_, "b", &b_);
  ConfirmSent();
  Advance(absl::Seconds(5));
  EXPECT_EQ(a_.Take().size(), 1u);
  EXPECT_THAT(b_.Take(), IsEmpty());
  Advance(absl::Seconds(10));
  EXPECT_EQ(b_.Take().size(), 1u);
}

// XDS-17
TEST_F(ResourceAbsenceTest, WhoUnsubscribesAndComesBackWaitsAnew) {
  Start();
  Watch(listener_, "a", &a_);
  Watch(listener_, "b", &b_);
  ConfirmSent();
  Advance(absl::Seconds(10));
  Unwatch(&b_);
  Watch(listener_, "b", &b_);
  ConfirmSent();
  Advance(absl::Seconds(14));
  EXPECT_THAT(b_.Take(), IsEmpty());
  Advance(absl::Seconds(1));
  EXPECT_EQ(b_.Take().size(), 1u);
}

// XDS-17
TEST_F(ResourceAbsenceTest, ABadAnswerEndsTheWait) {
  Start();
  Watch(listener_, "a", &a_);
  ConfirmSent();
  Respond(listener_, "1", "n1", {"a=bad"});
  EXPECT_THAT(a_.Take(), ElementsAre(absl::StrCat("error ", kRejected)));
  Advance(absl::Seconds(60));
  EXPECT_THAT(a_.Take(), IsEmpty());
}

// XDS-18
TEST_F(ResourceAbsenceTest, NothingIsWaitedForWhileTheControlPlaneCannotBeReached) {
  Start();
  Watch(listener_, "a", &a_);
  Advance(absl::Minutes(5));  // the call waits for a connection
  EXPECT_THAT(a_.Take(), IsEmpty());
  ConfirmSent();
  Advance(absl::Seconds(10));
  Close(absl::UnavailableError("gone"));
  EXPECT_EQ(a_.Take().size(), 1u);  // that it is gone
  Advance(absl::Minutes(5));
  EXPECT_THAT(a_.Take(), IsEmpty());
  // The new stream waits its full time.
  ConfirmSent();
  Advance(absl::Seconds(14));
  EXPECT_THAT(a_.Take(), IsEmpty());
  Advance(absl::Seconds(1));
  EXPECT_THAT(a_.Take(), ElementsAre(kAbsent));
}

TEST_F(ResourceAbsenceTest, WhatIsHeldIsNotWaitedForOnANewStream) {
  Start();
  Watch(listener_, "a", &a_);
  Respond(listener_, "1", "n1", {"a=x"});
  a_.Take();
  Close(absl::OkStatus());
  ConfirmSent();
  Advance(absl::Minutes(1));
  EXPECT_THAT(a_.Take(), IsEmpty());
}

TEST_F(ResourceAbsenceTest, ATransientTimerTakesTwiceAsLongAndSaysTimeout) {
  StartWith([](auto* server) { server->resource_timer_is_transient_error = true; });
  Watch(listener_, "a", &a_);
  ConfirmSent();
  Advance(absl::Seconds(29));
  EXPECT_THAT(a_.Take(), IsEmpty());
  Advance(absl::Seconds(1));
  EXPECT_THAT(a_.Take(),
              ElementsAre("error Listener \"a\": the control plane did not answer in time (node "
                          "\"n\", control plane \"dns:///x\")"));
  EXPECT_THAT(States(), ElementsAre("Listener a TIMEOUT"));
  Respond(listener_, "1", "n1", {"a=x"});
  EXPECT_THAT(a_.Take(), ElementsAre("value x"));
}

}  // namespace
}  // namespace mesh::testing
