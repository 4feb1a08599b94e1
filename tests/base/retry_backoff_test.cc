#include "mesh/base/retry_backoff.h"

#include <cstdint>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace mesh {
namespace {

struct Case {
  std::string id;
  absl::Duration base;
  absl::Duration max;
  std::vector<uint64_t> random;
  std::vector<int64_t> delays;  // ms
};

constexpr uint64_t kMost = ~uint64_t{0};

// envoy retry_state_impl_test.cc.
TEST(RetryBackoffTest, CaseTable) {
  const std::vector<Case> cases = {
      {"RET-01, BACKOFF-01",
       absl::Milliseconds(25),
       absl::Milliseconds(250),
       {190, 190, 190},
       {15, 40, 90}},
      {"BACKOFF-02",
       absl::Milliseconds(100),
       absl::Milliseconds(1200),
       {149, 350, 751, 2399, 2399},
       {49, 150, 351, 799, 1199}},
      {"RET-03",
       absl::Milliseconds(100),
       absl::Milliseconds(1000),
       {149, 350, 751, 2999, 2999},
       {49, 150, 351, 599, 999}},
      {"a max that is not a multiple",
       absl::Milliseconds(100),
       absl::Milliseconds(250),
       {99, 199, 249, 249, 250},
       {99, 199, 249, 249, 0}},
      {"below a millisecond", absl::Microseconds(10), absl::Microseconds(20), {7, 7}, {0, 0}},
      {"no base", absl::ZeroDuration(), absl::Milliseconds(3), {5, 5, 5, 5}, {0, 1, 2, 2}},
      {"a max below the base",
       absl::Milliseconds(25),
       absl::Milliseconds(10),
       {24, 24, 25},
       {24, 24, 0}},
      {"no max",
       absl::Milliseconds(int64_t{1} << 61),
       absl::InfiniteDuration(),
       {kMost, kMost},
       {(int64_t{1} << 61) - 1, (int64_t{1} << 62) - 1}},
  };
  for (const Case& c : cases) {
    RetryBackoff backoff(c.base, c.max);
    std::vector<int64_t> delays;
    for (uint64_t random : c.random) {
      delays.push_back(absl::ToInt64Milliseconds(backoff.Next(random)));
    }
    EXPECT_EQ(delays, c.delays) << c.id;
  }
}

TEST(RetryBackoffTest, NeverOverflows) {
  RetryBackoff backoff(absl::Milliseconds(1), absl::InfiniteDuration());
  for (int i = 0; i < 200; ++i) EXPECT_GE(backoff.Next(kMost), absl::ZeroDuration());
}

}  // namespace
}  // namespace mesh
