#include "mesh/tools/call_summary.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "mesh/tools/json_text.h"

namespace mesh::tools {

std::string StatusCodeName(int code) {
  static constexpr const char* kNames[] = {"OK",
                                           "CANCELLED",
                                           "UNKNOWN",
                                           "INVALID_ARGUMENT",
                                           "DEADLINE_EXCEEDED",
                                           "NOT_FOUND",
                                           "ALREADY_EXISTS",
                                           "PERMISSION_DENIED",
                                           "RESOURCE_EXHAUSTED",
                                           "FAILED_PRECONDITION",
                                           "ABORTED",
                                           "OUT_OF_RANGE",
                                           "UNIMPLEMENTED",
                                           "INTERNAL",
                                           "UNAVAILABLE",
                                           "DATA_LOSS",
                                           "UNAUTHENTICATED"};
  if (code < 0 || code > 16) return absl::StrCat("CODE_", code);
  return kNames[code];
}

void CallSummary::Add(absl::string_view peer, int code, absl::string_view error_text,
                      absl::Duration latency) {
  if (!peer.empty()) ++peers_[std::string(peer)];
  const std::string name = StatusCodeName(code);
  ++statuses_[name];
  if (code != 0) {
    ++failed_;
    errors_.emplace(name, std::string(error_text));
  }
  latencies_.push_back(static_cast<float>(absl::ToDoubleMilliseconds(latency)));
  sorted_ = false;
}

double CallSummary::Quantile(double share) const {
  if (latencies_.empty()) return 0;
  if (!sorted_) {
    std::sort(latencies_.begin(), latencies_.end());
    sorted_ = true;
  }
  const double rank = std::ceil(share * static_cast<double>(latencies_.size()));
  const size_t index = rank < 1 ? 0 : static_cast<size_t>(rank) - 1;
  return latencies_[std::min(index, latencies_.size() - 1)];
}

std::string CallSummary::ToJson() const {
  JsonText json;
  json.Open('{').Key("calls").Number(calls());
  json.Key("peers").Open('{');
  for (const auto& [peer, count] : peers_) json.Key(peer).Number(count);
  json.Close('}').Key("statuses").Open('{');
  for (const auto& [status, count] : statuses_) json.Key(status).Number(count);
  json.Close('}').Key("errors").Open('{');
  for (const auto& [status, text] : errors_) json.Key(status).String(text);
  json.Close('}').Key("latency_ms").Open('{');
  json.Key("p50").Number(Quantile(0.5)).Key("p90").Number(Quantile(0.9));
  json.Key("p99").Number(Quantile(0.99)).Key("max").Number(Quantile(1));
  json.Close('}').Close('}');
  return json.text();
}

std::string CallSummary::ToText() const {
  std::string out = absl::StrCat(calls(), " calls, ", failed_, " failed\n");
  const auto percent = [&](uint64_t count) {
    return 100.0 * static_cast<double>(count) / static_cast<double>(calls());
  };
  if (!peers_.empty()) out += "answered by\n";
  for (const auto& [peer, count] : peers_) {
    absl::StrAppendFormat(&out, "  %-30s %8d  %5.1f %%\n", peer, count, percent(count));
  }
  out += "status\n";
  for (const auto& [status, count] : statuses_) {
    absl::StrAppendFormat(&out, "  %-30s %8d  %5.1f %%\n", status, count, percent(count));
  }
  for (const auto& [status, text] : errors_) {
    absl::StrAppend(&out, "first ", status, ": ", text, "\n");
  }
  absl::StrAppendFormat(&out, "latency in ms: p50 %.3f, p90 %.3f, p99 %.3f, max %.3f\n",
                        Quantile(0.5), Quantile(0.9), Quantile(0.99), Quantile(1));
  return out;
}

}  // namespace mesh::tools
