// Attempts over a transport that is not gRPC's: what the seam promises both sides.

#include "mesh/call/attempts.h"

#include <future>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "tests/call/call_world.h"
#include "tests/call/fake_transport.h"

namespace mesh::call::testing {
namespace {

constexpr int kCancelled = 1;
constexpr int kInternal = 13;
constexpr int kUnavailable = 14;

ExchangeResponse Ok(const std::string& body) {
  ExchangeResponse response;
  response.body = absl::Cord(body);
  response.has_initial_metadata = true;
  response.initial_metadata = {{"served-by", "a"}};
  return response;
}

ExchangeResponse Failure(int code, bool delivered = true) {
  ExchangeResponse response;
  response.code = code;
  response.message = "told to";
  response.delivered = delivered;
  return response;
}

// Two endpoints nobody connects to: the transport is the test.
class AttemptsTest : public ::testing::Test {
 protected:
  AttemptsTest() {
    world_.AddEndpoint("127.0.0.1:1");
    world_.AddEndpoint("127.0.0.1:2");
  }

  static UnaryCall Call() {
    UnaryCall call;
    call.path = "/pkg.Service/Method";
    call.authority = "service";
    call.body = absl::Cord("request");
    return call;
  }

  // Two endpoints of three are there, and the time does not go on. Returns all three.
  std::vector<cluster::Endpoint*> TwoOfThree() {
    world_.StopClock();
    world_.AddEndpoint("127.0.0.1:3");
    world_.Publish(CallWorld::Retries(2));
    world_.SetEndpoints({world_.endpoints()[0], world_.endpoints()[1]});
    return world_.endpoints();
  }
  // The mesh has learned that both are lost: the call goes on at the third.
  void GoesOnAtThird() {
    cluster::Endpoint* const third = world_.endpoints()[2];
    world_.SetEndpoints({third});
    ASSERT_TRUE(transport_.WaitFor(2));
    EXPECT_EQ(transport_.connection(2), &third->connection());
    transport_.End(2, Ok("reply"));
    EXPECT_EQ(Outcome().body, "reply");
  }

  std::shared_ptr<Attempts> Start(UnaryCall call = Call()) {
    auto attempts = std::make_shared<Attempts>(world_.core().shared_from_this(), transport_.Share(),
                                               std::move(call));
    attempts->Start(OnDone());
    return attempts;
  }

  Attempts::Done OnDone() {
    return
        [this](std::optional<ExchangeResponse> response) { done_.set_value(std::move(response)); };
  }

  bool IsDone() { return outcome_.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }
  // What the call ended with; a response that fails the test if it did not end.
  ExchangeResponse Outcome() {
    if (outcome_.wait_for(std::chrono::seconds(10)) != std::future_status::ready) {
      ADD_FAILURE() << "the call did not end";
      return Failure(-1);
    }
    std::optional<ExchangeResponse> response = outcome_.get();
    EXPECT_TRUE(response.has_value());
    return response.has_value() ? *std::move(response) : Failure(-1);
  }

  CallWorld world_;
  FakeTransport transport_;
  std::promise<std::optional<ExchangeResponse>> done_;  // a second value would throw
  std::future<std::optional<ExchangeResponse>> outcome_ = done_.get_future();
};

TEST_F(AttemptsTest, TheTransportGetsWhatTheCallSends) {
  world_.Publish();
  Start();
  ASSERT_TRUE(transport_.WaitFor(0));
  EXPECT_EQ(transport_.request(0).path, "/pkg.Service/Method");
  EXPECT_EQ(transport_.request(0).authority, "service");
  EXPECT_EQ(transport_.request(0).body, "request");
  EXPECT_EQ(transport_.request(0).deadline, absl::InfiniteFuture());
  EXPECT_EQ(transport_.connection(0), &world_.endpoints()[0]->connection());
  EXPECT_EQ(world_.in_flight(), 1u);
  EXPECT_FALSE(IsDone());
  transport_.End(0, Ok("reply"));
  const ExchangeResponse response = Outcome();
  EXPECT_EQ(response.code, 0);
  EXPECT_EQ(response.body, "reply");
  EXPECT_EQ(response.initial_metadata, (Metadata{{"served-by", "a"}}));
  EXPECT_EQ(world_.in_flight(), 0u);
}

TEST_F(AttemptsTest, ARetryGoesToTheOtherEndpoint) {
  world_.Publish(CallWorld::Retries(1));
  Start();
  ASSERT_TRUE(transport_.WaitFor(0));
  transport_.End(0, Failure(kUnavailable));
  ASSERT_TRUE(transport_.WaitFor(1));
  EXPECT_EQ(transport_.connection(1), &world_.endpoints()[1]->connection());
  EXPECT_EQ(transport_.request(1).body, "request");
  transport_.End(1, Ok("second"));
  EXPECT_EQ(Outcome().body, "second");
  EXPECT_EQ(world_.environment().Sum(CallEnvironment::Count::kRetries), 1u);
}

TEST_F(AttemptsTest, TheLastFailureIsTheOutcome) {
  world_.Publish(CallWorld::Retries(1));
  Start();
  ASSERT_TRUE(transport_.WaitFor(0));
  transport_.End(0, Failure(kUnavailable));
  ASSERT_TRUE(transport_.WaitFor(1));
  transport_.End(1, Failure(kUnavailable));
  EXPECT_EQ(Outcome().message, "told to");
  EXPECT_EQ(transport_.size(), 2u);
}

TEST_F(AttemptsTest, InitialMetadataCommitTheCall) {
  world_.Publish(CallWorld::Retries(3));
  Start();
  ASSERT_TRUE(transport_.WaitFor(0));
  ExchangeResponse committed = Failure(kUnavailable);
  committed.has_initial_metadata = true;
  transport_.End(0, std::move(committed));
  EXPECT_EQ(Outcome().code, kUnavailable);
  EXPECT_EQ(transport_.size(), 1u);
}

TEST_F(AttemptsTest, WhatWasNeverGivenToATransportGoesElsewhereTwice) {
  world_.Publish();
  Start();
  for (size_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(transport_.WaitFor(i));
    transport_.End(i, Failure(kUnavailable, /*delivered=*/false));
  }
  EXPECT_EQ(Outcome().code, kUnavailable);
  EXPECT_EQ(transport_.size(), 3u);
  EXPECT_EQ(world_.environment().Sum(CallEnvironment::Count::kElsewhere), 2u);
}

// The mesh is about to learn that both are lost.
TEST_F(AttemptsTest, WhatWasNeverGivenToATransportDoesNotGoWhereItWasAtOnce) {
  TwoOfThree();
  Start();
  for (size_t i = 0; i < 2; ++i) {
    ASSERT_TRUE(transport_.WaitFor(i));
    transport_.End(i, Failure(kUnavailable, /*delivered=*/false));
  }
  world_.OnSerializer([] {});
  EXPECT_EQ(transport_.size(), 2u);
  GoesOnAtThird();
}

TEST_F(AttemptsTest, ButDoesSoonIfNothingChanges) {
  world_.Publish();
  world_.SetEndpoints({world_.endpoints()[0]});
  Start();
  for (size_t i = 0; i < 2; ++i) {
    ASSERT_TRUE(transport_.WaitFor(i));
    transport_.End(i, i == 0 ? Failure(kUnavailable, /*delivered=*/false) : Ok("reply"));
  }
  EXPECT_EQ(Outcome().body, "reply");
}

// Both servers have died, and the mesh knows in a moment: no retry is to be spent on them.
TEST_F(AttemptsTest, ARetryDoesNotGoWhereItWasAtOnce) {
  const std::vector<cluster::Endpoint*> all = TwoOfThree();
  Start();
  ASSERT_TRUE(transport_.WaitFor(0));
  transport_.End(0, Failure(kUnavailable));
  ASSERT_TRUE(transport_.WaitFor(1));
  const wire::Connection* const second = transport_.connection(1);
  EXPECT_NE(second, transport_.connection(0));
  transport_.End(1, Failure(kUnavailable));
  world_.OnSerializer([] {});
  EXPECT_EQ(transport_.size(), 2u);
  // It learns of the first before it learns of the second.
  world_.SetEndpoints({second == &all[0]->connection() ? all[0] : all[1]});
  world_.OnSerializer([] {});
  EXPECT_EQ(transport_.size(), 2u);
  GoesOnAtThird();
}

TEST_F(AttemptsTest, ARetryGoesWhereItWasSoonIfNothingChanges) {
  world_.Publish(CallWorld::Retries(1));
  world_.SetEndpoints({world_.endpoints()[0]});
  const absl::Time start = world_.environment().clock().Now();
  Start();
  ASSERT_TRUE(transport_.WaitFor(0));
  transport_.End(0, Failure(kUnavailable));
  ASSERT_TRUE(transport_.WaitFor(1));
  EXPECT_GE(world_.environment().clock().Now() - start, EndpointSearch::kLookAgainSoon);
  transport_.End(1, Ok("reply"));
  EXPECT_EQ(Outcome().body, "reply");
}

// The mesh learned of it while the call was on its way to those that wait.
TEST_F(AttemptsTest, NewsThatCameBeforeTheWaitCountAtOnce) {
  world_.AddEndpoint("127.0.0.1:3");
  const std::vector<cluster::Endpoint*> all = world_.endpoints();
  world_.Publish();
  world_.SetEndpoints({all[0]});
  Start();
  ASSERT_TRUE(transport_.WaitFor(0));
  std::promise<void> looked;
  world_.environment().Post([this, &looked, &all] {
    looked.get_future().wait();
    world_.cluster().Set({all[1]});
    world_.cluster().NotifyObservers();
  });
  transport_.End(0, Failure(kUnavailable, /*delivered=*/false));
  looked.set_value();
  world_.OnSerializer([] {});
  ASSERT_EQ(transport_.size(), 2u);
  EXPECT_EQ(transport_.connection(1), &all[1]->connection());
  transport_.End(1, Ok("reply"));
  EXPECT_EQ(Outcome().body, "reply");
}

// What a server answers with another code says that it is there.
TEST_F(AttemptsTest, AnAnsweredAttemptIsRetriedWhereItWasAtOnce) {
  model::RetryPolicy policy = CallWorld::Retries(1);
  policy.retry_on.insert(kInternal);
  world_.Publish(policy);
  world_.SetEndpoints({world_.endpoints()[0]});
  Start();
  ASSERT_TRUE(transport_.WaitFor(0));
  transport_.End(0, Failure(kInternal));
  EXPECT_EQ(transport_.size(), 2u) << "made at once";
  transport_.End(1, Ok("reply"));
  EXPECT_EQ(Outcome().body, "reply");
}

TEST_F(AttemptsTest, OtherCodesEndTheCall) {
  world_.Publish(CallWorld::Retries(3));
  Start();
  ASSERT_TRUE(transport_.WaitFor(0));
  transport_.End(0, Failure(kInternal));
  EXPECT_EQ(Outcome().code, kInternal);
}

TEST_F(AttemptsTest, CancellingReachesTheAttemptAndTellsWhoCancelled) {
  world_.Publish(CallWorld::Retries(3));
  const auto attempts = Start();
  ASSERT_TRUE(transport_.WaitFor(0));
  attempts->Cancel(kCancelled, "cancelled by the application");
  EXPECT_TRUE(transport_.cancelled(0));
  EXPECT_FALSE(IsDone()) << "the transport tells when the attempt has ended";
  transport_.End(0, Failure(kCancelled));
  const ExchangeResponse response = Outcome();
  EXPECT_EQ(response.code, kCancelled);
  EXPECT_EQ(response.message, "cancelled by the application");
  EXPECT_EQ(transport_.size(), 1u);
}

TEST_F(AttemptsTest, AnAnswerThatComesBeforeTheCancellationStands) {
  world_.Publish();
  const auto attempts = Start();
  ASSERT_TRUE(transport_.WaitFor(0));
  attempts->Cancel(kCancelled, "cancelled by the application");
  transport_.End(0, Ok("reply"));
  EXPECT_EQ(Outcome().body, "reply");
}

TEST_F(AttemptsTest, AFailureAfterTheCancellationIsNotRetried) {
  world_.Publish(CallWorld::Retries(3));
  const auto attempts = Start();
  ASSERT_TRUE(transport_.WaitFor(0));
  attempts->Cancel(kUnavailable, "mesh was destroyed");
  transport_.End(0, Failure(kUnavailable));
  EXPECT_EQ(Outcome().message, "mesh was destroyed");
  EXPECT_EQ(transport_.size(), 1u);
}

TEST_F(AttemptsTest, HeldUntilThereIsAnEndpoint) {
  world_.PublishPending();
  Start();
  world_.OnSerializer([] {});
  EXPECT_EQ(transport_.size(), 0u);
  world_.SetEndpoints({world_.endpoints()[1]});
  ASSERT_TRUE(transport_.WaitFor(0));
  EXPECT_EQ(transport_.connection(0), &world_.endpoints()[1]->connection());
  transport_.End(0, Ok("reply"));
  EXPECT_EQ(Outcome().code, 0);
}

TEST_F(AttemptsTest, CancelledWhileHeld) {
  world_.PublishPending();
  const auto attempts = Start();
  attempts->Cancel(kCancelled, "cancelled by the application");
  EXPECT_EQ(Outcome().message, "cancelled by the application");
  EXPECT_EQ(transport_.size(), 0u);
}

TEST_F(AttemptsTest, NoAttemptBeginsWhenTheMeshIsGone) {
  world_.Publish();
  transport_.Leave();
  Start();
  EXPECT_EQ(Outcome().message, "mesh was destroyed");
  EXPECT_EQ(world_.in_flight(), 0u);
}

TEST_F(AttemptsTest, TheDeadlineIsTheEarlierOfTheCallsAndTheRoutes) {
  world_.Publish({}, absl::Seconds(3));
  UnaryCall call = Call();
  call.start = world_.environment().clock().Now();
  call.deadline = call.start + absl::Seconds(9);
  const absl::Time start = call.start;
  Start(std::move(call));
  ASSERT_TRUE(transport_.WaitFor(0));
  EXPECT_EQ(transport_.request(0).deadline, start + absl::Seconds(3));
  transport_.End(0, Ok(""));
  Outcome();
}

TEST_F(AttemptsTest, RunWaitsForTheAnswer) {
  std::future<ExchangeResponse> answer = std::async(std::launch::async, [&] {
    return transport_.Run({"/pkg.Service/Method", absl::Cord("request")},
                          world_.endpoints()[0]->connection());
  });
  ASSERT_TRUE(transport_.WaitFor(0));
  EXPECT_EQ(transport_.request(0).body, "request");
  transport_.End(0, Ok("reply"));
  EXPECT_EQ(answer.get().body, "reply");
}

TEST_F(AttemptsTest, RunSaysThatTheMeshIsGone) {
  transport_.Leave();
  const ExchangeResponse response =
      transport_.Run({"/pkg.Service/Method"}, world_.endpoints()[0]->connection());
  EXPECT_EQ(response.code, kUnavailable);
  EXPECT_FALSE(response.delivered);
}

}  // namespace
}  // namespace mesh::call::testing
