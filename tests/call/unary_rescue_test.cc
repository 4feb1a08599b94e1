// Unary calls whose first attempt is not the last, in every style.

#include <memory>
#include <string>
#include <thread>

#include "gtest/gtest.h"
#include "mesh/call/call_trace.h"
#include "tests/call/unary_fixture.h"

namespace mesh::call::testing {
namespace {

constexpr char kDead[] = "127.0.0.1:1";

// The route's retry policy has failures of `a_` retried on `b_`.
class RescueTest : public UnaryTest {
 protected:
  void PublishBoth(uint32_t retries) {
    AddServers(2);
    world_.Publish(CallWorld::Retries(retries));
    a_.FailAlways();
  }
};

TEST_P(RescueTest, ByTheOtherEndpoint) {
  PublishBoth(2);
  context_.AddMetadata("x-user", "me");
  const grpc::Status status = Call("hello");
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(reply_.text(), "hello");
  EXPECT_EQ(reply_.server(), "b");
  if (GetParam() != Style::kAsyncEarlyMetadata) {  // was given those of the first attempt
    EXPECT_EQ(First(context_.GetServerInitialMetadata(), "served-by"), "b");
  }
  EXPECT_EQ(First(context_.GetServerTrailingMetadata(), "trailer"), "b");
  EXPECT_EQ(First(context_.GetServerTrailingMetadata(), "saw-x-user"), "me");
  EXPECT_EQ(context_.GetServerTrailingMetadata().count("trailer"), 1u);
  EXPECT_EQ(context_.debug_error_string(), "");
  EXPECT_EQ(context_.peer(), "ipv4:" + a_.address()) << "a known limit: the first attempt's";
  ExpectEnded(1, 1);
}

TEST_P(RescueTest, TheOtherEndpointSeesTheSameAuthority) {
  PublishBoth(1);
  EXPECT_TRUE(Call("hello").ok());
  EXPECT_EQ(First(context_.GetServerTrailingMetadata(), "saw-authority"), "service");
}

// A server that has sent initial metadata has committed to the attempt (gRFC A6).
TEST_P(RescueTest, NotAfterInitialMetadata) {
  AddServers(2);
  world_.Publish(CallWorld::Retries(2));
  EchoRequest request;
  request.set_fail_with(grpc::StatusCode::UNAVAILABLE);
  const grpc::Status status = CallUnary(GetParam(), channel_, &context_, request, &reply_);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "a was asked to fail");
  EXPECT_EQ(a_.calls() + b_.calls(), 1);
  ExpectEnded(0, 1);
}

TEST_P(RescueTest, FromADeadEndpointWithoutPolicy) {
  world_.AddEndpoint(kDead);
  world_.AddEndpoint(b_.address());
  world_.Publish();
  const grpc::Status status = Call("hello");
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(reply_.server(), "b");
  ExpectEnded(1, 1);
}

TEST_P(RescueTest, ElsewhereAtMostTwice) {
  for (int i = 0; i < 4; ++i) world_.AddEndpoint(kDead);
  world_.AddEndpoint(b_.address());
  world_.Publish();
  EXPECT_EQ(Call("hello").error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(b_.calls(), 0);
  ExpectEnded(0, 3);
}

TEST_P(RescueTest, AttemptsAreUsedUp) {
  PublishBoth(2);
  b_.FailAlways();
  const grpc::Status status = Call("hello");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(a_.calls() + b_.calls(), 3);
  EXPECT_GE(b_.calls(), 1) << "what was not tried comes first";
  ExpectEnded(0, 3);
}

TEST_P(RescueTest, OtherCodesAreNotRetried) {
  AddServers(2);
  world_.Publish(CallWorld::Retries(2));
  a_.FailAlways(grpc::StatusCode::INTERNAL);
  EXPECT_EQ(Call("hello").error_code(), grpc::StatusCode::INTERNAL);
  ExpectEnded(0, 1);
}

TEST_P(RescueTest, LargeMessage) {
  PublishBoth(1);
  const std::string large(3 << 20, 'x');
  const grpc::Status status = Call(large);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(reply_.text(), large);
}

TEST_P(RescueTest, TooLargeAnswerFailsAsItWouldNatively) {
  PublishBoth(1);
  EXPECT_EQ(Call(std::string(5 << 20, 'x')).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_P(RescueTest, CompressedBothWays) {
  PublishBoth(1);
  context_.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  context_.AddMetadata("x-compress-reply", "1");
  const std::string text(100000, 'x');
  const grpc::Status status = Call(text);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(reply_.text(), text);
}

TEST_P(RescueTest, EmptyMessage) {
  PublishBoth(1);
  const grpc::Status status = Call("");
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(reply_.server(), "b");
}

TEST_P(RescueTest, DeadlineEndsIt) {
  PublishBoth(1);
  b_.set_delay(absl::Seconds(10));
  context_.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(200));
  EXPECT_EQ(Call("hello").error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  b_.set_delay(absl::ZeroDuration());
  ExpectEnded(0, 2);
}

TEST_P(RescueTest, TimeoutOfTheRouteEndsIt) {
  AddServers(2);
  world_.Publish(CallWorld::Retries(1), absl::Milliseconds(200));
  a_.FailAlways();
  b_.set_delay(absl::Seconds(10));
  EXPECT_EQ(Call("hello").error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  b_.set_delay(absl::ZeroDuration());
  ExpectEnded(0, 2);
}

TEST_P(RescueTest, TryCancelEndsIt) {
  PublishBoth(1);
  b_.set_delay(absl::Seconds(10));
  std::thread canceller([&] {
    EXPECT_TRUE(Eventually([&] { return b_.calls() == 1; }));
    context_.TryCancel();
  });
  EXPECT_EQ(Call("hello").error_code(), grpc::StatusCode::CANCELLED);
  canceller.join();
  b_.set_delay(absl::ZeroDuration());
  ExpectEnded(0, 2);
}

TEST_P(RescueTest, MeshGoesInTheMiddle) {
  PublishBoth(1);
  b_.set_delay(absl::Seconds(10));
  std::thread destroyer([&] {
    EXPECT_TRUE(Eventually([&] { return b_.calls() == 1; }));
    world_.DestroyMesh();
  });
  const grpc::Status status = Call("hello");
  destroyer.join();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "target \"test:///service\": mesh was destroyed");
  b_.set_delay(absl::ZeroDuration());
  ExpectEnded(0, 2);
}

TEST_P(RescueTest, ChannelIsDestroyedInTheMiddle) {
  PublishBoth(1);
  b_.set_delay(absl::Milliseconds(100));
  std::thread destroyer([&] {
    EXPECT_TRUE(Eventually([&] { return b_.calls() == 1; }));
    channel_ = nullptr;
  });
  const std::shared_ptr<grpc::ChannelInterface> channel = std::move(channel_);
  EchoRequest request;
  EXPECT_TRUE(CallUnary(GetParam(), channel, &context_, request, &reply_).ok());
  destroyer.join();
}

TEST_P(RescueTest, WaitForReadyIsKeptWhenTheEndpointDiesAfterThePick) {
  cluster::Endpoint* const dead = world_.AddEndpoint(kDead);
  cluster::Endpoint* const alive = world_.AddEndpoint(b_.address());
  world_.Publish();
  world_.SetEndpoints({dead});
  context_.set_wait_for_ready(true);
  std::thread healer([&] {
    EXPECT_TRUE(Eventually([&] { return world_.ended().failed == 3; }));
    world_.SetEndpoints({alive});
  });
  // The attempts that a call has by itself are used up before another endpoint is there.
  const grpc::Status status = Call("hello");
  EXPECT_TRUE(status.ok()) << status.error_message();
  healer.join();
}

TEST_P(RescueTest, WaitsForTheNextPickerWhenNothingIsLeft) {
  cluster::Endpoint* const dead = world_.AddEndpoint(kDead);
  cluster::Endpoint* const alive = world_.AddEndpoint(b_.address());
  world_.Publish();
  world_.SetEndpoints({dead});
  context_.set_wait_for_ready(true);
  world_.set_on_attempt([&] { world_.cluster().Set({}); });
  std::thread healer([&] {
    EXPECT_TRUE(Eventually([&] { return world_.ended().failed == 1; }));
    world_.SetEndpoints({alive});
  });
  const grpc::Status status = Call("hello");
  healer.join();
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(reply_.server(), "b");
  ExpectEnded(1, 1);
}

TEST_P(RescueTest, FirstFailureIsShownWhenNothingElseCanBeTried) {
  cluster::Endpoint* const a = world_.AddEndpoint(a_.address());
  world_.Publish(CallWorld::Retries(1));
  world_.SetEndpoints({a});
  a_.FailAlways();
  world_.set_on_attempt([&] { world_.cluster().Set({}, absl::UnavailableError("none is left")); });
  EXPECT_EQ(Call("hello").error_message(), "a was told to fail");
}

TEST_P(RescueTest, TraceNamesEachAttempt) {
  PublishBoth(1);
  CallTrace trace;
  {
    CallTrace::Scope scope(&trace);
    EXPECT_TRUE(Call("hello").ok());
  }
  const std::vector<CallTrace::Attempt> attempts = trace.attempts();
  ASSERT_EQ(attempts.size(), 2u);
  EXPECT_EQ(attempts[0].address, a_.address());
  EXPECT_EQ(attempts[0].status_code, 14);
  EXPECT_TRUE(attempts[0].delivered);
  EXPECT_EQ(attempts[1].address, b_.address());
  EXPECT_EQ(attempts[1].status_code, 0);
}

INSTANTIATE_UNARY_STYLES(Rescue, RescueTest);

}  // namespace
}  // namespace mesh::call::testing
