#include "mesh/xds/resources/metadata.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "absl/strings/str_cat.h"
#include "mesh/xds/resources/parse_cost.h"

namespace mesh::xds {
namespace {

constexpr absl::string_view kBalancing = "envoy.lb";

bool HasOnlyKnown(const google::protobuf::Message& message) {
  return message.GetReflection()->GetUnknownFields(message).empty();
}

// Whether Check() would find nothing; many times cheaper.
bool IsPlain(const proto::Struct& fields) {
  return HasOnlyKnown(fields) &&
         std::all_of(fields.fields().begin(), fields.fields().end(),
                     [](const proto::StructField& field) {
                       return HasOnlyKnown(field) && HasOnlyKnown(field.value()) &&
                              IsUtf8(field.key()) && IsUtf8(field.value().string_value());
                     });
}

std::string TextOf(double number) {
  char text[32];
  return std::string(text, std::to_chars(text, text + sizeof(text), number).ptr);
}

std::optional<std::string> TextOf(const proto::Value& value) {
  switch (value.kind_case()) {
    case proto::Value::kStringValue:
      return value.string_value();
    case proto::Value::kNumberValue:
      return TextOf(value.number_value());
    case proto::Value::kBoolValue:
      return value.bool_value() ? "true" : "false";
    case proto::Value::KIND_NOT_SET:
      break;
  }
  return std::nullopt;
}

}  // namespace

proto::Struct DecodeBalancingMetadata(const proto::Metadata& metadata, Decoding* decoding) {
  proto::Struct result;
  for (const proto::FilterMetadata& entry : metadata.filter_metadata()) {
    if (entry.key() != kBalancing) {
      decoding->Ignore(absl::StrCat("filter_metadata.\"", entry.key(), "\""));
      continue;
    }
    const FieldErrors::Scope scope(&decoding->errors,
                                   absl::StrCat("filter_metadata[\"", entry.key(), "\"]"));
    // Of two entries of a map, the last is the entry.
    if (IsTooCostly(proto::Struct::descriptor(), entry.value()) ||
        !result.ParseFromString(entry.value())) {
      decoding->errors.Add("the bytes are not a google.protobuf.Struct");
    } else if (!IsPlain(result)) {
      decoding->Check(result);
    }
  }
  return result;
}

std::vector<std::pair<std::string, std::string>> TextOf(const proto::Struct& from) {
  std::vector<std::pair<std::string, std::string>> result;
  result.reserve(from.fields_size());
  for (const proto::StructField& field : from.fields()) {
    std::optional<std::string> text = TextOf(field.value());
    if (text.has_value()) result.emplace_back(field.key(), *std::move(text));
  }
  std::stable_sort(result.begin(), result.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  // Of two fields of one key, the last is the field.
  const auto begin = std::unique(result.rbegin(), result.rend(), [](const auto& a, const auto& b) {
                       return a.first == b.first;
                     }).base();
  result.erase(result.begin(), begin);
  return result;
}

}  // namespace mesh::xds
