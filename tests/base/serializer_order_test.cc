// In which order, and on which thread, a serializer runs what was posted.

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "mesh/base/serializer.h"
#include "mesh/base/thread_executor.h"
#include "tests/testing/fake_executor.h"

namespace mesh {
namespace {

class SerializerOrderTest : public ::testing::Test {
 protected:
  testing::FakeClock clock_;
  testing::FakeExecutor executor_{&clock_};
  Serializer serializer_{&executor_};
  std::vector<int> ran_;
};

TEST_F(SerializerOrderTest, TasksRunLaterInTheOrderTheyWerePosted) {
  for (int i = 0; i < 5; ++i) serializer_.Post([this, i] { ran_.push_back(i); });
  EXPECT_TRUE(ran_.empty());
  executor_.RunReady();
  EXPECT_EQ(ran_, std::vector<int>({0, 1, 2, 3, 4}));
}

TEST_F(SerializerOrderTest, ATaskOfATaskRunsAfterItAndAfterThoseBefore) {
  serializer_.Post([this] {
    serializer_.Post([this] { ran_.push_back(3); });
    ran_.push_back(1);
  });
  serializer_.Post([this] { ran_.push_back(2); });
  executor_.RunReady();
  EXPECT_EQ(ran_, std::vector<int>({1, 2, 3}));
}

TEST_F(SerializerOrderTest, OtherUsersOfTheExecutorGetTheirTurn) {
  int rounds = 0;
  // A task that posts itself for ever.
  const std::function<void()> forever = [&] {
    if (++rounds < 100) serializer_.Post(forever);
  };
  serializer_.Post(forever);
  executor_.Post([&] { ran_.push_back(rounds); });
  executor_.RunReady();
  EXPECT_EQ(ran_, std::vector<int>({1}));
  EXPECT_EQ(rounds, 100);
}

TEST_F(SerializerOrderTest, ATaskIsDestroyedBeforeTheNextOneRuns) {
  auto held = std::make_shared<int>(0);
  const std::weak_ptr<int> watched = held;
  serializer_.Post([held = std::move(held)] { EXPECT_NE(held, nullptr); });
  serializer_.Post([this, watched] { ran_.push_back(watched.expired() ? 1 : 0); });
  executor_.RunReady();
  EXPECT_EQ(ran_, std::vector<int>({1}));
}

TEST_F(SerializerOrderTest, IsHeldInsideATaskOnly) {
  Serializer other(&executor_);
  EXPECT_FALSE(serializer_.is_held());
  serializer_.Post([&] {
    serializer_.AssertHeld();
    EXPECT_TRUE(serializer_.is_held());
    EXPECT_FALSE(other.is_held());
    std::thread([&] { EXPECT_FALSE(serializer_.is_held()); }).join();
    ran_.push_back(1);
  });
  executor_.RunReady();
  EXPECT_EQ(ran_.size(), 1u);
  EXPECT_FALSE(serializer_.is_held());
}

TEST_F(SerializerOrderTest, RunAndWaitRunsWhatIsBeforeItToo) {
  serializer_.Post([this] { ran_.push_back(1); });
  serializer_.RunAndWait([this] {
    EXPECT_TRUE(serializer_.is_held());
    serializer_.Post([this] { ran_.push_back(3); });
    ran_.push_back(2);
  });
  // Nothing else ran the executor.
  EXPECT_EQ(ran_, std::vector<int>({1, 2}));
  executor_.RunReady();
  EXPECT_EQ(ran_, std::vector<int>({1, 2, 3}));
}

// Tasks of many threads: one at a time, and those of one thread in order.
TEST(SerializerThreadsTest, PostsFromManyThreads) {
  constexpr int kThreads = 4;
  constexpr int kPosts = 2000;
  const SteadyClock clock;
  ThreadExecutor executor(&clock);
  Serializer serializer(&executor);
  std::vector<int> next(kThreads, 0);  // no lock: the serializer is one
  int out_of_order = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kPosts; ++i) {
        serializer.Post([&, t, i] {
          if (next[t]++ != i) ++out_of_order;
        });
        // Somebody who waits now and then, and so runs tasks as well.
        if (i % 100 == 0) serializer.RunAndWait([&, t, i] { EXPECT_EQ(next[t], i + 1); });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  serializer.Shutdown();
  EXPECT_EQ(out_of_order, 0);
  EXPECT_EQ(next, std::vector<int>(kThreads, kPosts));
}

TEST(SerializerThreadsTest, SerializersOfOneExecutorDoNotMix) {
  const SteadyClock clock;
  ThreadExecutor executor(&clock);
  Serializer a(&executor), b(&executor);
  int in_a = 0, in_b = 0;
  for (int i = 0; i < 1000; ++i) {
    a.Post([&] {
      ++in_a;
      b.Post([&] { ++in_b; });
    });
  }
  a.Shutdown();
  b.Shutdown();
  EXPECT_EQ(in_a, 1000);
  EXPECT_EQ(in_b, 1000);
}

}  // namespace
}  // namespace mesh
