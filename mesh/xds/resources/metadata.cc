#include "mesh/xds/resources/metadata.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "mesh/xds/resources/parse_cost.h"

namespace mesh::xds {
namespace {

constexpr absl::string_view kBalancing = "envoy.lb";
constexpr absl::string_view kFallbackList = "fallback_list";
constexpr int kMostAlternatives = 32;

bool HasOnlyKnown(const google::protobuf::Message& message) {
  return message.GetReflection()->GetUnknownFields(message).empty();
}

bool IsPlain(const proto::Struct& fields);

bool IsPlain(const proto::Value& value) {
  if (!HasOnlyKnown(value) || !IsUtf8(value.string_value())) return false;
  if (value.has_struct_value()) return IsPlain(value.struct_value());
  if (!value.has_list_value()) return true;
  const proto::ListValue& list = value.list_value();
  return HasOnlyKnown(list) && std::all_of(list.values().begin(), list.values().end(),
                                           [](const proto::Value& v) { return IsPlain(v); });
}

// Whether Check() would find nothing; many times cheaper.
bool IsPlain(const proto::Struct& fields) {
  return HasOnlyKnown(fields) && std::all_of(fields.fields().begin(), fields.fields().end(),
                                             [](const proto::StructField& field) {
                                               return HasOnlyKnown(field) && IsUtf8(field.key()) &&
                                                      IsPlain(field.value());
                                             });
}

std::string JsonOf(double number) {
  if (number == 0) return "0";  // below zero as well
  char text[32];
  return std::string(text, std::to_chars(text, text + sizeof(text), number).ptr);
}

std::string JsonOf(const proto::Value& value);

std::string JsonOf(const proto::Struct& fields) {
  return absl::StrCat("{",
                      absl::StrJoin(FieldsOf(fields), ",",
                                    [](std::string* out, const auto& field) {
                                      absl::StrAppend(out, model::JsonString(field.first), ":",
                                                      field.second);
                                    }),
                      "}");
}

std::string JsonOf(const proto::ListValue& list) {
  return absl::StrCat("[",
                      absl::StrJoin(list.values(), ",",
                                    [](std::string* out, const proto::Value& value) {
                                      absl::StrAppend(out, JsonOf(value));
                                    }),
                      "]");
}

std::string JsonOf(const proto::Value& value) {
  switch (value.kind_case()) {
    case proto::Value::kStringValue:
      return model::JsonString(value.string_value());
    case proto::Value::kNumberValue:
      return JsonOf(value.number_value());
    case proto::Value::kBoolValue:
      return value.bool_value() ? "true" : "false";
    case proto::Value::kStructValue:
      return JsonOf(value.struct_value());
    case proto::Value::kListValue:
      return JsonOf(value.list_value());
    case proto::Value::kNullValue:
    case proto::Value::KIND_NOT_SET:  // within a list
      break;
  }
  return "null";
}

// `fields`, and those of `other`, which replace what has the same key.
model::MetadataFields Merge(const model::MetadataFields& fields,
                            const model::MetadataFields& other) {
  std::map<std::string, std::string> merged(other.begin(), other.end());
  merged.insert(fields.begin(), fields.end());
  return model::MetadataFields(merged.begin(), merged.end());
}

// The value that `key` has in the second, else in the first; null: none.
const proto::Value* FindValue(absl::string_view key, const proto::Struct& first,
                              const proto::Struct& second) {
  const proto::Value* found = nullptr;
  for (const proto::Struct* fields : {&first, &second}) {
    for (const proto::StructField& field : fields->fields()) {
      if (field.key() == key) found = &field.value();
    }
  }
  return found;
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

model::MetadataFields FieldsOf(const proto::Struct& from) {
  model::MetadataFields result;
  result.reserve(from.fields_size());
  for (const proto::StructField& field : from.fields()) {
    if (field.value().kind_case() == proto::Value::KIND_NOT_SET) continue;
    result.emplace_back(field.key(), JsonOf(field.value()));
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

void CheckValues(absl::string_view name, const proto::Struct& from, Decoding* decoding) {
  for (int i = 0; i < from.fields_size(); ++i) {
    if (from.fields(i).value().kind_case() != proto::Value::KIND_NOT_SET) continue;
    const FieldErrors::Scope scope(&decoding->errors, absl::StrCat(name, ".fields"), i);
    decoding->errors.Add("value", "missing");
  }
}

std::shared_ptr<const model::MetadataMatch> MatchOf(const proto::Struct& route,
                                                    const proto::Struct& cluster,
                                                    Decoding* decoding) {
  model::MetadataFields fields = Merge(FieldsOf(route), FieldsOf(cluster));
  if (fields.empty()) return nullptr;
  if (fields.size() > model::MetadataMatch::kMostFields) {
    decoding->errors.Add("metadata_match", absl::StrCat(fields.size(), " keys are more than ",
                                                        model::MetadataMatch::kMostFields));
    return nullptr;
  }
  std::vector<model::MetadataMatch> alternatives;
  if (const proto::Value* const list = FindValue(kFallbackList, route, cluster)) {
    model::MetadataFields others = fields;
    others.erase(std::remove_if(others.begin(), others.end(),
                                [](const auto& field) { return field.first == kFallbackList; }),
                 others.end());
    const int size = list->list_value().values_size();
    if (size > kMostAlternatives) {
      decoding->errors.Add("metadata_match", absl::StrCat(size,
                                                          " alternatives (fallback_list) are "
                                                          "more than ",
                                                          kMostAlternatives));
      return nullptr;
    }
    for (const proto::Value& value : list->list_value().values()) {
      model::MetadataFields merged = Merge(others, FieldsOf(value.struct_value()));
      if (merged.size() > model::MetadataMatch::kMostFields) {
        decoding->errors.Add("metadata_match",
                             absl::StrCat(merged.size(),
                                          " keys of an alternative (fallback_list) "
                                          "are more than ",
                                          model::MetadataMatch::kMostFields));
        return nullptr;
      }
      alternatives.emplace_back(std::move(merged));
    }
    if (size == 0) alternatives.emplace_back(std::move(others));
  }
  return std::make_shared<const model::MetadataMatch>(std::move(fields), std::move(alternatives));
}

}  // namespace mesh::xds
