#include "mesh/wire/grpc_load_watcher.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"
#include "mesh/wire/grpc_connection.h"
#include "mesh/wire/load_message.h"
#include "tests/testing/echo_process.h"
#include "tests/testing/echo_server.h"
#include "tests/testing/orca.pb.h"
#include "tests/testing/orca_service.h"
#include "tests/wire/runtime.h"
#include "tests/wire/state_observer.h"

namespace mesh::wire {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using State = ConnectionState;

class OrcaServer {
 public:
  OrcaServer() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterCallbackGenericService(&service_);
    server_ = builder.BuildAndStart();
    address_ = absl::StrCat("127.0.0.1:", port);
  }
  ~OrcaServer() { Shutdown(); }

  const std::string& address() const { return address_; }
  testing::OrcaService& service() { return service_; }
  void Shutdown() { server_->Shutdown(std::chrono::system_clock::now()); }
  // Says that it goes, and waits for what clients have begun.
  void Drain(std::chrono::seconds at_most) {
    server_->Shutdown(std::chrono::system_clock::now() + at_most);
  }

 private:
  testing::OrcaService service_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
};

// What came of a watch, in order; an end as `end CODE`.
class Heard final : public LoadWatch::Observer {
 public:
  explicit Heard(Serializer* serializer) : serializer_(serializer) {}

  void OnLoadReport(absl::string_view report) override {
    Add(std::string(report));
    if (end_after_report_) watch = nullptr;
  }
  void OnLoadWatchEnd(const absl::Status& status) override {
    status_.Update([&](absl::Status& value) { value = status; });
    watch = nullptr;  // which it may
    Add(absl::StrCat("end ", absl::StatusCodeToString(status.code())));
  }
  // Serializer.
  void set_end_after_report() { end_after_report_ = true; }

  std::vector<std::string> all() { return all_.Get(); }
  bool Reaches(size_t count) {
    return all_.WaitFor([&](const auto& all) { return all.size() >= count; });
  }
  std::string text() { return std::string(status_.Get().message()); }

  std::unique_ptr<LoadWatch> watch;  // serializer-bound

 private:
  void Add(std::string what) {
    EXPECT_TRUE(serializer_->is_held());
    all_.Update([&](auto& all) { all.push_back(std::move(what)); });
  }

  Serializer* const serializer_;
  bool end_after_report_ = false;
  Watched<std::vector<std::string>> all_;
  Watched<absl::Status> status_;
};

class GrpcLoadWatcherTest : public ::testing::Test {
 protected:
  GrpcLoadWatcherTest()
      : watcher_({runtime_.pump.get(), &runtime_.serializer, runtime_.reaper}),
        heard_(&runtime_.serializer) {}
  ~GrpcLoadWatcherTest() override { Destroy(); }

  void Connect(const std::string& address, State outcome = State::kReady) {
    On([&] {
      GrpcConnector::Options options;
      options.pump = runtime_.pump.get();
      options.serializer = &runtime_.serializer;
      options.reaper = runtime_.reaper;
      options.credentials = grpc::InsecureChannelCredentials();
      connection_ =
          GrpcConnector(std::move(options)).Create({address, {absl::Seconds(20)}}, &observer_);
      connection_->Connect();
    });
    ASSERT_TRUE(observer_.Reaches(outcome));
  }
  void Start(absl::Duration interval = absl::Seconds(10), const std::string& authority = "") {
    On([&] { heard_.watch = watcher_.Start({connection_, authority, interval}, &heard_); });
  }
  void Destroy() {
    On([this] {
      heard_.watch = nullptr;
      connection_ = nullptr;
    });
  }
  template <typename Step>
  void On(Step step) {
    runtime_.serializer.RunAndWait(step);
  }

  Runtime runtime_;
  StateObserver observer_;
  GrpcLoadWatcher watcher_;
  std::shared_ptr<Connection> connection_;
  Heard heard_;
};

TEST(LoadMessageTest, IsWhatTheProtocolSays) {
  for (const absl::Duration interval :
       {absl::ZeroDuration(), absl::Seconds(10), absl::Milliseconds(1500), absl::Nanoseconds(1),
        absl::Seconds(315'576'000'000) + absl::Nanoseconds(999'999'999)}) {
    testing::OrcaLoadReportRequest request;
    const std::string bytes = EncodeLoadReportRequest(interval);
    ASSERT_TRUE(request.ParseFromString(bytes));
    EXPECT_EQ(request.SerializeAsString(), bytes);
    ASSERT_TRUE(request.has_report_interval());
    EXPECT_EQ(absl::Seconds(request.report_interval().seconds()) +
                  absl::Nanoseconds(request.report_interval().nanos()),
              interval);
    EXPECT_EQ(request.request_cost_names_size(), 0);
  }
}

TEST_F(GrpcLoadWatcherTest, ReportsComeInOrder) {
  OrcaServer server;
  server.service().SetReport("first");
  Connect(server.address());
  Start(absl::Milliseconds(2500), "reviews.prod");
  ASSERT_TRUE(heard_.Reaches(1));
  server.service().SetReport("second");
  server.service().SetReport(std::string("\0third", 6));
  ASSERT_TRUE(heard_.Reaches(3));
  EXPECT_THAT(heard_.all(), ElementsAre("first", "second", std::string("\0third", 6)));
  ASSERT_EQ(server.service().asked().size(), 1u);
  EXPECT_EQ(server.service().asked()[0].host, "reviews.prod");
  EXPECT_EQ(server.service().asked()[0].request, EncodeLoadReportRequest(absl::Milliseconds(2500)));
}

TEST_F(GrpcLoadWatcherTest, WithoutAnAuthorityTheAddressIsNamed) {
  OrcaServer server;
  server.service().SetReport("report");
  Connect(server.address());
  Start();
  ASSERT_TRUE(heard_.Reaches(1));
  EXPECT_EQ(server.service().asked()[0].host, server.address());
}

TEST_F(GrpcLoadWatcherTest, CancelledIsNotHeardOf) {
  OrcaServer server;
  Connect(server.address());
  Start();
  ASSERT_TRUE(server.service().HasStreams(1));
  On([this] { heard_.watch = nullptr; });
  ASSERT_TRUE(server.service().HasStreams(0));
  Destroy();
  EXPECT_LT(runtime_.EndPump(), Pump::kLinger);
  EXPECT_THAT(heard_.all(), ElementsAre());
}

TEST_F(GrpcLoadWatcherTest, MayBeDestroyedByAReport) {
  OrcaServer server;
  server.service().SetReport("first");
  Connect(server.address());
  On([this] { heard_.set_end_after_report(); });
  Start();
  ASSERT_TRUE(heard_.Reaches(1));
  ASSERT_TRUE(server.service().HasStreams(0));
  EXPECT_THAT(heard_.all(), ElementsAre("first"));
}

TEST_F(GrpcLoadWatcherTest, ServerThatDoesNotReport) {
  testing::EchoServer server("a");
  Connect(server.address());
  Start();
  ASSERT_TRUE(heard_.Reaches(1));
  EXPECT_THAT(heard_.all(), ElementsAre("end UNIMPLEMENTED"));
}

TEST_F(GrpcLoadWatcherTest, ServerThatEndsTheStream) {
  OrcaServer server;
  server.service().SetReport("report");
  Connect(server.address());
  Start();
  ASSERT_TRUE(heard_.Reaches(1));
  server.service().End(grpc::Status::OK);
  ASSERT_TRUE(heard_.Reaches(2));
  EXPECT_THAT(heard_.all(), ElementsAre("report", "end OK"));
  server.service().End(grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "not you"));
  Start();
  ASSERT_TRUE(heard_.Reaches(3));
  EXPECT_EQ(heard_.all()[2], "end PERMISSION_DENIED");
  EXPECT_EQ(heard_.text(), "not you");
}

TEST_F(GrpcLoadWatcherTest, ServerThatShutsDown) {
  OrcaServer server;
  server.service().SetReport("report");
  Connect(server.address());
  Start();
  ASSERT_TRUE(heard_.Reaches(1));
  server.Shutdown();
  ASSERT_TRUE(heard_.Reaches(2));
  EXPECT_THAT(heard_.all()[1], HasSubstr("end "));
  EXPECT_NE(heard_.all()[1], "end OK");
  EXPECT_NE(heard_.all()[1], "end UNIMPLEMENTED");
}

// It would wait for the stream for as long as it may.
TEST_F(GrpcLoadWatcherTest, ServerThatDrains) {
  OrcaServer server;
  server.service().SetReport("report");
  Connect(server.address());
  Start();
  ASSERT_TRUE(heard_.Reaches(1));
  const absl::Time start = runtime_.clock.Now();
  server.Drain(std::chrono::seconds(8));
  EXPECT_LT(runtime_.clock.Now() - start, absl::Seconds(4));
  ASSERT_TRUE(heard_.Reaches(2));
  EXPECT_THAT(heard_.all(), ElementsAre("report", "end CANCELLED"));
}

TEST_F(GrpcLoadWatcherTest, ServerThatDies) {
  testing::EchoProcess server("a");
  Connect(server.address());
  server.Freeze();
  Start();
  server.Kill();
  ASSERT_TRUE(heard_.Reaches(1));
  // Whichever comes first: the call's end, or that of the connection, with which it is cancelled.
  EXPECT_THAT(heard_.all(), ElementsAre(AnyOf("end UNAVAILABLE", "end CANCELLED")));
}

TEST_F(GrpcLoadWatcherTest, ConnectionThatIsNotReady) {
  testing::EchoServer server("a");
  server.Shutdown();
  Connect(server.address(), State::kFailing);
  Start();
  ASSERT_TRUE(heard_.Reaches(1));
  EXPECT_THAT(heard_.all(), ElementsAre("end UNAVAILABLE"));
  EXPECT_EQ(heard_.text(), "the connection is failing");
  // Cancelled before it is known.
  On([this] {
    heard_.watch = watcher_.Start({connection_, "", absl::Seconds(1)}, &heard_);
    heard_.watch = nullptr;
  });
  On([] {});
  EXPECT_EQ(heard_.all().size(), 1u);
}

// As an old one of several that stand for one does, which is destroyed when its last call is over.
TEST_F(GrpcLoadWatcherTest, EndsWithItsConnection) {
  OrcaServer server;
  server.service().SetReport("report");
  Connect(server.address());
  Start();
  ASSERT_TRUE(heard_.Reaches(1));
  On([this] { connection_ = nullptr; });
  ASSERT_TRUE(heard_.Reaches(2));
  EXPECT_THAT(heard_.all(), ElementsAre("report", "end CANCELLED"));
  ASSERT_TRUE(server.service().HasStreams(0));
}

TEST_F(GrpcLoadWatcherTest, IsHeardWhileCallsAreMade) {
  OrcaServer server;
  server.service().SetReport("report");
  Connect(server.address());
  // The pump sees calls, and looks at its queue now and then.
  runtime_.pump->NoteCall();
  Start();
  ASSERT_TRUE(heard_.Reaches(1));
}

TEST_F(GrpcLoadWatcherTest, TheEndOfAllWaitsForNoServer) {
  testing::EchoProcess server("a");
  Connect(server.address());
  server.Freeze();
  Start();
  Destroy();
  EXPECT_LT(runtime_.EndPump(), Pump::kLinger);
  EXPECT_THAT(heard_.all(), ElementsAre());
}

}  // namespace
}  // namespace mesh::wire
