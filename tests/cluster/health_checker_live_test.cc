// Active checks of real servers over real sockets, from the configuration to the verdict.

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mesh/base/random.h"
#include "mesh/cluster/health_checker.h"
#include "mesh/wire/endpoint_prober.h"
#include "mesh/wire/grpc_connection.h"
#include "tests/testing/echo_server.h"
#include "tests/testing/tcp_proxy.h"
#include "tests/wire/health_server.h"
#include "tests/wire/runtime.h"
#include "tests/wire/scripted_listener.h"

namespace mesh::cluster {
namespace {

using model::EndpointExtras;
using model::HealthCheck;
using testing::EchoServer;
using ::testing::HasSubstr;
using testing::HealthServer;
using testing::ScriptedListener;

template <typename Kind>
HealthCheck CheckOf(Kind kind) {
  HealthCheck check;
  check.kind = std::move(kind);
  check.timeout = absl::Milliseconds(300);
  check.interval = absl::Milliseconds(20);
  check.unhealthy_threshold = 2;
  check.healthy_threshold = 2;
  return check;
}

class HealthCheckerLiveTest : public ::testing::Test, public HealthChecker::Owner {
 protected:
  HealthCheckerLiveTest() {
    HealthChecker::Options options;
    options.serializer = &runtime_.serializer;
    options.clock = &runtime_.clock;
    options.random = random_.get();
    options.prober = &prober_;
    options.cluster_name = "reviews";
    On([&] {
      checker_ = std::make_unique<HealthChecker>(std::move(options), this);
      checker_->NoteCalls();
    });
  }
  ~HealthCheckerLiveTest() override {
    On([this] {
      checker_.reset();
      connections_.clear();
    });
  }

  template <typename Step>
  void On(Step step) {
    runtime_.serializer.RunAndWait(step);
  }

  // Checks `address` by `check`, and connects it first if that is by gRPC.
  void Check(const HealthCheck& check, const std::string& address, EndpointExtras extras = {}) {
    On([&] {
      checker_->Update({check});
      checker_->Add(address, std::make_shared<const EndpointExtras>(std::move(extras)));
      if (!std::holds_alternative<HealthCheck::Grpc>(check.kind)) return;
      wire::GrpcConnector::Options options;
      options.pump = runtime_.pump.get();
      options.serializer = &runtime_.serializer;
      options.reaper = runtime_.reaper;
      options.credentials = grpc::InsecureChannelCredentials();
      observers_.emplace(address, Observer(this, address));
      connections_[address] = wire::GrpcConnector(std::move(options))
                                  .Create({address}, &observers_.find(address)->second);
      connections_[address]->Connect();
    });
  }

  bool Becomes(const std::string& address, CheckedHealth health) {
    return health_.WaitFor([&](const std::map<std::string, CheckedHealth>& all) {
      const auto found = all.find(address);
      return found != all.end() && found->second == health;
    });
  }
  std::string Reason(const std::string& address) {
    std::string reason;
    On([&] { reason = checker_->reason(address); });
    return reason;
  }

  // HealthChecker::Owner:
  std::shared_ptr<wire::Connection> ConnectionTo(absl::string_view address) override {
    const auto found = connections_.find(std::string(address));
    return found == connections_.end() ? nullptr : found->second;
  }
  void OnHealth(absl::string_view address, CheckedHealth health) override {
    health_.Update([&](auto& all) { all[std::string(address)] = health; });
  }
  void OnPassed(absl::string_view) override {}

 private:
  class Observer final : public wire::Connection::Observer {
   public:
    Observer(HealthCheckerLiveTest* test, std::string address)
        : test_(test), address_(std::move(address)) {}
    void OnConnectionState(wire::ConnectionState state, const absl::Status&) override {
      test_->checker_->NoteConnection(address_, state);
    }

   private:
    HealthCheckerLiveTest* const test_;
    const std::string address_;
  };

  wire::Runtime runtime_;
  const std::unique_ptr<Random> random_ = NewSeededRandom(1);
  wire::EndpointProber prober_{{runtime_.pump.get(), &runtime_.serializer, runtime_.reaper}};
  std::map<std::string, Observer> observers_;
  std::map<std::string, std::shared_ptr<wire::Connection>> connections_;
  wire::Watched<std::map<std::string, CheckedHealth>> health_;
  std::unique_ptr<HealthChecker> checker_;
};

// A story: the service serves, does not, and does again.
TEST_F(HealthCheckerLiveTest, FollowsAGrpcHealthService) {
  HealthServer server;
  server.set_serving("reviews.Reviews", true);
  Check(CheckOf(HealthCheck::Grpc{"reviews.Reviews", ""}), server.address());
  ASSERT_TRUE(Becomes(server.address(), CheckedHealth::kHealthy));
  server.set_serving("reviews.Reviews", false);
  ASSERT_TRUE(Becomes(server.address(), CheckedHealth::kUnhealthy));
  EXPECT_EQ(Reason(server.address()), "health check: NOT_SERVING");
  server.set_serving("reviews.Reviews", true);
  ASSERT_TRUE(Becomes(server.address(), CheckedHealth::kHealthy));
  EXPECT_EQ(Reason(server.address()), "");
}

TEST_F(HealthCheckerLiveTest, ServerWithoutAHealthServiceIsUnhealthy) {
  EchoServer server("a");
  Check(CheckOf(HealthCheck::Grpc()), server.address());
  ASSERT_TRUE(Becomes(server.address(), CheckedHealth::kUnhealthy));
  EXPECT_THAT(Reason(server.address()), HasSubstr("UNIMPLEMENTED"));
}

TEST_F(HealthCheckerLiveTest, NothingThereIsUnhealthyUntilThereIs) {
  EchoServer server("a");
  server.Shutdown();
  Check(CheckOf(HealthCheck::Tcp()), server.address());
  ASSERT_TRUE(Becomes(server.address(), CheckedHealth::kUnhealthy));
  EXPECT_EQ(Reason(server.address()), "health check: connect: Connection refused");
  ASSERT_TRUE(server.Start());
  ASSERT_TRUE(Becomes(server.address(), CheckedHealth::kHealthy));
}

TEST_F(HealthCheckerLiveTest, GrpcEndpointThatCannotBeConnectedIsUnhealthy) {
  EchoServer server("a");
  server.Shutdown();
  Check(CheckOf(HealthCheck::Grpc()), server.address());
  ASSERT_TRUE(Becomes(server.address(), CheckedHealth::kUnhealthy));
  EXPECT_EQ(Reason(server.address()), "health check: the connection is failing");
}

// A story: the link says nothing for a while; the connection stays.
TEST_F(HealthCheckerLiveTest, SilentLinkIsUnhealthyWhileItIsSilent) {
  HealthServer server;
  testing::TcpProxy link(server.address());
  Check(CheckOf(HealthCheck::Grpc()), link.address());
  ASSERT_TRUE(Becomes(link.address(), CheckedHealth::kHealthy));
  link.set_blackhole(true);
  ASSERT_TRUE(Becomes(link.address(), CheckedHealth::kUnhealthy));
  EXPECT_THAT(Reason(link.address()), HasSubstr("DEADLINE_EXCEEDED"));
  link.set_blackhole(false);
  ASSERT_TRUE(Becomes(link.address(), CheckedHealth::kHealthy));
  EXPECT_EQ(link.accepted(), 1);
}

TEST_F(HealthCheckerLiveTest, HttpAtAPortOfItsOwn) {
  ScriptedListener health({"\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"});
  EndpointExtras extras;
  ASSERT_TRUE(absl::SimpleAtoi(health.address().substr(health.address().rfind(':') + 1),
                               &extras.health_check_port));
  HealthCheck::Http http;
  http.path = "/healthz";
  Check(CheckOf(http), "127.0.0.1:1", extras);
  ASSERT_TRUE(Becomes("127.0.0.1:1", CheckedHealth::kHealthy));
  health.WaitForEnded(1);
  EXPECT_THAT(health.heard(), HasSubstr("GET /healthz HTTP/1.1\r\nHost: reviews\r\n"));
}

TEST_F(HealthCheckerLiveTest, HttpStatusThatIsNotExpected) {
  ScriptedListener health({"\r\n\r\n", "HTTP/1.1 500 Oops\r\n\r\n"});
  HealthCheck::Http http;
  http.path = "/";
  Check(CheckOf(http), health.address());
  ASSERT_TRUE(Becomes(health.address(), CheckedHealth::kUnhealthy));
  EXPECT_EQ(Reason(health.address()), "health check: HTTP status 500");
}

}  // namespace
}  // namespace mesh::cluster
