// envoy HttpProtocolOptions.max_connection_duration: a connection whose time is up is replaced
// before it goes.

#include "mesh/cluster/connection_set.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cluster/connection_set_fixture.h"

namespace mesh::cluster {
namespace {

using ::testing::ElementsAre;
using State = wire::ConnectionState;

constexpr absl::Duration kMinute = absl::Minutes(1);

TEST(DrawLifetimeTest, IsBetweenFourFifthsAndAll) {
  EXPECT_EQ(DrawLifetime(absl::Seconds(100), 0), absl::Seconds(100));
  EXPECT_EQ(DrawLifetime(absl::Seconds(100), 0.5), absl::Seconds(90));
  EXPECT_GE(DrawLifetime(absl::Seconds(100), 0.999999), absl::Seconds(80));
  EXPECT_EQ(DrawLifetime(absl::InfiniteDuration(), 0.5), absl::InfiniteDuration());
}

// Connections are made for `max_duration` of a minute, and are used for all of it.
class ConnectionSetTest : public ConnectionSetFixture {
 protected:
  ConnectionSetTest() : ConnectionSetFixture({absl::Seconds(5), kMinute}) {}
};

TEST_F(ConnectionSetTest, IsOneConnectionWhileNothingEnds) {
  EXPECT_EQ(set_->state(), State::kIdle);
  Start();
  EXPECT_EQ(set_->state(), State::kReady);
  EXPECT_EQ(NextUse(), 0u);
  Become(0, State::kConnecting);
  Become(0, State::kFailing);
  Become(0, State::kReady);
  Advance(kMinute - absl::Milliseconds(1));
  EXPECT_EQ(connector_.made(), 1u);
  EXPECT_THAT(observer_.states, ElementsAre(State::kConnecting, State::kReady, State::kConnecting,
                                            State::kFailing, State::kReady));
}

// A story: another connects, takes the new calls once it is ready, and the old one goes with its
// last call. Nobody who watches the state sees any of it.
TEST_F(ConnectionSetTest, AnOldOneIsReplacedBeforeItGoes) {
  Start();
  wire::ConnectionUse first = set_->Use();
  wire::ConnectionUse second = set_->Use();
  Advance(kMinute);
  ASSERT_EQ(connector_.Live(), "0 1");
  EXPECT_TRUE(connector_.connection(1)->wanted());
  Become(1, State::kConnecting);
  EXPECT_EQ(NextUse(), 0u) << "calls go on while the other connects";
  Become(1, State::kReady);
  EXPECT_EQ(NextUse(), 1u);
  EXPECT_FALSE(connector_.connection(0)->wanted()) << "if it is lost it stays away";
  Release(&first);
  EXPECT_EQ(connector_.Live(), "0 1");
  EXPECT_EQ(NumberOf(second), 0u);
  Release(&second);
  EXPECT_EQ(connector_.Live(), "1");
  EXPECT_THAT(observer_.states, ElementsAre(State::kConnecting, State::kReady));
  // And so on.
  Advance(kMinute);
  Become(2, State::kReady);
  EXPECT_EQ(connector_.Live(), "2") << "no call was on it";
  EXPECT_EQ(NextUse(), 2u);
}

TEST_F(ConnectionSetTest, AgesCountFromWhenTheConnectionWasMade) {
  Start();
  Advance(kMinute * 0.9);
  Become(0, State::kConnecting);  // the server ended it
  Become(0, State::kReady);
  Advance(kMinute * 0.9);
  EXPECT_EQ(connector_.made(), 1u);
  Advance(kMinute * 0.1);
  EXPECT_EQ(connector_.made(), 2u);
}

TEST_F(ConnectionSetTest, OneThatCannotBeReplacedServesOn) {
  Start();
  Advance(kMinute);
  Become(1, State::kFailing);
  Advance(10 * kMinute);
  EXPECT_EQ(connector_.Live(), "0 1") << "the other tries by itself";
  EXPECT_EQ(NextUse(), 0u);
  EXPECT_EQ(set_->state(), State::kReady);
  Become(1, State::kReady);
  EXPECT_EQ(NextUse(), 1u);
  EXPECT_EQ(connector_.Live(), "1");
}

TEST_F(ConnectionSetTest, TheOtherTakesOverFromOneThatIsLostMeanwhile) {
  Start();
  Advance(kMinute);
  Become(0, State::kConnecting);
  Become(0, State::kFailing);
  EXPECT_EQ(set_->state(), State::kFailing);
  Become(1, State::kReady);
  EXPECT_EQ(set_->state(), State::kReady);
  EXPECT_EQ(NextUse(), 1u);
}

TEST_F(ConnectionSetTest, AnOldOneThatWasMadeAnewNeedsNoOther) {
  Start();
  Advance(kMinute);
  Become(0, State::kConnecting);
  Become(0, State::kReady);
  EXPECT_EQ(connector_.Live(), "0");
  EXPECT_EQ(NextUse(), 0u);
}

TEST_F(ConnectionSetTest, WhatNobodyWantsAnyMoreIsNotReplaced) {
  Start();
  Advance(kMinute);
  On([&] { set_->Disconnect(); });
  EXPECT_EQ(connector_.Live(), "0");
  EXPECT_FALSE(connector_.connection(0)->wanted());
  EXPECT_EQ(NextUse(), 0u) << "calls in flight may still be on it";
  Advance(10 * kMinute);
  EXPECT_EQ(connector_.made(), 2u);
  On([&] { set_->Connect(); });
  EXPECT_EQ(connector_.Live(), "0 2");
  Become(2, State::kReady);
  EXPECT_EQ(connector_.Live(), "2");
}

// Streams that never end: each keeps its connection, and there are no more than places.
TEST_F(ConnectionSetTest, ConnectionsThatDoNotEndTakeAllPlacesAndNoMore) {
  Start();
  std::vector<wire::ConnectionUse> streams;
  for (size_t i = 1; i < 2 * ConnectionSet::kPlaces; ++i) {
    streams.push_back(set_->Use());
    Advance(kMinute);
    if (connector_.made() > i) Become(i, State::kReady);
  }
  EXPECT_EQ(connector_.made(), ConnectionSet::kPlaces);
  EXPECT_EQ(NextUse(), ConnectionSet::kPlaces - 1) << "the last one serves on";
  Release(&streams[3]);
  EXPECT_EQ(connector_.made(), ConnectionSet::kPlaces + 1) << "its place is free";
  Become(ConnectionSet::kPlaces, State::kReady);
  EXPECT_EQ(NextUse(), ConnectionSet::kPlaces);
}

TEST_F(ConnectionSetTest, RecheckLooksAtAll) {
  Start();
  Advance(kMinute);
  On([&] { set_->Recheck(); });
  EXPECT_EQ(connector_.connection(0)->rechecks(), 1);
  EXPECT_EQ(connector_.connection(1)->rechecks(), 1);
}

TEST_F(ConnectionSetTest, AStoppedOneReplacesNothing) {
  Start();
  On([&] { set_->Stop(); });
  Advance(10 * kMinute);
  EXPECT_EQ(connector_.made(), 1u);
  EXPECT_EQ(executor_.pending_timers(), 0u);
}

TEST_F(ConnectionSetTest, EndsWithATimerPendingAndAConnectionEnding) {
  Start();
  wire::ConnectionUse use = set_->Use();
  Advance(kMinute);
  Become(1, State::kReady);
  EXPECT_EQ(executor_.pending_timers(), 1u);
  use.Release();  // asks for the end of it, which comes too late
  On([&] { set_ = nullptr; });
  EXPECT_EQ(connector_.Live(), "");
  EXPECT_EQ(executor_.pending_timers(), 0u);
}

}  // namespace
}  // namespace mesh::cluster
