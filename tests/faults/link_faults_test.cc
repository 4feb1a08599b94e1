// Faults of the link to the control plane that nobody is told of, and control planes that say
// nothing: slow tests, which mostly wait.

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "tests/faults/fault_test.h"
#include "tests/testing/tcp_proxy.h"

namespace mesh {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::kClusterLoadAssignmentType;
using testing::kListenerType;
using testing::ServiceResources;
using testing::TcpProxy;

class LinkFaultsTest : public FaultTest {
 protected:
  // The mesh reaches the control plane through `proxy`.
  void ReachBy(const std::string& address) {
    options_.bootstrap_json = absl::StrCat(
        R"({"xds_servers": [{"server_uri": ")", address,
        R"(", "channel_creds": [{"type": "insecure"}]}], "node": {"id": "test-node"}})");
  }
  void SetEndpoints(const std::vector<std::string>& addresses) {
    control_plane_.Set(kClusterLoadAssignmentType, "echo-cluster",
                       ServiceResources::AssignmentBytes("echo-cluster", One(addresses)));
    control_plane_.Push(kClusterLoadAssignmentType);
  }
  int StreamsAfter(absl::Duration time) {
    Eventually([] { return false; }, time);
    return control_plane_.streams();
  }
};

TEST_F(LinkFaultsTest, F03ASilentLinkIsNoticedByKeepaliveAndLosesNothing) {
  auto proxy = std::make_unique<TcpProxy>(control_plane_.address());
  ReachBy(proxy->address());
  Serve(One({a_.address()}));
  const auto stub = NewStub();
  ReachAll(stub.get(), {"a"});
  const int accepted = proxy->accepted();
  Load load(mesh().Channel("xds:///echo"));
  const absl::Duration noticed = Time([&] {
    proxy->set_blackhole(true);
    EXPECT_TRUE(Eventually([&] { return proxy->accepted() > accepted; }, absl::Seconds(50)));
  });
  Note("noticed after", noticed);
  EXPECT_LE(noticed, absl::Seconds(42)) << "keepalive 30 s + 10 s";
  EXPECT_GE(noticed, absl::Seconds(9)) << "nothing else can have told";
  control_plane_.Set(kClusterLoadAssignmentType, "echo-cluster",
                     ServiceResources::AssignmentBytes("echo-cluster", One({b_.address()})));
  const absl::Duration applied = Time([&] {
    proxy->set_blackhole(false);
    EXPECT_TRUE(Eventually([&] { return b_.calls() > 0; }, absl::Seconds(30)));
  });
  Note("applied after", applied);
  // The attempts made meanwhile have backed off.
  EXPECT_LE(applied, absl::Seconds(20));
  const LoadReport report = load.Stop();
  EXPECT_EQ(report.lost, 0) << report.ToString();
}

TEST_F(LinkFaultsTest, F05AResourceThatNeverComesIsMissingAfterFifteenSeconds) {
  // A listener's absence would be told at once, by its absence from a response.
  control_plane_.Set(kListenerType, "echo", service_.ListenerBytes());
  const auto stub = NewStub();
  Outcome outcome;
  const absl::Duration took = Time([&] { outcome = Call(stub.get(), absl::Seconds(30)); });
  Note("does not exist after", took);
  EXPECT_GE(took, absl::Seconds(14));
  EXPECT_LE(took, absl::Seconds(16));
  EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(outcome.status.error_message(),
              AllOf(HasSubstr("echo"), HasSubstr("test-node"), HasSubstr("does not exist")));
  const absl::Duration healed = Time([&] {
    Serve(One({a_.address()}));
    EXPECT_TRUE(CallUntil(stub.get(), [](const Outcome& o) { return o.status.ok(); }));
  });
  Note("healed after", healed);
  EXPECT_LE(healed, absl::Seconds(1));
}

// Shortened: back-offs of 1, 1.6, 2.56 and 4.1 s, each a fifth less or more.
TEST_F(LinkFaultsTest, F06StreamsThatEndWithoutAResponseAreTriedEverMoreRarely) {
  control_plane_.set_mute(true);
  control_plane_.set_close_streams_at_once(true);
  const auto stub = NewStub();
  std::thread call([&] { Call(stub.get(), absl::Seconds(12)); });
  const int early = StreamsAfter(absl::Seconds(3));
  const int later = StreamsAfter(absl::Seconds(7)) - early;
  call.join();
  Note("streams in 3 s", absl::StrCat(early));
  Note("streams in the next 7 s", absl::StrCat(later));
  EXPECT_GE(early, 2);
  EXPECT_LE(early, 4);
  EXPECT_GE(later, 1);
  EXPECT_LE(later, 3);
  control_plane_.set_mute(false);
  control_plane_.set_close_streams_at_once(false);
  Serve(One({a_.address()}));
  EXPECT_TRUE(CallUntil(stub.get(), [](const Outcome& o) { return o.status.ok(); }));
  // One good response, and the next failure is the first again.
  const int before = control_plane_.streams();
  const absl::Duration back = Time([&] {
    control_plane_.CancelStreams();
    EXPECT_TRUE(Eventually([&] { return control_plane_.streams() > before; }));
  });
  Note("stream back after", back);
  EXPECT_LE(back, absl::Seconds(1.3));
}

// Without privileges a link can be slow and cut, but not lossy.
TEST_F(LinkFaultsTest, F31ASlowAndFlappingLinkLosesNothingAndRecovers) {
  TcpProxy proxy(control_plane_.address());
  ReachBy(proxy.address());
  proxy.set_delay(absl::Milliseconds(200));
  Serve(One({a_.address(), b_.address()}));
  const auto stub = NewStub();
  ReachAll(stub.get(), {"a", "b"});
  Load load(mesh().Channel("xds:///echo"));
  for (int i = 0; i < 10; ++i) {
    proxy.set_blackhole(i % 2 == 0);
    SetEndpoints(i % 2 == 0 ? std::vector<std::string>{a_.address()}
                            : std::vector<std::string>{a_.address(), b_.address()});
    Eventually([] { return false; }, absl::Milliseconds(500));
  }
  const absl::Duration applied = Time([&] {
    proxy.set_blackhole(false);
    SetEndpoints({c_.address()});
    EXPECT_TRUE(Eventually([&] { return c_.calls() > 0; }));
  });
  Note("applied after", applied);
  EXPECT_LE(applied, absl::Seconds(10));
  const LoadReport report = load.Stop();
  Note("load", report.ToString());
  EXPECT_EQ(report.lost, 0);
}

}  // namespace
}  // namespace mesh
