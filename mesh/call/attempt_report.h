#ifndef MESH_CALL_ATTEMPT_REPORT_H_
#define MESH_CALL_ATTEMPT_REPORT_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "mesh/call/call_trace.h"
#include "mesh/call/channel_core.h"
#include "mesh/cluster/endpoint.h"
#include "mesh/xds/load_report.h"

namespace mesh::call {

// How an attempt ended, for those who want to know.
struct AttemptEnd {
  absl::string_view method;  // may be empty
  uint32_t number = 0;       // of the attempt in its call, from 0
  int code = 0;
  bool delivered = true;
  absl::Time start;
  absl::Time end;                      // on the same clock
  xds::EncodedLoadReport load_report;  // see FindLoadReport()
};

// The server's load report in the trailing metadata of an attempt, if the cluster of the permit's
// endpoint balances by it; else empty. A view of the metadata, a range of pairs of text.
template <typename Trailing>
xds::EncodedLoadReport FindLoadReport(const cluster::Permit& permit, const Trailing& trailing) {
  xds::EncodedLoadReport report;
  if (!permit || permit.endpoint()->load() == nullptr) return report;
  for (const auto& [key, value] : trailing) {
    const absl::string_view name(key.data(), key.size());
    if (name != xds::kLoadReportKey && name != xds::kLoadReportTextKey) continue;
    report.value = absl::string_view(value.data(), value.size());
    report.is_text = name == xds::kLoadReportTextKey;
    if (!report.is_text) break;
  }
  return report;
}

// Gives `permit` back with the outcome, and tells the trace of the call, if there is one, and the
// mesh's observer of attempts.
void EndAttempt(const AttemptEnd& end, const ChannelCore& core, CallTrace::Log* trace,
                cluster::Permit* permit);

}  // namespace mesh::call

#endif  // MESH_CALL_ATTEMPT_REPORT_H_
