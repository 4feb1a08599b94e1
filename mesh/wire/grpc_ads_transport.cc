#include "mesh/wire/grpc_ads_transport.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "grpcpp/channel.h"
#include "grpcpp/create_channel.h"
#include "mesh/wire/ads_call.h"
#include "mesh/wire/channel_arguments.h"
#include "mesh/wire/channel_target.h"
#include "mesh/wire/grpc_credentials.h"

namespace mesh::wire {
namespace {

class GrpcAdsStream final : public xds::AdsStream {
 public:
  explicit GrpcAdsStream(std::shared_ptr<AdsCall> call) : call_(std::move(call)) {}
  ~GrpcAdsStream() override { call_->Abandon(); }

  void Send(std::string bytes) override { call_->Send(std::move(bytes)); }
  void Read() override { call_->Read(); }

 private:
  const std::shared_ptr<AdsCall> call_;
};

class GrpcAdsTransport final : public xds::AdsTransport {
 public:
  GrpcAdsTransport(const GrpcAdsTransportFactory::Options& options, xds::ServerConfig server,
                   std::shared_ptr<grpc::ChannelCredentials> credentials)
      : options_(options),
        server_(std::move(server)),
        credentials_(std::move(credentials)),
        channel_(NewChannel()) {}

  std::unique_ptr<xds::AdsStream> Open(absl::string_view method,
                                       xds::AdsStream::Observer* observer) override {
    // A failing channel fails calls until its back-off is over and it has connected; a new one
    // tries first.
    if (channel_->GetState(false) == GRPC_CHANNEL_TRANSIENT_FAILURE) {
      // Files that cannot be read just now may be in the middle of a change.
      auto credentials = MakeCredentials(server_.credentials);
      if (credentials.ok()) credentials_ = *std::move(credentials);
      channel_ = NewChannel();
    }
    auto call =
        std::make_shared<AdsCall>(options_.pump, options_.serializer, channel_, method, observer);
    call->Start();
    return std::make_unique<GrpcAdsStream>(std::move(call));
  }

 private:
  std::shared_ptr<grpc::Channel> NewChannel() const {
    return grpc::CreateCustomChannel(ServerTarget(server_.server_uri), credentials_,
                                     ControlPlaneArguments(options_.user_agent));
  }

  const GrpcAdsTransportFactory::Options options_;
  const xds::ServerConfig server_;
  std::shared_ptr<grpc::ChannelCredentials> credentials_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace

GrpcAdsTransportFactory::GrpcAdsTransportFactory(Options options) : options_(std::move(options)) {}

absl::StatusOr<std::unique_ptr<xds::AdsTransport>> GrpcAdsTransportFactory::Create(
    const xds::ServerConfig& server) {
  if (server.server_uri.empty()) {
    return absl::InvalidArgumentError("xds server: server_uri is empty");
  }
  if (absl::StartsWith(server.server_uri, "xds:")) {
    return absl::InvalidArgumentError(
        absl::StrCat("xds server \"", server.server_uri, "\": cannot be found by xds itself"));
  }
  auto credentials = MakeCredentials(server.credentials);
  if (!credentials.ok()) {
    return absl::Status(
        credentials.status().code(),
        absl::StrCat("xds server \"", server.server_uri, "\": ", credentials.status().message()));
  }
  return std::make_unique<GrpcAdsTransport>(options_, server, *std::move(credentials));
}

}  // namespace mesh::wire
