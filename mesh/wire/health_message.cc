#include "mesh/wire/health_message.h"

#include <cstdint>
#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "mesh/xds/wire_format.h"

namespace mesh::wire {
namespace {

constexpr uint32_t kServiceField = 1;  // HealthCheckRequest.service
constexpr uint32_t kStatusField = 1;   // HealthCheckResponse.status
constexpr char kBytesType = 2;
// HealthCheckResponse.ServingStatus
constexpr uint64_t kServing = 1;
constexpr absl::string_view kStatusNames[] = {"UNKNOWN", "SERVING", "NOT_SERVING",
                                              "SERVICE_UNKNOWN"};

// How much of a server's message a result repeats.
constexpr size_t kLongestMessage = 200;

void AppendVarint(uint64_t value, std::string* bytes) {
  for (; value >= 0x80; value >>= 7) bytes->push_back(static_cast<char>(value | 0x80));
  bytes->push_back(static_cast<char>(value));
}

ProbeResult ReadResponse(absl::string_view response) {
  uint64_t status = 0;
  xds::WireReader reader(response);
  while (reader.Next()) {
    if (reader.is_varint(kStatusField)) status = reader.number();
  }
  if (!reader.ok()) return {ProbeOutcome::kUnexpected, "malformed HealthCheckResponse"};
  const ProbeOutcome outcome =
      status == kServing ? ProbeOutcome::kSuccess : ProbeOutcome::kUnexpected;
  if (status >= std::size(kStatusNames)) return {outcome, absl::StrCat("status ", status)};
  return {outcome, std::string(kStatusNames[status])};
}

ProbeOutcome OutcomeOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kUnimplemented:
      return ProbeOutcome::kUnimplemented;
    case absl::StatusCode::kDeadlineExceeded:
      return ProbeOutcome::kTimeout;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kCancelled:
      return ProbeOutcome::kNetwork;
    default:
      return ProbeOutcome::kUnexpected;
  }
}

}  // namespace

std::string EncodeHealthCheckRequest(absl::string_view service) {
  std::string bytes;
  if (service.empty()) return bytes;
  bytes.push_back(static_cast<char>(kServiceField << 3 | kBytesType));
  AppendVarint(service.size(), &bytes);
  bytes.append(service.data(), service.size());
  return bytes;
}

ProbeResult ToProbeResult(int code, absl::string_view message, absl::string_view response) {
  if (code == 0) return ReadResponse(response);
  const auto status = static_cast<absl::StatusCode>(code);
  std::string text = absl::StatusCodeToString(status);
  if (!message.empty()) absl::StrAppend(&text, ": ", message.substr(0, kLongestMessage));
  return {OutcomeOf(status), std::move(text)};
}

}  // namespace mesh::wire
