#include "tests/testing/echo_service.h"

#include <chrono>
#include <limits>
#include <thread>

#include "absl/strings/str_cat.h"

namespace mesh::testing {
namespace {

bool HasMetadata(const grpc::ServerContext& context, const char* key) {
  return context.client_metadata().count(key) > 0;
}

void Wait(const grpc::ServerContext& context, int64_t milliseconds) {
  for (int64_t waited = 0; waited < milliseconds && !context.IsCancelled(); waited += 2) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

}  // namespace

void EchoControls::FailNext(int count, grpc::StatusCode code) {
  failure_code = static_cast<int>(code);
  failures = count;
}

void EchoControls::FailAlways(grpc::StatusCode code) {
  FailNext(std::numeric_limits<int>::max(), code);
}

grpc::Status EchoService::Unary(grpc::ServerContext* context, const EchoRequest* request,
                                EchoReply* reply) {
  grpc::Status status = Begin(context);
  if (status.ok()) status = Obey(context, *request);
  if (!status.ok()) return status;
  if (HasMetadata(*context, "x-compress-reply")) {
    context->set_compression_algorithm(GRPC_COMPRESS_GZIP);
  }
  Fill(request->text(), *request, reply);
  return grpc::Status::OK;
}

grpc::Status EchoService::ServerStream(grpc::ServerContext* context, const EchoRequest* request,
                                       grpc::ServerWriter<EchoReply>* writer) {
  grpc::Status status = Begin(context);
  if (status.ok()) status = Obey(context, *request);
  if (!status.ok()) return status;
  EchoReply reply;
  Fill(request->text(), *request, &reply);
  for (int i = 0; i < 3; ++i) writer->Write(reply);
  return grpc::Status::OK;
}

grpc::Status EchoService::ClientStream(grpc::ServerContext* context,
                                       grpc::ServerReader<EchoRequest>* reader, EchoReply* reply) {
  grpc::Status status = Begin(context);
  if (!status.ok()) return status;
  std::string text;
  EchoRequest request;
  while (reader->Read(&request)) {
    status = Obey(context, request);
    if (!status.ok()) return status;
    text += request.text();
  }
  Fill(text, request, reply);
  return grpc::Status::OK;
}

grpc::Status EchoService::Bidi(grpc::ServerContext* context,
                               grpc::ServerReaderWriter<EchoReply, EchoRequest>* stream) {
  grpc::Status status = Begin(context);
  if (!status.ok()) return status;
  EchoRequest request;
  while (stream->Read(&request)) {
    status = Obey(context, request);
    if (!status.ok()) return status;
    EchoReply reply;
    Fill(request.text(), request, &reply);
    stream->Write(reply);
  }
  return grpc::Status::OK;
}

grpc::Status EchoService::Begin(grpc::ServerContext* context) {
  ++controls_.calls;
  {
    MutexLock lock(&mutex_);
    if (peers_.insert(context->peer()).second) ++controls_.connections;
  }
  Wait(*context, controls_.delay_ms);
  context->AddTrailingMetadata("trailer", name_);
  const grpc::string_ref authority = context->ExperimentalGetAuthority();
  context->AddTrailingMetadata("saw-authority", std::string(authority.data(), authority.size()));
  for (const char* key :
       {"x-user", "authorization", "grpc-encoding", "grpc-previous-rpc-attempts"}) {
    const auto found = context->client_metadata().find(key);
    if (found != context->client_metadata().end()) {
      context->AddTrailingMetadata(absl::StrCat("saw-", key),
                                   std::string(found->second.data(), found->second.size()));
    }
  }
  int left = controls_.failures;
  while (left > 0 && !controls_.failures.compare_exchange_weak(left, left - 1)) {
  }
  if (left > 0) {
    return grpc::Status(static_cast<grpc::StatusCode>(controls_.failure_code.load()),
                        absl::StrCat(name_, " was told to fail"), "details");
  }
  context->AddInitialMetadata("served-by", name_);
  return grpc::Status::OK;
}

grpc::Status EchoService::Obey(grpc::ServerContext* context, const EchoRequest& request) {
  Wait(*context, request.delay_ms());
  if (request.fail_with() == 0) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(request.fail_with()),
                      absl::StrCat(name_, " was asked to fail"), "details");
}

void EchoService::Fill(const std::string& text, const EchoRequest& request,
                       EchoReply* reply) const {
  reply->set_text(text);
  reply->set_server(name_);
  reply->set_padding(std::string(request.padding_bytes(), 'x'));
}

}  // namespace mesh::testing
