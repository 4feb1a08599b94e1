#include <memory>

#include "gtest/gtest.h"
#include "mesh/cluster/health_checker.h"
#include "tests/cluster/health_checker_fixture.h"

namespace mesh::cluster {
namespace {

TEST_F(HealthCheckerTest, FirstGrpcCheckWaitsForTheConnection) {
  Update({Grpc()});
  Add("a:1");
  EXPECT_EQ(probes(), 0);
  EXPECT_EQ(Health("a:1"), kPending);
  Connection("a:1", ConnectionState::kIdle);
  Connection("a:1", ConnectionState::kConnecting);
  EXPECT_EQ(probes(), 0);
  Connection("a:1", ConnectionState::kReady);
  ASSERT_EQ(probes(), 1);
  EXPECT_EQ(prober_.seen()[0].connection, connections_["a:1"].get());
  EXPECT_EQ(prober_.seen()[0].authority, "reviews");
  Connection("a:1", ConnectionState::kReady);
  EXPECT_EQ(probes(), 1);
  Pass("a:1");
  EXPECT_EQ(Health("a:1"), kHealthy);
}

TEST_F(HealthCheckerTest, FirstGrpcCheckIsMadeOfAConnectionThatFails) {
  Update({Grpc()});
  Add("a:1");
  Connection("a:1", ConnectionState::kFailing);
  EXPECT_EQ(probes(), 1);  // the prober says that there is no connection
}

TEST_F(HealthCheckerTest, FirstGrpcCheckFindsAConnectionByItself) {
  Update({Grpc()});
  Add("a:1");
  connections_["a:1"] = std::make_shared<StateConnection>(ConnectionState::kReady);
  Advance(absl::Seconds(10));
  EXPECT_EQ(probes(), 1);
}

TEST_F(HealthCheckerTest, LaterGrpcChecksDoNotWait) {
  Update({Grpc()});
  NoteCalls();
  Add("a:1");
  Connection("a:1", ConnectionState::kReady);
  Pass("a:1");
  Connection("a:1", ConnectionState::kIdle);
  EXPECT_EQ(probes(), 1);
  Advance(absl::Seconds(10));
  EXPECT_EQ(probes(), 2);
}

TEST_F(HealthCheckerTest, UnhealthyIsCheckedByGrpcAsSoonAsItConnects) {
  Update({Grpc(), Tcp()});
  NoteCalls();
  Add("a:1");
  Pass("a:1");  // TCP
  Connection("a:1", ConnectionState::kFailing);
  Fail("a:1");
  EXPECT_EQ(Health("a:1"), kUnhealthy);
  const size_t before = probes();
  Connection("a:1", ConnectionState::kConnecting);
  EXPECT_EQ(probes(), before);
  Connection("a:1", ConnectionState::kReady);
  ASSERT_EQ(probes(), before + 1);
  EXPECT_EQ(prober_.seen().back().check, Grpc());
  Pass("a:1");  // one of two
  prober_.set_outcome("a:1", ProbeOutcome::kSuccess);
  Advance(absl::Seconds(10));
  EXPECT_EQ(Health("a:1"), kHealthy);
  const size_t healthy = probes();
  Connection("a:1", ConnectionState::kReady);
  EXPECT_EQ(probes(), healthy);
}

}  // namespace
}  // namespace mesh::cluster
