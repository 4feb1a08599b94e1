#include "mesh/call/call_registry.h"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace mesh::call {
namespace {

class TestCall final : public CallRegistry::Entry {
 public:
  TestCall(CallRegistry* registry, std::atomic<int>* cancelled) : cancelled_(cancelled) {
    added_ = registry->Add(this);
  }
  ~TestCall() { Leave(); }
  bool added() const { return added_; }

 private:
  CallRegistry::Canceller GetCanceller(const absl::Status&) override {
    return [cancelled = cancelled_] { ++*cancelled; };
  }
  std::atomic<int>* const cancelled_;
  bool added_;
};

// Owns a registry, and says when it is gone.
struct Owner {
  explicit Owner(std::atomic<bool>* gone) : gone(gone) {}
  ~Owner() { *gone = true; }
  CallRegistry registry;
  std::atomic<bool>* const gone;
};

class CallRegistryTest : public ::testing::Test {
 protected:
  std::atomic<bool> gone_{false};
  std::atomic<int> cancelled_{0};
  std::shared_ptr<Owner> owner_ = std::make_shared<Owner>(&gone_);
  CallRegistry& registry_ = owner_->registry;
};

TEST_F(CallRegistryTest, CountsCalls) {
  {
    TestCall first(&registry_, &cancelled_);
    auto second = std::make_unique<TestCall>(&registry_, &cancelled_);
    TestCall third(&registry_, &cancelled_);
    EXPECT_EQ(registry_.size(), 3u);
    second = nullptr;  // from the middle
    EXPECT_EQ(registry_.size(), 2u);
  }
  EXPECT_EQ(registry_.size(), 0u);
}

TEST_F(CallRegistryTest, CancelsAllOnceAndRefusesLaterOnes) {
  TestCall first(&registry_, &cancelled_);
  TestCall second(&registry_, &cancelled_);
  registry_.CancelAll(absl::UnavailableError("gone"));
  EXPECT_EQ(cancelled_, 2);
  TestCall late(&registry_, &cancelled_);
  EXPECT_TRUE(second.added());
  EXPECT_FALSE(late.added());
  EXPECT_EQ(cancelled_, 2);
}

TEST_F(CallRegistryTest, KeepsItsOwnerForChannels) {
  registry_.Keep(owner_);
  registry_.Keep(owner_);
  EXPECT_TRUE(registry_.has_channels());
  std::shared_ptr<Owner> owner = std::move(owner_);
  EXPECT_FALSE(registry_.Release());
  EXPECT_TRUE(registry_.Release());
  EXPECT_FALSE(registry_.has_channels());
  EXPECT_FALSE(gone_);
  owner = nullptr;
  EXPECT_TRUE(gone_);
}

TEST_F(CallRegistryTest, KeepsItsOwnerForCalls) {
  registry_.Keep(owner_);
  auto first = std::make_unique<TestCall>(&registry_, &cancelled_);
  auto second = std::make_unique<TestCall>(&registry_, &cancelled_);
  registry_.Release();
  owner_ = nullptr;
  first = nullptr;
  EXPECT_FALSE(gone_);
  second = nullptr;
  EXPECT_TRUE(gone_);
}

TEST_F(CallRegistryTest, LastCallsOnManyThreadsDropTheOwnerOnce) {
  constexpr int kThreads = 4;
  constexpr int kCalls = 200;
  registry_.Keep(owner_);
  std::atomic<int> ready{0};
  std::atomic<bool> go{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      std::vector<std::unique_ptr<TestCall>> calls;
      for (int j = 0; j < kCalls; ++j) {
        calls.push_back(std::make_unique<TestCall>(&registry_, &cancelled_));
      }
      ++ready;
      while (!go) std::this_thread::yield();
      calls.clear();
    });
  }
  while (ready < kThreads) std::this_thread::yield();
  registry_.CancelAll(absl::UnavailableError("gone"));
  EXPECT_EQ(cancelled_, kThreads * kCalls);
  registry_.Release();
  owner_ = nullptr;
  EXPECT_FALSE(gone_);
  go = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(gone_);
}

}  // namespace
}  // namespace mesh::call
