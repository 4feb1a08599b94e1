// Unary calls that stay with their endpoint, in every style.

#include <chrono>
#include <string>
#include <thread>

#include "gtest/gtest.h"
#include "mesh/call/call_access.h"
#include "mesh/call/call_trace.h"
#include "tests/call/unary_fixture.h"

namespace mesh::call::testing {
namespace {

TEST_P(UnaryTest, NativeCall) {
  AddServers(1);
  world_.Publish();
  const grpc::Status status = Call("hello");
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(reply_.text(), "hello");
  EXPECT_EQ(First(context_.GetServerInitialMetadata(), "served-by"), "a");
  EXPECT_EQ(First(context_.GetServerTrailingMetadata(), "trailer"), "a");
  EXPECT_EQ(context_.peer(), "ipv4:" + a_.address());
  ExpectEnded(1, 0);
}

TEST_P(UnaryTest, NativeFailureIsReportedAsItIs) {
  AddServers(1);
  world_.Publish();
  a_.FailAlways();
  const grpc::Status status = Call("hello");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "a was told to fail");
  EXPECT_EQ(a_.calls(), 1) << "no policy retries it, and the server has seen it";
  ExpectEnded(0, 1);
}

TEST_P(UnaryTest, TheServerSeesTheTargetsNameAsAuthority) {
  AddServers(1);
  world_.Publish();
  EXPECT_TRUE(Call("hello").ok());
  EXPECT_EQ(First(context_.GetServerTrailingMetadata(), "saw-authority"), "service");
  EXPECT_EQ(call_access::Authority(context_), "") << "the context is the application's";
}

TEST_P(UnaryTest, TheApplicationsAuthorityComesFirst) {
  AddServers(1);
  world_.Publish();
  context_.set_authority("mine");
  EXPECT_TRUE(Call("hello").ok());
  EXPECT_EQ(First(context_.GetServerTrailingMetadata(), "saw-authority"), "mine");
  EXPECT_EQ(call_access::Authority(context_), "mine");
}

// gRPC tells no peer of a call that no server has answered, but it may well have been sent: what it
// says of its endpoint is not to be lost.
TEST_P(UnaryTest, OneThatEndsAtItsDeadlineMayHaveBeenGivenToATransport) {
  AddServers(1);
  world_.Publish();
  a_.set_delay(absl::Seconds(10));
  context_.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(100));
  CallTrace trace;
  {
    const CallTrace::Scope scope(&trace);
    EXPECT_EQ(Call("hello").error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  }
  a_.set_delay(absl::ZeroDuration());
  ExpectEnded(0, 1);
  ASSERT_EQ(trace.attempts().size(), 1u);
  EXPECT_TRUE(trace.attempts()[0].delivered);
}

TEST_P(UnaryTest, OneWhoseDeadlineWasOverWasNeverGivenToATransport) {
  AddServers(1);
  world_.Publish();
  context_.set_deadline(std::chrono::system_clock::now() - std::chrono::milliseconds(100));
  CallTrace trace;
  {
    const CallTrace::Scope scope(&trace);
    EXPECT_EQ(Call("hello").error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  }
  ExpectEnded(0, 1);
  ASSERT_EQ(trace.attempts().size(), 1u);
  EXPECT_FALSE(trace.attempts()[0].delivered);
  EXPECT_EQ(a_.calls(), 0);
}

TEST_P(UnaryTest, TheRecordOfItsAttempt) {
  AddServers(1);
  world_.Publish();
  a_.set_delay(absl::Milliseconds(20));
  EXPECT_TRUE(Call("hello").ok());
  ExpectEnded(1, 0);
  const CallWorld::LastAttempt attempt = world_.last_attempt();
  EXPECT_EQ(attempt.method, "/mesh.testing.Echo/Unary");
  EXPECT_EQ(attempt.address, a_.address());
  EXPECT_GE(attempt.latency, absl::Milliseconds(20));
}

TEST_P(UnaryTest, RetryPolicyThatIsNotNeeded) {
  AddServers(1);
  world_.Publish(CallWorld::Retries(2));
  const grpc::Status status = Call("hello");
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(reply_.text(), "hello");
  EXPECT_EQ(First(context_.GetServerInitialMetadata(), "served-by"), "a");
  ExpectEnded(1, 0);
}

TEST_P(UnaryTest, LargeMessage) {
  AddServers(1);
  world_.Publish();
  const std::string large(3 << 20, 'x');
  const grpc::Status status = Call(large);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(reply_.text(), large);
}

TEST_P(UnaryTest, TooLargeAnswer) {
  AddServers(1);
  world_.Publish();
  EXPECT_EQ(Call(std::string(5 << 20, 'x')).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_P(UnaryTest, CancelledBeforeItStarts) {
  AddServers(1);
  world_.Publish(CallWorld::Retries(1));
  context_.TryCancel();
  EXPECT_EQ(Call("hello").error_code(), grpc::StatusCode::CANCELLED);
}

TEST_P(UnaryTest, TimeoutOfTheRoute) {
  AddServers(1);
  a_.set_delay(absl::Seconds(10));
  world_.Publish({}, absl::Milliseconds(50));
  const gpr_timespec deadline = context_.raw_deadline();
  EXPECT_EQ(Call("hello").error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(gpr_time_cmp(context_.raw_deadline(), deadline), 0) << "the application's own is back";
  a_.set_delay(absl::ZeroDuration());
}

TEST_P(UnaryTest, MeshGoesWhileItRuns) {
  AddServers(1);
  world_.Publish(CallWorld::Retries(2));
  a_.set_delay(absl::Seconds(10));
  std::thread destroyer([&] {
    EXPECT_TRUE(Eventually([&] { return a_.calls() == 1; }));
    world_.DestroyMesh();
  });
  const grpc::Status status = Call("hello");
  destroyer.join();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "target \"test:///service\": mesh was destroyed");
  a_.set_delay(absl::ZeroDuration());
  ExpectEnded(0, 1);
}

TEST_P(UnaryTest, AfterTheMesh) {
  AddServers(1);
  world_.Publish(CallWorld::Retries(2));
  world_.DestroyMesh();
  context_.set_wait_for_ready(true);
  const grpc::Status status = Call("hello");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "target \"test:///service\": mesh was destroyed");
  EXPECT_EQ(a_.calls(), 0);
}

TEST_P(UnaryTest, UnresolvedTargetFailsAtOnce) {
  world_.PublishError(absl::NotFoundError("Listener \"service\": does not exist"));
  const grpc::Status status = Call("hello");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(),
            "target \"test:///service\": Listener \"service\": does not exist");
}

TEST_P(UnaryTest, FailingClusterFailsAtOnce) {
  world_.PublishFailing(absl::UnavailableError("cluster \"c\": connection refused"));
  const grpc::Status status = Call("hello");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(),
            "target \"test:///service\": cluster \"c\": connection refused");
}

INSTANTIATE_UNARY_STYLES(Native, UnaryTest);

}  // namespace
}  // namespace mesh::call::testing
