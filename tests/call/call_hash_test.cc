// The hash that a thread's calls are balanced by reaches every pick of each of them.

#include "mesh/call/call_hash.h"

#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/call/stream_styles.h"
#include "tests/call/unary_fixture.h"

namespace mesh::call::testing {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Optional;
using ::testing::SizeIs;

constexpr uint64_t kHash = 0xfedc'ba98'7654'3210;

TEST(CallHashTest, IsTheInnermostOfItsThread) {
  EXPECT_EQ(CallHash::Current(), std::nullopt);
  {
    const CallHash outer(0);
    EXPECT_THAT(CallHash::Current(), Optional(0u));
    {
      const CallHash inner(kHash);
      EXPECT_THAT(CallHash::Current(), Optional(kHash));
      std::thread([] { EXPECT_EQ(CallHash::Current(), std::nullopt); }).join();
    }
    EXPECT_THAT(CallHash::Current(), Optional(0u));
  }
  EXPECT_EQ(CallHash::Current(), std::nullopt);
}

class HashOfUnaryTest : public UnaryTest {
 protected:
  void Succeed() {
    const CallHash hash(kHash);
    const grpc::Status status = Call("hello");
    EXPECT_TRUE(status.ok()) << status.error_message();
  }
  void WaitUntilHeld() {
    EXPECT_TRUE(Eventually([&] { return world_.core().registry().size() == 1; }));
    world_.OnSerializer([] {});
  }
};

TEST_P(HashOfUnaryTest, Native) {
  AddServers(1);
  world_.Publish();
  Succeed();
  EXPECT_THAT(world_.cluster().hashes(), ElementsAre(Optional(kHash)));
}

TEST_P(HashOfUnaryTest, NoneIsNone) {
  AddServers(1);
  world_.Publish();
  EXPECT_TRUE(Call("hello").ok());
  EXPECT_THAT(world_.cluster().hashes(), ElementsAre(std::nullopt));
}

TEST_P(HashOfUnaryTest, Retried) {
  AddServers(2);
  a_.FailAlways();
  world_.Publish(CallWorld::Retries(1));
  Succeed();
  EXPECT_EQ(reply_.server(), "b");
  EXPECT_THAT(world_.cluster().hashes(), ElementsAre(Optional(kHash), Optional(kHash)));
}

TEST_P(HashOfUnaryTest, Held) {
  AddServers(1);
  world_.PublishPending();
  std::thread publisher([&] {
    WaitUntilHeld();
    world_.SetEndpoints(world_.endpoints());
  });
  Succeed();
  publisher.join();
  const std::vector<std::optional<uint64_t>> hashes = world_.cluster().hashes();
  EXPECT_GE(hashes.size(), 2u) << "one that found nothing, one that found the endpoint";
  EXPECT_THAT(hashes, Each(Optional(kHash)));
}

INSTANTIATE_UNARY_STYLES(Styles, HashOfUnaryTest);

class HashOfStreamTest : public CallTest, public ::testing::WithParamInterface<StreamKind> {
 protected:
  void Succeed() {
    const CallHash hash(kHash);
    EchoRequest request;
    request.set_text("hello");
    const StreamOutcome outcome =
        CallStream(GetParam(), StreamStyle::kSync, channel_, &context_, {request});
    EXPECT_TRUE(outcome.status.ok()) << outcome.status.error_message();
  }

  grpc::ClientContext context_;
};

TEST_P(HashOfStreamTest, Native) {
  AddServers(1);
  world_.Connect();
  world_.Publish();
  Succeed();
  EXPECT_THAT(world_.cluster().hashes(), ElementsAre(Optional(kHash)));
}

TEST_P(HashOfStreamTest, Held) {
  AddServers(1);
  world_.PublishPending();
  std::thread publisher([&] {
    EXPECT_TRUE(Eventually([&] { return world_.core().registry().size() == 1; }));
    world_.OnSerializer([&] {});
    world_.Connect();
    world_.SetEndpoints(world_.endpoints());
  });
  Succeed();
  publisher.join();
  const std::vector<std::optional<uint64_t>> hashes = world_.cluster().hashes();
  EXPECT_GE(hashes.size(), 2u);
  EXPECT_THAT(hashes, Each(Optional(kHash)));
}

INSTANTIATE_TEST_SUITE_P(Kinds, HashOfStreamTest,
                         ::testing::Values(StreamKind::kClient, StreamKind::kServer,
                                           StreamKind::kBidi),
                         [](const ::testing::TestParamInfo<StreamKind>& info) {
                           return ToString(info.param);
                         });

}  // namespace
}  // namespace mesh::call::testing
