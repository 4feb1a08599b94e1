// Ends and long lives: a mesh, a channel or a process that goes at a bad moment leaves nothing
// undone, and one that stays does not grow.

#include <future>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "tests/faults/fault_test.h"
#include "tests/testing/sanitized.h"
#include "tests/testing/tcp_proxy.h"

namespace mesh {
namespace {

using testing::kClusterLoadAssignmentType;
using testing::ServiceResources;
using testing::TcpProxy;

class EndFaultsTest : public FaultTest {
 protected:
  absl::Duration DestroyMesh() {
    return Time([&] { mesh_.reset(); });
  }
};

// Shortened: 1,500 updates, 15 reconnects of the control plane, 30 channels.
TEST_F(EndFaultsTest, F32ALongLifeDoesNotGrow) {
  Serve(One({a_.address()}));
  const auto stub = NewStub();
  ReachAll(stub.get(), {"a"});
  const auto live = [&](int updates) {
    for (int i = 0; i < updates; ++i) {
      const std::string next = i % 2 == 0 ? b_.address() : c_.address();
      control_plane_.Set(
          kClusterLoadAssignmentType, "echo-cluster",
          ServiceResources::AssignmentBytes("echo-cluster", One({a_.address(), next})));
      if (i % 100 == 50) {
        const int streams = control_plane_.streams();
        control_plane_.CancelStreams();
        ASSERT_TRUE(Eventually([&] { return control_plane_.streams() > streams; }));
      }
      const size_t before = control_plane_.requests().size();
      control_plane_.Push(kClusterLoadAssignmentType);
      ASSERT_TRUE(control_plane_.WaitForRequests(
          [&](const auto& requests) { return requests.size() > before; }));
      if (i % 50 == 0) {
        EXPECT_TRUE(Call(NewStub(absl::StrCat("static:///", a_.address())).get()).status.ok());
        EXPECT_TRUE(Call(stub.get()).status.ok());
      }
    }
  };
  live(500);
  control_plane_.ForgetRequests();
  const ProcessState begin = ProcessState::Now();
  live(1000);
  control_plane_.ForgetRequests();
  ProcessState end;
  EXPECT_TRUE(Eventually([&] {
    end = ProcessState::Now();
    return end.threads <= begin.threads && end.descriptors <= begin.descriptors + 4;
  })) << begin
      << "; " << end;
  std::cout << "  " << begin << "\n  " << end << "\n";
  if (!testing::kSanitized) {
    EXPECT_LE(end.resident_bytes, begin.resident_bytes * 1.05 + (1 << 20));
  }
}

TEST_F(EndFaultsTest, F33CallsOfEveryKindEndOnceWhenTheMeshGoes) {
  Serve(One({a_.address()}));
  const auto stub = NewStub();
  ASSERT_TRUE(Call(stub.get()).status.ok());
  a_.set_delay(absl::Seconds(30));
  const auto held = NewStub("xds:///unknown");
  std::vector<std::future<grpc::Status>> calls;
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  for (auto* to : {stub.get(), held.get()}) {
    for (int i = 0; i < 3; ++i) {
      contexts.push_back(std::make_unique<grpc::ClientContext>());
      grpc::ClientContext* const context = contexts.back().get();
      context->set_wait_for_ready(true);
      calls.push_back(std::async(std::launch::async, [to, i, context] {
        testing::EchoRequest request;
        testing::EchoReply reply;
        if (i == 0) return to->Unary(context, request, &reply);
        if (i == 1) {
          auto reader = to->ServerStream(context, request);
          while (reader->Read(&reply)) {
          }
          return reader->Finish();
        }
        auto stream = to->Bidi(context);
        stream->Write(request);
        stream->Read(&reply);
        return stream->Finish();
      }));
    }
  }
  EXPECT_TRUE(Eventually([&] { return a_.calls() == 4; }));
  EXPECT_LT(DestroyMesh(), absl::Seconds(2));
  for (std::future<grpc::Status>& call : calls) {
    ASSERT_EQ(call.wait_for(std::chrono::seconds(2)), std::future_status::ready);
    EXPECT_EQ(call.get().error_code(), grpc::StatusCode::UNAVAILABLE);
  }
}

TEST_F(EndFaultsTest, F33DuringHandshakesThatNeverEnd) {
  TcpProxy control_plane(control_plane_.address());
  TcpProxy endpoint(a_.address());
  options_.bootstrap_json =
      absl::StrCat(R"({"xds_servers": [{"server_uri": ")", control_plane.address(),
                   R"(", "channel_creds": [{"type": "insecure"}]}], "node": {"id": "test-node"}})");
  Serve(One({endpoint.address()}));
  endpoint.set_blackhole(true);
  const auto stub = NewStub();
  std::future<Outcome> call =
      std::async(std::launch::async, [&] { return Call(stub.get(), absl::Seconds(60), true); });
  EXPECT_TRUE(Eventually([&] { return endpoint.accepted() > 0; }));
  EXPECT_LT(DestroyMesh(), absl::Seconds(2)) << "an endpoint's handshake";
  EXPECT_FALSE(call.get().status.ok());
  control_plane.set_blackhole(true);
  const int accepted = control_plane.accepted();
  const auto again = NewStub();
  call = std::async(std::launch::async, [&] { return Call(again.get(), absl::Seconds(60), true); });
  EXPECT_TRUE(Eventually([&] { return control_plane.accepted() > accepted; }));
  EXPECT_LT(DestroyMesh(), absl::Seconds(2)) << "the control plane's handshake";
  EXPECT_FALSE(call.get().status.ok());
}

TEST_F(EndFaultsTest, F33TheLastChannelGoesInsideAnObserver) {
  Serve(One({a_.address()}));
  std::shared_ptr<grpc::ChannelInterface> channel = mesh().Channel("xds:///echo");
  ASSERT_TRUE(Call(testing::Echo::NewStub(channel).get()).status.ok());
  std::promise<void> dropped;
  const auto observation = mesh().Watch("xds:///echo", [&](const Snapshot&) {
    if (channel == nullptr) return;
    channel.reset();
    dropped.set_value();
  });
  ASSERT_EQ(dropped.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
  EXPECT_TRUE(Call(NewStub().get()).status.ok());
}

using EndFaultsDeathTest = EndFaultsTest;

// The process ends with exit() while calls are in flight and the mesh is still there.
TEST_F(EndFaultsDeathTest, F33TheProcessExitsInTheMiddle) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        Serve(One({a_.address()}));
        const auto stub = NewStub();
        if (!Call(stub.get()).status.ok()) std::exit(3);
        a_.set_delay(absl::Seconds(30));
        for (int i = 0; i < 4; ++i) {
          std::thread([&] { Call(stub.get(), absl::Seconds(60)); }).detach();
        }
        if (!Eventually([&] { return a_.calls() == 5; })) std::exit(4);
        std::exit(0);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST_F(EndFaultsTest, F34WhatWasIdleSubscribesAgainAndServesAtOnce) {
  Serve(One({a_.address()}));
  ASSERT_TRUE(Call(NewStub().get()).status.ok());
  // Its only channel has gone: the mesh lets go of the target, and of the control plane.
  EXPECT_TRUE(Eventually([&] { return control_plane_.open_streams() == 0; }));
  const absl::Duration took = Time([&] {
    const Outcome outcome = Call(NewStub().get());
    EXPECT_TRUE(outcome.status.ok()) << outcome.status.error_message();
  });
  Note("first call after", took);
  EXPECT_LE(took, absl::Seconds(1));
}

TEST_F(EndFaultsTest, F34ConnectionsThatWereLostWhileIdleAreThereForTheNextCall) {
  Serve(One({a_.address()}));
  const auto stub = NewStub();
  ASSERT_TRUE(Call(stub.get()).status.ok());
  a_.Kill();
  control_plane_.Stop();
  ASSERT_TRUE(a_.Start());
  ASSERT_TRUE(control_plane_.Start());
  const absl::Duration took = Time([&] {
    const Outcome outcome = Call(stub.get(), absl::Seconds(5), true);
    EXPECT_TRUE(outcome.status.ok()) << outcome.status.error_message();
  });
  Note("first call after", took);
  EXPECT_LE(took, absl::Seconds(1.3)) << "the first back-off is 1 s, a fifth less or more";
}

}  // namespace
}  // namespace mesh
