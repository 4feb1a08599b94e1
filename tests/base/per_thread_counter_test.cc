#include "mesh/base/per_thread_counter.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace mesh {
namespace {

TEST(PerThreadCounterTest, CountsFromZero) {
  PerThreadCounter counter;
  EXPECT_EQ(counter.Sum(), 0u);
  counter.Add();
  counter.Add(41);
  EXPECT_EQ(counter.Sum(), 42u);
}

TEST(PerThreadCounterTest, CountersOfOneSlotAreApart) {
  PerThreadCounters<10> counters;  // more than a cache line
  for (size_t i = 0; i < 10; ++i) counters.Add(i, i * i);
  for (size_t i = 0; i < 10; ++i) EXPECT_EQ(counters.Sum(i), i * i);
  EXPECT_EQ(counters.Sums(), (std::array<uint64_t, 10>{0, 1, 4, 9, 16, 25, 36, 49, 64, 81}));
}

TEST(PerThreadCounterTest, ObjectsAreApart) {
  PerThreadCounters<2> first, second;
  first.Add(0);
  second.Add(1, 5);
  EXPECT_EQ(first.Sums(), (std::array<uint64_t, 2>{1, 0}));
  EXPECT_EQ(second.Sums(), (std::array<uint64_t, 2>{0, 5}));
}

TEST(PerThreadCounterTest, EndedThreadsStillCount) {
  PerThreadCounters<2> counters;
  for (int i = 0; i < 30; ++i) {
    std::thread([&] {
      counters.Add(0);
      counters.Add(1, 2);
    }).join();
  }
  EXPECT_EQ(counters.Sums(), (std::array<uint64_t, 2>{30, 60}));
}

TEST(PerThreadCounterTest, NothingIsLostBetweenThreadsAndSumsNeverFall) {
  constexpr int kThreads = 4;
  constexpr uint64_t kAdds = 20000;
  PerThreadCounters<3> counters;
  std::atomic<int> left{kThreads};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (uint64_t i = 0; i < kAdds; ++i) counters.Add(i % 3);
      left.fetch_sub(1, std::memory_order_release);
    });
  }
  uint64_t last = 0;
  while (left.load(std::memory_order_acquire) > 0) {
    const uint64_t now = counters.Sum(0);
    EXPECT_GE(now, last);
    last = now;
  }
  const std::array<uint64_t, 3> sums = counters.Sums();
  EXPECT_EQ(sums[0] + sums[1] + sums[2], kThreads * kAdds);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace mesh
