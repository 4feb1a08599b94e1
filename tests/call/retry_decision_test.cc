#include "mesh/call/retry_decision.h"

#include <string>

#include "gtest/gtest.h"

namespace mesh::call {
namespace {

constexpr int kUnavailable = 14;
constexpr int kInternal = 13;

model::RetryPolicy None() { return {}; }

model::RetryPolicy OnUnavailable(uint32_t retries) {
  model::RetryPolicy policy;
  policy.retry_on.insert(kUnavailable);
  policy.num_retries = retries;
  return policy;
}

TEST(RetryDecisionTest, TruthTable) {
  constexpr auto kFinal = RetryDecision::kFinal;
  constexpr auto kElsewhere = RetryDecision::kElsewhere;
  constexpr auto kRetry = RetryDecision::kRetry;
  constexpr auto kWait = RetryDecision::kWait;
  const struct {
    const char* story;
    model::RetryPolicy policy;
    AttemptCounts counts;
    AttemptOutcome outcome;
    bool wait_for_ready;
    RetryDecision decision;
  } kCases[] = {
      // counts: {retries, elsewhere}; outcome: {code, delivered, committed}
      {"ok", OnUnavailable(1), {0, 0}, {0, true, false}, false, kFinal},
      {"ok, not seen by peer()", OnUnavailable(1), {0, 0}, {0, false, false}, false, kFinal},
      {"no policy", None(), {0, 0}, {kUnavailable, true, false}, false, kFinal},
      {"no policy, waiting", None(), {0, 0}, {kUnavailable, true, false}, true, kFinal},
      {"policy", OnUnavailable(1), {0, 0}, {kUnavailable, true, false}, false, kRetry},
      {"policy, other code", OnUnavailable(1), {0, 0}, {kInternal, true, false}, false, kFinal},
      {"policy used up", OnUnavailable(1), {1, 0}, {kUnavailable, true, false}, false, kFinal},
      {"policy of two", OnUnavailable(2), {1, 0}, {kUnavailable, true, false}, false, kRetry},
      {"policy of none", OnUnavailable(0), {0, 0}, {kUnavailable, true, false}, false, kFinal},
      {"committed", OnUnavailable(1), {0, 0}, {kUnavailable, true, true}, false, kFinal},
      {"never given", None(), {0, 0}, {kUnavailable, false, false}, false, kElsewhere},
      {"never given, again", None(), {0, 1}, {kUnavailable, false, false}, false, kElsewhere},
      {"never given, thrice", None(), {0, 2}, {kUnavailable, false, false}, false, kFinal},
      {"never given, thrice, waiting", None(), {0, 2}, {kUnavailable, false, false}, true, kWait},
      {"never given, thrice, policy",
       OnUnavailable(1),
       {0, 2},
       {kUnavailable, false, false},
       false,
       kRetry},
      {"elsewhere costs no retry",
       OnUnavailable(1),
       {0, 0},
       {kUnavailable, false, false},
       false,
       kElsewhere},
      {"never given, deadline", None(), {0, 0}, {4, false, false}, true, kFinal},
      {"never given, cancelled", None(), {0, 0}, {1, false, false}, true, kFinal},
  };
  for (const auto& test : kCases) {
    EXPECT_EQ(DecideRetry(test.policy, test.counts, test.outcome, test.wait_for_ready),
              test.decision)
        << test.story;
  }
}

}  // namespace
}  // namespace mesh::call
