#ifndef MESH_TOOLS_CALL_SUMMARY_H_
#define MESH_TOOLS_CALL_SUMMARY_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace mesh::tools {

// The name of a gRPC status code: `OK`, `UNAVAILABLE`; `CODE_n` for one that gRPC has not.
std::string StatusCodeName(int code);

// What came of a number of calls. Thread-compatible.
class CallSummary {
 public:
  // `peer` is the address that answered, empty if none did.
  void Add(absl::string_view peer, int code, absl::string_view error_text, absl::Duration latency);

  uint64_t calls() const { return latencies_.size(); }
  uint64_t failed() const { return failed_; }

  // {"calls":N,"peers":{..},"statuses":{..},"errors":{..},"latency_ms":{..}}
  std::string ToJson() const;
  std::string ToText() const;

 private:
  // The smallest latency in ms that at least `share` of the calls did not exceed; 0 without calls.
  double Quantile(double share) const;

  uint64_t failed_ = 0;
  std::map<std::string, uint64_t> peers_;
  std::map<std::string, uint64_t> statuses_;
  std::map<std::string, std::string> errors_;  // the first text of each status
  mutable bool sorted_ = false;
  mutable std::vector<float> latencies_;  // milliseconds
};

}  // namespace mesh::tools

#endif  // MESH_TOOLS_CALL_SUMMARY_H_
