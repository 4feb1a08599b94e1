#include "mesh/wire/grpc_prober.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "grpcpp/generic/async_generic_service.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"
#include "mesh/wire/byte_buffer.h"
#include "mesh/wire/grpc_connection.h"
#include "tests/testing/echo_process.h"
#include "tests/testing/echo_server.h"
#include "tests/wire/health_server.h"
#include "tests/wire/runtime.h"
#include "tests/wire/silent_listener.h"
#include "tests/wire/state_observer.h"

namespace mesh::wire {
namespace {

using testing::EchoProcess;
using testing::EchoServer;
using ::testing::HasSubstr;
using testing::HealthServer;
using State = ConnectionState;

// What a server of any method is asked, and what it answers.
class AnyService final : public grpc::CallbackGenericService {
 public:
  struct Asked {
    std::string method;
    std::string host;
    std::string bytes;
    std::string probe_header;  // the value of `x-probe`
  };

  AnyService(std::string answer, grpc::Status status)
      : answer_(std::move(answer)), status_(std::move(status)) {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterCallbackGenericService(this);
    server_ = builder.BuildAndStart();
    address_ = absl::StrCat("127.0.0.1:", port);
  }
  ~AnyService() override { server_->Shutdown(std::chrono::system_clock::now()); }

  const std::string& address() const { return address_; }
  // What it was asked last.
  Asked asked() { return asked_.Get(); }

  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* call) override {
    class Reactor final : public grpc::ServerGenericBidiReactor {
     public:
      Reactor(AnyService* service, grpc::GenericCallbackServerContext* call)
          : service_(service), call_(call), answer_(ToByteBuffer(service->answer_)) {
        StartRead(&request_);
      }
      void OnReadDone(bool) override {
        service_->asked_.Update([this](Asked& asked) {
          const auto found = call_->client_metadata().find("x-probe");
          const bool is_there = found != call_->client_metadata().end();
          asked = {call_->method(), call_->host(), ToBytes(request_),
                   is_there ? std::string(found->second.data(), found->second.size()) : ""};
        });
        if (!service_->status_.ok()) return Finish(service_->status_);
        StartWriteAndFinish(&answer_, grpc::WriteOptions(), grpc::Status::OK);
      }
      void OnDone() override { delete this; }

     private:
      AnyService* const service_;
      grpc::GenericCallbackServerContext* const call_;
      grpc::ByteBuffer request_;
      const grpc::ByteBuffer answer_;
    };
    return new Reactor(this, call);
  }

 private:
  const std::string answer_;
  const grpc::Status status_;
  Watched<Asked> asked_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
};

class GrpcProberTest : public ::testing::Test {
 protected:
  GrpcProberTest()
      : prober_(GrpcProber::Options{runtime_.pump.get(), &runtime_.serializer, runtime_.reaper}) {}
  ~GrpcProberTest() override { Destroy(); }

  // Makes the connection that is asked over, not connected yet.
  void Create(const std::string& address, absl::Duration connect_timeout = absl::Seconds(20)) {
    On([&] {
      GrpcConnector::Options options;
      options.pump = runtime_.pump.get();
      options.serializer = &runtime_.serializer;
      options.reaper = runtime_.reaper;
      options.credentials = grpc::InsecureChannelCredentials();
      connection_ =
          GrpcConnector(std::move(options)).Create({address, {connect_timeout}}, &observer_);
    });
  }
  // The same, connected, or what comes of that.
  void Connect(const std::string& address, State outcome = State::kReady) {
    Create(address);
    On([this] { connection_->Connect(); });
    ASSERT_TRUE(observer_.Reaches(outcome));
  }
  void Destroy() {
    On([this] {
      probe_.reset();
      connection_.reset();
    });
  }

  void Start(const std::string& service = "", absl::Duration timeout = absl::Seconds(10),
             const std::string& authority = "") {
    result_.Update([](std::optional<ProbeResult>& result) { result.reset(); });
    On([&] {
      model::HealthCheck check;
      check.kind =
          model::HealthCheck::Grpc{service, "not this: the request's", {{"x-probe", "who asks"}}};
      check.timeout = timeout;
      ProbeRequest request;
      request.check = &check;
      request.authority = authority;
      request.connection = connection_;
      probe_ = prober_.Start(request, [this](ProbeResult probed) {
        EXPECT_TRUE(runtime_.serializer.is_held());
        probe_.reset();  // which it may
        result_.Update([&](std::optional<ProbeResult>& result) {
          EXPECT_FALSE(result.has_value());
          result = std::move(probed);
        });
      });
      EXPECT_FALSE(result_.Get().has_value());
    });
  }
  ProbeResult Result() {
    EXPECT_TRUE(result_.WaitFor([](const auto& result) { return result.has_value(); }));
    return result_.Get().value_or(ProbeResult{ProbeOutcome::kNetwork, "no result"});
  }
  // The text of what comes of a probe that has that outcome.
  std::string Probe(ProbeOutcome outcome, const std::string& service = "") {
    Start(service);
    const ProbeResult result = Result();
    EXPECT_EQ(result.outcome, outcome) << result.text;
    return result.text;
  }

  template <typename Step>
  void On(Step step) {
    runtime_.serializer.RunAndWait(step);
  }

  Runtime runtime_;
  StateObserver observer_;
  GrpcProber prober_;
  std::shared_ptr<Connection> connection_;
  std::unique_ptr<wire::Probe> probe_;
  Watched<std::optional<ProbeResult>> result_;
};

TEST_F(GrpcProberTest, FollowsAHealthService) {
  HealthServer server;
  Connect(server.address());
  EXPECT_EQ(Probe(ProbeOutcome::kSuccess), "SERVING");
  server.set_serving("", false);
  EXPECT_EQ(Probe(ProbeOutcome::kUnexpected), "NOT_SERVING");
  server.set_serving("", true);
  EXPECT_EQ(Probe(ProbeOutcome::kSuccess), "SERVING");
}

TEST_F(GrpcProberTest, AsksForAService) {
  HealthServer server;
  Connect(server.address());
  EXPECT_THAT(Probe(ProbeOutcome::kUnexpected, "reviews"), HasSubstr("NOT_FOUND"));
  server.set_serving("reviews", true);
  EXPECT_EQ(Probe(ProbeOutcome::kSuccess, "reviews"), "SERVING");
  server.set_serving("reviews", false);
  EXPECT_EQ(Probe(ProbeOutcome::kUnexpected, "reviews"), "NOT_SERVING");
  EXPECT_EQ(Probe(ProbeOutcome::kSuccess), "SERVING");
}

TEST_F(GrpcProberTest, SendsWhatTheProtocolSays) {
  AnyService server("\x08\x01", grpc::Status::OK);
  Connect(server.address());
  Start("reviews", absl::Seconds(10), "reviews.prod");
  EXPECT_EQ(Result().outcome, ProbeOutcome::kSuccess);
  EXPECT_EQ(server.asked().method, "/grpc.health.v1.Health/Check");
  EXPECT_EQ(server.asked().host, "reviews.prod");
  EXPECT_EQ(server.asked().bytes, "\x0a\x07reviews");
  EXPECT_EQ(server.asked().probe_header, "who asks");
  EXPECT_EQ(Probe(ProbeOutcome::kSuccess), "SERVING");
  EXPECT_EQ(server.asked().host, server.address());
  EXPECT_EQ(server.asked().bytes, "");
}

TEST_F(GrpcProberTest, AnswerThatIsNoneOfTheProtocol) {
  AnyService server("hello", grpc::Status::OK);
  Connect(server.address());
  EXPECT_EQ(Probe(ProbeOutcome::kUnexpected), "malformed HealthCheckResponse");
}

TEST_F(GrpcProberTest, AnswerThatIsAnError) {
  AnyService server("", grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "not you"));
  Connect(server.address());
  EXPECT_EQ(Probe(ProbeOutcome::kUnexpected), "PERMISSION_DENIED: not you");
}

TEST_F(GrpcProberTest, ServerWithoutAHealthServiceIsAlive) {
  EchoServer server("a");
  Connect(server.address());
  EXPECT_THAT(Probe(ProbeOutcome::kUnimplemented), HasSubstr("UNIMPLEMENTED"));
}

// A story: the process stands still, and goes on.
TEST_F(GrpcProberTest, FrozenServerGivesNoAnswerInTime) {
  EchoProcess server("a");
  Connect(server.address());
  server.Freeze();
  const absl::Time start = runtime_.clock.Now();
  Start("", absl::Milliseconds(300));
  const ProbeResult result = Result();
  EXPECT_EQ(result.outcome, ProbeOutcome::kTimeout) << result.text;
  EXPECT_GE(runtime_.clock.Now() - start, absl::Milliseconds(300));
  server.Thaw();
  Probe(ProbeOutcome::kUnimplemented);
}

TEST_F(GrpcProberTest, ConnectionThatIsLostMeanwhile) {
  EchoProcess server("a");
  Connect(server.address());
  server.Freeze();
  Start();
  server.Kill();
  const ProbeResult result = Result();
  EXPECT_EQ(result.outcome, ProbeOutcome::kNetwork) << result.text;
}

TEST_F(GrpcProberTest, WithoutAConnection) {
  EXPECT_EQ(Probe(ProbeOutcome::kNetwork), "no connection");
  HealthServer server;
  Create(server.address());
  EXPECT_EQ(Probe(ProbeOutcome::kNetwork), "the connection is idle");
}

TEST_F(GrpcProberTest, ConnectionThatFails) {
  EchoServer server("a");
  server.Shutdown();
  Connect(server.address(), State::kFailing);
  EXPECT_EQ(Probe(ProbeOutcome::kNetwork), "the connection is failing");
}

TEST_F(GrpcProberTest, WaitsForAConnectionWithinTheTimeout) {
  testing::SilentListener silent;
  ASSERT_NE(silent.address(), "");
  Connect(silent.address(), State::kConnecting);
  Start("", absl::Milliseconds(300));
  EXPECT_EQ(Result().outcome, ProbeOutcome::kTimeout);
}

TEST_F(GrpcProberTest, IsAnsweredWhileCallsAreMade) {
  HealthServer server;
  Connect(server.address());
  // The pump sees calls, and looks at its queue now and then.
  runtime_.pump->NoteCall();
  EXPECT_EQ(Probe(ProbeOutcome::kSuccess), "SERVING");
}

TEST_F(GrpcProberTest, CancelledIsNotHeardOf) {
  EchoProcess server("a");
  Connect(server.address());
  server.Freeze();
  Start("", absl::Minutes(10));
  Destroy();  // the connection as well
  EXPECT_LT(runtime_.EndPump(), Pump::kLinger);
  EXPECT_FALSE(result_.Get().has_value());
}

TEST_F(GrpcProberTest, CancelledBeforeItIsKnownToFail) {
  On([this] {
    model::HealthCheck check;
    check.timeout = absl::Seconds(10);
    ProbeRequest request;
    request.check = &check;
    probe_ = prober_.Start(request, [](ProbeResult) { ADD_FAILURE() << "it was cancelled"; });
    probe_.reset();
  });
  On([] {});
}

}  // namespace
}  // namespace mesh::wire
