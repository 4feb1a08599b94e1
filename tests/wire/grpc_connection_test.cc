#include "mesh/wire/grpc_connection.h"

#include <netdb.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "grpcpp/alarm.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "gtest/gtest.h"
#include "mesh/base/clock.h"
#include "tests/testing/echo_process.h"
#include "tests/testing/echo_server.h"
#include "tests/testing/short_temp_dir.h"
#include "tests/wire/runtime.h"
#include "tests/wire/silent_listener.h"

namespace mesh::wire {
namespace {

using State = ConnectionState;
using States = std::vector<State>;
using testing::EchoReply;
using testing::EchoRequest;
using testing::EchoServer;
using testing::ShortTempDir;

class RecordingObserver final : public Connection::Observer {
 public:
  void OnConnectionState(State state, const absl::Status& reason) override {
    EXPECT_EQ(reason.ok(), state != State::kFailing) << reason;
    if (!reason.ok()) reason_.Update([&](std::string& text) { text = reason.ToString(); });
    states_.Update([&](States& states) { states.push_back(state); });
  }

  // Waits until the last state is `state`.
  bool Reaches(State state, absl::Duration timeout = absl::Seconds(10)) {
    return states_.WaitFor(
        [&](const States& states) { return !states.empty() && states.back() == state; }, timeout);
  }
  // Waits until there were so many.
  bool Counts(size_t count) {
    return states_.WaitFor([&](const States& states) { return states.size() >= count; });
  }
  States states() { return states_.Get(); }
  std::string reason() { return reason_.Get(); }

 private:
  Watched<States> states_;
  Watched<std::string> reason_;
};

// Keeps the pump from its queue while it lives, as the pump does itself while the application makes
// calls.
class Distraction final : public Pump::Tag {
 public:
  explicit Distraction(Pump* pump) {
    alarm_.Set(pump->queue(), std::chrono::system_clock::now(), static_cast<Pump::Tag*>(this));
    EXPECT_TRUE(phase_.WaitFor([](Phase phase) { return phase == Phase::kBegun; }));
  }
  ~Distraction() override {
    phase_.Update([](Phase& phase) { phase = Phase::kEnding; });
    EXPECT_TRUE(phase_.WaitFor([](Phase phase) { return phase == Phase::kOver; }));
  }

  void OnEvent(bool) override {
    phase_.Update([](Phase& phase) { phase = Phase::kBegun; });
    phase_.WaitFor([](Phase phase) { return phase == Phase::kEnding; }, absl::Minutes(1));
    phase_.Update([](Phase& phase) { phase = Phase::kOver; });
  }

 private:
  enum class Phase { kNone, kBegun, kEnding, kOver };

  grpc::Alarm alarm_;
  Watched<Phase> phase_;
};

class GrpcConnectionTest : public ::testing::Test {
 protected:
  ~GrpcConnectionTest() override {
    if (connection_ != nullptr) Destroy();
  }

  void Create(const std::string& address, const model::ConnectionOptions& connection = {}) {
    runtime_.serializer.RunAndWait([&] {
      GrpcConnector::Options options;
      options.pump = runtime_.pump.get();
      options.serializer = &runtime_.serializer;
      options.reaper = runtime_.reaper;
      options.credentials = grpc::InsecureChannelCredentials();
      connection_ = GrpcConnector(std::move(options)).Create({address, connection}, &observer_);
    });
  }
  void Connect() {
    runtime_.serializer.RunAndWait([&] { connection_->Connect(); });
  }
  void Disconnect() {
    runtime_.serializer.RunAndWait([&] { connection_->Disconnect(); });
  }
  void Destroy() {
    runtime_.serializer.RunAndWait([&] { connection_.reset(); });
  }

  grpc::Status Call(EchoReply* reply, std::string* peer = nullptr) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    const auto stub = testing::Echo::NewStub(connection_->channel());
    const grpc::Status status = stub->Unary(&context, EchoRequest(), reply);
    if (peer != nullptr) *peer = context.peer();
    return status;
  }
  // Calls until the channel has connected again.
  void CallUntilAnswered() {
    grpc::Status status(grpc::StatusCode::UNAVAILABLE, "");
    while (status.error_code() == grpc::StatusCode::UNAVAILABLE) {
      grpc::ClientContext context;
      context.set_wait_for_ready(true);
      context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
      EchoReply reply;
      status =
          testing::Echo::NewStub(connection_->channel())->Unary(&context, EchoRequest(), &reply);
    }
    EXPECT_TRUE(status.ok()) << status.error_message();
  }

  Runtime runtime_;
  RecordingObserver observer_;
  std::unique_ptr<Connection> connection_;
};

TEST_F(GrpcConnectionTest, IsIdleUntilAsked) {
  EchoServer server("a");
  Create(server.address());
  EXPECT_EQ(connection_->state(), State::kIdle);
  EXPECT_EQ(connection_->channel(), nullptr);
  Destroy();
  EXPECT_THAT(observer_.states(), ::testing::IsEmpty());
}

TEST_F(GrpcConnectionTest, ConnectsAndMakesCalls) {
  EchoServer server("a");
  Create(server.address());
  Connect();
  ASSERT_TRUE(observer_.Reaches(State::kReady));
  EXPECT_EQ(connection_->state(), State::kReady);
  EchoReply reply;
  std::string peer;
  EXPECT_TRUE(Call(&reply, &peer).ok());
  EXPECT_EQ(reply.server(), "a");
  EXPECT_EQ(peer, absl::StrCat("ipv4:", server.address()));
  EXPECT_THAT(observer_.states(), ::testing::ElementsAre(State::kConnecting, State::kReady));
}

size_t OpenSockets() {
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code error;
    const std::string to = std::filesystem::read_symlink(entry.path(), error).string();
    if (absl::StartsWith(to, "socket:")) ++count;
  }
  return count;
}

// However far it has come: its socket goes with it.
TEST_F(GrpcConnectionTest, DestroyedWhileItConnectsLeavesNoSocket) {
  const testing::EchoProcess server("a");
  const size_t before = OpenSockets();
  const SteadyClock clock;
  for (int i = 0; i < 200; ++i) {
    Create(server.address());
    Connect();
    const absl::Time end = clock.Now() + absl::Microseconds(100 * (i % 40));
    while (clock.Now() < end) std::this_thread::yield();
    Destroy();
  }
  const absl::Time end = clock.Now() + absl::Seconds(10);
  while (OpenSockets() > before && clock.Now() < end) std::this_thread::yield();
  EXPECT_LE(OpenSockets(), before);
}

// A story: the server dies, and comes back on the same port.
TEST_F(GrpcConnectionTest, NoticesALossAndConnectsAgain) {
  EchoServer server("a");
  Create(server.address());
  Connect();
  ASSERT_TRUE(observer_.Reaches(State::kReady));
  const grpc::Channel* channel = connection_->channel().get();
  server.Shutdown();
  ASSERT_TRUE(observer_.Reaches(State::kFailing));
  EXPECT_THAT(observer_.reason(), ::testing::HasSubstr(server.address()));
  EchoReply reply;
  std::string peer;
  EXPECT_EQ(Call(&reply, &peer).error_code(), grpc::StatusCode::UNAVAILABLE);
  // No transport took it.
  EXPECT_EQ(peer, absl::StrCat("ipv4:///", server.address()));
  ASSERT_TRUE(server.Start());
  ASSERT_TRUE(observer_.Reaches(State::kReady));
  EXPECT_TRUE(Call(&reply).ok());
  EXPECT_EQ(connection_->channel().get(), channel);
  // It stays failing while it tries again.
  EXPECT_THAT(observer_.states(),
              ::testing::ElementsAre(State::kConnecting, State::kReady, State::kConnecting,
                                     State::kFailing, State::kReady));
}

// The channel is ready before and after: there may be another server now.
TEST_F(GrpcConnectionTest, NoticesALossThatIsOverBeforeThePumpLooks) {
  EchoServer server("a");
  Create(server.address());
  Connect();
  ASSERT_TRUE(observer_.Reaches(State::kReady));
  {
    const Distraction distraction(runtime_.pump.get());
    server.Shutdown();
    ASSERT_TRUE(server.Start());
    CallUntilAnswered();
  }
  EXPECT_TRUE(observer_.Counts(4));
  EXPECT_THAT(observer_.states(), ::testing::ElementsAre(State::kConnecting, State::kReady,
                                                         State::kConnecting, State::kReady));
}

TEST_F(GrpcConnectionTest, IsReadyAgainAfterALossThatACallNoticedFirst) {
  EchoServer server("a");
  Create(server.address());
  Connect();
  ASSERT_TRUE(observer_.Reaches(State::kReady));
  {
    const Distraction distraction(runtime_.pump.get());
    server.Shutdown();
    EchoReply reply;
    EXPECT_EQ(Call(&reply).error_code(), grpc::StatusCode::UNAVAILABLE);
    runtime_.serializer.RunAndWait([&] { connection_->Recheck(); });
    runtime_.serializer.RunAndWait([] {});
    EXPECT_NE(connection_->state(), State::kReady);
    ASSERT_TRUE(server.Start());
    CallUntilAnswered();
  }
  EXPECT_TRUE(observer_.Reaches(State::kReady));
}

TEST_F(GrpcConnectionTest, DeadAddressFailsAtOnce) {
  EchoServer server("a");
  server.Shutdown();
  Create(server.address());
  Connect();
  ASSERT_TRUE(observer_.Reaches(State::kFailing, absl::Seconds(2)));
  EXPECT_EQ(observer_.reason(), absl::StrCat("UNAVAILABLE: ", server.address(),
                                             ": cannot connect: refused, unreachable, or no "
                                             "handshake"));
}

TEST_F(GrpcConnectionTest, SilentAddressFailsAfterTheConnectTimeout) {
  testing::SilentListener silent;
  ASSERT_NE(silent.address(), "");
  Create(silent.address(), {absl::Milliseconds(1200)});
  const absl::Time start = runtime_.clock.Now();
  Connect();
  ASSERT_TRUE(observer_.Reaches(State::kFailing));
  EXPECT_GT(runtime_.clock.Now() - start, absl::Milliseconds(1100));
  EXPECT_LT(runtime_.clock.Now() - start, absl::Seconds(4));
  EXPECT_EQ(observer_.reason(), absl::StrCat("UNAVAILABLE: ", silent.address(),
                                             ": cannot connect: no answer within 1.2s"));
}

TEST_F(GrpcConnectionTest, UnusableAddressFails) {
  Create("no port and no name");
  Connect();
  ASSERT_TRUE(observer_.Reaches(State::kFailing));
}

TEST_F(GrpcConnectionTest, DisconnectedStaysIdleAfterALoss) {
  EchoServer server("a");
  Create(server.address());
  Connect();
  ASSERT_TRUE(observer_.Reaches(State::kReady));
  Disconnect();
  EchoReply reply;
  EXPECT_TRUE(Call(&reply).ok());  // it is not cut
  server.Shutdown();
  ASSERT_TRUE(observer_.Reaches(State::kIdle));
  ASSERT_TRUE(server.Start());
  Connect();
  ASSERT_TRUE(observer_.Reaches(State::kReady));
  EXPECT_THAT(observer_.states(),
              ::testing::ElementsAre(State::kConnecting, State::kReady, State::kIdle,
                                     State::kConnecting, State::kReady));
}

TEST_F(GrpcConnectionTest, DisconnectWithoutConnectDoesNothing) {
  Create("127.0.0.1:1");
  Disconnect();
  runtime_.serializer.RunAndWait([&] { connection_->Recheck(); });
  Destroy();
  EXPECT_THAT(observer_.states(), ::testing::IsEmpty());
}

// The kernel acknowledges for a frozen process: only pings tell. Nobody calls.
TEST_F(GrpcConnectionTest, AFrozenPeerIsNoticedByTheClustersKeepalive) {
  testing::EchoProcess server("a");
  model::ConnectionOptions options;
  options.keepalive.emplace();
  options.keepalive->interval = absl::Seconds(2);
  options.keepalive->timeout = absl::Seconds(1);
  Create(server.address(), options);
  Connect();
  ASSERT_TRUE(observer_.Reaches(State::kReady));
  const absl::Time start = runtime_.clock.Now();
  server.Freeze();
  EXPECT_TRUE(observer_.Reaches(State::kConnecting, absl::Seconds(20)));
  const absl::Duration noticed = runtime_.clock.Now() - start;
  EXPECT_GE(noticed, absl::Seconds(1));
  EXPECT_LE(noticed, absl::Seconds(5)) << "the interval and the timeout, and a busy machine";
  server.Thaw();
  EXPECT_TRUE(observer_.Reaches(State::kReady));
}

struct Scheme {
  std::string listen;  // FOLDER: one that is made for the test
  std::string peer_prefix;
};

class GrpcConnectionSchemeTest : public GrpcConnectionTest,
                                 public ::testing::WithParamInterface<Scheme> {};

TEST_P(GrpcConnectionSchemeTest, Connects) {
  const ShortTempDir folder;
  const std::string listen = absl::StrReplaceAll(GetParam().listen, {{"FOLDER", folder.path()}});
  EchoServer server("a", listen);
  if (server.address().empty()) GTEST_SKIP() << "cannot listen on " << listen;
  Create(server.address());
  Connect();
  ASSERT_TRUE(observer_.Reaches(State::kReady));
  EchoReply reply;
  std::string peer;
  EXPECT_TRUE(Call(&reply, &peer).ok());
  EXPECT_THAT(peer, ::testing::StartsWith(GetParam().peer_prefix));
}

INSTANTIATE_TEST_SUITE_P(Schemes, GrpcConnectionSchemeTest,
                         ::testing::Values(Scheme{"127.0.0.1:0", "ipv4:127.0.0.1:"},
                                           Scheme{"[::1]:0", "ipv6:%5B::1%5D:"},
                                           Scheme{"unix:FOLDER/echo.sock", "unix:"},
                                           Scheme{"0.0.0.0:0", "ipv4:"}));

// The name of this machine, since c-ares 1.18 leaks that of `localhost`.
TEST_F(GrpcConnectionTest, ResolvesNames) {
  char name[256] = {};
  addrinfo* found = nullptr;
  addrinfo hints = {};
  hints.ai_family = AF_INET;
  if (gethostname(name, sizeof(name) - 1) != 0 || getaddrinfo(name, nullptr, &hints, &found) != 0) {
    GTEST_SKIP() << "this machine has no name that is an address";
  }
  freeaddrinfo(found);
  EchoServer server("a", "0.0.0.0:0");
  Create(absl::StrCat(name, server.address().substr(server.address().rfind(':'))));
  Connect();
  ASSERT_TRUE(observer_.Reaches(State::kReady));
  EchoReply reply;
  EXPECT_TRUE(Call(&reply).ok());
}

// Destroying in every state: no hang, no notice afterwards.
TEST_F(GrpcConnectionTest, DestroyedWhileConnecting) {
  testing::SilentListener silent;
  Create(silent.address());
  Connect();
  ASSERT_TRUE(observer_.Reaches(State::kConnecting));
  Destroy();
  EXPECT_LT(runtime_.EndPump(), Pump::kLinger);
}

TEST_F(GrpcConnectionTest, DestroyedRightAfterConnect) {
  EchoServer server("a");
  Create(server.address());
  runtime_.serializer.RunAndWait([&] {
    connection_->Connect();
    connection_.reset();
  });
  EXPECT_LT(runtime_.EndPump(), Pump::kLinger);
  EXPECT_THAT(observer_.states(), ::testing::IsEmpty());
}

TEST_F(GrpcConnectionTest, DestroyedWhileReady) {
  EchoServer server("a");
  Create(server.address());
  Connect();
  ASSERT_TRUE(observer_.Reaches(State::kReady));
  Destroy();
  EXPECT_LT(runtime_.EndPump(), Pump::kLinger);
}

TEST_F(GrpcConnectionTest, DestroyedWhileFailing) {
  EchoServer server("a");
  server.Shutdown();
  Create(server.address());
  Connect();
  ASSERT_TRUE(observer_.Reaches(State::kFailing));
  Destroy();
  EXPECT_LT(runtime_.EndPump(), Pump::kLinger);
}

TEST_F(GrpcConnectionTest, DestroyedByItsObserver) {
  class Destroyer final : public Connection::Observer {
   public:
    void OnConnectionState(State, const absl::Status&) override {
      connection.reset();
      gone.Update([](bool& value) { value = true; });
    }
    std::unique_ptr<Connection> connection;
    Watched<bool> gone;
  } destroyer;
  EchoServer server("a");
  GrpcConnector::Options options;
  options.pump = runtime_.pump.get();
  options.serializer = &runtime_.serializer;
  options.reaper = runtime_.reaper;
  options.credentials = grpc::InsecureChannelCredentials();
  runtime_.serializer.RunAndWait([&] {
    GrpcConnector connector(std::move(options));
    destroyer.connection = connector.Create({server.address()}, &destroyer);
    destroyer.connection->Connect();
  });
  EXPECT_TRUE(destroyer.gone.WaitFor([](bool gone) { return gone; }));
}

// A call's permit keeps its endpoint, which keeps its connection.
TEST_F(GrpcConnectionTest, OutlivesThePumpAndTheSerializer) {
  EchoServer server("a");
  Create(server.address());
  Connect();
  ASSERT_TRUE(observer_.Reaches(State::kReady));
  runtime_.EndPump();
  server.Shutdown();
  EXPECT_EQ(connection_->state(), State::kReady);
  connection_.reset();
}

TEST_F(GrpcConnectionTest, OutlivesThePumpWhileConnecting) {
  testing::SilentListener silent;
  Create(silent.address());
  Connect();
  ASSERT_TRUE(observer_.Reaches(State::kConnecting));
  runtime_.EndPump();
  connection_.reset();
}

// The channel, and so its watch, lives as long as the call.
TEST_F(GrpcConnectionTest, CallInFlightOutlivesTheConnectionAndThePump) {
  EchoServer server("a");
  Create(server.address());
  Connect();
  ASSERT_TRUE(observer_.Reaches(State::kReady));
  grpc::ClientContext context;
  auto stream = testing::Echo::NewStub(connection_->channel())->Bidi(&context);
  EchoRequest request;
  EchoReply reply;
  ASSERT_TRUE(stream->Write(request));
  ASSERT_TRUE(stream->Read(&reply));
  Destroy();
  EXPECT_LT(runtime_.EndPump(), 2 * Pump::kLinger);
  ASSERT_TRUE(stream->Write(request));
  ASSERT_TRUE(stream->Read(&reply));
  EXPECT_TRUE(stream->WritesDone());
  EXPECT_TRUE(stream->Finish().ok());
}

}  // namespace
}  // namespace mesh::wire
