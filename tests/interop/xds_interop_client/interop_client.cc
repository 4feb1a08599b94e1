#include "tests/interop/xds_interop_client/interop_client.h"

#include <chrono>
#include <string>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"

namespace mesh::interop {

absl::StatusOr<std::unique_ptr<InteropClient>> InteropClient::Create(const ClientOptions& options,
                                                                     Options mesh) {
  auto client = absl::WrapUnique(new InteropClient(options));
  absl::StatusOr<std::unique_ptr<Mesh>> made = Mesh::Create(std::move(mesh));
  if (!made.ok()) return made.status();
  client->mesh_ = *std::move(made);

  CallLoop::Options loop;
  loop.channel = client->mesh_->Channel(options.server);
  loop.qps = options.qps;
  loop.print_response = options.print_response;
  loop.plan = &client->plan_;
  loop.book = &client->book_;
  client->loop_ = std::make_unique<CallLoop>(std::move(loop));
  client->observation_ = client->mesh_->Watch(
      options.server,
      [channelz = &client->channelz_](const Snapshot& snapshot) { channelz->Update(snapshot); });

  grpc::ServerBuilder builder;
  const std::string address = absl::StrCat("127.0.0.1:", options.stats_port);
  builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &client->port_);
  builder.RegisterService(&client->stats_);
  builder.RegisterService(&client->configure_);
  builder.RegisterService(&client->channelz_);
  client->server_ = builder.BuildAndStart();
  if (client->server_ == nullptr) {
    return absl::UnavailableError(absl::StrCat("statistics: cannot listen on ", address));
  }
  return client;
}

InteropClient::~InteropClient() {
  if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now());
}

}  // namespace mesh::interop
