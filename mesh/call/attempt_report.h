#ifndef MESH_CALL_ATTEMPT_REPORT_H_
#define MESH_CALL_ATTEMPT_REPORT_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "mesh/call/call_trace.h"
#include "mesh/call/channel_core.h"
#include "mesh/cluster/endpoint.h"

namespace mesh::call {

// How an attempt ended, for those who want to know.
struct AttemptEnd {
  absl::string_view method;  // may be empty
  uint32_t number = 0;       // of the attempt in its call, from 0
  int code = 0;
  bool delivered = true;
  absl::Duration latency = absl::ZeroDuration();
};

// Gives `permit` back with the outcome, and tells the trace of the call, if there is one, and the
// mesh's observer of attempts.
void EndAttempt(const AttemptEnd& end, const ChannelCore& core, CallTrace::Log* trace,
                cluster::Permit* permit);

}  // namespace mesh::call

#endif  // MESH_CALL_ATTEMPT_REPORT_H_
