#include "tests/testing/echo_server.h"

#include <chrono>
#include <limits>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "grpcpp/server_builder.h"
#include "grpcpp/server_context.h"

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

EchoServer::EchoServer(std::string name, const std::string& address,
                       std::shared_ptr<grpc::ServerCredentials> credentials)
    : name_(std::move(name)),
      credentials_(credentials != nullptr ? std::move(credentials)
                                          : grpc::InsecureServerCredentials()),
      address_(address) {
  if (!Start()) address_.clear();
}

EchoServer::~EchoServer() { Kill(); }

void EchoServer::Kill() {
  if (server_ == nullptr) return;
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
  server_.reset();
}

bool EchoServer::Start() {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(address_, credentials_, &port);
  builder.SetMaxReceiveMessageSize(-1);
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr || port == 0) return false;
  if (!absl::StartsWith(address_, "unix:")) {
    address_ = absl::StrCat(address_.substr(0, address_.rfind(':')), ":", port);
  }
  return true;
}

void EchoServer::FailNext(int count, grpc::StatusCode code) {
  failure_code_ = static_cast<int>(code);
  failures_ = count;
}

void EchoServer::FailAlways(grpc::StatusCode code) {
  FailNext(std::numeric_limits<int>::max(), code);
}

void EchoServer::StopFailing() { failures_ = 0; }

size_t EchoServer::connections() const {
  MutexLock lock(&mutex_);
  return peers_.size();
}

grpc::Status EchoServer::Unary(grpc::ServerContext* context, const EchoRequest* request,
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

grpc::Status EchoServer::ServerStream(grpc::ServerContext* context, const EchoRequest* request,
                                      grpc::ServerWriter<EchoReply>* writer) {
  grpc::Status status = Begin(context);
  if (status.ok()) status = Obey(context, *request);
  if (!status.ok()) return status;
  EchoReply reply;
  Fill(request->text(), *request, &reply);
  for (int i = 0; i < 3; ++i) writer->Write(reply);
  return grpc::Status::OK;
}

grpc::Status EchoServer::ClientStream(grpc::ServerContext* context,
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

grpc::Status EchoServer::Bidi(grpc::ServerContext* context,
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

grpc::Status EchoServer::Begin(grpc::ServerContext* context) {
  ++calls_;
  {
    MutexLock lock(&mutex_);
    peers_.insert(context->peer());
  }
  Wait(*context, delay_ms_);
  context->AddTrailingMetadata("trailer", name_);
  for (const char* key :
       {"x-user", "authorization", "grpc-encoding", "grpc-previous-rpc-attempts"}) {
    const auto found = context->client_metadata().find(key);
    if (found != context->client_metadata().end()) {
      context->AddTrailingMetadata(absl::StrCat("saw-", key),
                                   std::string(found->second.data(), found->second.size()));
    }
  }
  int left = failures_;
  while (left > 0 && !failures_.compare_exchange_weak(left, left - 1)) {
  }
  if (left > 0) {
    return grpc::Status(static_cast<grpc::StatusCode>(failure_code_.load()),
                        absl::StrCat(name_, " was told to fail"), "details");
  }
  context->AddInitialMetadata("served-by", name_);
  return grpc::Status::OK;
}

grpc::Status EchoServer::Obey(grpc::ServerContext* context, const EchoRequest& request) {
  Wait(*context, request.delay_ms());
  if (request.fail_with() == 0) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(request.fail_with()),
                      absl::StrCat(name_, " was asked to fail"), "details");
}

void EchoServer::Fill(const std::string& text, const EchoRequest& request, EchoReply* reply) const {
  reply->set_text(text);
  reply->set_server(name_);
  reply->set_padding(std::string(request.padding_bytes(), 'x'));
}

}  // namespace mesh::testing
