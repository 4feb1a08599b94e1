#include "mesh/call/retry_decision.h"

namespace mesh::call {
namespace {

constexpr int kOk = 0;
constexpr int kUnavailable = 14;

}  // namespace

RetryDecision DecideRetry(const model::RetryPolicy& policy, const AttemptCounts& counts,
                          const AttemptOutcome& outcome, bool wait_for_ready) {
  if (outcome.code == kOk || outcome.committed) return RetryDecision::kFinal;
  // Other codes of an attempt that no transport took are of the caller's own making (deadline,
  // cancellation, credentials): elsewhere is no better.
  if (!outcome.delivered && outcome.code == kUnavailable) {
    if (counts.elsewhere < kMaxElsewhere) return RetryDecision::kElsewhere;
    if (wait_for_ready) return RetryDecision::kWait;
  }
  if (policy.retry_on.contains(outcome.code) && counts.retries < policy.num_retries) {
    return RetryDecision::kRetry;
  }
  return RetryDecision::kFinal;
}

}  // namespace mesh::call
