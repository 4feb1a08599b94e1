// envoy Http2ProtocolOptions.max_concurrent_streams and max_requests_per_connection: an endpoint
// gets another connection before the calls are more than fit, and one that has had its calls is
// replaced.

#include <deque>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mesh/cluster/connection_set.h"
#include "tests/cluster/connection_set_fixture.h"

namespace mesh::cluster {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using Uses = std::vector<wire::ConnectionUse>;

TEST(ConnectionsForTest, OneMoreAfterThreeQuarters) {
  const struct {
    uint64_t uses;
    uint32_t limit;
    size_t connections;
    size_t most = 12;
  } kRows[] = {
      {0, 0, 1},        {1000, 0, 1},   {0, 1, 1},      {1, 1, 2},      {5, 1, 6},   {0, 2, 1},
      {1, 2, 2},        {0, 4, 1},      {2, 4, 1},      {3, 4, 2},      {5, 4, 2},   {6, 4, 3},
      {74, 100, 1},     {75, 100, 2},   {150, 100, 3},  {500, 1, 12},   {9, 100, 1}, {~0ull, 1, 12},
      {~0ull, ~0u, 12}, {1000, ~0u, 1}, {500, 1, 1, 1}, {500, 1, 3, 3},
  };
  for (const auto& row : kRows) {
    EXPECT_EQ(ConnectionsFor(row.uses, row.limit, row.most), row.connections)
        << row.uses << " of " << row.limit;
  }
}

model::ConnectionOptions Limited(uint32_t calls) {
  model::ConnectionOptions options;
  options.max_concurrent_calls = calls;
  return options;
}

// Four calls on a connection.
class ConnectionLimitTest : public ConnectionSetFixture {
 protected:
  explicit ConnectionLimitTest(uint32_t limit = 4) : ConnectionSetFixture(Limited(limit)) {}

  void Take(size_t count, Uses* uses) {
    for (size_t i = 0; i < count; ++i) uses->push_back(set_->Use());
    executor_.RunReady();
  }
  void Clear(Uses* uses) {
    uses->clear();
    executor_.RunReady();
  }
  // How many of the uses are on each connection.
  std::vector<int> On0And1(const Uses& uses) {
    std::vector<int> counts(2);
    for (const wire::ConnectionUse& use : uses) ++counts.at(NumberOf(use));
    return counts;
  }
};

// A story: the other is there before the first is full.
TEST_F(ConnectionLimitTest, AnotherConnectsAfterThreeQuarters) {
  Start();
  Uses uses;
  Take(2, &uses);
  EXPECT_EQ(connector_.made(), 1u);
  EXPECT_EQ(set_->count(), 1u);
  Take(1, &uses);
  ASSERT_EQ(connector_.Live(), "0 1");
  EXPECT_EQ(set_->count(), 2u);
  EXPECT_TRUE(connector_.connection(1)->wanted());
  EXPECT_EQ(NextUse(), 0u) << "calls do not wait for it";
  Become(1, State::kConnecting);
  Become(1, State::kReady);
  Take(5, &uses);
  EXPECT_THAT(On0And1(uses), ElementsAre(4, 4));
  EXPECT_EQ(connector_.made(), 3u);
  EXPECT_THAT(observer_.states, ElementsAre(State::kConnecting, State::kReady));
}

TEST_F(ConnectionLimitTest, CallsThatAreMoreThanFitGoWhereTheFewestAre) {
  Start();
  Uses uses;
  Take(7, &uses);
  EXPECT_THAT(On0And1(uses), ElementsAre(7, 0)) << "the others are not ready";
  EXPECT_EQ(connector_.made(), 3u);
  Become(1, State::kFailing);
  Take(1, &uses);
  EXPECT_THAT(On0And1(uses), ElementsAre(8, 0)) << "nor do calls fail with it";
  EXPECT_EQ(set_->state(), State::kReady);
  Become(1, State::kReady);
  Take(4, &uses);
  EXPECT_THAT(On0And1(uses), ElementsAre(8, 4));
  Take(3, &uses);
  EXPECT_THAT(On0And1(uses), ElementsAre(8, 7));
}

TEST_F(ConnectionLimitTest, OneThatIsLostIsNotCountedOn) {
  Start();
  Uses uses;
  Take(3, &uses);
  Become(1, State::kReady);
  Become(0, State::kFailing);
  Take(5, &uses);
  EXPECT_THAT(On0And1(uses), ElementsAre(3, 5));
  EXPECT_EQ(set_->state(), State::kReady);
}

// A story: the peak of an hour decides about the next.
TEST_F(ConnectionLimitTest, ThoseThatAreNotNeededForTheIdleTimeoutEnd) {
  Start();
  Uses uses;
  Take(6, &uses);
  Become(1, State::kReady);
  Become(2, State::kReady);
  ASSERT_EQ(connector_.Live(), "0 1 2");
  wire::ConnectionUse stream = set_->Use();
  ASSERT_EQ(NumberOf(stream), 1u);
  Clear(&uses);
  Advance(absl::Hours(1));
  EXPECT_EQ(connector_.Live(), "0 1 2") << "they were needed in that hour";
  Advance(absl::Minutes(59));
  Take(2, &uses);
  Clear(&uses);
  EXPECT_EQ(connector_.Live(), "0 1 2");
  Advance(absl::Minutes(1));
  EXPECT_EQ(connector_.Live(), "0 1") << "three calls at most in the second";
  Advance(absl::Hours(1));
  EXPECT_EQ(connector_.Live(), "1") << "the one without a call goes";
  EXPECT_EQ(NextUse(), 1u);
  EXPECT_EQ(executor_.pending_timers(), 0u);
  Release(&stream);
  EXPECT_EQ(connector_.Live(), "1");
}

TEST_F(ConnectionLimitTest, OneThatEndsKeepsItsCalls) {
  Start();
  Uses uses;
  Take(3, &uses);
  Become(1, State::kReady);
  Take(1, &uses);
  ASSERT_EQ(NumberOf(uses.back()), 1u);
  wire::ConnectionUse last = std::move(uses.back());
  uses.pop_back();
  wire::ConnectionUse first = std::move(uses.back());
  Clear(&uses);
  Advance(absl::Hours(2));
  EXPECT_EQ(connector_.Live(), "0 1");
  EXPECT_EQ(NextUse(), 0u);
  EXPECT_FALSE(connector_.connection(1)->wanted());
  Release(&last);
  EXPECT_EQ(connector_.Live(), "0");
}

TEST_F(ConnectionLimitTest, WhatNobodyWantsGetsNoMore) {
  Start();
  On([&] { set_->Disconnect(); });
  Uses uses;
  Take(10, &uses);
  EXPECT_EQ(connector_.made(), 1u);
  On([&] { set_->Connect(); });
  EXPECT_EQ(connector_.made(), 4u);
}

class OneCallTest : public ConnectionLimitTest {
 protected:
  OneCallTest() : ConnectionLimitTest(1) {}
};

TEST_F(OneCallTest, ThereAreNoMoreThanTwelve) {
  Start();
  Uses uses;
  for (size_t i = 1; i < 30; ++i) {
    Take(1, &uses);
    for (size_t n = 1; n < connector_.made(); ++n) {
      if (connector_.connection(n)->state() != State::kReady) Become(n, State::kReady);
    }
  }
  EXPECT_EQ(connector_.made(), ConnectionSet::kMostServing);
  std::vector<int> counts(ConnectionSet::kMostServing);
  for (const wire::ConnectionUse& use : uses) ++counts.at(NumberOf(use));
  EXPECT_THAT(counts, Each(::testing::AllOf(::testing::Ge(2), ::testing::Le(3))));
}

model::ConnectionOptions AtMostTwo() {
  model::ConnectionOptions options = Limited(1);
  options.max_connections = 2;
  options.max_calls = 5;
  return options;
}

// envoy circuit_breaker.proto, per_host_thresholds.
class MaxConnectionsTest : public ConnectionSetFixture {
 protected:
  MaxConnectionsTest() : ConnectionSetFixture(AtMostTwo()) {}
};

TEST_F(MaxConnectionsTest, AreThoseThatServe) {
  Start();
  Uses uses;
  const auto take = [&] {
    uses.push_back(set_->Use());
    executor_.RunReady();
  };
  take();
  ASSERT_EQ(connector_.Live(), "0 1");
  Become(1, State::kReady);
  for (int i = 0; i < 4; ++i) take();
  EXPECT_EQ(connector_.Live(), "0 1");
  // One that has had its calls is replaced all the same.
  while (connector_.made() == 2 && uses.size() < 20) take();
  EXPECT_EQ(connector_.Live(), "0 1 2");
}

model::ConnectionOptions Counted() {
  model::ConnectionOptions options;
  options.max_calls = 3;
  return options;
}

// Three calls on a connection, ever.
class ConnectionCallsTest : public ConnectionSetFixture {
 protected:
  ConnectionCallsTest() : ConnectionSetFixture(Counted()) {}
};

TEST_F(ConnectionCallsTest, OneThatHasHadItsCallsIsReplaced) {
  Start();
  wire::ConnectionUse stream = set_->Use();
  NextUse();
  executor_.RunReady();
  EXPECT_EQ(connector_.made(), 1u);
  NextUse();
  executor_.RunReady();
  ASSERT_EQ(connector_.Live(), "0 1");
  EXPECT_EQ(NextUse(), 0u) << "until the other is ready";
  Become(1, State::kReady);
  EXPECT_EQ(NextUse(), 1u);
  EXPECT_EQ(connector_.Live(), "0 1");
  Release(&stream);
  EXPECT_EQ(connector_.Live(), "1");
  NextUse();
  NextUse();
  executor_.RunReady();
  EXPECT_EQ(connector_.Live(), "1 2");
}

TEST_F(ConnectionCallsTest, OneThatIsMadeAnewCountsAnew) {
  Start();
  NextUse();
  NextUse();
  Become(0, State::kConnecting);
  Become(0, State::kReady);
  NextUse();
  NextUse();
  executor_.RunReady();
  EXPECT_EQ(connector_.made(), 1u);
  NextUse();
  executor_.RunReady();
  EXPECT_EQ(connector_.made(), 2u);
}

model::ConnectionOptions LimitedAndCounted(uint32_t limit, uint32_t max_calls) {
  model::ConnectionOptions options;
  options.max_concurrent_calls = limit;
  options.max_calls = max_calls;
  options.idle_timeout = absl::Milliseconds(200);
  return options;
}

// Two calls on a connection at a time, three ever; and connections that come at once.
class ConnectionTurnoverTest : public ConnectionSetFixture {
 protected:
  static constexpr size_t kMost = ConnectionSet::kMostServing;

  explicit ConnectionTurnoverTest(const model::ConnectionOptions& options = LimitedAndCounted(2, 3))
      : ConnectionSetFixture(options) {}

  // All that are wanted become ready, as those that they bring about.
  void ReadyAll() {
    for (size_t n = 0; n < connector_.made(); ++n) {
      const auto* connection = connector_.connection(n);
      if (connection == nullptr || !connection->wanted()) continue;
      if (connection->state() != State::kReady) Become(n, State::kReady);
    }
  }
  // Without waiting for those that connect.
  size_t Take() {
    uses_.push_back(set_->Use());
    executor_.RunReady();
    const size_t number = NumberOf(uses_.back());
    if (begun_.size() <= number) begun_.resize(number + 1);
    ++begun_[number];
    return number;
  }
  // As many calls as fit on as many connections as there may be, while these come at once.
  void Fill() {
    Start();
    while (uses_.size() < 2 * kMost) {
      Take();
      ReadyAll();
    }
  }
  void EndFirst() {
    uses_.pop_front();
    executor_.RunReady();
  }
  void EndAll() {
    while (!uses_.empty()) EndFirst();
  }
  // As long as it takes to find that no more than one is needed, and to replace that.
  void Rest() {
    for (int i = 0; i < 3; ++i) {
      Advance(absl::Milliseconds(200));
      ReadyAll();
    }
  }

  std::deque<wire::ConnectionUse> uses_;
  std::vector<int> begun_;  // calls, by connection
};

TEST_F(ConnectionTurnoverTest, EachHasItsCallsAndNoMoreWhenAllAreInUse) {
  Fill();
  for (int i = 0; i < 700; ++i) {
    EndFirst();
    Take();
    ReadyAll();
    ASSERT_LE(set_->count(), ConnectionSet::kPlaces);
  }
  EXPECT_THAT(begun_, Each(::testing::Le(3)));
  EXPECT_GE(connector_.made(), 700u / 3);
  EndAll();
  Rest();
  EXPECT_EQ(set_->count(), 1u) << connector_.Live();
}

// A story: nothing connects for a while, and all have had their calls.
TEST_F(ConnectionTurnoverTest, ThoseThatHaveHadTheirCallsTakeMoreUntilOthersAreReady) {
  Fill();
  for (size_t i = 0; i < 2 * kMost; ++i) {
    EndFirst();
    EXPECT_LT(Take(), connector_.made() - 1);
  }
  // Each has another that connects in its stead.
  const size_t made = connector_.made();
  EXPECT_EQ(set_->count(), 2 * kMost);
  // The first that is ready takes the next calls, and one of the old ends.
  const size_t next = made - kMost;
  Become(next, State::kReady);
  EXPECT_EQ(Take(), next);
  EXPECT_EQ(Take(), next);
  EndAll();
  EXPECT_EQ(set_->count(), 2 * kMost - 1);
  ReadyAll();
  EXPECT_EQ(set_->count(), kMost);
}

TEST_F(ConnectionTurnoverTest, LostLoadLeavesOneWhateverTheyHaveHad) {
  Fill();
  for (size_t i = 0; i < 2 * kMost; ++i) {
    EndFirst();
    Take();
  }
  EndAll();
  // None of those that are to replace them connects.
  for (int i = 0; i < 3; ++i) Advance(absl::Milliseconds(200));
  EXPECT_EQ(set_->count(), 2u) << "one that serves, and one that comes: " << connector_.Live();
}

// Streams that do not end: on as many as may serve, and as many of those that end.
TEST_F(ConnectionTurnoverTest, StreamsOnThoseThatEndDoNotHoldUpOthers) {
  Fill();
  std::deque<wire::ConnectionUse> streams = std::move(uses_);
  uses_.clear();
  for (size_t i = 0; i < kMost; ++i) Take();
  ReadyAll();
  EXPECT_EQ(set_->count(), 2 * kMost);
  EXPECT_THAT(begun_, Each(::testing::Le(3)));
  EndAll();
  streams.clear();
  executor_.RunReady();
  Rest();
  EXPECT_EQ(set_->count(), 1u) << connector_.Live();
}

class FourCallsAtATimeTest : public ConnectionTurnoverTest {
 protected:
  FourCallsAtATimeTest() : ConnectionTurnoverTest(LimitedAndCounted(4, 4)) {}
};

TEST_F(FourCallsAtATimeTest, OneThatHasHadItsCallsTakesNoneWhileAnotherHasRoom) {
  Start();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Take(), 0u);
  Become(1, State::kReady);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Take(), 1u);
  EXPECT_EQ(Take(), 0u);  // its fourth
  // It has no call on it, and yet the other takes the next.
  for (int i = 0; i < 3; ++i) EndFirst();
  uses_.pop_back();
  EXPECT_EQ(Take(), 1u);
  EXPECT_EQ(Take(), 0u) << "which has room, at least";
}

model::ConnectionOptions LimitedAndAging() {
  model::ConnectionOptions options;
  options.max_concurrent_calls = 2;
  options.max_duration = absl::Milliseconds(100);
  options.idle_timeout = absl::Milliseconds(200);
  return options;
}

// Two calls on a connection at a time, and a tenth of a second.
class ConnectionAgingTest : public ConnectionTurnoverTest {
 protected:
  ConnectionAgingTest() : ConnectionTurnoverTest(LimitedAndAging()) {}
};

TEST_F(ConnectionAgingTest, AllAreReplacedInTimeWhenAllAreInUse) {
  Fill();
  for (int i = 1; i <= 5; ++i) {
    const size_t made = connector_.made();
    Advance(absl::Milliseconds(100));
    EXPECT_EQ(connector_.made(), made + kMost);
    ReadyAll();
    EXPECT_EQ(set_->count(), 2 * kMost) << "the old ones have calls";
    for (size_t n = 0; n < 2 * kMost; ++n) {
      EndFirst();
      EXPECT_GE(Take(), made);
    }
    EXPECT_EQ(set_->count(), kMost);
  }
  EndAll();
  Rest();
  EXPECT_EQ(set_->count(), 1u) << connector_.Live();
}

}  // namespace
}  // namespace mesh::cluster
