#include "mesh/xds/load_report.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "mesh/xds/wire_format.h"

namespace mesh::xds {
namespace {

// Of the fields, xds/data/orca/v3/orca_load_report.proto.
constexpr uint32_t kCpuUtilization = 1;
constexpr uint32_t kMemUtilization = 2;
constexpr uint32_t kRequestCost = 4;
constexpr uint32_t kUtilization = 5;
constexpr uint32_t kRpsFractional = 6;
constexpr uint32_t kEps = 7;
constexpr uint32_t kNamedMetrics = 8;
constexpr uint32_t kApplicationUtilization = 9;
constexpr uint32_t kLastField = kApplicationUtilization;
// Of an entry of a map.
constexpr uint32_t kKey = 1;
constexpr uint32_t kValue = 2;

absl::string_view NameOf(uint32_t field) {
  switch (field) {
    case kCpuUtilization:
      return "cpu_utilization";
    case kMemUtilization:
      return "mem_utilization";
    case kRequestCost:
      return "request_cost";
    case kUtilization:
      return "utilization";
    case kRpsFractional:
      return "rps_fractional";
    case kEps:
      return "eps";
    case kNamedMetrics:
      return "named_metrics";
    case kApplicationUtilization:
      return "application_utilization";
    default:
      return "";
  }
}

bool IsMap(uint32_t field) {
  return field == kRequestCost || field == kUtilization || field == kNamedMetrics;
}

double AsDouble(uint64_t bits) {
  double value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

struct Entry {
  absl::string_view key;
  double value = 0;
};

std::optional<Entry> ParseEntry(absl::string_view bytes) {
  Entry entry;
  WireReader reader(bytes);
  while (reader.Next()) {
    if (reader.is_bytes(kKey)) entry.key = reader.bytes();
    if (reader.field() == kValue && reader.type() == WireReader::Type::kFixed64) {
      entry.value = AsDouble(reader.number());
    }
  }
  if (!reader.ok()) return std::nullopt;
  return entry;
}

// The values of the metrics that were asked for.
class NamedValues {
 public:
  explicit NamedValues(absl::Span<const std::string> names)
      : names_(names), values_(names.size(), 0) {}

  void Set(uint32_t field, double value) {
    for (size_t i = 0; i < names_.size(); ++i) {
      if (names_[i] == NameOf(field)) values_[i] = value;
    }
  }
  void Set(uint32_t map, const Entry& entry) {
    for (size_t i = 0; i < names_.size(); ++i) {
      absl::string_view name = names_[i];
      const bool is_it = absl::ConsumePrefix(&name, NameOf(map)) &&
                         absl::ConsumePrefix(&name, ".") && name == entry.key;
      if (is_it) values_[i] = entry.value;
    }
  }
  double Greatest() const {
    double greatest = 0;
    for (const double value : values_) {
      if (std::isfinite(value)) greatest = std::max(greatest, value);
    }
    return greatest;
  }

 private:
  const absl::Span<const std::string> names_;
  absl::InlinedVector<double, 4> values_;  // by name; the last of a name counts, as in protobuf
};

void SetField(uint32_t field, double value, model::LoadReport* report) {
  switch (field) {
    case kCpuUtilization:
      report->cpu_utilization = value;
      break;
    case kRpsFractional:
      report->qps = value;
      break;
    case kEps:
      report->eps = value;
      break;
    case kApplicationUtilization:
      report->application_utilization = value;
      break;
    default:
      break;
  }
}

// Unknown names are as unknown fields are.
void SetByName(absl::string_view name, double value, model::LoadReport* report,
               NamedValues* named) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(name, absl::MaxSplits('.', 1));
  for (uint32_t field = 1; field <= kLastField; ++field) {
    if (parts.first != NameOf(field)) continue;
    if (IsMap(field)) {
      named->Set(field, Entry{parts.second, value});
    } else if (parts.first == name) {
      SetField(field, value, report);
      named->Set(field, value);
    }
  }
}

std::optional<model::LoadReport> ParseText(absl::string_view text,
                                           absl::Span<const std::string> metric_names) {
  model::LoadReport report;
  NamedValues named(metric_names);
  for (const absl::string_view metric : absl::StrSplit(text, ',')) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(metric, absl::MaxSplits(absl::ByAnyChar(":="), 1));
    double value = 0;
    if (!absl::SimpleAtod(parts.second, &value) || !std::isfinite(value)) return std::nullopt;
    SetByName(absl::StripAsciiWhitespace(parts.first), value, &report, &named);
  }
  report.named_utilization = named.Greatest();
  return report;
}

std::optional<model::LoadReport> ParseBytes(absl::string_view bytes,
                                            absl::Span<const std::string> metric_names) {
  model::LoadReport report;
  NamedValues named(metric_names);
  WireReader reader(bytes);
  while (reader.Next()) {
    const uint32_t field = reader.field();
    if (reader.type() == WireReader::Type::kFixed64) {
      const double value = AsDouble(reader.number());
      SetField(field, value, &report);
      named.Set(field, value);
    } else if (reader.type() == WireReader::Type::kBytes && IsMap(field)) {
      const std::optional<Entry> entry = ParseEntry(reader.bytes());
      if (!entry.has_value()) return std::nullopt;
      named.Set(field, *entry);
    }
  }
  if (!reader.ok()) return std::nullopt;
  report.named_utilization = named.Greatest();
  return report;
}

}  // namespace

std::optional<model::LoadReport> ParseLoadReport(const EncodedLoadReport& report,
                                                 absl::Span<const std::string> metric_names) {
  if (!report.is_text) return ParseBytes(report.value, metric_names);
  absl::string_view text = report.value;
  if (absl::ConsumePrefix(&text, "BIN ")) {
    std::string bytes;
    if (!absl::Base64Unescape(text, &bytes)) return std::nullopt;
    return ParseBytes(bytes, metric_names);
  }
  absl::ConsumePrefix(&text, "TEXT ");
  return ParseText(text, metric_names);
}

}  // namespace mesh::xds
