// Ends: of a mesh, of channels and of observations, in every order.

#include <chrono>
#include <future>
#include <thread>

#include "gmock/gmock.h"
#include "tests/mesh/main_job.h"

namespace mesh {
namespace {

using ::testing::HasSubstr;

class LifetimeTest : public MainJobTest {
 protected:
  // Destroys the mesh; returns how long that took.
  std::chrono::steady_clock::duration DestroyMesh() {
    const auto begin = std::chrono::steady_clock::now();
    mesh_.reset();
    return std::chrono::steady_clock::now() - begin;
  }

  // Returns when the endpoint has `count` calls.
  static void WaitForCalls(const testing::EchoProcess& server, int count) {
    while (server.calls() < count) std::this_thread::yield();
  }
};

TEST_F(LifetimeTest, CallsInFlightEndWithOneStatusEachWithinTwoSeconds) {
  Serve(One({a_.address()}));
  const std::unique_ptr<testing::Echo::Stub> stub = NewStub();
  ASSERT_TRUE(Call(stub.get()).status.ok());
  a_.set_delay(absl::Seconds(30));
  std::vector<std::future<Outcome>> calls;
  for (int i = 0; i < 8; ++i) {
    calls.push_back(
        std::async(std::launch::async, [&] { return Call(stub.get(), absl::Seconds(60)); }));
  }
  WaitForCalls(a_, 9);
  EXPECT_LT(DestroyMesh(), std::chrono::seconds(2));
  for (std::future<Outcome>& call : calls) {
    ASSERT_EQ(call.wait_for(std::chrono::seconds(2)), std::future_status::ready);
    EXPECT_FALSE(call.get().status.ok());
  }
}

TEST_F(LifetimeTest, HeldCallsEndWithTheReason) {
  control_plane_.set_mute(true);
  const std::unique_ptr<testing::Echo::Stub> stub = NewStub();
  std::future<Outcome> call =
      std::async(std::launch::async, [&] { return Call(stub.get(), absl::Seconds(60), true); });
  ASSERT_TRUE(control_plane_.WaitForRequests([](const auto& all) { return !all.empty(); }));
  EXPECT_LT(DestroyMesh(), std::chrono::seconds(2));
  const Outcome outcome = call.get();
  EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(outcome.status.error_message(), HasSubstr("mesh was destroyed"));
}

TEST_F(LifetimeTest, AChannelOutlivesItsMeshAndSaysSo) {
  Serve(One({a_.address()}));
  const std::unique_ptr<testing::Echo::Stub> stub = NewStub();
  ASSERT_TRUE(Call(stub.get()).status.ok());
  mesh_.reset();
  const Outcome outcome = Call(stub.get());
  EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(outcome.status.error_message(), HasSubstr("mesh was destroyed"));
}

TEST_F(LifetimeTest, CallsGoOnWhenTheirChannelIsDropped) {
  Serve(One({a_.address()}));
  std::unique_ptr<testing::Echo::Stub> stub = NewStub();
  ASSERT_TRUE(Call(stub.get()).status.ok());
  grpc::ClientContext context;
  testing::EchoRequest request;
  request.set_delay_ms(1500);  // longer than the mesh takes to look for channels without users
  testing::EchoReply reply;
  std::promise<grpc::Status> done;
  stub->async()->Unary(&context, &request, &reply,
                       [&](grpc::Status status) { done.set_value(std::move(status)); });
  WaitForCalls(a_, 2);
  stub.reset();
  const grpc::Status status = done.get_future().get();
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_TRUE(Call(NewStub().get()).status.ok()) << "the target is there again when asked for";
}

TEST_F(LifetimeTest, ManyMeshesComeAndGo) {
  Serve(One({a_.address()}));
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(Call(NewStub().get()).status.ok());
    mesh_.reset();
  }
}

TEST_F(LifetimeTest, AMeshThatDidNothingEndsAtOnce) {
  mesh();
  EXPECT_LT(DestroyMesh(), std::chrono::seconds(1));
}

TEST_F(LifetimeTest, AStreamInFlightEndsToo) {
  Serve(One({a_.address()}));
  const std::unique_ptr<testing::Echo::Stub> stub = NewStub();
  ASSERT_TRUE(Call(stub.get()).status.ok());
  grpc::ClientContext context;
  auto stream = stub->Bidi(&context);
  testing::EchoRequest request;
  testing::EchoReply reply;
  ASSERT_TRUE(stream->Write(request));
  ASSERT_TRUE(stream->Read(&reply));
  EXPECT_LT(DestroyMesh(), std::chrono::seconds(2));
  EXPECT_FALSE(stream->Read(&reply));
  EXPECT_FALSE(stream->Finish().ok());
}

}  // namespace
}  // namespace mesh
