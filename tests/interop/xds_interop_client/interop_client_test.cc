// The client as a driver sees it: a control plane and two test servers on loopback.

#include "tests/interop/xds_interop_client/interop_client.h"

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/server_builder.h"
#include "tests/mesh/main_job.h"

namespace mesh::interop {
namespace {

using grpc::channelz::v1::ChannelConnectivityState;
using grpc::testing::ClientConfigureRequest;
using ::testing::ElementsAre;
using ::testing::Key;
using ::testing::UnorderedElementsAre;

// Answers with its name, each method in its own way. Thread-safe.
class TestServer final : private grpc::testing::TestService::Service {
 public:
  explicit TestServer(std::string name) : name_(std::move(name)) {
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    address_ = absl::StrCat("127.0.0.1:", port);
  }
  ~TestServer() override { server_->Shutdown(std::chrono::system_clock::now()); }

  const std::string& address() const { return address_; }

 private:
  grpc::Status EmptyCall(grpc::ServerContext* context, const grpc::testing::Empty*,
                         grpc::testing::Empty*) override {
    const auto key = context->client_metadata().find("k");
    const std::string suffix = key == context->client_metadata().end()
                                   ? ""
                                   : std::string(key->second.data(), key->second.size());
    context->AddInitialMetadata("hostname", name_ + suffix);
    return grpc::Status::OK;
  }
  grpc::Status UnaryCall(grpc::ServerContext*, const grpc::testing::SimpleRequest*,
                         grpc::testing::SimpleResponse* response) override {
    response->set_hostname(name_);
    return grpc::Status::OK;
  }

  const std::string name_;
  std::string address_;
  std::unique_ptr<grpc::Server> server_;
};

class InteropClientTest : public MainJobTest {
 protected:
  ~InteropClientTest() override {
    if (client_ == nullptr) return;
    client_->Stop();
    thread_.join();
  }

  void Start(ClientOptions options = {}) {
    options.server = "xds:///echo";
    options.qps = 200;
    options.stats_port = 0;
    if (options.plan.calls.empty()) options.plan.calls = {{Method::kUnaryCall, {}}};
    Options mesh;
    mesh.bootstrap_json = Bootstrap();
    mesh.profile = Profile::kGrpc;
    absl::StatusOr<std::unique_ptr<InteropClient>> client =
        InteropClient::Create(options, std::move(mesh));
    ASSERT_TRUE(client.ok()) << client.status();
    client_ = *std::move(client);
    thread_ = std::thread([this] { client_->Run(); });
    channel_ = grpc::CreateChannel(absl::StrCat("127.0.0.1:", client_->port()),
                                   grpc::InsecureChannelCredentials());
  }
  grpc::testing::LoadBalancerStatsResponse Stats(int calls) {
    grpc::ClientContext context;
    grpc::testing::LoadBalancerStatsRequest request;
    request.set_num_rpcs(calls);
    request.set_timeout_sec(10);
    grpc::testing::LoadBalancerStatsResponse response;
    const grpc::Status status =
        grpc::testing::LoadBalancerStatsService::NewStub(channel_)->GetClientStats(
            &context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  TestServer x_{"x"};
  TestServer y_{"y"};
  std::unique_ptr<InteropClient> client_;
  std::thread thread_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(InteropClientTest, CallsThatStartBeforeThereIsAnythingDoNotFail) {
  Start();
  Serve(One({x_.address(), y_.address()}));
  const grpc::testing::LoadBalancerStatsResponse stats = Stats(100);
  EXPECT_EQ(stats.num_failures(), 0);
  EXPECT_THAT(stats.rpcs_by_peer(), UnorderedElementsAre(Key("x"), Key("y")));
  EXPECT_THAT(stats.rpcs_by_method(), ElementsAre(Key("UnaryCall")));
}

TEST_F(InteropClientTest, IsConfiguredWhileItRuns) {
  Serve(One({x_.address()}));
  Start();
  grpc::ClientContext context;
  ClientConfigureRequest request;
  request.add_types(ClientConfigureRequest::EMPTY_CALL);
  ClientConfigureRequest::Metadata* metadata = request.add_metadata();
  metadata->set_type(ClientConfigureRequest::EMPTY_CALL);
  metadata->set_key("k");
  metadata->set_value("-v");
  grpc::testing::ClientConfigureResponse response;
  ASSERT_TRUE(grpc::testing::XdsUpdateClientConfigureService::NewStub(channel_)
                  ->Configure(&context, request, &response)
                  .ok());
  Stats(10);  // one tick may be of the old plan
  const grpc::testing::LoadBalancerStatsResponse stats = Stats(20);
  EXPECT_EQ(stats.num_failures(), 0);
  EXPECT_THAT(stats.rpcs_by_peer(), ElementsAre(Key("x-v")));
  EXPECT_THAT(stats.rpcs_by_method(), ElementsAre(Key("EmptyCall")));

  grpc::ClientContext accumulated_context;
  grpc::testing::LoadBalancerAccumulatedStatsResponse accumulated;
  ASSERT_TRUE(grpc::testing::LoadBalancerStatsService::NewStub(channel_)
                  ->GetClientAccumulatedStats(&accumulated_context, {}, &accumulated)
                  .ok());
  EXPECT_GE(accumulated.stats_per_method().at("EmptyCall").result().at(0), 20);
}

TEST_F(InteropClientTest, ChannelzHasTheTargetAndItsEndpoints) {
  c_.Kill();
  Serve(One({x_.address(), c_.address()}));
  Start();
  EXPECT_EQ(Stats(20).num_failures(), 0);
  const auto channelz = grpc::channelz::v1::Channelz::NewStub(channel_);
  grpc::ClientContext context;
  grpc::channelz::v1::GetTopChannelsResponse top;
  ASSERT_TRUE(channelz->GetTopChannels(&context, {}, &top).ok());
  ASSERT_EQ(top.channel_size(), 1);
  EXPECT_TRUE(top.end());
  EXPECT_EQ(top.channel(0).data().target(), "xds:///echo");
  EXPECT_EQ(top.channel(0).data().state().state(), ChannelConnectivityState::READY);
  ASSERT_EQ(top.channel(0).subchannel_ref_size(), 2);
  std::map<std::string, ChannelConnectivityState::State> states;
  for (const auto& reference : top.channel(0).subchannel_ref()) {
    grpc::ClientContext call;
    grpc::channelz::v1::GetSubchannelRequest request;
    request.set_subchannel_id(reference.subchannel_id());
    grpc::channelz::v1::GetSubchannelResponse response;
    ASSERT_TRUE(channelz->GetSubchannel(&call, request, &response).ok());
    states[response.subchannel().data().target()] = response.subchannel().data().state().state();
  }
  EXPECT_EQ(states[x_.address()], ChannelConnectivityState::READY);
  EXPECT_EQ(states[c_.address()], ChannelConnectivityState::TRANSIENT_FAILURE);
  grpc::ClientContext call;
  grpc::channelz::v1::GetSubchannelRequest request;
  request.set_subchannel_id(1000);
  grpc::channelz::v1::GetSubchannelResponse response;
  EXPECT_EQ(channelz->GetSubchannel(&call, request, &response).error_code(),
            grpc::StatusCode::NOT_FOUND);
}

}  // namespace
}  // namespace mesh::interop
