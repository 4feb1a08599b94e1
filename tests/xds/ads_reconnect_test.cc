// What happens when the stream ends, or never begins.

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/xds/xds_client_fixture.h"

namespace mesh::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kUnreachable[] = "Listener \"a\": no route (node \"n\", control plane \"dns:///x\")";

class AdsReconnectTest : public XdsClientTest {
 protected:
  AdsReconnectTest() { Start(); }

  size_t streams() const { return transports_.streams().size(); }
  // Everything back, and the time until the client tries again.
  absl::Duration TimeToNextStream() {
    const size_t before = streams();
    const absl::Time start = clock_.Now();
    while (streams() == before && clock_.Now() - start < absl::Minutes(10)) {
      Advance(absl::Milliseconds(10));
    }
    return clock_.Now() - start;
  }

  TextWatcher a_, b_, r_;
};

// XDS-10
TEST_F(AdsReconnectTest, ANewStreamClaimsTheLastVersionAndNoNonce) {
  Watch(listener_, "a", &a_);
  Watch(listener_, "b", &b_);
  Watch(route_, "r", &r_);
  Respond(listener_, "1", "n1", {"a=x", "b=y"});
  Respond(listener_, "2", "n2", {"a=bad", "b=y"});
  Close(absl::UnavailableError("gone"));
  ASSERT_EQ(streams(), 2u);
  EXPECT_THAT(Requests(),
              ElementsAre("Listener V=1 N= [a b] node", "RouteConfiguration V= N= [r]"));
  // A change before any answer goes with what this stream knows.
  Unwatch(&b_);
  EXPECT_THAT(Requests(), ElementsAre("Listener V=1 N= [a]"));
}

// XDS-19
TEST_F(AdsReconnectTest, AStreamThatEndsAfterAResponseIsReopenedAtOnceAndIsNoError) {
  Watch(listener_, "a", &a_);
  Respond(listener_, "1", "n1", {"a=x"});
  Close(absl::OkStatus());
  EXPECT_EQ(streams(), 2u);
  EXPECT_THAT(a_.Take(), ElementsAre("value x"));
  EXPECT_TRUE(client_->servers()[0].error.ok());
}

// XDS-19
TEST_F(AdsReconnectTest, AServerThatAnswersOnceAndClosesIsNotHammered) {
  Watch(listener_, "a", &a_);
  const absl::Time start = clock_.Now();
  while (clock_.Now() - start < absl::Seconds(60)) {
    if (stream()->open()) {
      Respond(listener_, "1", "n", {"a=x"});
      Close(absl::OkStatus());
    }
    Advance(absl::Milliseconds(10));
  }
  // At most one at once and one after a back-off of a second, each second.
  EXPECT_LE(streams(), 2u * 60 + 2);
  EXPECT_GE(streams(), 60u);
  EXPECT_THAT(a_.Take(), ElementsAre("value x"));
}

// XDS-20
TEST_F(AdsReconnectTest, AStreamThatEndsBeforeAResponseIsAnErrorAndBacksOff) {
  Watch(listener_, "a", &a_);
  for (const double seconds : {1.0, 1.6, 2.56, 4.1, 6.55}) {
    Close(absl::UnavailableError("no route"));
    EXPECT_NEAR(absl::ToDoubleSeconds(TimeToNextStream()), seconds, 0.02);
  }
  EXPECT_THAT(a_.Take(), ElementsAre(absl::StrCat("error ", kUnreachable)));  // once
  EXPECT_EQ(client_->servers()[0].error, absl::UnavailableError("no route"));

  // Who comes now hears of it, and does not have to wait for the next attempt.
  Watch(listener_, "b", &b_);
  EXPECT_THAT(b_.Take(), ElementsAre("error Listener \"b\": no route (node \"n\", control plane "
                                     "\"dns:///x\")"));

  // One response, and the back-off starts again.
  Respond(listener_, "1", "n1", {"a=x"});
  EXPECT_THAT(a_.Take(), ElementsAre("value x"));
  EXPECT_TRUE(client_->servers()[0].error.ok());
  Close(absl::OkStatus());
  Close(absl::UnavailableError("no route"));
  EXPECT_NEAR(absl::ToDoubleSeconds(TimeToNextStream()), 1.0, 0.02);
}

// XDS-20
TEST_F(AdsReconnectTest, WhatIsHeldStaysInForceAndTheErrorEndsWithTheNextResponse) {
  Watch(listener_, "a", &a_);
  Respond(listener_, "1", "n1", {"a=x"});
  Close(absl::OkStatus());
  a_.Take();
  Close(absl::UnavailableError("no route"));
  EXPECT_THAT(a_.Take(), ElementsAre(absl::StrCat("ambient ", kUnreachable)));
  TimeToNextStream();
  Respond(listener_, "1", "n1", {"a=x"});
  EXPECT_THAT(a_.Take(), ElementsAre("ambient ok"));
  EXPECT_THAT(States(), ElementsAre("Listener a ACKED 1"));
}

TEST_F(AdsReconnectTest, AnOrderlyEndBeforeAnyResponseIsAnErrorToo) {
  Watch(listener_, "a", &a_);
  Close(absl::OkStatus());
  EXPECT_THAT(a_.Take(), ElementsAre("error Listener \"a\": stream closed before any response "
                                     "(node \"n\", control plane \"dns:///x\")"));
}

// The count of a minute in which a server accepts and closes.
TEST_F(AdsReconnectTest, AMinuteOfRefusalsIsAtMostNineAttempts) {
  Watch(listener_, "a", &a_);
  const absl::Time start = clock_.Now();
  while (clock_.Now() - start < absl::Seconds(60)) {
    if (stream()->open()) Close(absl::UnavailableError("no route"));
    Advance(absl::Milliseconds(10));
  }
  EXPECT_LE(streams(), 9u);
  EXPECT_GE(streams(), 7u);
}

TEST_F(AdsReconnectTest, ComingBackDoesNotGetRoundTheBackOff) {
  Watch(listener_, "a", &a_);
  Close(absl::UnavailableError("no route"));
  Unwatch(&a_);
  Watch(listener_, "a", &a_);
  EXPECT_EQ(streams(), 1u);
  EXPECT_NEAR(absl::ToDoubleSeconds(TimeToNextStream()), 1.0, 0.02);
}

TEST_F(AdsReconnectTest, NothingIsTriedWhileNothingIsSubscribedTo) {
  Watch(listener_, "a", &a_);
  Close(absl::UnavailableError("no route"));
  Unwatch(&a_);
  Advance(absl::Minutes(10));
  EXPECT_EQ(streams(), 1u);
}

TEST_F(AdsReconnectTest, AMalformedResponseEndsTheStream) {
  Watch(listener_, "a", &a_);
  On([&] { stream()->Deliver("\xff\xff\xff"); });
  EXPECT_FALSE(stream()->open());
  EXPECT_THAT(a_.Take(), ElementsAre("error Listener \"a\": discovery response: malformed message "
                                     "(node \"n\", control plane \"dns:///x\")"));
  EXPECT_NEAR(absl::ToDoubleSeconds(TimeToNextStream()), 1.0, 0.02);
}

TEST_F(AdsReconnectTest, ATransportThatCannotBeMadeIsTriedAgain) {
  transports_.FailCreate(absl::UnimplementedError("credentials: unknown"));
  Watch(listener_, "a", &a_);
  EXPECT_THAT(a_.Take(), ElementsAre("error Listener \"a\": credentials: unknown (node \"n\", "
                                     "control plane \"dns:///x\")"));
  transports_.FailCreate(absl::OkStatus());
  EXPECT_NEAR(absl::ToDoubleSeconds(TimeToNextStream()), 1.0, 0.02);
  Respond(listener_, "1", "n1", {"a=x"});
  EXPECT_THAT(a_.Take(), ElementsAre("value x"));
}

TEST_F(AdsReconnectTest, AServerIsConnectedFromTheFirstSentMessageToTheEnd) {
  Watch(listener_, "a", &a_);
  EXPECT_FALSE(client_->servers()[0].connected);
  status_changes_ = 0;
  ConfirmSent();
  EXPECT_TRUE(client_->servers()[0].connected);
  EXPECT_EQ(status_changes_, 1);
  Close(absl::UnavailableError("gone"));
  EXPECT_FALSE(client_->servers()[0].connected);
  EXPECT_EQ(client_->servers()[0].server_uri, "dns:///x");
}

TEST_F(AdsReconnectTest, TheClientMayGoInTheMiddleOfAnything) {
  Watch(listener_, "a", &a_);
  a_.keep_holds = true;
  Respond(listener_, "1", "n1", {"a=x"});
  Close(absl::UnavailableError("gone"));
  Stop();
  Advance(absl::Minutes(1));
  On([&] {
    a_.subscription = nullptr;
    a_.holds.clear();
  });
  EXPECT_FALSE(stream()->open());
}

}  // namespace
}  // namespace mesh::testing
