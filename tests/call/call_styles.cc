#include "tests/call/call_styles.h"

#include <future>

#include "grpcpp/generic/generic_stub.h"
#include "gtest/gtest.h"

namespace mesh::call::testing {
namespace {

constexpr char kMethod[] = "/mesh.testing.Echo/Unary";

class UnaryReactor final : public grpc::ClientUnaryReactor {
 public:
  void OnDone(const grpc::Status& status) override { done.set_value(status); }
  std::promise<grpc::Status> done;
};

void Next(grpc::CompletionQueue* queue, void* expected) {
  void* tag = nullptr;
  bool ok = false;
  EXPECT_TRUE(queue->Next(&tag, &ok));
  EXPECT_EQ(tag, expected);
}

void Drain(grpc::CompletionQueue* queue) {
  void* tag = nullptr;
  bool ok = false;
  queue->Shutdown();
  EXPECT_FALSE(queue->Next(&tag, &ok));
}

grpc::Status CallAsync(bool early_metadata, Echo::Stub* stub, grpc::ClientContext* context,
                       const EchoRequest& request, EchoReply* reply) {
  int first, second;
  grpc::CompletionQueue queue;
  grpc::Status status;
  auto reader = stub->AsyncUnary(context, request, &queue);
  if (early_metadata) {
    reader->ReadInitialMetadata(&first);
    Next(&queue, &first);
  }
  reader->Finish(reply, &status, &second);
  Next(&queue, &second);
  Drain(&queue);
  return status;
}

grpc::Status CallGenericAsync(const std::shared_ptr<grpc::ChannelInterface>& channel,
                              grpc::ClientContext* context, const EchoRequest& request,
                              EchoReply* reply) {
  grpc::CompletionQueue queue;
  grpc::GenericStub generic(channel);
  grpc::ByteBuffer response;
  grpc::Status status;
  std::string method = kMethod;
  auto reader = generic.PrepareUnaryCall(context, method, Serialize(request), &queue);
  method.assign("gone, as a temporary would be");
  reader->StartCall();
  reader->Finish(&response, &status, &queue);
  Next(&queue, &queue);
  Drain(&queue);
  Parse(response, reply);
  return status;
}

}  // namespace

const char* ToString(Style style) {
  switch (style) {
    case Style::kSync:
      return "Sync";
    case Style::kLambda:
      return "Lambda";
    case Style::kReactor:
      return "Reactor";
    case Style::kAsync:
      return "Async";
    case Style::kAsyncEarlyMetadata:
      return "AsyncEarlyMetadata";
    case Style::kGenericAsync:
      return "GenericAsync";
    case Style::kGenericReactor:
      return "GenericReactor";
  }
  return "";
}

grpc::Status CallUnary(Style style, const std::shared_ptr<grpc::ChannelInterface>& channel,
                       grpc::ClientContext* context, const EchoRequest& request, EchoReply* reply) {
  const auto stub = Echo::NewStub(channel);
  switch (style) {
    case Style::kSync:
      return stub->Unary(context, request, reply);
    case Style::kLambda: {
      std::promise<grpc::Status> done;
      stub->async()->Unary(context, &request, reply,
                           [&](grpc::Status status) { done.set_value(std::move(status)); });
      return done.get_future().get();
    }
    case Style::kReactor: {
      UnaryReactor reactor;
      stub->async()->Unary(context, &request, reply, &reactor);
      reactor.StartCall();
      return reactor.done.get_future().get();
    }
    case Style::kAsync:
      return CallAsync(false, stub.get(), context, request, reply);
    case Style::kAsyncEarlyMetadata:
      return CallAsync(true, stub.get(), context, request, reply);
    case Style::kGenericAsync:
      return CallGenericAsync(channel, context, request, reply);
    case Style::kGenericReactor: {
      grpc::GenericStub generic(channel);
      grpc::ByteBuffer bytes = Serialize(request);
      grpc::ByteBuffer response;
      UnaryReactor reactor;
      generic.PrepareUnaryCall(context, kMethod, grpc::StubOptions(), &bytes, &response, &reactor);
      reactor.StartCall();
      grpc::Status status = reactor.done.get_future().get();
      Parse(response, reply);
      return status;
    }
  }
  return grpc::Status::CANCELLED;
}

grpc::ByteBuffer Serialize(const EchoRequest& request) {
  grpc::Slice slice(request.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

void Parse(const grpc::ByteBuffer& bytes, EchoReply* reply) {
  grpc::Slice slice;
  if (bytes.Valid() && bytes.DumpToSingleSlice(&slice).ok()) {
    reply->ParseFromArray(slice.begin(), static_cast<int>(slice.size()));
  }
}

std::string First(const std::multimap<grpc::string_ref, grpc::string_ref>& map, const char* key) {
  const auto found = map.find(key);
  if (found == map.end()) return "";
  return std::string(found->second.data(), found->second.size());
}

}  // namespace mesh::call::testing
