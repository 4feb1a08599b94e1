// Native streams, in every style, against a server that works and one that fails.

#include <future>
#include <string>
#include <thread>

#include "grpcpp/generic/generic_stub.h"
#include "gtest/gtest.h"
#include "tests/call/unary_fixture.h"

namespace mesh::call::testing {
namespace {

// The parameter: whether the server fails.
class StreamTest : public CallTest, public ::testing::WithParamInterface<bool> {
 protected:
  void SetUp() override {
    AddServers(1);
    world_.Connect();
    world_.Publish(CallWorld::Retries(2));  // does not apply to streams
    if (GetParam()) a_.FailAlways();
    request_.set_text("hello");
  }

  void ExpectOutcome(const grpc::Status& status) {
    EXPECT_EQ(status.ok(), !GetParam()) << status.error_message();
    EXPECT_EQ(First(context_.GetServerTrailingMetadata(), "trailer"), "a");
    ExpectEnded(GetParam() ? 0 : 1, GetParam() ? 1 : 0);
  }

  const std::unique_ptr<Echo::Stub> stub_ = Echo::NewStub(channel_);
  grpc::ClientContext context_;
  EchoRequest request_;
  EchoReply reply_;
};

TEST_P(StreamTest, SyncServerStream) {
  auto reader = stub_->ServerStream(&context_, request_);
  int count = 0;
  while (reader->Read(&reply_)) ++count;
  EXPECT_EQ(count, GetParam() ? 0 : 3);
  ExpectOutcome(reader->Finish());
}

TEST_P(StreamTest, SyncClientStream) {
  auto writer = stub_->ClientStream(&context_, &reply_);
  for (int i = 0; i < 3; ++i) writer->Write(request_);
  writer->WritesDone();
  ExpectOutcome(writer->Finish());
}

TEST_P(StreamTest, SyncBidi) {
  auto stream = stub_->Bidi(&context_);
  for (int i = 0; i < 3 && stream->Write(request_); ++i) stream->Read(&reply_);
  stream->WritesDone();
  ExpectOutcome(stream->Finish());
}

class ReadReactor final : public grpc::ClientReadReactor<EchoReply> {
 public:
  void OnReadDone(bool ok) override {
    if (ok) {
      ++count;
      StartRead(&reply);
    }
  }
  void OnDone(const grpc::Status& status) override { done.set_value(status); }
  EchoReply reply;
  int count = 0;
  std::promise<grpc::Status> done;
};

TEST_P(StreamTest, CallbackServerStream) {
  ReadReactor reactor;
  stub_->async()->ServerStream(&context_, &request_, &reactor);
  reactor.StartRead(&reactor.reply);
  reactor.StartCall();
  ExpectOutcome(reactor.done.get_future().get());
  EXPECT_EQ(reactor.count, GetParam() ? 0 : 3);
}

class BidiReactor final : public grpc::ClientBidiReactor<EchoRequest, EchoReply> {
 public:
  void OnWriteDone(bool ok) override {
    if (ok) StartRead(&reply);
  }
  void OnReadDone(bool ok) override {
    if (!ok) return;
    if (++count < 3) {
      StartWrite(&request);
    } else {
      StartWritesDone();
    }
  }
  void OnDone(const grpc::Status& status) override { done.set_value(status); }
  EchoRequest request;
  EchoReply reply;
  int count = 0;
  std::promise<grpc::Status> done;
};

TEST_P(StreamTest, CallbackBidi) {
  BidiReactor reactor;
  stub_->async()->Bidi(&context_, &reactor);
  reactor.StartWrite(&reactor.request);
  reactor.StartCall();
  ExpectOutcome(reactor.done.get_future().get());
}

class WriteReactor final : public grpc::ClientWriteReactor<EchoRequest> {
 public:
  void OnWriteDone(bool ok) override {
    if (ok) StartWritesDone();
  }
  void OnDone(const grpc::Status& status) override { done.set_value(status); }
  EchoRequest request;
  std::promise<grpc::Status> done;
};

TEST_P(StreamTest, CallbackClientStream) {
  WriteReactor reactor;
  stub_->async()->ClientStream(&context_, &reply_, &reactor);
  reactor.StartWrite(&reactor.request);
  reactor.StartCall();
  ExpectOutcome(reactor.done.get_future().get());
}

// An application's own queue, one operation at a time.
class OneByOne {
 public:
  bool Next() {
    void* tag = nullptr;
    bool ok = false;
    EXPECT_TRUE(queue.Next(&tag, &ok));
    return ok;
  }
  grpc::CompletionQueue queue;
};

TEST_P(StreamTest, AsyncServerStream) {
  OneByOne events;
  auto reader = stub_->AsyncServerStream(&context_, request_, &events.queue, nullptr);
  events.Next();
  do {
    reader->Read(&reply_, nullptr);
  } while (events.Next());
  grpc::Status status;
  reader->Finish(&status, nullptr);
  events.Next();
  ExpectOutcome(status);
}

TEST_P(StreamTest, AsyncBidi) {
  OneByOne events;
  auto stream = stub_->AsyncBidi(&context_, &events.queue, nullptr);
  events.Next();
  stream->Write(request_, nullptr);
  events.Next();
  stream->WritesDone(nullptr);
  events.Next();
  do {
    stream->Read(&reply_, nullptr);
  } while (events.Next());
  grpc::Status status;
  stream->Finish(&status, nullptr);
  events.Next();
  ExpectOutcome(status);
}

TEST_P(StreamTest, AsyncClientStream) {
  OneByOne events;
  auto writer = stub_->AsyncClientStream(&context_, &reply_, &events.queue, nullptr);
  events.Next();
  writer->Write(request_, nullptr);
  events.Next();
  writer->WritesDone(nullptr);
  events.Next();
  grpc::Status status;
  writer->Finish(&status, nullptr);
  events.Next();
  ExpectOutcome(status);
}

TEST_P(StreamTest, GenericBidi) {
  OneByOne events;
  grpc::GenericStub generic(channel_);
  auto stream = generic.PrepareCall(&context_, "/mesh.testing.Echo/Bidi", &events.queue);
  stream->StartCall(nullptr);
  events.Next();
  stream->WriteLast(Serialize(request_), grpc::WriteOptions(), nullptr);
  events.Next();
  grpc::ByteBuffer response;
  do {
    stream->Read(&response, nullptr);
  } while (events.Next());
  grpc::Status status;
  stream->Finish(&status, nullptr);
  events.Next();
  ExpectOutcome(status);
}

INSTANTIATE_TEST_SUITE_P(Outcomes, StreamTest, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "Failing" : "Ok"; });

using StreamLifeTest = CallTest;

TEST_F(StreamLifeTest, AbandonedStreamGivesItsPermitBack) {
  AddServers(1);
  world_.Connect();
  world_.Publish();
  {
    auto context = std::make_unique<grpc::ClientContext>();
    auto stream = Echo::NewStub(channel_)->Bidi(context.get());
    EXPECT_EQ(world_.in_flight(), 1u);
    context->TryCancel();
    stream.reset();  // without Finish()
  }
  EXPECT_EQ(world_.in_flight(), 0u);
  EXPECT_EQ(world_.core().registry().size(), 0u);
}

TEST_F(StreamLifeTest, MeshGoesWhileStreamsRun) {
  AddServers(1);
  world_.Connect();
  world_.Publish();
  const auto stub = Echo::NewStub(channel_);
  grpc::ClientContext sync_context, callback_context;
  EchoRequest request;
  EchoReply reply;
  auto stream = stub->Bidi(&sync_context);
  ASSERT_TRUE(stream->Write(request));
  ASSERT_TRUE(stream->Read(&reply));
  BidiReactor reactor;
  stub->async()->Bidi(&callback_context, &reactor);
  reactor.StartRead(&reactor.reply);
  reactor.StartCall();
  world_.DestroyMesh();
  EXPECT_FALSE(stream->Read(&reply));
  for (const grpc::Status& status : {stream->Finish(), reactor.done.get_future().get()}) {
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_EQ(status.error_message(), "target \"test:///service\": mesh was destroyed");
  }
  ExpectEnded(0, 2);
}

TEST_F(StreamLifeTest, RunsOnWithoutItsChannel) {
  AddServers(1);
  world_.Connect();
  world_.Publish();
  grpc::ClientContext context;
  EchoRequest request;
  EchoReply reply;
  auto stream = Echo::NewStub(std::move(channel_))->Bidi(&context);
  EXPECT_TRUE(stream->Write(request));
  EXPECT_TRUE(stream->Read(&reply));
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

}  // namespace
}  // namespace mesh::call::testing
