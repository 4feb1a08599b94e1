// The limits of a cluster: what they allow, what they count, and how long they live.

#include "mesh/cluster/limits.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/faults/allocation_count.h"

namespace mesh::cluster {
namespace {

using model::CircuitBreakers;
using model::Thresholds;

constexpr auto kDefault = model::RoutingPriority::kDefault;
constexpr auto kHigh = model::RoutingPriority::kHigh;
constexpr LimitKind kKinds[] = {LimitKind::kConnections, LimitKind::kPending, LimitKind::kRequests,
                                LimitKind::kRetries};
constexpr uint32_t kNone = Thresholds::kNone;

CircuitBreakers Of(uint32_t connections, uint32_t pending, uint32_t requests, uint32_t retries) {
  CircuitBreakers breakers;
  breakers.normal.max_connections = connections;
  breakers.normal.max_pending_requests = pending;
  breakers.normal.max_requests = requests;
  breakers.normal.max_retries = retries;
  return breakers;
}

CircuitBreakers OfRequests(uint32_t requests) { return Of(kNone, kNone, requests, kNone); }

CircuitBreakers OfBudget(double percent, uint32_t min_retry_concurrency) {
  CircuitBreakers breakers = Of(kNone, kNone, kNone, 0);
  breakers.normal.retry_budget = Thresholds::RetryBudget{percent, min_retry_concurrency};
  return breakers;
}

// Takes as many as it gets, `most` at most.
std::vector<LimitHold> Take(Limits& limits, LimitKind kind, size_t most,
                            model::RoutingPriority priority = kDefault) {
  std::vector<LimitHold> holds;
  while (holds.size() < most) {
    std::optional<LimitHold> hold = limits.TryAcquire(kind, priority);
    if (!hold.has_value()) break;
    holds.push_back(*std::move(hold));
  }
  return holds;
}

TEST(LimitsTest, Cb01DefaultsAreEnvoys) {
  const Limits::Owner limits = Limits::Create("x", {});
  for (const auto priority : {kDefault, kHigh}) {
    EXPECT_EQ(limits->View(LimitKind::kConnections, priority).limit, 1024u);
    EXPECT_EQ(limits->View(LimitKind::kPending, priority).limit, 1024u);
    EXPECT_EQ(limits->View(LimitKind::kRequests, priority).limit, 1024u);  // CB-01
    EXPECT_EQ(limits->View(LimitKind::kRetries, priority).limit, 3u);
    EXPECT_EQ(Take(*limits, LimitKind::kRequests, 2000, priority).size(), 1024u);
    EXPECT_EQ(Take(*limits, LimitKind::kRetries, 2000, priority).size(), 3u);
  }
}

TEST(LimitsTest, Cb02TheEleventhOfTenFailsUntilOneEnds) {
  const Limits::Owner limits = Limits::Create("x", OfRequests(10));
  std::vector<LimitHold> held = Take(*limits, LimitKind::kRequests, 10);
  ASSERT_EQ(held.size(), 10u);
  EXPECT_FALSE(limits->TryAcquire(LimitKind::kRequests, kDefault).has_value());
  held.pop_back();
  EXPECT_TRUE(limits->TryAcquire(LimitKind::kRequests, kDefault).has_value());
}

TEST(LimitsTest, Cb04EveryRefusalIsCounted) {
  const Limits::Owner limits = Limits::Create("x", OfRequests(3));
  const std::vector<LimitHold> held = Take(*limits, LimitKind::kRequests, 3);
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(limits->TryAcquire(LimitKind::kRequests, kDefault).has_value());
  }
  EXPECT_EQ(limits->View(LimitKind::kRequests, kDefault).overflows, 100u);
  EXPECT_EQ(limits->View(LimitKind::kRequests, kHigh).overflows, 0u);
  EXPECT_EQ(limits->View(LimitKind::kRetries, kDefault).overflows, 0u);
}

TEST(LimitsTest, Cb05ALoweredLimitEndsNothingAndRefusesUntilThereIsRoom) {
  const Limits::Owner limits = Limits::Create("x", OfRequests(5));
  std::vector<LimitHold> held = Take(*limits, LimitKind::kRequests, 5);
  limits->Update(OfRequests(2));
  EXPECT_EQ(limits->View(LimitKind::kRequests, kDefault).in_use, 5u);
  EXPECT_EQ(limits->View(LimitKind::kRequests, kDefault).remaining, 0u);
  while (held.size() > 1) {
    EXPECT_FALSE(limits->TryAcquire(LimitKind::kRequests, kDefault).has_value()) << held.size();
    held.pop_back();
  }
  EXPECT_EQ(Take(*limits, LimitKind::kRequests, 5).size(), 1u);
}

TEST(LimitsTest, Cb07RemainingIsEnvoys) {
  // connections 1, pending 2, requests 1, retries 0. (Envoy's fifth is of connection pools.)
  const Limits::Owner limits = Limits::Create("x", Of(1, 2, 1, 0));
  const std::vector<uint64_t> before = {1, 2, 1, 0}, after = {0, 1, 0, 0};
  for (size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(limits->View(kKinds[i], kDefault).remaining, before[i]);
    {
      const std::vector<LimitHold> held = Take(*limits, kKinds[i], 1);
      EXPECT_EQ(held.size(), before[i] - after[i]);
      EXPECT_EQ(limits->View(kKinds[i], kDefault).remaining, after[i]);
    }
    EXPECT_EQ(limits->View(kKinds[i], kDefault).remaining, before[i]);
  }
  limits->Update(OfBudget(20, 3));
  EXPECT_EQ(limits->View(LimitKind::kRetries, kDefault).remaining, 0u);
  EXPECT_EQ(limits->View(LimitKind::kRetries, kDefault).limit, 3u);
}

TEST(LimitsTest, Cb08ALimitOfZeroRefusesEverything) {
  const Limits::Owner limits = Limits::Create("x", Of(0, 0, 0, 0));
  for (const LimitKind kind : kKinds) {
    EXPECT_FALSE(limits->TryAcquire(kind, kDefault).has_value());
    EXPECT_TRUE(limits->TryAcquire(kind, kHigh).has_value());
  }
}

TEST(LimitsTest, KindsAndPrioritiesCountApart) {
  CircuitBreakers breakers = Of(1, 2, 3, 4);
  breakers.high.max_connections = 5;
  breakers.high.max_pending_requests = 6;
  breakers.high.max_requests = 7;
  breakers.high.max_retries = 8;
  const Limits::Owner limits = Limits::Create("x", breakers);
  std::vector<std::vector<LimitHold>> held;
  size_t expected = 0;
  for (const auto priority : {kDefault, kHigh}) {
    for (const LimitKind kind : kKinds) {
      held.push_back(Take(*limits, kind, 100, priority));
      EXPECT_EQ(held.back().size(), ++expected);
    }
  }
}

TEST(LimitsTest, HoldsMoveAndAreGivenBackOnce) {
  const Limits::Owner limits = Limits::Create("x", OfRequests(10));
  const auto in_use = [&] { return limits->View(LimitKind::kRequests, kDefault).in_use; };
  {
    LimitHold first = *limits->TryAcquire(LimitKind::kRequests, kDefault);
    LimitHold second = *limits->TryAcquire(LimitKind::kRequests, kDefault);
    EXPECT_EQ(in_use(), 2u);
    LimitHold moved(std::move(first));
    EXPECT_EQ(in_use(), 2u);
    second = std::move(moved);  // gives its own back
    EXPECT_EQ(in_use(), 1u);
    second.Release();
    EXPECT_EQ(in_use(), 0u);
    second.Release();
    EXPECT_EQ(in_use(), 0u);
    second = *limits->TryAcquire(LimitKind::kRequests, kDefault);
    EXPECT_EQ(in_use(), 1u);
  }
  EXPECT_EQ(in_use(), 0u);
}

TEST(LimitsTest, WithoutALimitNothingIsCounted) {
  const Limits::Owner limits = Limits::Create("x", OfRequests(kNone));
  std::vector<LimitHold> uncounted = Take(*limits, LimitKind::kRequests, 3);
  EXPECT_EQ(uncounted.size(), 3u);
  EXPECT_EQ(limits->View(LimitKind::kRequests, kDefault).in_use, 0u);

  // A limit that comes later is of those that begin later; those before do not lower its count.
  limits->Update(OfRequests(2));
  std::vector<LimitHold> counted = Take(*limits, LimitKind::kRequests, 10);
  EXPECT_EQ(counted.size(), 2u);
  uncounted.clear();
  EXPECT_EQ(limits->View(LimitKind::kRequests, kDefault).in_use, 2u);

  // Those that were counted stay so while there is no limit, and give back what they took.
  limits->Update(OfRequests(kNone));
  uncounted = Take(*limits, LimitKind::kRequests, 3);
  counted.pop_back();
  limits->Update(OfRequests(2));
  EXPECT_EQ(limits->View(LimitKind::kRequests, kDefault).in_use, 1u);
  EXPECT_EQ(Take(*limits, LimitKind::kRequests, 10).size(), 1u);
}

struct BudgetCase {
  std::string what;
  double percent;
  uint32_t min_retry_concurrency;
  size_t active;
  size_t pending;
  size_t retries;
};

TEST(LimitsTest, RetryBudgets) {
  const BudgetCase cases[] = {
      {"no calls: the least", 20, 3, 0, 0, 3},
      {"20 % is below the least", 20, 3, 15, 0, 3},
      {"20 % of 19, rounded down", 20, 3, 19, 0, 3},
      {"20 % of 20", 20, 3, 20, 0, 4},
      {"20 % of active and pending", 20, 3, 60, 40, 20},
      {"RET-08: none at all", 0, 0, 100, 100, 0},
      {"no percentage", 0, 2, 100, 0, 2},
      {"all", 100, 0, 7, 2, 9},
      {"more than all is all", 250, 0, 7, 2, 9},
      {"less than none is none", -5, 1, 100, 0, 1},
      {"29 % of 100 is 29", 29, 0, 100, 0, 29},
      {"a part of a percent", 12.5, 0, 40, 0, 5},
      {"the least is no limit", 20, kNone, 5, 0, 1000},
  };
  for (const BudgetCase& c : cases) {
    const Limits::Owner limits = Limits::Create("x", OfBudget(c.percent, c.min_retry_concurrency));
    const std::vector<LimitHold> active = Take(*limits, LimitKind::kRequests, c.active);
    const std::vector<LimitHold> pending = Take(*limits, LimitKind::kPending, c.pending);
    ASSERT_EQ(active.size(), c.active);
    ASSERT_EQ(pending.size(), c.pending);
    // max_retries, 0 here, does not count beside a budget.
    EXPECT_EQ(Take(*limits, LimitKind::kRetries, 1000).size(), c.retries) << c.what;
  }
}

TEST(LimitsTest, ARetryBudgetFollowsTheCalls) {
  const Limits::Owner limits = Limits::Create("x", OfBudget(50, 1));
  std::vector<LimitHold> active = Take(*limits, LimitKind::kRequests, 8);
  const std::vector<LimitHold> retries = Take(*limits, LimitKind::kRetries, 100);
  EXPECT_EQ(retries.size(), 4u);
  active.resize(4);
  EXPECT_FALSE(limits->TryAcquire(LimitKind::kRetries, kDefault).has_value());
  for (LimitHold& more : Take(*limits, LimitKind::kRequests, 6)) active.push_back(std::move(more));
  EXPECT_TRUE(limits->TryAcquire(LimitKind::kRetries, kDefault).has_value());
  EXPECT_EQ(limits->View(LimitKind::kRetries, kDefault).overflows, 2u);
}

TEST(LimitsTest, OverflowErrorsNameTheLimit) {
  CircuitBreakers breakers = Of(1, 2, 1024, 4);
  breakers.high = breakers.normal;
  breakers.high.retry_budget = Thresholds::RetryBudget{12.5, 3};
  const Limits::Owner limits = Limits::Create("x", breakers);
  const auto text = [&](LimitKind kind, model::RoutingPriority priority = kDefault) {
    const absl::Status status = limits->OverflowError(kind, priority);
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
    return std::string(status.message());
  };
  EXPECT_EQ(text(LimitKind::kRequests),
            "cluster \"x\": circuit breaker: max_requests 1024 reached");
  EXPECT_EQ(text(LimitKind::kConnections),
            "cluster \"x\": circuit breaker: max_connections 1 reached");
  EXPECT_EQ(text(LimitKind::kPending),
            "cluster \"x\": circuit breaker: max_pending_requests 2 reached");
  EXPECT_EQ(text(LimitKind::kRetries), "cluster \"x\": circuit breaker: max_retries 4 reached");
  EXPECT_EQ(text(LimitKind::kPending, kHigh),
            "cluster \"x\": circuit breaker: max_pending_requests of priority HIGH 2 reached");
  const std::vector<LimitHold> active = Take(*limits, LimitKind::kRequests, 40, kHigh);
  EXPECT_EQ(text(LimitKind::kRetries, kHigh),
            "cluster \"x\": circuit breaker: retry_budget of priority HIGH 12.5 % "
            "(5 retries) reached");
}

TEST(LimitsTest, TakingRefusingAndGivingBackAllocatesNothing) {
  CircuitBreakers breakers = OfRequests(100);
  breakers.normal.retry_budget = model::Thresholds::RetryBudget{};
  const Limits::Owner limits = Limits::Create("x", breakers);
  ResetPeak();
  const size_t before = AllocatedBytes();
  for (int i = 0; i < 50; ++i) {
    const std::optional<LimitHold> request = limits->TryAcquire(LimitKind::kRequests, kDefault);
    LimitHold first = *limits->TryAcquire(LimitKind::kRetries, kDefault);
    const LimitHold second = *limits->TryAcquire(LimitKind::kRetries, kDefault);
    const LimitHold third = std::move(*limits->TryAcquire(LimitKind::kRetries, kDefault));
    if (limits->TryAcquire(LimitKind::kRetries, kDefault).has_value()) FAIL();
    first.Release();
  }
  const size_t peak = PeakAllocatedBytes();
  EXPECT_EQ(peak, before);
}

TEST(LimitsTest, LiveAsLongAsTheLastHoldAndNoLonger) {
  const size_t before = AllocatedBytes();
  {
    Limits::Owner limits = Limits::Create("x", Of(1, 1, 2, 1));
    LimitHold connection = *limits->TryAcquire(LimitKind::kConnections, kDefault);
    LimitHold request = *limits->TryAcquire(LimitKind::kRequests, kDefault);
    LimitHold other = *limits->TryAcquire(LimitKind::kRequests, kDefault);
    const size_t alive = AllocatedBytes();
    EXPECT_GT(alive, before);
    limits.reset();
    request.Release();
    connection.Release();
    EXPECT_EQ(AllocatedBytes(), alive);
    other.Release();
    EXPECT_EQ(AllocatedBytes(), before);
  }
  EXPECT_EQ(AllocatedBytes(), before);
  Limits::Create("y", {}).reset();
  EXPECT_EQ(AllocatedBytes(), before);
}

}  // namespace
}  // namespace mesh::cluster
