// Many connections that are asked for at once begin a few at a time.

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "mesh/base/reaper.h"
#include "mesh/base/serializer.h"
#include "mesh/cluster/connection_pool.h"
#include "mesh/cluster/connection_set.h"
#include "mesh/cluster/mailbox.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/fake_connector.h"
#include "tests/testing/fake_executor.h"

namespace mesh::cluster {
namespace {

class Ignorant final : public wire::Connection::Observer {
 public:
  void OnConnectionState(wire::ConnectionState, const absl::Status&) override {}
};

class ConnectionPacingTest : public ::testing::Test {
 protected:
  using Shares = std::vector<std::unique_ptr<ConnectionPool::Share>>;

  ~ConnectionPacingTest() override {
    serializer_.RunAndWait([this] {
      shares_.clear();
      pool_ = nullptr;
      mailbox_->Close();
    });
    serializer_.Shutdown();
    executor_.RunReady();
  }

  void Acquire(int count) {
    for (int i = 0; i < count; ++i) {
      shares_.push_back(pool_->Acquire({"a:" + std::to_string(i), {absl::Seconds(1)}}, &observer_));
    }
  }

  testing::FakeClock clock_;
  testing::FakeExecutor executor_{&clock_};
  Serializer serializer_{&executor_};
  testing::FakeConnector connector_{&serializer_};
  const std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>(&serializer_);
  std::unique_ptr<ConnectionPool> pool_ = std::make_unique<ConnectionPool>(
      ConnectionSet::Context{&connector_, &serializer_, nullptr, mailbox_}, absl::Milliseconds(250),
      std::make_shared<Reaper>(&executor_));
  Ignorant observer_;
  Shares shares_;
};

TEST_F(ConnectionPacingTest, TheFirstBeginsAtOnceAndAllDoInTheEnd) {
  std::vector<size_t> wanted;
  serializer_.Post([&] {
    Acquire(20);
    wanted.push_back(connector_.Wanted().size());
    serializer_.Post([&] { wanted.push_back(connector_.Wanted().size()); });
  });
  executor_.RunReady();
  EXPECT_EQ(wanted, (std::vector<size_t>{1, 9})) << "one, then eight a turn";
  EXPECT_EQ(connector_.Wanted().size(), 20u);
}

TEST_F(ConnectionPacingTest, WhatNobodyWantsAnyMoreDoesNotBegin) {
  serializer_.Post([&] {
    Acquire(20);
    shares_.resize(5);
  });
  executor_.RunReady();
  EXPECT_EQ(connector_.Wanted().size(), 5u);
}

TEST_F(ConnectionPacingTest, WhatNobodyWantsAnyMoreTakesNobodysTurn) {
  size_t wanted = 0;
  serializer_.Post([&] {
    Acquire(100);
    shares_.erase(shares_.begin() + 1, shares_.begin() + 92);
    serializer_.Post([&] { wanted = connector_.Wanted().size(); });
  });
  executor_.RunReady();
  EXPECT_EQ(wanted, 9u) << "the first, and the last eight in the next turn";
}

TEST_F(ConnectionPacingTest, LaterOnesBeginAtOnceToo) {
  serializer_.Post([&] { Acquire(3); });
  executor_.RunReady();
  size_t wanted = 0;
  serializer_.Post([&] {
    Acquire(4);
    wanted = connector_.Wanted().size();
  });
  executor_.RunReady();
  EXPECT_EQ(wanted, 4u);
}

}  // namespace
}  // namespace mesh::cluster
