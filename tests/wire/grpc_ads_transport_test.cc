#include "mesh/wire/grpc_ads_transport.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mesh/xds/proto/discovery.pb.h"
#include "tests/testing/ads_server.h"
#include "tests/testing/short_temp_dir.h"
#include "tests/wire/runtime.h"
#include "tests/wire/silent_listener.h"

namespace mesh::wire {
namespace {

using testing::AdsServer;
using testing::ShortTempDir;
using xds::discovery::DiscoveryRequest;
using xds::discovery::DiscoveryResponse;

constexpr char kMethod[] =
    "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources";
constexpr char kCluster[] = "type.googleapis.com/envoy.config.cluster.v3.Cluster";

struct Events {
  int sent = 0;
  std::vector<std::string> messages;
  std::vector<absl::Status> closed;
};

class RecordingObserver final : public xds::AdsStream::Observer {
 public:
  void OnSent() override {
    events.Update([](Events& e) { ++e.sent; });
  }
  void OnMessage(std::string bytes) override {
    events.Update([&](Events& e) { e.messages.push_back(std::move(bytes)); });
  }
  void OnClosed(const absl::Status& status) override {
    events.Update([&](Events& e) { e.closed.push_back(status); });
  }

  bool WaitForMessages(size_t count) {
    return events.WaitFor([&](const Events& e) { return e.messages.size() >= count; });
  }
  bool WaitForClose(absl::Duration timeout = absl::Seconds(10)) {
    return events.WaitFor([&](const Events& e) { return !e.closed.empty(); }, timeout);
  }

  Watched<Events> events;
};

std::string Ask(const std::string& nonce = "", const std::string& name = "") {
  DiscoveryRequest request;
  request.set_type_url(kCluster);
  request.set_response_nonce(nonce);
  if (!name.empty()) request.add_resource_names(name);
  request.mutable_node()->set_id("node");
  return request.SerializeAsString();
}

class GrpcAdsTransportTest : public ::testing::Test {
 protected:
  ~GrpcAdsTransportTest() override { Destroy(); }

  absl::Status Create(const std::string& uri) {
    xds::ServerConfig server;
    server.server_uri = uri;
    return Create(server);
  }
  absl::Status Create(const xds::ServerConfig& server) {
    absl::Status status;
    OnSerializer([&] {
      GrpcAdsTransportFactory factory({runtime_.pump.get(), &runtime_.serializer, "mesh-test"});
      auto transport = factory.Create(server);
      status = transport.status();
      if (transport.ok()) transport_ = *std::move(transport);
    });
    return status;
  }
  void Open() {
    OnSerializer([&] { stream_ = transport_->Open(kMethod, &observer_); });
  }
  void Send(const std::string& message) {
    OnSerializer([&] { stream_->Send(message); });
  }
  void Read() {
    OnSerializer([&] { stream_->Read(); });
  }
  void Destroy() {
    OnSerializer([&] {
      stream_.reset();
      transport_.reset();
    });
  }
  template <typename F>
  void OnSerializer(F task) {
    runtime_.serializer.RunAndWait(task);
  }

  Runtime runtime_;
  RecordingObserver observer_;
  std::unique_ptr<xds::AdsTransport> transport_;
  std::unique_ptr<xds::AdsStream> stream_;
};

TEST_F(GrpcAdsTransportTest, CarriesMessagesBothWays) {
  AdsServer server;
  server.Set(kCluster, "c", "bytes of c");
  ASSERT_TRUE(Create(server.address()).ok());
  Open();
  Read();
  Send(Ask());
  ASSERT_TRUE(observer_.WaitForMessages(1));
  DiscoveryResponse response;
  ASSERT_TRUE(response.ParseFromString(observer_.events.Get().messages[0]));
  ASSERT_EQ(response.resources_size(), 1);
  EXPECT_EQ(response.resources(0).value(), "bytes of c");
  EXPECT_EQ(observer_.events.Get().sent, 1);
  ASSERT_EQ(server.requests().size(), 1u);
  EXPECT_EQ(server.requests()[0].node_id, "node");
}

// gRPC has no status for a call of which a message is still unread.
TEST_F(GrpcAdsTransportTest, EndsThoughAMessageWasUnreadWhenAWriteFailed) {
  AdsServer server;
  server.Set(kCluster, "c", "bytes of c");
  server.CloseStreamsAfter(2, grpc::Status::OK);
  ASSERT_TRUE(Create(server.address()).ok());
  Open();
  Send(Ask());
  ASSERT_TRUE(server.WaitForRequests([](const auto& all) { return all.size() == 1; }));
  Send(Ask("n1", "c"));
  int sends = 2;
  const auto all_sent = [&] {
    return observer_.events.WaitFor([&](const Events& e) { return e.sent == sends; },
                                    absl::Milliseconds(100));
  };
  for (; sends < 1000 && all_sent(); ++sends) Send(Ask());
  ASSERT_LT(sends, 1000) << "no write failed";
  EXPECT_TRUE(observer_.events.Get().closed.empty());
  Read();
  ASSERT_TRUE(observer_.WaitForMessages(1));
  Read();
  ASSERT_TRUE(observer_.WaitForMessages(2));
  Read();
  ASSERT_TRUE(observer_.WaitForClose());
  EXPECT_TRUE(observer_.events.Get().closed[0].ok());
}

TEST_F(GrpcAdsTransportTest, SendsInOrder) {
  AdsServer server;
  server.set_mute(true);
  ASSERT_TRUE(Create(server.address()).ok());
  Open();
  for (int i = 0; i < 50; ++i) Send(Ask("", absl::StrCat(i)));
  ASSERT_TRUE(server.WaitForRequests([](const auto& all) { return all.size() == 50; }));
  const auto requests = server.requests();
  for (int i = 0; i < 50; ++i) {
    EXPECT_THAT(requests[i].names, ::testing::ElementsAre(absl::StrCat(i)));
  }
  EXPECT_TRUE(observer_.events.WaitFor([](const Events& e) { return e.sent == 50; }));
}

// The server sends 64 messages of 64 KiB, much more than fits in flow-control windows.
TEST_F(GrpcAdsTransportTest, ReadsOnlyWhatIsAskedFor) {
  AdsServer server;
  server.Set(kCluster, "c", std::string(64 << 10, 'x'));
  ASSERT_TRUE(Create(server.address()).ok());
  Open();
  Read();
  Send(Ask());
  ASSERT_TRUE(observer_.WaitForMessages(1));
  for (int i = 0; i < 63; ++i) server.Push(kCluster);
  Send(Ask("n1"));
  ASSERT_TRUE(observer_.events.WaitFor([](const Events& e) { return e.sent == 2; }));
  EXPECT_EQ(observer_.events.Get().messages.size(), 1u);
  for (size_t i = 2; i <= 64; ++i) {
    Read();
    ASSERT_TRUE(observer_.WaitForMessages(i));
    ASSERT_EQ(observer_.events.Get().messages.size(), i);
  }
}

TEST_F(GrpcAdsTransportTest, TakesLargeMessagesAndRefusesTooLargeOnes) {
  AdsServer server;
  server.Set(kCluster, "c", std::string(20 << 20, 'x'));
  ASSERT_TRUE(Create(server.address()).ok());
  Open();
  Read();
  Send(Ask());
  ASSERT_TRUE(observer_.WaitForMessages(1));
  EXPECT_GT(observer_.events.Get().messages[0].size(), size_t{20} << 20);
  observer_.events.Update([](Events& e) { e.messages.clear(); });
  Read();
  server.SendRaw(std::string((128 << 20) + 1, 'x'));
  ASSERT_TRUE(observer_.WaitForClose());
  EXPECT_EQ(observer_.events.Get().closed[0].code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(GrpcAdsTransportTest, TellsTheStatusOfTheEnd) {
  AdsServer server;
  server.CloseStreamsAfter(1, grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "come later"));
  ASSERT_TRUE(Create(server.address()).ok());
  Open();
  Read();
  Send(Ask());
  ASSERT_TRUE(observer_.WaitForMessages(1));
  Read();
  ASSERT_TRUE(observer_.WaitForClose());
  EXPECT_EQ(observer_.events.Get().closed[0], absl::ResourceExhaustedError("come later"));
}

// A story: no control plane, then one, which restarts on its port.
TEST_F(GrpcAdsTransportTest, FailsAtOnceAndConnectsAtOnce) {
  AdsServer server;
  server.Stop();
  ASSERT_TRUE(Create(absl::StrCat("passthrough:///", server.address())).ok());
  for (int attempt = 0; attempt < 2; ++attempt) {
    Open();
    Read();
    ASSERT_TRUE(observer_.WaitForClose(absl::Seconds(2)));
    EXPECT_EQ(observer_.events.Get().closed[0].code(), absl::StatusCode::kUnavailable);
    EXPECT_THAT(std::string(observer_.events.Get().closed[0].message()),
                ::testing::HasSubstr("refused"));
    observer_.events.Update([](Events& e) { e = Events(); });
  }
  for (int life = 0; life < 2; ++life) {
    ASSERT_TRUE(server.Start());
    // gRPC's back-off has a second or more to go: the stream must not fail because of it.
    Open();
    Read();
    Send(Ask());
    ASSERT_TRUE(observer_.WaitForMessages(1)) << observer_.events.Get().closed[0];
    Read();
    server.Stop();
    ASSERT_TRUE(observer_.WaitForClose());
    EXPECT_EQ(observer_.events.Get().closed.size(), 1u);
    observer_.events.Update([](Events& e) { e = Events(); });
    Open();
    Read();
    ASSERT_TRUE(observer_.WaitForClose());
    observer_.events.Update([](Events& e) { e = Events(); });
  }
}

TEST_F(GrpcAdsTransportTest, UnixSocket) {
  const ShortTempDir folder;
  AdsServer server(absl::StrCat("unix:", folder.path(), "/ads.sock"));
  ASSERT_NE(server.address(), "");
  ASSERT_TRUE(Create(server.address()).ok());
  Open();
  Read();
  Send(Ask());
  EXPECT_TRUE(observer_.WaitForMessages(1));
}

TEST_F(GrpcAdsTransportTest, HearsNothingAfterTheEnd) {
  AdsServer server;
  ASSERT_TRUE(Create(server.address()).ok());
  Open();
  Read();
  Send(Ask());
  ASSERT_TRUE(observer_.WaitForMessages(1));
  Read();
  Send(Ask("n1", "other"));
  Destroy();
  const Events before = observer_.events.Get();
  EXPECT_LT(runtime_.EndPump(), Pump::kLinger);
  EXPECT_EQ(observer_.events.Get().messages.size(), before.messages.size());
  EXPECT_EQ(observer_.events.Get().sent, before.sent);
  EXPECT_TRUE(observer_.events.Get().closed.empty());
}

TEST_F(GrpcAdsTransportTest, DestroyedWhileConnecting) {
  testing::SilentListener silent;
  ASSERT_TRUE(Create(silent.address()).ok());
  Open();
  Send(Ask());
  Read();
  Destroy();
  EXPECT_LT(runtime_.EndPump(), Pump::kLinger);
}

TEST_F(GrpcAdsTransportTest, RefusesWhatCannotBeHonoured) {
  EXPECT_FALSE(Create("").ok());
  EXPECT_FALSE(Create("xds:///control-plane").ok());
  xds::ServerConfig server;
  server.server_uri = "127.0.0.1:1";
  server.credentials.type = xds::ChannelCredentials::Type::kTls;
  server.credentials.ca_certificate_file = "/does/not/exist";
  EXPECT_THAT(std::string(Create(server).message()),
              ::testing::AllOf(::testing::HasSubstr("xds server \"127.0.0.1:1\""),
                               ::testing::HasSubstr("\"/does/not/exist\": cannot be opened")));
  server.credentials.ca_certificate_file.clear();
  server.credentials.certificate_file = "/does/not/exist";
  EXPECT_THAT(std::string(Create(server).message()), ::testing::HasSubstr("without the other"));
}

}  // namespace
}  // namespace mesh::wire
