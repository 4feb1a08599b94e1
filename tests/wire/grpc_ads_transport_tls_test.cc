#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "grpcpp/security/server_credentials.h"
#include "gtest/gtest.h"
#include "mesh/wire/grpc_ads_transport.h"
#include "mesh/xds/proto/discovery.pb.h"
#include "tests/testing/ads_server.h"
#include "tests/wire/runtime.h"
#include "tests/wire/test_certificates.h"

namespace mesh::wire {
namespace {

constexpr char kMethod[] =
    "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources";

// What a stream came to first: a message (OK) or its end.
class FirstOutcome final : public xds::AdsStream::Observer {
 public:
  void OnSent() override {}
  void OnMessage(std::string) override { Set(absl::OkStatus()); }
  void OnClosed(const absl::Status& status) override { Set(status); }

  absl::Status Wait() {
    EXPECT_TRUE(outcomes_.WaitFor([](const auto& all) { return !all.empty(); }));
    const std::vector<absl::Status> all = outcomes_.Get();
    return all.empty() ? absl::UnknownError("nothing happened") : all[0];
  }

 private:
  void Set(const absl::Status& status) {
    outcomes_.Update([&](auto& all) { all.push_back(status); });
  }
  Watched<std::vector<absl::Status>> outcomes_;
};

class AdsTlsTest : public ::testing::Test {
 protected:
  static std::string WriteFile(const std::string& name, const std::string& text) {
    const std::string path = absl::StrCat(::testing::TempDir(), "/", name);
    std::ofstream(path) << text;
    return path;
  }

  // A server that wants a client's certificate.
  static std::shared_ptr<grpc::ServerCredentials> ServerSide() {
    grpc::SslServerCredentialsOptions options(
        GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    options.pem_root_certs = testing::kCa;
    options.pem_key_cert_pairs.push_back({testing::kServerKey, testing::kServerCertificate});
    return grpc::SslServerCredentials(options);
  }

  // Opens a stream on a new transport, or on the last one.
  absl::Status Try(const xds::ServerConfig* server) {
    FirstOutcome outcome;
    std::unique_ptr<xds::AdsStream> stream;
    runtime_.serializer.RunAndWait([&] {
      if (server != nullptr) {
        GrpcAdsTransportFactory factory({runtime_.pump.get(), &runtime_.serializer, ""});
        auto created = factory.Create(*server);
        ASSERT_TRUE(created.ok()) << created.status();
        transport_ = *std::move(created);
      }
      stream = transport_->Open(kMethod, &outcome);
      xds::discovery::DiscoveryRequest request;
      request.set_type_url("type.googleapis.com/envoy.config.cluster.v3.Cluster");
      stream->Send(request.SerializeAsString());
      stream->Read();
    });
    const absl::Status status = outcome.Wait();
    runtime_.serializer.RunAndWait([&] { stream.reset(); });
    return status;
  }

  ~AdsTlsTest() override {
    runtime_.serializer.RunAndWait([&] { transport_.reset(); });
  }

  Runtime runtime_;
  std::unique_ptr<xds::AdsTransport> transport_;
};

TEST_F(AdsTlsTest, ProvesBothSides) {
  testing::AdsServer server("127.0.0.1:0", ServerSide());
  xds::ServerConfig config;
  config.server_uri = server.address();
  config.credentials.type = xds::ChannelCredentials::Type::kTls;
  config.credentials.ca_certificate_file = WriteFile("ca.pem", testing::kCa);
  config.credentials.certificate_file = WriteFile("client.pem", testing::kClientCertificate);
  config.credentials.private_key_file = WriteFile("client.key", testing::kClientKey);
  EXPECT_TRUE(Try(&config).ok());
}

TEST_F(AdsTlsTest, FailsWithoutAClientCertificate) {
  testing::AdsServer server("127.0.0.1:0", ServerSide());
  xds::ServerConfig config;
  config.server_uri = server.address();
  config.credentials.type = xds::ChannelCredentials::Type::kTls;
  config.credentials.ca_certificate_file = WriteFile("ca.pem", testing::kCa);
  EXPECT_EQ(Try(&config).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(server.streams(), 0);
}

TEST_F(AdsTlsTest, NeverFallsBackToPlaintext) {
  testing::AdsServer server;
  xds::ServerConfig config;
  config.server_uri = server.address();
  config.credentials.type = xds::ChannelCredentials::Type::kTls;
  config.credentials.ca_certificate_file = WriteFile("ca.pem", testing::kCa);
  EXPECT_EQ(Try(&config).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(server.streams(), 0);
}

// A rotated CA file holds from the next stream after a failure.
TEST_F(AdsTlsTest, ReadsFilesAgainAfterAFailure) {
  testing::AdsServer server("127.0.0.1:0", ServerSide());
  xds::ServerConfig config;
  config.server_uri = server.address();
  config.credentials.type = xds::ChannelCredentials::Type::kTls;
  // Another CA: the client's own certificate is none of the server's issuers.
  config.credentials.ca_certificate_file = WriteFile("ca.pem", testing::kClientCertificate);
  config.credentials.certificate_file = WriteFile("client.pem", testing::kClientCertificate);
  config.credentials.private_key_file = WriteFile("client.key", testing::kClientKey);
  EXPECT_EQ(Try(&config).code(), absl::StatusCode::kUnavailable);
  WriteFile("ca.pem", testing::kCa);
  EXPECT_TRUE(Try(nullptr).ok());
}

}  // namespace
}  // namespace mesh::wire
