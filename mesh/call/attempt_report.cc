#include "mesh/call/attempt_report.h"

#include "mesh/call/call_trace_log.h"

namespace mesh::call {

void EndAttempt(const AttemptEnd& end, const ChannelCore& core, CallTrace::Log* trace,
                cluster::Permit* permit) {
  if (!*permit) return;
  const absl::Duration latency = end.end - end.start;
  if (trace != nullptr) {
    trace->Add({permit->endpoint()->address(), end.code, end.delivered});
  }
  if (const AttemptObserver& observer = core.environment()->attempt_observer()) {
    observer({core.target(), end.method, permit->endpoint()->address(), end.number, end.code,
              end.delivered, latency});
  }
  permit->End(cluster::Report{end.code, end.delivered, latency, end.end, end.load_report});
}

}  // namespace mesh::call
