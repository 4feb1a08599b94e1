// What a mesh channel tells of its connectivity.

#include <chrono>
#include <thread>

#include "grpcpp/completion_queue.h"
#include "gtest/gtest.h"
#include "tests/call/call_world.h"

namespace mesh::call::testing {
namespace {

std::chrono::system_clock::time_point In(std::chrono::milliseconds delay) {
  return std::chrono::system_clock::now() + delay;
}

class ChannelStateTest : public ::testing::Test {
 protected:
  // Whether the operation's event came with `ok`.
  bool Next() {
    void* tag = nullptr;
    bool ok = false;
    EXPECT_TRUE(queue_.Next(&tag, &ok));
    EXPECT_EQ(tag, this);
    return ok;
  }

  CallWorld world_;
  const std::shared_ptr<grpc::ChannelInterface> channel_ = world_.NewChannel();
  grpc::CompletionQueue queue_;
};

TEST_F(ChannelStateTest, FollowsTheTarget) {
  EXPECT_EQ(channel_->GetState(false), GRPC_CHANNEL_CONNECTING);
  world_.PublishError(absl::NotFoundError("none"));
  EXPECT_EQ(channel_->GetState(false), GRPC_CHANNEL_TRANSIENT_FAILURE);
  world_.PublishPending();
  EXPECT_EQ(channel_->GetState(false), GRPC_CHANNEL_CONNECTING);
  world_.AddEndpoint("127.0.0.1:1");
  world_.Publish();
  EXPECT_EQ(channel_->GetState(false), GRPC_CHANNEL_READY);
  world_.SetEndpoints({}, absl::UnavailableError("refused"));
  EXPECT_EQ(channel_->GetState(false), GRPC_CHANNEL_TRANSIENT_FAILURE);
  world_.DestroyMesh();
  EXPECT_EQ(channel_->GetState(false), GRPC_CHANNEL_SHUTDOWN);
}

TEST_F(ChannelStateTest, TryToConnectConnectsTheClusters) {
  world_.PublishPending();
  channel_->GetState(true);
  world_.OnSerializer([] {});
  EXPECT_EQ(world_.cluster().connects(), 1);
}

TEST_F(ChannelStateTest, WaitForConnected) {
  std::thread publisher([&] {
    world_.AddEndpoint("127.0.0.1:1");
    world_.Publish();
  });
  EXPECT_TRUE(channel_->WaitForConnected(In(std::chrono::seconds(10))));
  publisher.join();
  EXPECT_FALSE(channel_->WaitForStateChange(GRPC_CHANNEL_READY, In(std::chrono::milliseconds(20))));
}

TEST_F(ChannelStateTest, NotifiesOfAChange) {
  channel_->NotifyOnStateChange(GRPC_CHANNEL_CONNECTING, In(std::chrono::hours(1)), &queue_, this);
  world_.PublishError(absl::NotFoundError("none"));
  EXPECT_TRUE(Next());
}

TEST_F(ChannelStateTest, NotifiesAtOnceOfAChangeThatWas) {
  channel_->NotifyOnStateChange(GRPC_CHANNEL_READY, In(std::chrono::hours(1)), &queue_, this);
  EXPECT_TRUE(Next());
}

TEST_F(ChannelStateTest, NotifiesOfTheDeadline) {
  channel_->NotifyOnStateChange(GRPC_CHANNEL_CONNECTING, In(std::chrono::milliseconds(20)), &queue_,
                                this);
  EXPECT_FALSE(Next());
  // What is over is told of no change that comes later.
  world_.PublishError(absl::NotFoundError("none"));
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  EXPECT_FALSE(queue_.Next(&tag, &ok));
}

TEST_F(ChannelStateTest, NotifiesOfTheEndOfTheMesh) {
  channel_->NotifyOnStateChange(GRPC_CHANNEL_CONNECTING, In(std::chrono::hours(1)), &queue_, this);
  world_.DestroyMesh();
  EXPECT_TRUE(Next());
}

TEST_F(ChannelStateTest, QueueMayBeShutDownWhileItWaits) {
  channel_->NotifyOnStateChange(GRPC_CHANNEL_CONNECTING, In(std::chrono::hours(1)), &queue_, this);
  queue_.Shutdown();
  world_.PublishError(absl::NotFoundError("none"));
  EXPECT_TRUE(Next());
}

}  // namespace
}  // namespace mesh::call::testing
