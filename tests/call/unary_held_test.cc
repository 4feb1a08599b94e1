// Unary calls that are made before anything is connected, in every style.

#include <string>
#include <thread>

#include "gtest/gtest.h"
#include "tests/call/unary_fixture.h"

namespace mesh::call::testing {
namespace {

class HeldTest : public UnaryTest {
 protected:
  // Once the call is held.
  void WaitUntilHeld() {
    EXPECT_TRUE(Eventually([&] { return world_.core().registry().size() == 1; }));
    world_.OnSerializer([] {});
  }
};

TEST_P(HeldTest, UntilThereAreRoutes) {
  AddServers(1);
  std::thread publisher([&] {
    WaitUntilHeld();
    world_.Publish();
  });
  context_.AddMetadata("x-user", "me");
  const grpc::Status status = Call("hello");
  publisher.join();
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(reply_.text(), "hello");
  EXPECT_EQ(First(context_.GetServerInitialMetadata(), "served-by"), "a");
  EXPECT_EQ(First(context_.GetServerTrailingMetadata(), "trailer"), "a");
  EXPECT_EQ(First(context_.GetServerTrailingMetadata(), "saw-x-user"), "me");
  ExpectEnded(1, 0);
}

TEST_P(HeldTest, UntilThereIsAConnectedEndpoint) {
  AddServers(1);
  world_.PublishPending();
  std::thread publisher([&] {
    WaitUntilHeld();
    world_.SetEndpoints(world_.endpoints());
  });
  const grpc::Status status = Call("hello");
  publisher.join();
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(reply_.server(), "a");
}

TEST_P(HeldTest, ThenRetried) {
  AddServers(2);
  a_.FailAlways();
  std::thread publisher([&] {
    WaitUntilHeld();
    world_.Publish(CallWorld::Retries(1));
  });
  const grpc::Status status = Call("hello");
  publisher.join();
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(reply_.server(), "b");
  ExpectEnded(1, 1);
}

TEST_P(HeldTest, LargeMessages) {
  AddServers(1);
  std::thread publisher([&] {
    WaitUntilHeld();
    world_.Publish();
  });
  const std::string large(3 << 20, 'x');
  const grpc::Status status = Call(large);
  publisher.join();
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(reply_.text(), large);
}

TEST_P(HeldTest, UntilItsDeadlineWithoutRoutes) {
  context_.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(50));
  const grpc::Status status = Call("hello");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(status.error_message(),
            "target \"test:///service\": the call waited until its deadline: nothing is known of "
            "it yet");
}

TEST_P(HeldTest, UntilItsDeadlineWithoutEndpoint) {
  world_.PublishPending();
  context_.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(50));
  const grpc::Status status = Call("hello");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(status.error_message(),
            "target \"test:///service\": the call waited until its deadline: cluster \"c\": no "
            "endpoint is connected yet");
}

TEST_P(HeldTest, UntilTheTimeoutOfItsRoute) {
  world_.PublishPending(absl::Milliseconds(50));
  EXPECT_EQ(Call("hello").error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_P(HeldTest, UntilCancelled) {
  std::thread canceller([&] {
    WaitUntilHeld();
    context_.TryCancel();
  });
  EXPECT_EQ(Call("hello").error_code(), grpc::StatusCode::CANCELLED);
  canceller.join();
}

TEST_P(HeldTest, CancelledBefore) {
  context_.TryCancel();
  EXPECT_EQ(Call("hello").error_code(), grpc::StatusCode::CANCELLED);
}

TEST_P(HeldTest, UntilTheMeshIsGone) {
  std::thread destroyer([&] {
    WaitUntilHeld();
    world_.DestroyMesh();
  });
  const grpc::Status status = Call("hello");
  destroyer.join();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "target \"test:///service\": mesh was destroyed");
}

TEST_P(HeldTest, UntilItIsKnownThatNothingComes) {
  std::thread publisher([&] {
    WaitUntilHeld();
    world_.PublishError(absl::NotFoundError("Listener \"service\": does not exist"));
  });
  const grpc::Status status = Call("hello");
  publisher.join();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(),
            "target \"test:///service\": Listener \"service\": does not exist");
}

TEST_P(HeldTest, BeyondFailureIfItWaitsForReadiness) {
  AddServers(1);
  world_.PublishFailing(absl::UnavailableError("cluster \"c\": connection refused"));
  context_.set_wait_for_ready(true);
  std::thread publisher([&] {
    WaitUntilHeld();
    world_.PublishError(absl::NotFoundError("gone for a while"));
    world_.Publish();
  });
  const grpc::Status status = Call("hello");
  publisher.join();
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST_P(HeldTest, FailureIsNamedAtTheDeadlineOfACallThatWaits) {
  world_.PublishFailing(absl::UnavailableError("cluster \"c\": connection refused"));
  context_.set_wait_for_ready(true);
  context_.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(50));
  const grpc::Status status = Call("hello");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(status.error_message(),
            "target \"test:///service\": the call waited until its deadline: cluster \"c\": "
            "connection refused");
}

TEST_P(HeldTest, ChannelIsDestroyedMeanwhile) {
  AddServers(1);
  std::thread publisher([&] {
    WaitUntilHeld();
    channel_ = nullptr;
    world_.Publish();
  });
  EchoRequest request;
  const std::shared_ptr<grpc::ChannelInterface> channel = channel_;
  const grpc::Status status = CallUnary(GetParam(), channel, &context_, request, &reply_);
  publisher.join();
  EXPECT_TRUE(status.ok()) << status.error_message();
}

INSTANTIATE_UNARY_STYLES(Held, HeldTest);

}  // namespace
}  // namespace mesh::call::testing
