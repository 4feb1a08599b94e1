// The end of a serializer: what was posted before it runs, nothing runs after it.

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "mesh/base/serializer.h"
#include "mesh/base/thread_executor.h"
#include "tests/testing/fake_executor.h"
#include "tests/testing/gate.h"

namespace mesh {
namespace {

class SerializerShutdownTest : public ::testing::Test {
 protected:
  testing::FakeClock clock_;
  testing::FakeExecutor executor_{&clock_};
  std::optional<Serializer> serializer_{std::in_place, &executor_};
  std::vector<int> ran_;
};

TEST_F(SerializerShutdownTest, RunsWhatWasPostedBeforeByItself) {
  serializer_->Post([this] {
    EXPECT_TRUE(serializer_->is_held());
    ran_.push_back(1);
  });
  serializer_->Post([this] { ran_.push_back(2); });
  serializer_->Shutdown();
  EXPECT_EQ(ran_, std::vector<int>({1, 2}));
}

TEST_F(SerializerShutdownTest, DestroysWhatIsPostedLaterUnrun) {
  auto held = std::make_shared<int>(0);
  const std::weak_ptr<int> watched = held;
  // Also what its last tasks post.
  serializer_->Post([this] { serializer_->Post([this] { ran_.push_back(1); }); });
  serializer_->Shutdown();
  serializer_->Post([this, held = std::move(held)] { ran_.push_back(2); });
  EXPECT_TRUE(watched.expired());
  serializer_->RunAndWait([this] { ran_.push_back(3); });
  executor_.RunReady();
  EXPECT_TRUE(ran_.empty());
}

TEST_F(SerializerShutdownTest, TimersDoNotRunAfterIt) {
  Serializer::Timer before, in_last_task;
  serializer_->RunAndWait([&] {
    serializer_->AssertHeld();
    before = serializer_->After(absl::Seconds(1), [this] { ran_.push_back(1); });
  });
  serializer_->Post([&] {
    serializer_->AssertHeld();
    in_last_task = serializer_->After(absl::Seconds(1), [this] { ran_.push_back(2); });
  });
  serializer_->Shutdown();
  executor_.Advance(absl::Seconds(2));
  EXPECT_TRUE(ran_.empty());
}

TEST_F(SerializerShutdownTest, TimersMayOutliveTheSerializer) {
  Serializer::Timer timer, fired;
  serializer_->RunAndWait([&] {
    serializer_->AssertHeld();
    timer = serializer_->After(absl::Seconds(3), [this] { ran_.push_back(1); });
    fired = serializer_->After(absl::Seconds(1), [this] { ran_.push_back(2); });
  });
  serializer_->Shutdown();
  serializer_.reset();
  executor_.Advance(absl::Seconds(2));
  EXPECT_EQ(executor_.pending_timers(), 1u);
  timer.Reset();
  EXPECT_EQ(executor_.pending_timers(), 0u);
  EXPECT_TRUE(ran_.empty());
}

TEST_F(SerializerShutdownTest, MayBeCalledTwiceAndWithNothingToDo) {
  serializer_->Shutdown();
  serializer_->Shutdown();
  serializer_.reset();
  executor_.RunReady();
}

TEST_F(SerializerShutdownTest, WhatTheExecutorHasLeftDoesNothing) {
  serializer_->Post([this] { ran_.push_back(1); });
  serializer_->Shutdown();
  serializer_.reset();
  EXPECT_EQ(executor_.RunReady(), 1u);  // a call into a queue that is empty
  EXPECT_EQ(ran_, std::vector<int>({1}));
}

TEST(SerializerShutdownThreadsTest, WaitsForTheTaskThatRuns) {
  const SteadyClock clock;
  ThreadExecutor executor(&clock);
  Serializer serializer(&executor);
  testing::Gate running, go_on;
  bool finished = false;  // no lock: Shutdown orders the two
  serializer.Post([&] {
    running.Open();
    go_on.Wait();
    finished = true;
  });
  running.Wait();
  std::thread opener([&] { go_on.Open(); });
  serializer.Shutdown();
  EXPECT_TRUE(finished);
  opener.join();
}

TEST(SerializerShutdownThreadsTest, WhileOthersPost) {
  constexpr int kRounds = 100;
  constexpr int kThreads = 2;
  const SteadyClock clock;
  for (int round = 0; round < kRounds; ++round) {
    std::atomic<bool> is_shut_down{false};
    std::atomic<int> ran_after{0};
    std::optional<ThreadExecutor> executor(std::in_place, &clock);
    std::optional<Serializer> serializer(std::in_place, &*executor);
    std::atomic<int> posted{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 100; ++i) {
          serializer->Post([&] {
            if (is_shut_down.load()) ++ran_after;
          });
          ++posted;
        }
      });
    }
    while (posted.load() < 20) std::this_thread::yield();
    serializer->Shutdown();
    is_shut_down.store(true);
    for (std::thread& thread : threads) thread.join();
    serializer.reset();
    executor.reset();
    EXPECT_EQ(ran_after.load(), 0);
  }
}

// An executor that takes its time to take a task.
class SlowExecutor final : public Executor {
 public:
  void Post(Task) override {
    inside.Open();
    go_on.Wait();
    left = true;
  }
  TimerId PostAfter(absl::Duration, Task) override { return 1; }
  bool Cancel(TimerId) override { return true; }

  testing::Gate inside, go_on;
  bool left = false;  // no lock: Shutdown orders the two
};

TEST(SerializerShutdownThreadsTest, WaitsForThreadsThatAreInsideTheExecutor) {
  // Whoever shuts a serializer down may destroy its executor next.
  SlowExecutor executor;
  Serializer serializer(&executor);
  // 1. A thread posts, and is still busy telling the executor.
  std::thread poster([&] { serializer.Post([&] { executor.go_on.Open(); }); });
  executor.inside.Wait();
  // 2. Shutdown runs the task, which lets that thread go on; and waits for it.
  serializer.Shutdown();
  EXPECT_TRUE(executor.left);
  poster.join();
}

// The last task of another thread's may be the one that lets the owner tear everything down.
TEST(SerializerShutdownThreadsTest, ThePosterMayStillBeInsidePost) {
  const SteadyClock clock;
  for (int round = 0; round < 200; ++round) {
    auto executor = std::make_unique<ThreadExecutor>(&clock);
    auto serializer = std::make_unique<Serializer>(executor.get());
    testing::Gate ran;
    std::thread poster([s = serializer.get(), &ran] { s->Post([&] { ran.Open(); }); });
    ran.Wait();
    serializer->Shutdown();
    serializer.reset();
    executor.reset();
    poster.join();
  }
}

}  // namespace
}  // namespace mesh
