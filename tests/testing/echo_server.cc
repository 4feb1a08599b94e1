#include "tests/testing/echo_server.h"

#include <chrono>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "grpcpp/server_builder.h"

namespace mesh::testing {
namespace {

constexpr int kConnectionGraceMs = 1000;  // then the calls of a connection that is too old end

}  // namespace

EchoServer::EchoServer(std::string name, const std::string& address,
                       std::shared_ptr<grpc::ServerCredentials> credentials, EchoControls* controls)
    : EchoEndpoint(std::move(name), address),
      credentials_(credentials != nullptr ? std::move(credentials)
                                          : grpc::InsecureServerCredentials()),
      service_(name_, controls != nullptr ? controls : &own_controls_) {
  controls_ = controls != nullptr ? controls : &own_controls_;
  if (!Start()) address_.clear();
}

EchoServer::~EchoServer() { Shutdown(); }

void EchoServer::Shutdown() {
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
  builder.RegisterService(&service_);
  if (const int64_t age = controls_->max_connection_age_ms; age > 0) {
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, static_cast<int>(age));
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, kConnectionGraceMs);
  }
  if (const int streams = controls_->max_concurrent_streams; streams > 0) {
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, streams);
  }
  server_ = builder.BuildAndStart();
  if (server_ == nullptr || port == 0) return false;
  if (!absl::StartsWith(address_, "unix:")) {
    address_ = absl::StrCat(address_.substr(0, address_.rfind(':')), ":", port);
  }
  return true;
}

}  // namespace mesh::testing
