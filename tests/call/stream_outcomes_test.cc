// Streams of every kind, in every style, however they begin and end: begun at once or held first,
// an application sees the same.

#include <string>
#include <thread>
#include <tuple>

#include "gtest/gtest.h"
#include "mesh/call/call_trace.h"
#include "tests/call/stream_styles.h"
#include "tests/call/unary_fixture.h"

namespace mesh::call::testing {
namespace {

enum class Begin { kAtOnce, kHeldForRoutes, kHeldForEndpoint };

std::string ToString(Begin begin) {
  switch (begin) {
    case Begin::kAtOnce:
      return "AtOnce";
    case Begin::kHeldForRoutes:
      return "HeldForRoutes";
    case Begin::kHeldForEndpoint:
      return "HeldForEndpoint";
  }
  return "";
}

std::vector<EchoRequest> Requests(const std::vector<std::string>& texts) {
  std::vector<EchoRequest> requests(texts.size());
  for (size_t i = 0; i < texts.size(); ++i) requests[i].set_text(texts[i]);
  return requests;
}

class StreamTestBase : public CallTest {
 protected:
  // Once the call is held.
  void WaitUntilHeld() {
    EXPECT_TRUE(Eventually([&] { return world_.core().registry().size() == 1; }));
    world_.OnSerializer([] {});
  }

  // How many replies an OK stream of that kind gets for three requests.
  static size_t Replies(StreamKind kind) { return kind == StreamKind::kClient ? 1 : 3; }

  grpc::ClientContext context_;
};

using Kinds = std::tuple<StreamKind, StreamStyle>;

class StreamOutcomesTest
    : public StreamTestBase,
      public ::testing::WithParamInterface<std::tuple<StreamKind, StreamStyle, Begin>> {
 protected:
  StreamKind kind() const { return std::get<0>(GetParam()); }

  // Runs the stream, and serves it, from the beginning or once it is held.
  StreamOutcome Run(const std::vector<EchoRequest>& requests) {
    const Begin begin = std::get<2>(GetParam());
    AddServers(1);
    std::thread publisher;
    if (begin == Begin::kAtOnce) {
      world_.Connect();
      world_.Publish();
    } else {
      if (begin == Begin::kHeldForEndpoint) world_.PublishPending();
      publisher = std::thread([&] {
        WaitUntilHeld();
        world_.Publish();
      });
    }
    StreamOutcome outcome =
        CallStream(kind(), std::get<1>(GetParam()), channel_, &context_, requests);
    if (publisher.joinable()) publisher.join();
    EXPECT_EQ(world_.environment().Sum(CallEnvironment::Count::kNative),
              begin == Begin::kAtOnce ? 1u : 0u);
    return outcome;
  }
};

TEST_P(StreamOutcomesTest, Ok) {
  context_.AddMetadata("x-user", "me");
  const StreamOutcome outcome = Run(Requests({"a", "b", "c"}));
  EXPECT_TRUE(outcome.status.ok()) << outcome.status.error_message();
  ASSERT_EQ(outcome.replies.size(), Replies(kind()));
  EXPECT_EQ(outcome.replies[0].text(), kind() == StreamKind::kClient ? "abc" : "a");
  if (kind() == StreamKind::kBidi) {
    EXPECT_EQ(outcome.replies[1].text(), "b");
    EXPECT_EQ(outcome.replies[2].text(), "c");
  }
  EXPECT_EQ(First(context_.GetServerInitialMetadata(), "served-by"), "a");
  EXPECT_EQ(First(context_.GetServerTrailingMetadata(), "trailer"), "a");
  EXPECT_EQ(First(context_.GetServerTrailingMetadata(), "saw-x-user"), "me");
  EXPECT_EQ(First(context_.GetServerTrailingMetadata(), "saw-authority"), "service");
  ExpectEnded(1, 0);
}

TEST_P(StreamOutcomesTest, ServerFailsBeforeHeaders) {
  a_.FailAlways(grpc::StatusCode::INTERNAL);
  const StreamOutcome outcome = Run(Requests({"a", "b", "c"}));
  EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_EQ(outcome.status.error_message(), "a was told to fail");
  EXPECT_EQ(outcome.status.error_details(), "details");
  EXPECT_TRUE(outcome.replies.empty());
  EXPECT_EQ(First(context_.GetServerTrailingMetadata(), "trailer"), "a");
  ExpectEnded(0, 1);
}

TEST_P(StreamOutcomesTest, ServerFailsAfterHeaders) {
  std::vector<EchoRequest> requests = Requests({"a", "b", "c"});
  requests[0].set_fail_with(grpc::StatusCode::UNAVAILABLE);
  const StreamOutcome outcome = Run(requests);
  EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(outcome.status.error_message(), "a was asked to fail");
  EXPECT_TRUE(outcome.replies.empty());
  EXPECT_EQ(First(context_.GetServerInitialMetadata(), "served-by"), "a");
  ExpectEnded(0, 1);
}

TEST_P(StreamOutcomesTest, ServerFailsInMidStream) {
  std::vector<EchoRequest> requests = Requests({"a", "b", "c"});
  requests[1].set_fail_with(grpc::StatusCode::DATA_LOSS);
  const StreamOutcome outcome = Run(requests);
  if (kind() == StreamKind::kServer) {  // has one request only
    EXPECT_TRUE(outcome.status.ok());
    return;
  }
  EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::DATA_LOSS);
  EXPECT_EQ(outcome.replies.size(), kind() == StreamKind::kBidi ? 1u : 0u);
  ExpectEnded(0, 1);
}

TEST_P(StreamOutcomesTest, LargeMessages) {
  const std::string large(1 << 20, 'x');
  const StreamOutcome outcome = Run(Requests({large, large, large}));
  EXPECT_TRUE(outcome.status.ok()) << outcome.status.error_message();
  ASSERT_EQ(outcome.replies.size(), Replies(kind()));
  EXPECT_EQ(outcome.replies[0].text().size(), kind() == StreamKind::kClient ? 3u << 20 : 1u << 20);
}

TEST_P(StreamOutcomesTest, TooLargeAnswer) {
  std::vector<EchoRequest> requests = Requests({"a", "b", "c"});
  for (EchoRequest& request : requests) request.set_padding_bytes(5 << 20);
  const StreamOutcome outcome = Run(requests);
  EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED)
      << outcome.status.error_message();
  EXPECT_TRUE(outcome.replies.empty());
}

TEST_P(StreamOutcomesTest, CompressedRequests) {
  context_.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  const std::string text(100000, 'x');
  const StreamOutcome outcome = Run(Requests({text, text, text}));
  EXPECT_TRUE(outcome.status.ok()) << outcome.status.error_message();
  ASSERT_EQ(outcome.replies.size(), Replies(kind()));
}

TEST_P(StreamOutcomesTest, EmptyMessages) {
  const StreamOutcome outcome = Run(Requests({"", "", ""}));
  EXPECT_TRUE(outcome.status.ok()) << outcome.status.error_message();
  EXPECT_EQ(outcome.replies.size(), Replies(kind()));
}

TEST_P(StreamOutcomesTest, ServerIsTooSlow) {
  context_.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(100));
  a_.set_delay(absl::Seconds(10));
  CallTrace trace;
  {
    const CallTrace::Scope scope(&trace);
    const StreamOutcome outcome = Run(Requests({"a", "b", "c"}));
    EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  }
  ExpectEnded(0, 1);
  ASSERT_EQ(trace.attempts().size(), 1u);
  EXPECT_TRUE(trace.attempts()[0].delivered);
}

TEST_P(StreamOutcomesTest, CancelledWhileItRuns) {
  a_.set_delay(absl::Seconds(10));
  std::thread canceller([&] {
    EXPECT_TRUE(Eventually([&] { return a_.calls() == 1; }));
    context_.TryCancel();
  });
  const StreamOutcome outcome = Run(Requests({"a", "b", "c"}));
  canceller.join();
  EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::CANCELLED);
  ExpectEnded(0, 1);
}

TEST_P(StreamOutcomesTest, MeshIsDestroyedWhileItRuns) {
  a_.set_delay(absl::Seconds(10));
  std::thread destroyer([&] {
    EXPECT_TRUE(Eventually([&] { return a_.calls() == 1; }));
    world_.DestroyMesh();
  });
  const StreamOutcome outcome = Run(Requests({"a", "b", "c"}));
  destroyer.join();
  EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(outcome.status.error_message(), "target \"test:///service\": mesh was destroyed");
  ExpectEnded(0, 1);
}

constexpr StreamKind kKinds[] = {StreamKind::kClient, StreamKind::kServer, StreamKind::kBidi};
constexpr StreamStyle kStyles[] = {StreamStyle::kSync, StreamStyle::kAsync, StreamStyle::kCallback,
                                   StreamStyle::kGenericAsync, StreamStyle::kGenericCallback};

INSTANTIATE_TEST_SUITE_P(All, StreamOutcomesTest,
                         ::testing::Combine(::testing::ValuesIn(kKinds),
                                            ::testing::ValuesIn(kStyles),
                                            ::testing::Values(Begin::kAtOnce, Begin::kHeldForRoutes,
                                                              Begin::kHeldForEndpoint)),
                         [](const auto& info) {
                           return std::string(ToString(std::get<0>(info.param))) +
                                  ToString(std::get<1>(info.param)) +
                                  ToString(std::get<2>(info.param));
                         });

// The server does not read: writes wait for it, they are not collected.
TEST_F(StreamTestBase, AHeldStreamBuffersNoMoreThanANativeOne) {
  AddServers(1);
  a_.set_delay(absl::Seconds(30));
  const std::unique_ptr<Echo::Stub> stub = Echo::NewStub(channel_);
  grpc::CompletionQueue queue;
  auto stream = stub->AsyncBidi(&context_, &queue, nullptr);
  world_.Publish();
  EchoRequest request;
  request.set_text(std::string(256 << 10, 'x'));
  void* tag = nullptr;
  bool ok = false;
  int written = -1;  // the first event is the stream's beginning
  while (queue.AsyncNext(&tag, &ok,
                         std::chrono::system_clock::now() + std::chrono::milliseconds(500)) ==
         grpc::CompletionQueue::GOT_EVENT) {
    ASSERT_TRUE(ok);
    ASSERT_LT(++written, 64) << "16 MiB are on their way to a server that reads nothing";
    stream->Write(request, nullptr);
  }
  EXPECT_EQ(world_.environment().Sum(CallEnvironment::Count::kHeld), 1u);
  context_.TryCancel();
  ASSERT_TRUE(queue.Next(&tag, &ok));
  EXPECT_FALSE(ok) << "the write that waited";
  grpc::Status status;
  stream->Finish(&status, nullptr);
  ASSERT_TRUE(queue.Next(&tag, &ok));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::CANCELLED);
  queue.Shutdown();
  EXPECT_FALSE(queue.Next(&tag, &ok));
  a_.set_delay(absl::ZeroDuration());
}

// The server says who it is before it answers.
TEST_F(StreamTestBase, AHeldStreamHasItsInitialMetadataBeforeMessages) {
  AddServers(1);
  const std::unique_ptr<Echo::Stub> stub = Echo::NewStub(channel_);
  std::thread publisher([&] {
    WaitUntilHeld();
    world_.Publish();
  });
  auto stream = stub->Bidi(&context_);
  publisher.join();
  ASSERT_TRUE(stream->Write(Requests({"a"})[0]));
  stream->WaitForInitialMetadata();
  EXPECT_EQ(First(context_.GetServerInitialMetadata(), "served-by"), "a");
  EchoReply reply;
  EXPECT_TRUE(stream->Read(&reply));
  EXPECT_EQ(reply.text(), "a");
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

// Streams that keep their metadata until their first message have begun all the same.
class CorkedStreamTest : public StreamTestBase {
 protected:
  CorkedStreamTest() { context_.set_initial_metadata_corked(true); }

  std::unique_ptr<grpc::ClientReaderWriter<EchoRequest, EchoReply>> Begin() {
    return Echo::NewStub(channel_)->Bidi(&context_);
  }
};

TEST_F(CorkedStreamTest, FinishesAtItsDeadline) {
  context_.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(50));
  EXPECT_EQ(Begin()->Finish().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(CorkedStreamTest, FinishesWhenCancelled) {
  const auto stream = Begin();
  std::thread canceller([&] {
    WaitUntilHeld();
    context_.TryCancel();
  });
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  canceller.join();
}

TEST_F(CorkedStreamTest, ReadsNothingWhenCancelled) {
  const auto stream = Begin();
  std::thread canceller([&] {
    WaitUntilHeld();
    context_.TryCancel();
  });
  EchoReply reply;
  EXPECT_FALSE(stream->Read(&reply));
  canceller.join();
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(CorkedStreamTest, FinishesWhenTheMeshGoes) {
  const auto stream = Begin();
  std::thread destroyer([&] {
    WaitUntilHeld();
    world_.DestroyMesh();
  });
  EXPECT_EQ(stream->Finish().error_message(), "target \"test:///service\": mesh was destroyed");
  destroyer.join();
}

TEST_F(CorkedStreamTest, IsSentWithItsFirstMessage) {
  AddServers(1);
  const auto stream = Begin();
  WaitUntilHeld();
  world_.Publish();
  world_.OnSerializer([] {});
  EXPECT_EQ(world_.in_flight(), 0u) << "nothing is to be sent yet";
  ASSERT_TRUE(stream->Write(Requests({"a"})[0]));
  EchoReply reply;
  EXPECT_TRUE(stream->Read(&reply));
  EXPECT_EQ(reply.text(), "a");
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

// What happens while a stream is held.
class StreamHeldTest : public StreamTestBase, public ::testing::WithParamInterface<Kinds> {
 protected:
  StreamOutcome Run() {
    return CallStream(std::get<0>(GetParam()), std::get<1>(GetParam()), channel_, &context_,
                      Requests({"a", "b", "c"}));
  }
};

TEST_P(StreamHeldTest, UntilItsDeadline) {
  world_.PublishPending();
  context_.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(50));
  const StreamOutcome outcome = Run();
  EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(outcome.status.error_message(),
            "target \"test:///service\": the call waited until its deadline: cluster \"c\": no "
            "endpoint is connected yet");
  EXPECT_TRUE(outcome.replies.empty());
}

TEST_P(StreamHeldTest, UntilCancelled) {
  std::thread canceller([&] {
    WaitUntilHeld();
    context_.TryCancel();
  });
  EXPECT_EQ(Run().status.error_code(), grpc::StatusCode::CANCELLED);
  canceller.join();
}

TEST_P(StreamHeldTest, CancelledBefore) {
  context_.TryCancel();
  EXPECT_EQ(Run().status.error_code(), grpc::StatusCode::CANCELLED);
}

TEST_P(StreamHeldTest, UntilTheMeshIsGone) {
  std::thread destroyer([&] {
    WaitUntilHeld();
    world_.DestroyMesh();
  });
  const StreamOutcome outcome = Run();
  destroyer.join();
  EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(outcome.status.error_message(), "target \"test:///service\": mesh was destroyed");
}

TEST_P(StreamHeldTest, UntilItsTargetFails) {
  std::thread publisher([&] {
    WaitUntilHeld();
    world_.PublishError(absl::UnavailableError("no such listener"));
  });
  const StreamOutcome outcome = Run();
  publisher.join();
  EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(outcome.status.error_message(), "target \"test:///service\": no such listener");
}

TEST_P(StreamHeldTest, ForReadinessBeyondAFailure) {
  AddServers(1);
  world_.PublishFailing(absl::UnavailableError("cluster \"c\": all endpoints failed"));
  context_.set_wait_for_ready(true);
  std::thread publisher([&] {
    WaitUntilHeld();
    world_.Publish();
  });
  const StreamOutcome outcome = Run();
  publisher.join();
  EXPECT_TRUE(outcome.status.ok()) << outcome.status.error_message();
}

// Endpoints of which the mesh does not know yet that they are dead. Of the first gRPC does.
TEST_P(StreamHeldTest, FromDeadEndpointsElsewhere) {
  world_.AddEndpoint("127.0.0.1:1");
  world_.AddEndpoint("127.0.0.1:1");
  AddServers(1);
  world_.Publish();
  const StreamOutcome outcome = Run();
  EXPECT_TRUE(outcome.status.ok()) << outcome.status.error_message();
  EXPECT_EQ(a_.calls(), 1);
  ExpectEnded(1, 1);
}

TEST_P(StreamHeldTest, ElsewhereAtMostTwice) {
  for (int i = 0; i < 4; ++i) world_.AddEndpoint("127.0.0.1:1");
  AddServers(1);
  world_.Publish();
  EXPECT_EQ(Run().status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(a_.calls(), 0);
  ExpectEnded(0, 3);
}

INSTANTIATE_TEST_SUITE_P(All, StreamHeldTest,
                         ::testing::Combine(::testing::ValuesIn(kKinds),
                                            ::testing::ValuesIn(kStyles)),
                         [](const auto& info) {
                           return std::string(ToString(std::get<0>(info.param))) +
                                  ToString(std::get<1>(info.param));
                         });

}  // namespace
}  // namespace mesh::call::testing
