#include "mesh/wire/load_message.h"

#include <cstdint>

namespace mesh::wire {
namespace {

constexpr char kReportInterval = 1 << 3 | 2;  // OrcaLoadReportRequest.report_interval, a message
constexpr char kSeconds = 1 << 3;             // of a Duration, a varint
constexpr char kNanos = 2 << 3;

void AppendVarint(char tag, uint64_t value, std::string* bytes) {
  if (value == 0) return;
  bytes->push_back(tag);
  for (; value >= 0x80; value >>= 7) bytes->push_back(static_cast<char>(value | 0x80));
  bytes->push_back(static_cast<char>(value));
}

}  // namespace

std::string EncodeLoadReportRequest(absl::Duration interval) {
  std::string duration;
  const int64_t seconds = absl::IDivDuration(interval, absl::Seconds(1), &interval);
  AppendVarint(kSeconds, seconds, &duration);
  AppendVarint(kNanos, absl::ToInt64Nanoseconds(interval), &duration);
  // Shorter than 128 bytes, so that its length is one.
  return std::string{kReportInterval, static_cast<char>(duration.size())} + duration;
}

}  // namespace mesh::wire
