#include "tests/vectors/difference.h"

#include <cmath>
#include <map>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"

namespace mesh::vectors {
namespace {

using google::protobuf::Struct;
using google::protobuf::Value;

// A line that can be read: a table of 65,537 slots has a size and a first difference.
constexpr size_t kMostText = 400;

std::string Text(const Value& value) {
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(value, &text).ok()) return "a bad value";
  if (text.size() > kMostText) text = absl::StrCat(text.substr(0, kMostText), "...");
  return text;
}

std::optional<Difference> Compare(const Value& expected, const Value& got, double tolerance,
                                  const std::string& path) {
  const Difference difference = {Text(expected), Text(got), path};
  if (expected.kind_case() != got.kind_case()) return difference;
  switch (expected.kind_case()) {
    case Value::kNumberValue:
      // Written so that what is not a number differs.
      if (std::fabs(expected.number_value() - got.number_value()) <= tolerance) return {};
      return difference;
    case Value::kStringValue:
      if (expected.string_value() == got.string_value()) return {};
      return difference;
    case Value::kBoolValue:
      if (expected.bool_value() == got.bool_value()) return {};
      return difference;
    case Value::kNullValue:
      return {};
    case Value::kListValue: {
      const int size = expected.list_value().values_size();
      if (size != got.list_value().values_size()) return difference;
      for (int i = 0; i < size; ++i) {
        auto found = Compare(expected.list_value().values(i), got.list_value().values(i), tolerance,
                             absl::StrCat(path, "[", i, "]"));
        if (found) return found;
      }
      return {};
    }
    case Value::kStructValue:
    case Value::KIND_NOT_SET:
      break;
  }
  return difference;  // no answer is an object
}

}  // namespace

std::optional<Difference> FindDifference(const Struct& expected, const Struct& got,
                                         double tolerance) {
  const std::map<std::string, Value> sorted(expected.fields().begin(), expected.fields().end());
  for (const auto& [key, value] : sorted) {
    const auto mine = got.fields().find(key);
    if (mine == got.fields().end()) return Difference{Text(value), "nothing", key};
    auto found = Compare(value, mine->second, tolerance, key);
    if (found) return found;
  }
  return {};
}

}  // namespace mesh::vectors
