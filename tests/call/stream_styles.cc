#include "tests/call/stream_styles.h"

#include <future>
#include <utility>

#include "grpcpp/completion_queue.h"
#include "grpcpp/generic/generic_stub.h"
#include "gtest/gtest.h"
#include "tests/call/call_styles.h"

namespace mesh::call::testing {
namespace {

using Requests = std::vector<EchoRequest>;

const char* Method(StreamKind kind) {
  switch (kind) {
    case StreamKind::kClient:
      return "/mesh.testing.Echo/ClientStream";
    case StreamKind::kServer:
      return "/mesh.testing.Echo/ServerStream";
    case StreamKind::kBidi:
      return "/mesh.testing.Echo/Bidi";
  }
  return "";
}

StreamOutcome CallSync(StreamKind kind, Echo::Stub* stub, grpc::ClientContext* context,
                       const Requests& requests) {
  StreamOutcome outcome;
  EchoReply reply;
  if (kind == StreamKind::kClient) {
    auto writer = stub->ClientStream(context, &reply);
    for (const EchoRequest& request : requests) {
      if (!writer->Write(request)) break;
    }
    writer->WritesDone();
    outcome.status = writer->Finish();
    if (outcome.status.ok()) outcome.replies.push_back(reply);
  } else if (kind == StreamKind::kServer) {
    auto reader = stub->ServerStream(context, requests.front());
    while (reader->Read(&reply)) outcome.replies.push_back(reply);
    outcome.status = reader->Finish();
  } else {
    auto stream = stub->Bidi(context);
    for (const EchoRequest& request : requests) {
      if (!stream->Write(request) || !stream->Read(&reply)) break;
      outcome.replies.push_back(reply);
    }
    stream->WritesDone();
    while (stream->Read(&reply)) outcome.replies.push_back(reply);
    outcome.status = stream->Finish();
  }
  return outcome;
}

// An application's own queue, one operation at a time.
class OneByOne {
 public:
  ~OneByOne() {
    queue.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    EXPECT_FALSE(queue.Next(&tag, &ok));
  }
  bool Next() {
    void* tag = nullptr;
    bool ok = false;
    EXPECT_TRUE(queue.Next(&tag, &ok));
    return ok;
  }
  grpc::CompletionQueue queue;
};

template <typename Stream>
void ReadAll(OneByOne* events, Stream* stream, StreamOutcome* outcome) {
  for (;;) {
    EchoReply reply;
    stream->Read(&reply, nullptr);
    if (!events->Next()) return;
    outcome->replies.push_back(reply);
  }
}

StreamOutcome CallAsync(StreamKind kind, Echo::Stub* stub, grpc::ClientContext* context,
                        const Requests& requests) {
  StreamOutcome outcome;
  OneByOne events;
  EchoReply reply;
  if (kind == StreamKind::kClient) {
    auto writer = stub->AsyncClientStream(context, &reply, &events.queue, nullptr);
    bool ok = events.Next();
    for (size_t i = 0; ok && i < requests.size(); ++i) {
      writer->Write(requests[i], nullptr);
      ok = events.Next();
    }
    if (ok) {
      writer->WritesDone(nullptr);
      events.Next();
    }
    writer->Finish(&outcome.status, nullptr);
    events.Next();
    if (outcome.status.ok()) outcome.replies.push_back(reply);
  } else if (kind == StreamKind::kServer) {
    auto reader = stub->AsyncServerStream(context, requests.front(), &events.queue, nullptr);
    if (events.Next()) ReadAll(&events, reader.get(), &outcome);
    reader->Finish(&outcome.status, nullptr);
    events.Next();
  } else {
    auto stream = stub->AsyncBidi(context, &events.queue, nullptr);
    bool ok = events.Next();
    for (size_t i = 0; ok && i < requests.size(); ++i) {
      stream->Write(requests[i], nullptr);
      ok = events.Next();
      if (!ok) break;
      stream->Read(&reply, nullptr);
      ok = events.Next();
      if (ok) outcome.replies.push_back(reply);
    }
    if (ok) {
      stream->WritesDone(nullptr);
      events.Next();
      ReadAll(&events, stream.get(), &outcome);
    }
    stream->Finish(&outcome.status, nullptr);
    events.Next();
  }
  return outcome;
}

StreamOutcome CallGenericAsync(StreamKind kind,
                               const std::shared_ptr<grpc::ChannelInterface>& channel,
                               grpc::ClientContext* context, const Requests& requests) {
  StreamOutcome outcome;
  OneByOne events;
  grpc::GenericStub generic(channel);
  auto stream = generic.PrepareCall(context, Method(kind), &events.queue);
  stream->StartCall(nullptr);
  bool ok = events.Next();
  const size_t count = kind == StreamKind::kServer ? 1 : requests.size();
  grpc::ByteBuffer bytes;
  const auto read = [&] {
    stream->Read(&bytes, nullptr);
    if (!events.Next()) return false;
    outcome.replies.emplace_back();
    Parse(bytes, &outcome.replies.back());
    return true;
  };
  for (size_t i = 0; ok && i < count; ++i) {
    stream->Write(Serialize(requests[i]), nullptr);
    ok = events.Next() && (kind != StreamKind::kBidi || read());
  }
  if (ok) {
    stream->WritesDone(nullptr);
    events.Next();
    while (read()) {
    }
  }
  stream->Finish(&outcome.status, nullptr);
  events.Next();
  return outcome;
}

class WriteReactor final : public grpc::ClientWriteReactor<EchoRequest> {
 public:
  explicit WriteReactor(const Requests& requests) : requests_(requests) {}
  void OnWriteDone(bool ok) override {
    if (ok) Next();
  }
  void OnDone(const grpc::Status& status) override { done.set_value(status); }
  void Next() {
    if (next_ == requests_.size()) {
      StartWritesDone();
    } else {
      StartWrite(&requests_[next_++]);
    }
  }
  std::promise<grpc::Status> done;

 private:
  const Requests& requests_;
  size_t next_ = 0;
};

class ReadReactor final : public grpc::ClientReadReactor<EchoReply> {
 public:
  void OnReadDone(bool ok) override {
    if (!ok) return;
    replies.push_back(reply);
    StartRead(&reply);
  }
  void OnDone(const grpc::Status& status) override { done.set_value(status); }
  EchoReply reply;
  std::vector<EchoReply> replies;
  std::promise<grpc::Status> done;
};

// Of generated stubs, and of generic ones with bytes in their place.
template <typename Request, typename Reply>
class TwoWayReactor final : public grpc::ClientBidiReactor<Request, Reply> {
 public:
  // `one_by_one`: each request after the reply to the one before.
  TwoWayReactor(const std::vector<Request>& requests, bool one_by_one)
      : requests_(requests), one_by_one_(one_by_one) {}
  void OnWriteDone(bool ok) override {
    if (!ok) return;
    if (one_by_one_) {
      this->StartRead(&reply_);
    } else {
      Next();
    }
  }
  void OnReadDone(bool ok) override {
    if (!ok) return;
    replies.push_back(reply_);
    if (next_ < requests_.size()) {
      Next();
    } else {
      if (one_by_one_ && !closed_) Next();
      this->StartRead(&reply_);
    }
  }
  void OnDone(const grpc::Status& status) override { done.set_value(status); }
  void Next() {
    if (next_ < requests_.size()) {
      this->StartWrite(&requests_[next_++]);
    } else {
      closed_ = true;
      this->StartWritesDone();
      if (!one_by_one_) this->StartRead(&reply_);
    }
  }
  std::vector<Reply> replies;
  std::promise<grpc::Status> done;

 private:
  const std::vector<Request>& requests_;
  const bool one_by_one_;
  Reply reply_;
  size_t next_ = 0;
  bool closed_ = false;
};

StreamOutcome CallCallback(StreamKind kind, Echo::Stub* stub, grpc::ClientContext* context,
                           const Requests& requests) {
  if (kind == StreamKind::kClient) {
    EchoReply reply;
    WriteReactor reactor(requests);
    stub->async()->ClientStream(context, &reply, &reactor);
    reactor.Next();
    reactor.StartCall();
    StreamOutcome outcome{reactor.done.get_future().get(), {}};
    if (outcome.status.ok()) outcome.replies.push_back(reply);
    return outcome;
  }
  if (kind == StreamKind::kServer) {
    ReadReactor reactor;
    stub->async()->ServerStream(context, &requests.front(), &reactor);
    reactor.StartRead(&reactor.reply);
    reactor.StartCall();
    grpc::Status status = reactor.done.get_future().get();
    return {status, reactor.replies};
  }
  TwoWayReactor<EchoRequest, EchoReply> reactor(requests, /*one_by_one=*/true);
  stub->async()->Bidi(context, &reactor);
  reactor.Next();
  reactor.StartCall();
  grpc::Status status = reactor.done.get_future().get();
  return {status, reactor.replies};
}

StreamOutcome CallGenericCallback(StreamKind kind,
                                  const std::shared_ptr<grpc::ChannelInterface>& channel,
                                  grpc::ClientContext* context, const Requests& requests) {
  std::vector<grpc::ByteBuffer> bytes;
  const size_t count = kind == StreamKind::kServer ? 1 : requests.size();
  for (size_t i = 0; i < count; ++i) bytes.push_back(Serialize(requests[i]));
  TwoWayReactor<grpc::ByteBuffer, grpc::ByteBuffer> reactor(bytes, kind == StreamKind::kBidi);
  grpc::GenericStub generic(channel);
  generic.PrepareBidiStreamingCall(context, Method(kind), grpc::StubOptions(), &reactor);
  reactor.Next();
  reactor.StartCall();
  StreamOutcome outcome{reactor.done.get_future().get(), {}};
  for (const grpc::ByteBuffer& reply : reactor.replies) {
    outcome.replies.emplace_back();
    Parse(reply, &outcome.replies.back());
  }
  return outcome;
}

}  // namespace

const char* ToString(StreamKind kind) {
  switch (kind) {
    case StreamKind::kClient:
      return "Client";
    case StreamKind::kServer:
      return "Server";
    case StreamKind::kBidi:
      return "Bidi";
  }
  return "";
}

const char* ToString(StreamStyle style) {
  switch (style) {
    case StreamStyle::kSync:
      return "Sync";
    case StreamStyle::kAsync:
      return "Async";
    case StreamStyle::kCallback:
      return "Callback";
    case StreamStyle::kGenericAsync:
      return "GenericAsync";
    case StreamStyle::kGenericCallback:
      return "GenericCallback";
  }
  return "";
}

StreamOutcome CallStream(StreamKind kind, StreamStyle style,
                         const std::shared_ptr<grpc::ChannelInterface>& channel,
                         grpc::ClientContext* context, const Requests& requests) {
  const std::unique_ptr<Echo::Stub> stub = Echo::NewStub(channel);
  switch (style) {
    case StreamStyle::kSync:
      return CallSync(kind, stub.get(), context, requests);
    case StreamStyle::kAsync:
      return CallAsync(kind, stub.get(), context, requests);
    case StreamStyle::kCallback:
      return CallCallback(kind, stub.get(), context, requests);
    case StreamStyle::kGenericAsync:
      return CallGenericAsync(kind, channel, context, requests);
    case StreamStyle::kGenericCallback:
      return CallGenericCallback(kind, channel, context, requests);
  }
  return {};
}

}  // namespace mesh::call::testing
