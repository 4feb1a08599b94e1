// An endpoint lives until it is retired and its last permit is back, whichever is last.

#include "mesh/cluster/endpoint.h"

#include <atomic>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/fake_executor.h"

namespace mesh::cluster {
namespace {

// Says when it is destroyed, and so when the endpoint that keeps it is.
class Canary final : public wire::Connection {
 public:
  explicit Canary(std::atomic<int>* destroyed) : destroyed_(destroyed) {}
  ~Canary() override { destroyed_->fetch_add(1); }
  void Connect() override {}
  void Disconnect() override {}
  void Recheck() override {}
  wire::ConnectionState state() const override { return wire::ConnectionState::kReady; }
  const std::shared_ptr<grpc::Channel>& channel() const override { return channel_; }

 private:
  std::atomic<int>* const destroyed_;
  const std::shared_ptr<grpc::Channel> channel_;
};

struct Suspect final : Endpoint::Suspicion {
  void OnCallFailed(Endpoint* endpoint) override {
    last = endpoint;
    ++count;
  }
  void OnFailuresInARow(Endpoint*, Crossings) override {}
  void OnStall(Endpoint*) override {}
  Endpoint* last = nullptr;
  int count = 0;
};

class EndpointTest : public ::testing::Test {
 protected:
  Endpoint* Make() {
    auto* endpoint = new Endpoint("a:1", reaper_, {suspect_, nullptr});
    endpoint->SetConnection(std::make_shared<Canary>(&destroyed_));
    return endpoint;
  }

  testing::FakeClock clock_;
  testing::FakeExecutor executor_{&clock_};
  std::shared_ptr<Reaper> reaper_ = std::make_shared<Reaper>(&executor_);
  std::shared_ptr<Suspect> suspect_ = std::make_shared<Suspect>();
  std::atomic<int> destroyed_{0};
};

TEST_F(EndpointTest, IsDestroyedByTheReaperAndNotByWhoeverIsLast) {
  Endpoint* endpoint = Make();
  Permit permit(endpoint);
  endpoint->Retire();
  executor_.RunReady();
  EXPECT_EQ(destroyed_, 0);
  EXPECT_EQ(endpoint->in_flight(), 1u);
  permit.End({});
  EXPECT_EQ(destroyed_, 0);
  EXPECT_EQ(executor_.RunReady(), 1u);
  EXPECT_EQ(destroyed_, 1);
}

TEST_F(EndpointTest, WithoutPermitsIsDestroyedWhenRetired) {
  Make()->Retire();
  executor_.RunReady();
  EXPECT_EQ(destroyed_, 1);
}

TEST_F(EndpointTest, PermitsCountInFlightAndAreGivenBackOnce) {
  Endpoint* endpoint = Make();
  {
    Permit first(endpoint);
    Permit second(endpoint);
    EXPECT_EQ(endpoint->in_flight(), 2u);
    Permit moved(std::move(first));
    EXPECT_FALSE(first);
    EXPECT_EQ(endpoint->in_flight(), 2u);
    moved.End({});
    EXPECT_EQ(moved.endpoint(), nullptr);
    moved.End({});
    EXPECT_EQ(endpoint->in_flight(), 1u);
    second = Permit(endpoint);  // gives the former one back
    EXPECT_EQ(endpoint->in_flight(), 1u);
  }
  EXPECT_EQ(endpoint->in_flight(), 0u);
  endpoint->Retire();
  executor_.RunReady();
  EXPECT_EQ(destroyed_, 1);
}

TEST_F(EndpointTest, SuspicionIsToldOnceOfCallsThatLookLost) {
  Endpoint* endpoint = Make();
  const auto end = [&](int status, bool delivered) {
    Permit permit(endpoint);
    permit.End({status, delivered});
  };
  end(0, true);
  end(4, true);
  EXPECT_EQ(suspect_->count, 0);
  end(14, true);
  EXPECT_EQ(suspect_->count, 1);
  EXPECT_EQ(suspect_->last, endpoint);
  end(14, true);
  EXPECT_EQ(suspect_->count, 1);
  endpoint->ForgetSuspicion();
  end(1, false);
  EXPECT_EQ(suspect_->count, 2);
  endpoint->Retire();
  executor_.RunReady();
}

TEST_F(EndpointTest, ManyThreadsThatGiveBackWhileItRetiresDestroyItOnce) {
  constexpr int kRounds = 300;
  for (int round = 0; round < kRounds; ++round) {
    Endpoint* endpoint = Make();
    std::vector<Permit> permits;
    for (int i = 0; i < 4; ++i) permits.emplace_back(endpoint);
    std::thread a([&] {
      permits[0].End({});
      permits[1].End({});
    });
    std::thread b([&] {
      permits[2].End({});
      permits[3].End({});
    });
    endpoint->Retire();
    a.join();
    b.join();
    EXPECT_EQ(executor_.RunReady(), 1u);
    EXPECT_EQ(destroyed_, round + 1);
  }
}

}  // namespace
}  // namespace mesh::cluster
