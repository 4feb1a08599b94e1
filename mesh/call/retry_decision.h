#ifndef MESH_CALL_RETRY_DECISION_H_
#define MESH_CALL_RETRY_DECISION_H_

#include <cstdint>

#include "mesh/model/route.h"

namespace mesh::call {

// An attempt goes elsewhere by itself, without a policy, at most so often a call.
inline constexpr uint32_t kMaxElsewhere = 2;

// What a call has used up. A value.
struct AttemptCounts {
  uint32_t retries = 0;    // by policy
  uint32_t elsewhere = 0;  // of attempts that were never given to a transport
};

// How an attempt ended. A value.
struct AttemptOutcome {
  int code = 0;            // gRPC's
  bool delivered = true;   // false: certainly never given to a transport
  bool committed = false;  // the server sent initial metadata: its answer stands (gRFC A6)
};

enum class RetryDecision {
  kFinal,      // the outcome is the call's
  kElsewhere,  // again: no server has seen it, whatever the policy says
  kRetry,      // again: the policy says so
  kWait,       // again, once something may have changed: the call waits for readiness
};

// Whether a call goes on after an attempt. `wait_for_ready` is what the application asked for.
// Pure.
RetryDecision DecideRetry(const model::RetryPolicy& policy, const AttemptCounts& counts,
                          const AttemptOutcome& outcome, bool wait_for_ready);

}  // namespace mesh::call

#endif  // MESH_CALL_RETRY_DECISION_H_
