// Endpoints that have several addresses: which of them is connected (gRFC A61, RFC 8305).

#include "mesh/cluster/address_race.h"

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/fake_connector.h"
#include "tests/testing/fake_executor.h"

namespace mesh::cluster {
namespace {

using Addresses = std::vector<std::string>;
using State = wire::ConnectionState;

TEST(InterleaveFamiliesTest, Table) {
  const struct {
    Addresses addresses, order;
  } kRows[] = {
      {{"1:1"}, {"1:1"}},
      {{"1:1", "2:1", "3:1"}, {"1:1", "2:1", "3:1"}},
      {{"1:1", "2:1", "[a]:1", "[b]:1"}, {"1:1", "[a]:1", "2:1", "[b]:1"}},
      {{"[a]:1", "[b]:1", "[c]:1", "1:1"}, {"[a]:1", "1:1", "[b]:1", "[c]:1"}},
      {{"1:1", "[a]:1", "[b]:1", "[c]:1"}, {"1:1", "[a]:1", "[b]:1", "[c]:1"}},
      {{"unix:/a", "[a]:1", "1:1"}, {"unix:/a", "[a]:1", "1:1"}},
  };
  for (const auto& row : kRows) EXPECT_EQ(InterleaveFamilies(row.addresses), row.order);
}

class AddressRaceTest : public ::testing::Test, public wire::Connection::Observer {
 protected:
  static constexpr absl::Duration kDelay = absl::Milliseconds(250);

  AddressRaceTest() {
    On([this] {
      race_ = std::make_unique<AddressRace>(AddressRace::Context{&connector_, &serializer_, kDelay},
                                            wire::ConnectionKey{"a:1", {}, {"b:1", "c:1"}}, this);
    });
  }
  ~AddressRaceTest() override {
    On([this] { race_ = nullptr; });
    serializer_.Shutdown();
  }

  void OnConnectionState(State state, const absl::Status& reason) override {
    told_.push_back(std::string(wire::ToString(state)));
    EXPECT_EQ(race_->state(), state);
    reason_ = std::string(reason.message());
  }
  template <typename Step>
  void On(Step step) {
    serializer_.RunAndWait(step);
    executor_.RunReady();
  }
  void Connect() {
    On([this] { race_->Connect(); });
  }
  void Become(const std::string& address, State state) {
    On([&] {
      connector_.Become(address, state,
                        state == State::kFailing ? absl::UnavailableError(address + " is down")
                                                 : absl::OkStatus());
    });
  }
  void Wait(absl::Duration time) { executor_.Advance(time); }
  std::string Told() {
    std::string text;
    for (const std::string& state : told_) text += (text.empty() ? "" : " ") + state;
    told_.clear();
    return text;
  }
  Addresses Wanted() {
    Addresses wanted;
    On([&] { wanted = connector_.Wanted(); });
    return wanted;
  }
  // The address that calls use.
  std::string Used() { return connector_.AddressOf(race_->Use().connection()); }

  testing::FakeClock clock_;
  testing::FakeExecutor executor_{&clock_};
  Serializer serializer_{&executor_};
  testing::FakeConnector connector_{&serializer_};
  std::vector<std::string> told_;
  std::string reason_;
  std::unique_ptr<AddressRace> race_;
};

TEST_F(AddressRaceTest, TheFirstThatIsThereAtOnceIsAllThatIsTried) {
  Connect();
  EXPECT_EQ(Told(), "connecting");
  EXPECT_EQ(Wanted(), (Addresses{"a:1"}));
  Become("a:1", State::kReady);
  EXPECT_EQ(Told(), "ready");
  Wait(absl::Seconds(10));
  EXPECT_EQ(connector_.made(), 1);
  EXPECT_EQ(Used(), "a:1");
  EXPECT_EQ(race_->count(), 1u);
}

TEST_F(AddressRaceTest, OthersAreTriedWhileItIsSilent) {
  Connect();
  Wait(kDelay - absl::Milliseconds(1));
  EXPECT_EQ(Wanted(), (Addresses{"a:1"}));
  Wait(absl::Milliseconds(1));
  EXPECT_EQ(Wanted(), (Addresses{"a:1", "b:1"}));
  Wait(kDelay);
  EXPECT_EQ(Wanted(), (Addresses{"a:1", "b:1", "c:1"}));
  EXPECT_EQ(race_->count(), 3u);
  EXPECT_EQ(Told(), "connecting");
  Become("b:1", State::kReady);
  EXPECT_EQ(Told(), "ready");
  EXPECT_EQ(Used(), "b:1");
  EXPECT_EQ(Wanted(), (Addresses{"b:1"}));
  // What calls may have used is kept, the other one was never seen.
  EXPECT_EQ(race_->count(), 2u);
  EXPECT_EQ(connector_.connection("c:1"), nullptr);
}

TEST_F(AddressRaceTest, NobodyWaitsForOneThatHasFailed) {
  Connect();
  Become("a:1", State::kFailing);
  EXPECT_EQ(Wanted(), (Addresses{"a:1", "b:1"}));
  Become("b:1", State::kFailing);
  EXPECT_EQ(Wanted(), (Addresses{"a:1", "b:1", "c:1"}));
  EXPECT_EQ(Told(), "connecting");
  Become("c:1", State::kFailing);
  EXPECT_EQ(Told(), "failing");
  EXPECT_EQ(reason_, "a:1 is down; b:1 is down; c:1 is down");
  // All go on, and the first that is ready is the one.
  Become("b:1", State::kConnecting);
  EXPECT_EQ(Told(), "");
  EXPECT_EQ(race_->state(), State::kFailing);
  Become("b:1", State::kReady);
  EXPECT_EQ(Told(), "ready");
  EXPECT_EQ(Wanted(), (Addresses{"b:1"}));
}

TEST_F(AddressRaceTest, ALossBeginsAnew) {
  Connect();
  Become("a:1", State::kFailing);
  Become("b:1", State::kReady);
  EXPECT_EQ(Used(), "b:1");
  Told();
  Become("b:1", State::kConnecting);
  EXPECT_EQ(Told(), "connecting");
  EXPECT_EQ(Wanted(), (Addresses{"a:1", "b:1"})) << "the first is known to fail";
  Become("a:1", State::kReady);
  EXPECT_EQ(Told(), "ready");
  EXPECT_EQ(Used(), "a:1");
  // Lost again, and silent: the others, one after the other.
  Become("a:1", State::kConnecting);
  Wait(kDelay);
  EXPECT_EQ(Wanted(), (Addresses{"a:1", "b:1"}));
  Become("b:1", State::kReady);
  EXPECT_EQ(Used(), "b:1");
}

TEST_F(AddressRaceTest, WhatHasFailedLongAgoIsTriedFirstAgain) {
  Connect();
  Become("a:1", State::kReady);
  Become("a:1", State::kFailing);
  Become("b:1", State::kReady);
  EXPECT_EQ(Used(), "b:1");
  Become("a:1", State::kIdle);  // its back-off is over
  Become("b:1", State::kConnecting);
  EXPECT_EQ(Wanted(), (Addresses{"a:1"})) << "the others have to wait for it";
  Become("a:1", State::kReady);
  EXPECT_EQ(Used(), "a:1");
}

TEST_F(AddressRaceTest, AskedForAgainWhenAllHadFailed) {
  connector_.set_outcome(State::kFailing);  // of b and c
  Connect();
  Become("a:1", State::kFailing);
  EXPECT_EQ(Told(), "connecting failing");
  On([this] { race_->Disconnect(); });
  Become("a:1", State::kIdle);
  EXPECT_EQ(Told(), "idle");
  Connect();
  Become("a:1", State::kFailing);
  EXPECT_EQ(Told(), "connecting failing");
  Become("b:1", State::kReady);
  EXPECT_EQ(Told(), "ready");
  EXPECT_EQ(Used(), "b:1");
}

TEST_F(AddressRaceTest, OneThatIsReadyAfterAllIsNoneOfTheRace) {
  Connect();
  Wait(kDelay);
  Become("b:1", State::kReady);
  Told();
  Become("a:1", State::kReady);
  EXPECT_EQ(Told(), "");
  EXPECT_EQ(Used(), "b:1");
}

TEST_F(AddressRaceTest, OneThatWasReadyAfterAllIsThereWhenTheOtherIsLost) {
  Connect();
  Wait(kDelay);
  Become("b:1", State::kReady);
  Become("a:1", State::kReady);
  Told();
  Become("b:1", State::kConnecting);
  EXPECT_EQ(race_->state(), State::kReady);
  EXPECT_EQ(Used(), "a:1");
  EXPECT_EQ(Wanted(), (Addresses{"a:1"}));
  EXPECT_EQ(Told(), "connecting ready");
}

TEST_F(AddressRaceTest, ThatAllHaveFailedIsToldToWhoeverWantsItAgain) {
  Connect();
  Become("a:1", State::kFailing);
  Become("b:1", State::kFailing);
  Become("c:1", State::kReady);
  Become("c:1", State::kConnecting);
  Become("b:1", State::kReady);
  Become("b:1", State::kConnecting);
  // Each of them has been used, and is kept.
  On([this] { race_->Disconnect(); });
  Become("b:1", State::kFailing);
  Become("c:1", State::kFailing);
  EXPECT_EQ(race_->state(), State::kIdle);
  Connect();
  EXPECT_EQ(race_->state(), State::kFailing);
  EXPECT_EQ(reason_, "a:1 is down; b:1 is down; c:1 is down");
}

TEST_F(AddressRaceTest, OneThatIsReadyWhenNobodyWantsItIsThereForWhoeverDoes) {
  Connect();
  On([this] { race_->Disconnect(); });
  Become("a:1", State::kReady);
  Connect();
  EXPECT_EQ(race_->state(), State::kReady);
  EXPECT_EQ(Used(), "a:1");
  Wait(absl::Seconds(10));
  EXPECT_EQ(connector_.made(), 1);
}

TEST_F(AddressRaceTest, OneThatIsReadyAlreadyIsTheConnection) {
  Connect();
  Become("a:1", State::kReady);
  Become("a:1", State::kFailing);
  Become("b:1", State::kReady);
  Become("a:1", State::kReady);  // too late
  Told();
  Become("b:1", State::kConnecting);
  EXPECT_EQ(Told(), "connecting ready");
  EXPECT_EQ(race_->state(), State::kReady);
  EXPECT_EQ(Used(), "a:1");
  EXPECT_EQ(Wanted(), (Addresses{"a:1"}));
}

TEST_F(AddressRaceTest, AskingTwiceIsAskingOnce) {
  Connect();
  Wait(kDelay);
  Connect();
  EXPECT_EQ(Wanted(), (Addresses{"a:1", "b:1"}));
  EXPECT_EQ(connector_.made(), 2);
}

TEST_F(AddressRaceTest, NobodyWantsIt) {
  Connect();
  Wait(kDelay);
  EXPECT_EQ(race_->count(), 2u);
  On([this] { race_->Disconnect(); });
  EXPECT_EQ(Wanted(), Addresses());
  EXPECT_EQ(race_->count(), 1u);
  Wait(absl::Seconds(10));
  EXPECT_EQ(Wanted(), Addresses());
  Become("a:1", State::kIdle);
  EXPECT_EQ(Told(), "connecting idle");
  Connect();
  Become("a:1", State::kReady);
  On([this] { race_->Disconnect(); });
  EXPECT_EQ(race_->state(), State::kReady);  // until it is lost
  Become("a:1", State::kIdle);
  EXPECT_EQ(race_->state(), State::kIdle);
  Wait(absl::Seconds(10));
  EXPECT_EQ(Wanted(), Addresses());
}

TEST_F(AddressRaceTest, AllAreLookedAtAgain) {
  Connect();
  Wait(kDelay);
  On([this] { race_->Recheck(); });
  EXPECT_EQ(connector_.rechecks("a:1"), 1);
  EXPECT_EQ(connector_.rechecks("b:1"), 1);
}

// Whatever has happened: it is there if one of its addresses is, it fails if all do, and what was
// told last is how it is.
TEST_F(AddressRaceTest, RandomStories) {
  const Addresses addresses = {"a:1", "b:1", "c:1"};
  const std::vector<State> next[] = {{State::kConnecting},                // from kIdle
                                     {State::kReady, State::kFailing},    // kConnecting
                                     {State::kConnecting, State::kIdle},  // kReady
                                     {State::kReady}};                    // kFailing
  std::mt19937 random(1);
  const auto draw = [&random](size_t below) { return random() % below; };
  bool wanted = false;
  for (int step = 0; step < 20'000; ++step) {
    SCOPED_TRACE(step);
    const std::string& address = addresses[draw(addresses.size())];
    const std::vector<State>& states = next[static_cast<size_t>(connector_.StateOf(address))];
    switch (draw(8)) {
      case 0:
        wanted = !wanted;
        On([&] { wanted ? race_->Connect() : race_->Disconnect(); });
        break;
      case 1:
        Wait(kDelay / 2);
        break;
      default:
        if (connector_.connection(address) != nullptr) Become(address, states[draw(states.size())]);
    }
    const auto count = [&](State state) {
      return std::count_if(addresses.begin(), addresses.end(), [&](const std::string& one) {
        return connector_.StateOf(one) == state;
      });
    };
    if (!told_.empty()) {
      ASSERT_EQ(told_.back(), wire::ToString(race_->state()));
      ASSERT_EQ(std::adjacent_find(told_.begin(), told_.end()), told_.end());
      told_ = {told_.back()};
    }
    if (race_->state() == State::kReady) ASSERT_EQ(connector_.StateOf(Used()), State::kReady);
    if (!wanted) continue;
    ASSERT_NE(race_->state(), State::kIdle);
    ASSERT_EQ(race_->state() == State::kReady, count(State::kReady) > 0);
    if (count(State::kFailing) == 3) ASSERT_EQ(race_->state(), State::kFailing);
  }
}

TEST_F(AddressRaceTest, OnlyKeysWithAlternativesRace) {
  RacingConnector racing({&connector_, &serializer_, kDelay});
  On([&] {
    const auto one = racing.Create({"d:1", {}}, this);
    EXPECT_EQ(one->Use().connection(), one.get());
    const auto two = racing.Create({"d:1", {}, {"e:1"}}, this);
    EXPECT_NE(two->Use().connection(), two.get());
  });
}

}  // namespace
}  // namespace mesh::cluster
