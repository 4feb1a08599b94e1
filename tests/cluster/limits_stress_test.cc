// Many threads take and give back at once: the limit is exact in both directions.

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "mesh/cluster/limits.h"
#include "tests/faults/allocation_count.h"

namespace mesh::cluster {
namespace {

using model::CircuitBreakers;
using model::Thresholds;

constexpr auto kDefault = model::RoutingPriority::kDefault;
constexpr int kThreads = 4;

CircuitBreakers OfRequests(uint32_t requests) {
  CircuitBreakers breakers;
  breakers.normal.max_requests = requests;
  return breakers;
}

// Runs `body(thread)` on all threads at once.
void OnAllThreads(const std::function<void(int)>& body) {
  std::atomic<int> waiting{kThreads};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      waiting.fetch_sub(1);
      while (waiting.load() > 0) std::this_thread::yield();
      body(t);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// How many are held, counted from outside: a hold is in here for a part of its life.
class Holders {
 public:
  void Enter() {
    const int64_t now = held_.fetch_add(1) + 1;
    int64_t most = most_.load();
    while (now > most && !most_.compare_exchange_weak(most, now)) {
    }
  }
  void Leave() { held_.fetch_sub(1); }
  int64_t most() const { return most_.load(); }

 private:
  std::atomic<int64_t> held_{0};
  std::atomic<int64_t> most_{0};
};

// Takes up to `most` and gives all back, `rounds` times; the number of refusals.
uint64_t TakeAndGiveBack(Limits& limits, LimitKind kind, size_t most, int rounds,
                         Holders* holders) {
  uint64_t refused = 0;
  std::vector<LimitHold> held;
  held.reserve(most);
  for (int i = 0; i < rounds; ++i) {
    while (held.size() < most) {
      std::optional<LimitHold> hold = limits.TryAcquire(kind, kDefault);
      if (!hold.has_value()) {
        ++refused;
        break;
      }
      holders->Enter();
      held.push_back(*std::move(hold));
    }
    if (i % 16 == 0) std::this_thread::yield();
    for (size_t j = 0; j < held.size(); ++j) holders->Leave();
    held.clear();
  }
  return refused;
}

TEST(LimitsStressTest, NeverOneMoreThanTheLimit) {
  constexpr uint32_t kLimit = 5;
  const Limits::Owner limits = Limits::Create("x", OfRequests(kLimit));
  Holders holders;
  std::atomic<uint64_t> refused{0};
  OnAllThreads([&](int) {
    refused += TakeAndGiveBack(*limits, LimitKind::kRequests, kLimit + 1, 5000, &holders);
  });
  EXPECT_EQ(holders.most(), kLimit);
  const LimitView view = limits->View(LimitKind::kRequests, kDefault);
  EXPECT_EQ(view.in_use, 0u);
  EXPECT_EQ(view.overflows, refused.load());
  EXPECT_GE(refused.load(), 5000u);
}

TEST(LimitsStressTest, NoRefusalWhereThereIsRoomForAll) {
  const Limits::Owner limits = Limits::Create("x", OfRequests(3 * kThreads));
  Holders holders;
  std::atomic<uint64_t> refused{0};
  OnAllThreads(
      [&](int) { refused += TakeAndGiveBack(*limits, LimitKind::kRequests, 3, 10000, &holders); });
  EXPECT_EQ(refused.load(), 0u);
  EXPECT_EQ(limits->View(LimitKind::kRequests, kDefault).overflows, 0u);
  EXPECT_EQ(limits->View(LimitKind::kRequests, kDefault).in_use, 0u);
}

TEST(LimitsStressTest, OfTwoThatWantTheLastPlaceOneGetsIt) {
  // In each round one thread gives the only place back and wants it again, while another asks for
  // it a few times. Whatever the order, the place has an owner afterwards: a refusal that is
  // caused by one that is refused itself would leave it empty.
  constexpr int kRounds = 20000;
  constexpr int kTries = 8;
  const Limits::Owner limits = Limits::Create("x", OfRequests(1));
  std::atomic<int> begun{0}, trying{0}, ended{0};
  std::optional<LimitHold> a = limits->TryAcquire(LimitKind::kRequests, kDefault), b;
  int empty = 0;
  std::thread other([&] {
    for (int round = 1; round <= kRounds; ++round) {
      while (begun.load() < round) std::this_thread::yield();
      trying.store(round);
      for (int i = 0; i < kTries && !b.has_value(); ++i) {
        b = limits->TryAcquire(LimitKind::kRequests, kDefault);
      }
      ended.store(round);
    }
  });
  for (int round = 1; round <= kRounds; ++round) {
    begun.store(round);
    while (trying.load() < round) std::this_thread::yield();
    a.reset();
    a = limits->TryAcquire(LimitKind::kRequests, kDefault);
    while (ended.load() < round) std::this_thread::yield();
    if (a.has_value() == b.has_value()) ++empty;
    if (b.has_value()) a = std::exchange(b, std::nullopt);
    if (!a.has_value()) a = limits->TryAcquire(LimitKind::kRequests, kDefault);
  }
  other.join();
  EXPECT_EQ(empty, 0);
}

TEST(LimitsStressTest, ARetryBudgetIsExactWhileTheCallsStay) {
  CircuitBreakers breakers = OfRequests(Thresholds::kNone);
  breakers.normal.retry_budget = Thresholds::RetryBudget{20, 3};
  const Limits::Owner limits = Limits::Create("x", breakers);
  std::vector<LimitHold> calls;
  for (int i = 0; i < 30; ++i) {
    calls.push_back(*limits->TryAcquire(LimitKind::kRequests, kDefault));
  }
  Holders holders;
  OnAllThreads([&](int) { TakeAndGiveBack(*limits, LimitKind::kRetries, 7, 5000, &holders); });
  EXPECT_EQ(holders.most(), 6);
}

TEST(LimitsStressTest, UpdatesMeanwhileLoseNoCount) {
  const Limits::Owner limits = Limits::Create("x", OfRequests(7));
  Holders holders;
  OnAllThreads([&](int thread) {
    if (thread > 0) {
      TakeAndGiveBack(*limits, LimitKind::kRequests, 8, 5000, &holders);
      return;
    }
    for (int i = 0; i < 5000; ++i) limits->Update(OfRequests(i % 2 == 0 ? 2 : 7));
  });
  EXPECT_LE(holders.most(), 7);
  EXPECT_EQ(limits->View(LimitKind::kRequests, kDefault).in_use, 0u);

  // Here some are counted and some are not.
  OnAllThreads([&](int thread) {
    if (thread > 0) {
      TakeAndGiveBack(*limits, LimitKind::kRequests, 8, 5000, &holders);
      return;
    }
    for (int i = 0; i < 5000; ++i) limits->Update(OfRequests(i % 2 == 0 ? Thresholds::kNone : 7));
  });
  EXPECT_EQ(limits->View(LimitKind::kRequests, kDefault).in_use, 0u);
}

TEST(LimitsStressTest, TheLastOfManyHoldsFreesThemOnce) {
  constexpr int kRounds = 300;
  std::vector<std::vector<LimitHold>> held(kThreads);
  for (auto& holds : held) holds.reserve(4);
  for (int round = 0; round < kRounds; ++round) {
    const size_t before = AllocatedBytes();
    Limits::Owner limits = Limits::Create("x", {});
    for (auto& holds : held) {
      for (const LimitKind kind : {LimitKind::kRequests, LimitKind::kPending}) {
        holds.push_back(*limits->TryAcquire(kind, kDefault));
      }
    }
    OnAllThreads([&](int thread) {
      if (thread == 0) limits.reset();
      held[thread].clear();
    });
    EXPECT_EQ(AllocatedBytes(), before);
  }
}

}  // namespace
}  // namespace mesh::cluster
