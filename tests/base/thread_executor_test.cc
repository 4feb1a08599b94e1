// The clock stands still unless a story moves it; a task that is posted then wakes the thread up,
// which looks at the clock before it waits again. One story goes by the real clock.

#include "mesh/base/thread_executor.h"

#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/gate.h"

namespace mesh {
namespace {

class ThreadExecutorTest : public ::testing::Test {
 protected:
  // Lets the thread run all that is ready or due now. It runs at least one timer that is due
  // after each batch of tasks, and no story has more than four of them.
  void Settle() {
    for (int i = 0; i < 6; ++i) {
      testing::Gate done;
      executor_->Post([&] { done.Open(); });
      done.Wait();
    }
  }

  testing::FakeClock clock_;
  std::optional<ThreadExecutor> executor_{std::in_place, &clock_};
  std::vector<int> ran_;  // by the executor's thread only, until a gate or a join
};

TEST_F(ThreadExecutorTest, TasksRunInOrderOnOneThreadOfItsOwn) {
  std::vector<std::thread::id> threads;
  for (int i = 0; i < 100; ++i) {
    executor_->Post([&, i] {
      ran_.push_back(i);
      threads.push_back(std::this_thread::get_id());
    });
  }
  executor_.reset();
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(ran_[i], i);
    EXPECT_EQ(threads[i], threads[0]);
  }
  EXPECT_NE(threads[0], std::this_thread::get_id());
}

TEST_F(ThreadExecutorTest, TimersRunInTheOrderTheyAreDue) {
  for (int seconds : {30, 10, 20, 10}) {
    executor_->PostAfter(absl::Seconds(seconds), [this, seconds] { ran_.push_back(seconds); });
  }
  Settle();
  EXPECT_TRUE(ran_.empty());
  clock_.Advance(absl::Seconds(20));
  Settle();
  EXPECT_EQ(ran_, std::vector<int>({10, 10, 20}));
  clock_.Advance(absl::Seconds(20));
  Settle();
  EXPECT_EQ(ran_, std::vector<int>({10, 10, 20, 30}));
}

TEST_F(ThreadExecutorTest, ADelayOfNothingOrLessIsDueAtOnce) {
  testing::Gate none, less;
  executor_->PostAfter(absl::ZeroDuration(), [&] { none.Open(); });
  none.Wait();
  executor_->PostAfter(-absl::InfiniteDuration(), [&] { less.Open(); });
  less.Wait();
}

TEST_F(ThreadExecutorTest, ACancelledTimerIsDestroyedAtOnceAndNeverRuns) {
  auto held = std::make_shared<int>(0);
  const std::weak_ptr<int> watched = held;
  const auto timer =
      executor_->PostAfter(absl::Seconds(1), [this, held = std::move(held)] { ran_.push_back(1); });
  EXPECT_NE(timer, 0u);
  EXPECT_TRUE(executor_->Cancel(timer));
  EXPECT_TRUE(watched.expired());
  EXPECT_FALSE(executor_->Cancel(timer));
  clock_.Advance(absl::Seconds(2));
  Settle();
  EXPECT_TRUE(ran_.empty());
}

TEST_F(ThreadExecutorTest, ATimerThatRunsCannotBeCancelledButOneBehindItCan) {
  Executor::TimerId first = 0, second = 0;
  std::vector<bool> cancelled;
  first = executor_->PostAfter(absl::Seconds(1), [&] {
    cancelled.push_back(executor_->Cancel(first));
    cancelled.push_back(executor_->Cancel(second));  // due as well
  });
  second = executor_->PostAfter(absl::Seconds(1), [this] { ran_.push_back(2); });
  clock_.Advance(absl::Seconds(5));
  Settle();
  EXPECT_EQ(cancelled, std::vector<bool>({false, true}));
  EXPECT_TRUE(ran_.empty());
}

TEST_F(ThreadExecutorTest, TheDestructorRunsWhatWasPostedAndDropsTimers) {
  auto held = std::make_shared<int>(0);
  const std::weak_ptr<int> watched = held;
  auto executor = std::make_unique<ThreadExecutor>(&clock_);
  testing::Gate go_on;
  executor->Post([&] { go_on.Wait(); });
  executor->Post([this, pointer = executor.get()] {
    ran_.push_back(1);
    pointer->Post([this] { ran_.push_back(2); });
  });
  executor->PostAfter(absl::Seconds(1), [this, held = std::move(held)] { ran_.push_back(3); });
  std::thread opener([&] { go_on.Open(); });
  executor.reset();
  opener.join();
  EXPECT_EQ(ran_, std::vector<int>({1, 2}));
  EXPECT_TRUE(watched.expired());
}

// What is destroyed with the executor may use it once more.
struct PostsWhenDestroyed {
  explicit PostsWhenDestroyed(ThreadExecutor* e) : executor(e) {}
  ~PostsWhenDestroyed() {
    executor->Post([] {});
    executor->PostAfter(absl::Seconds(1), [] {});
  }
  ThreadExecutor* const executor;
};

TEST_F(ThreadExecutorTest, WhatItDropsMayHandOverMore) {
  auto poster = std::make_unique<PostsWhenDestroyed>(&*executor_);
  executor_->PostAfter(absl::Seconds(1), [poster = std::move(poster)] {});
}

TEST(ThreadExecutorRealTimeTest, WakesUpForTimers) {
  const SteadyClock clock;
  ThreadExecutor executor(&clock);
  const absl::Time start = clock.Now();
  testing::Gate far_one_is_not_waited_for;
  executor.PostAfter(absl::InfiniteDuration(), [] {});
  executor.PostAfter(absl::Hours(1), [] {});
  absl::Time ran_at;
  executor.PostAfter(absl::Milliseconds(2), [&] {
    ran_at = clock.Now();
    far_one_is_not_waited_for.Open();
  });
  far_one_is_not_waited_for.Wait();
  EXPECT_GE(ran_at - start, absl::Milliseconds(2));
}

TEST(ThreadExecutorRealTimeTest, PostsAndTimersFromManyThreads) {
  const SteadyClock clock;
  int ran = 0;  // by the executor's thread only
  int cancelled = 0;
  {
    ThreadExecutor executor(&clock);
    std::vector<std::thread> threads;
    std::vector<int> cancelled_by(4, 0);
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 500; ++i) {
          executor.Post([&] { ++ran; });
          const auto timer = executor.PostAfter(absl::Hours(1), [&] { ++ran; });
          if (executor.Cancel(timer)) ++cancelled_by[t];
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (int count : cancelled_by) cancelled += count;
  }
  EXPECT_EQ(ran, 2000);
  EXPECT_EQ(cancelled, 2000);
}

}  // namespace
}  // namespace mesh
