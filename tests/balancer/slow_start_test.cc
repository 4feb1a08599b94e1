#include "balancer/slow_start.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>

#include "gtest/gtest.h"

namespace mesh::balancer {
namespace {

constexpr uint32_t kMost = std::numeric_limits<uint32_t>::max();

model::SlowStart Rule(absl::Duration window, double aggression, double min_weight) {
  model::SlowStart rule;
  rule.window = window;
  rule.aggression = aggression;
  rule.min_weight = min_weight;
  return rule;
}

TEST(SlowStartTest, Factors) {
  const model::SlowStart linear = Rule(absl::Seconds(60), 1, 0.1);
  const model::SlowStart fast = Rule(absl::Seconds(60), 2, 0.1);
  const model::SlowStart slow = Rule(absl::Seconds(60), 0.5, 0.1);
  const model::SlowStart bare = Rule(absl::Seconds(10), 1, 0);
  const struct {
    std::string what;
    model::SlowStart rule;
    absl::Duration age;
    double factor;
  } cases[] = {
      {"new", linear, absl::ZeroDuration(), 0.1},
      {"from the future", linear, -absl::Seconds(5), 0.1},
      {"still at the least", linear, absl::Seconds(6), 0.1},
      {"past the least", linear, absl::Seconds(15), 0.25},
      {"half", linear, absl::Seconds(30), 0.5},
      {"nearly over", linear, absl::Seconds(54), 0.9},
      {"over", linear, absl::Seconds(60), 1},
      {"long over", linear, absl::Hours(24), 1},
      {"for ever", linear, absl::InfiniteDuration(), 1},
      {"aggressive: a square root", fast, absl::Seconds(15), 0.5},
      {"aggressive, over", fast, absl::Seconds(60), 1},
      {"cautious: a square", slow, absl::Seconds(30), 0.25},
      {"cautious, at the least", slow, absl::Seconds(15), 0.1},
      {"no least: a millisecond's worth", bare, absl::ZeroDuration(), 0.0001},
      {"no least", bare, absl::Seconds(1), 0.1},
      {"the least is all", Rule(absl::Seconds(60), 1, 1), absl::ZeroDuration(), 1},
      {"a window below a millisecond", Rule(absl::Microseconds(1), 1, 0.1), absl::ZeroDuration(),
       1},
  };
  for (const auto& c : cases) {
    EXPECT_DOUBLE_EQ(SlowStartFactor(c.rule, c.age), c.factor) << c.what;
  }
}

TEST(SlowStartTest, FactorsNeverFallAndStayWithinTheirBounds) {
  for (double aggression : {0.001, 0.5, 1.0, 1.7, 10.0, 1e6}) {
    for (double least : {0.0, 0.1, 0.99}) {
      const model::SlowStart rule = Rule(absl::Seconds(10), aggression, least);
      double last = least;
      for (int ms = 0; ms <= 11000; ms += 50) {
        const double factor = SlowStartFactor(rule, absl::Milliseconds(ms));
        EXPECT_GE(factor, last) << aggression << ", " << least << ", " << ms;
        EXPECT_LE(factor, 1);
        last = factor;
      }
      EXPECT_EQ(last, 1);
    }
  }
}

TEST(SlowStartTest, StepsAreWhereTheFactorHasChanged) {
  for (double aggression : {0.5, 1.0, 1.5}) {
    const model::SlowStart rule = Rule(absl::Seconds(60), aggression, 0.1);
    absl::Duration age = absl::ZeroDuration();
    double factor = SlowStartFactor(rule, age);
    int steps = 0;
    while (factor < 1) {
      age += NextSlowStartStep(rule, age);
      const double next = SlowStartFactor(rule, age);
      EXPECT_NEAR(next, std::min(1.0, factor + 0.05), 0.01) << aggression << ", " << age;
      factor = next;
      ASSERT_LE(++steps, 19);  // (1 - 0.1) / 0.05, and one for rounding
    }
    EXPECT_GE(steps, 16);
    EXPECT_EQ(NextSlowStartStep(rule, age), absl::InfiniteDuration());
  }
}

TEST(SlowStartTest, StepsAreNeverMoreThanAHundred) {
  for (double aggression : {0.001, 3.0, 100.0, 1e9}) {
    const model::SlowStart rule = Rule(absl::Seconds(60), aggression, 0);
    absl::Duration age = absl::ZeroDuration();
    int steps = 0;
    while (age < rule.window) {
      age += NextSlowStartStep(rule, age);
      ASSERT_LE(++steps, 100) << aggression;
    }
  }
}

TEST(SlowStartTest, Weights) {
  const struct {
    std::string what;
    uint32_t weight;
    uint32_t greatest;
    double factor;
    uint32_t scaled;
  } cases[] = {
      {"a tenth of 1", 1, 1, 0.1, 10},
      {"1, warm", 1, 1, 1, 100},
      {"rounded up", 3, 5, 0.335, 101},
      {"rounded down", 3, 5, 0.333, 100},
      {"never 0", 1, 1, 0, 1},
      {"never 0, nearly", 1, 1, 1e-9, 1},
      {"great, not to be scaled", kMost, kMost, 1, kMost},
      {"great, half", kMost, kMost, 0.5, 2147483648},
      {"small beside great", 1, kMost, 0.1, 1},
      {"the greatest that is scaled whole", kMost / 100, kMost / 100, 1, kMost / 100 * 100},
      {"scaled by less", kMost / 50, kMost / 50, 1, kMost / 50 * 50},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(SlowStartWeight(c.weight, SlowStartScale(c.greatest), c.factor), c.scaled) << c.what;
  }
}

}  // namespace
}  // namespace mesh::balancer
