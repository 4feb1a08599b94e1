#include "mesh/wire/socket_prober.h"

#include <filesystem>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mesh/base/clock.h"
#include "mesh/base/mutex.h"
#include "mesh/base/serializer.h"
#include "mesh/base/thread_executor.h"
#include "tests/testing/short_temp_dir.h"
#include "tests/wire/scripted_listener.h"
#include "tests/wire/silent_listener.h"

namespace mesh::wire {
namespace {

using model::HealthCheck;
using ::testing::HasSubstr;
using testing::ScriptedListener;
using testing::ShortTempDir;
using Script = ScriptedListener::Script;

constexpr absl::Duration kLong = absl::Seconds(10);

size_t EntriesOf(const char* folder) {
  const std::filesystem::directory_iterator entries(folder);
  return static_cast<size_t>(std::distance(begin(entries), end(entries)));
}
size_t Threads() { return EntriesOf("/proc/self/task"); }
size_t Descriptors() { return EntriesOf("/proc/self/fd"); }

HealthCheck Tcp(std::string send = "", std::vector<std::string> receive = {},
                absl::Duration timeout = kLong) {
  HealthCheck check;
  check.kind = HealthCheck::Tcp{std::move(send), std::move(receive)};
  check.timeout = timeout;
  return check;
}

HealthCheck Http(absl::Duration timeout = kLong) {
  HealthCheck::Http http;
  http.path = "/healthz";
  HealthCheck check;
  check.kind = std::move(http);
  check.timeout = timeout;
  return check;
}

class SocketProberTest : public ::testing::Test {
 protected:
  ~SocketProberTest() override {
    On([this] { probes_.clear(); });
    prober_.reset();
    serializer_.Shutdown();
  }

  template <typename Step>
  void On(Step step) {
    serializer_.RunAndWait(step);
  }

  // Starts a probe; its number.
  int Start(const HealthCheck& check, const std::string& address,
            const std::string& authority = "reviews") {
    const int number = started_++;
    On([&] {
      ProbeRequest request;
      request.check = &check;
      request.address = address;
      request.authority = authority;
      probes_[number] = prober_->Start(request, [this, number](ProbeResult result) {
        EXPECT_TRUE(serializer_.is_held());
        probes_.erase(number);  // which it may
        MutexLock lock(&mutex_);
        EXPECT_TRUE(results_.emplace(number, std::move(result)).second);
        changed_.SignalAll();
      });
    });
    return number;
  }
  void Cancel(int number) {
    On([&] { probes_.erase(number); });
  }
  ProbeResult Result(int number) {
    MutexLock lock(&mutex_);
    while (results_.count(number) == 0) changed_.Wait(&mutex_);
    return results_[number];
  }
  bool HasResult(int number) {
    MutexLock lock(&mutex_);
    return results_.count(number) != 0;
  }
  // The text of the result of a probe, which must be `outcome`.
  std::string Probe(ProbeOutcome outcome, const HealthCheck& check, const std::string& address) {
    const ProbeResult result = Result(Start(check, address));
    EXPECT_EQ(result.outcome, outcome) << result.text;
    return result.text;
  }

  SteadyClock clock_;
  ThreadExecutor executor_{&clock_};
  Serializer serializer_{&executor_};
  std::unique_ptr<SocketProber> prober_ = std::make_unique<SocketProber>(&serializer_);
  std::map<int, std::unique_ptr<wire::Probe>> probes_;  // serializer
  int started_ = 0;

  Mutex mutex_;
  CondVar changed_;
  std::map<int, ProbeResult> results_ ABSL_GUARDED_BY(mutex_);
};

TEST_F(SocketProberTest, TcpConnects) {
  ScriptedListener server({});
  EXPECT_EQ(Probe(ProbeOutcome::kSuccess, Tcp(), server.address()), "connected");
  server.WaitForEnded(1);
}

TEST_F(SocketProberTest, TcpSendsAndListens) {
  ScriptedListener server({"PING\r\n", "+PONG\r\n"});
  EXPECT_EQ(Probe(ProbeOutcome::kSuccess, Tcp("PING\r\n", {"PO", "NG"}), server.address()),
            "expected answer");
  server.WaitForEnded(1);
  EXPECT_EQ(server.heard(), "PING\r\n");
}

TEST_F(SocketProberTest, TcpListensToAServerThatBegins) {
  ScriptedListener server({"", "220 ready\r\n"});
  Probe(ProbeOutcome::kSuccess, Tcp("", {"220"}), server.address());
}

TEST_F(SocketProberTest, TcpSendsMoreThanTheSocketTakes) {
  ScriptedListener server({"end", "ok"});
  const std::string send = std::string(8 << 20, '.') + "end";
  Probe(ProbeOutcome::kSuccess, Tcp(send, {"ok"}), server.address());
  server.WaitForEnded(1);
  EXPECT_EQ(server.heard().size(), send.size());
}

TEST_F(SocketProberTest, TcpAnotherAnswer) {
  ScriptedListener closing({"PING", "-ERR", true});
  EXPECT_EQ(Probe(ProbeOutcome::kNetwork, Tcp("PING", {"PONG"}), closing.address()),
            "closed without the expected answer");
  ScriptedListener waiting({"PING", "-ERR"});
  EXPECT_EQ(Probe(ProbeOutcome::kTimeout, Tcp("PING", {"PONG"}, absl::Milliseconds(200)),
                  waiting.address()),
            "no answer within 200ms");
}

TEST_F(SocketProberTest, HttpAsksAndReadsTheStatus) {
  ScriptedListener server({"\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"});
  EXPECT_EQ(Probe(ProbeOutcome::kSuccess, Http(), server.address()), "HTTP status 200");
  server.WaitForEnded(1);
  EXPECT_EQ(server.heard(),
            "GET /healthz HTTP/1.1\r\nHost: reviews\r\nuser-agent: mesh\r\n"
            "Connection: close\r\n\r\n");
}

TEST_F(SocketProberTest, HttpNamesTheAddressIfNothingElse) {
  ScriptedListener server({"\r\n\r\n", "HTTP/1.1 200 OK\r\n"});
  EXPECT_EQ(Result(Start(Http(), server.address(), "")).outcome, ProbeOutcome::kSuccess);
  server.WaitForEnded(1);
  EXPECT_THAT(server.heard(), HasSubstr("\r\nHost: " + server.address() + "\r\n"));
}

TEST_F(SocketProberTest, HttpAnotherStatus) {
  ScriptedListener server({"\r\n\r\n", "HTTP/1.1 503 Service Unavailable\r\n\r\n"});
  EXPECT_EQ(Probe(ProbeOutcome::kUnexpected, Http(), server.address()), "HTTP status 503");
}

TEST_F(SocketProberTest, HttpNoAnswer) {
  ScriptedListener hanging_up({"\r\n\r\n", "", true});
  EXPECT_EQ(Probe(ProbeOutcome::kNetwork, Http(), hanging_up.address()),
            "closed without an answer");
  ScriptedListener slow({"\r\n\r\n", "HTTP/1.1 20"});
  const absl::Time start = clock_.Now();
  EXPECT_EQ(Probe(ProbeOutcome::kTimeout, Http(absl::Milliseconds(200)), slow.address()),
            "no answer within 200ms");
  EXPECT_GE(clock_.Now() - start, absl::Milliseconds(200));
}

TEST_F(SocketProberTest, Refused) {
  std::string address;
  {
    ScriptedListener gone({});
    address = gone.address();
  }
  EXPECT_EQ(Probe(ProbeOutcome::kNetwork, Tcp(), address), "connect: Connection refused");
  EXPECT_EQ(Probe(ProbeOutcome::kNetwork, Http(), address), "connect: Connection refused");
}

TEST_F(SocketProberTest, ListenerThatAcceptsNothing) {
  testing::SilentListener silent;
  ASSERT_NE(silent.address(), "");
  EXPECT_EQ(Probe(ProbeOutcome::kTimeout, Tcp("", {}, absl::Milliseconds(200)), silent.address()),
            "no connection within 200ms");
}

TEST_F(SocketProberTest, AddressThatIsNone) {
  const size_t threads = Threads();
  EXPECT_EQ(Probe(ProbeOutcome::kNetwork, Tcp(), "localhost:80"),
            "address \"localhost:80\": it is no IP address and port");
  EXPECT_EQ(Threads(), threads);
}

TEST_F(SocketProberTest, OtherFamilies) {
  const ShortTempDir folder;
  for (const std::string& address :
       {std::string("[::1]:0"), absl::StrCat("unix:", folder.path(), "/health.sock")}) {
    ScriptedListener server({"\r\n\r\n", "HTTP/1.1 200 OK\r\n"}, address);
    if (server.address().empty()) {
      // Not every machine has IPv6.
      EXPECT_FALSE(absl::StartsWith(address, "unix:"));
      continue;
    }
    Probe(ProbeOutcome::kSuccess, Http(), server.address());
    server.WaitForEnded(1);
  }
  EXPECT_EQ(Probe(ProbeOutcome::kNetwork, Tcp(), absl::StrCat("unix:", folder.path(), "/none")),
            "connect: No such file or directory");
}

TEST_F(SocketProberTest, ThreadBeginsWithTheFirstProbeAndEndsWithTheProber) {
  ScriptedListener server({});
  const size_t threads = Threads();
  const size_t descriptors = Descriptors();
  Probe(ProbeOutcome::kSuccess, Tcp(), server.address());
  EXPECT_EQ(Threads(), threads + 1);
  Probe(ProbeOutcome::kSuccess, Tcp(), server.address());
  EXPECT_EQ(Threads(), threads + 1);
  prober_.reset();
  server.WaitForEnded(2);
  EXPECT_EQ(Threads(), threads);
  EXPECT_EQ(Descriptors(), descriptors);
}

TEST_F(SocketProberTest, CancelledClosesItsSocketAndIsNotHeardOf) {
  ScriptedListener server({"never"});
  const int cancelled = Start(Tcp("PING", {"PONG"}, absl::Hours(1)), server.address());
  // There it is, once another has come and gone.
  Probe(ProbeOutcome::kSuccess, Tcp(), server.address());
  server.WaitForEnded(1);
  Cancel(cancelled);
  server.WaitForEnded(2);
  EXPECT_EQ(server.heard(), "PING");
  EXPECT_FALSE(HasResult(cancelled));
}

TEST_F(SocketProberTest, CancelledBeforeItIsKnownToFail) {
  On([this] {
    const HealthCheck check = Tcp();
    ProbeRequest request;
    request.check = &check;
    request.address = "localhost:80";
    probes_[0] =
        prober_->Start(request, [](const ProbeResult&) { ADD_FAILURE() << "it was cancelled"; });
    probes_.clear();
  });
  On([] {});
}

TEST_F(SocketProberTest, ProberEndsWhileProbesAreCancelled) {
  ScriptedListener server({"never"});
  for (int i = 0; i < 20; ++i) Start(Tcp("PING", {"PONG"}), server.address());
  On([this] { probes_.clear(); });
  prober_.reset();
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(HasResult(i));
}

TEST_F(SocketProberTest, ManyWaitForTheirTurn) {
  constexpr int kProbes = 1500;
  ScriptedListener server({"PING", "PONG"});
  for (int i = 0; i < kProbes; ++i) Start(Tcp("PING", {"PONG"}), server.address());
  for (int i = 0; i < kProbes; ++i) {
    const ProbeResult result = Result(i);
    ASSERT_EQ(result.outcome, ProbeOutcome::kSuccess) << result.text;
  }
  server.WaitForEnded(kProbes);
  // Some may be closed here and not there yet.
  EXPECT_LE(server.most_at_a_time(), 2 * SocketLoop::kMaxSockets);
}

// A probe that waits for its turn is not timed meanwhile, and can be cancelled.
TEST_F(SocketProberTest, TurnsBeginWhenSocketsAreFree) {
  ScriptedListener server({"never"});
  for (size_t i = 0; i < SocketLoop::kMaxSockets; ++i) {
    Start(Tcp("", {"PONG"}, absl::Milliseconds(400)), server.address());
  }
  const int cancelled = Start(Tcp(), server.address());
  const int waiting = Start(Tcp("", {}, absl::Milliseconds(200)), server.address());
  Cancel(cancelled);
  EXPECT_EQ(Result(waiting).outcome, ProbeOutcome::kSuccess);
  EXPECT_TRUE(HasResult(0));
  EXPECT_FALSE(HasResult(cancelled));
  server.WaitForEnded(SocketLoop::kMaxSockets + 1);
  EXPECT_EQ(server.accepted(), SocketLoop::kMaxSockets + 1);
}

}  // namespace
}  // namespace mesh::wire
