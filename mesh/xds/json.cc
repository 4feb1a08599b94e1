#include "mesh/xds/json.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/util/json_util.h"

namespace mesh::xds {
namespace {

using google::protobuf::ListValue;
using google::protobuf::Struct;
using google::protobuf::Value;

absl::string_view KindName(Value::KindCase kind) {
  switch (kind) {
    case Value::kNullValue:
      return "null";
    case Value::kNumberValue:
      return "a number";
    case Value::kStringValue:
      return "a string";
    case Value::kBoolValue:
      return "a boolean";
    case Value::kStructValue:
      return "an object";
    case Value::kListValue:
      return "a list";
    case Value::KIND_NOT_SET:
      break;
  }
  return "nothing";
}

bool HasKind(const Value& value, Value::KindCase kind, FieldErrors* errors) {
  if (value.kind_case() == kind) return true;
  errors->Add(absl::StrCat(KindName(value.kind_case()), " instead of ", KindName(kind)));
  return false;
}

// Protobuf's message is three lines: what is wrong, the text around it, and a caret below the
// place. Turns them into one, with the place as line and column.
std::string Locate(absl::string_view text, absl::string_view message) {
  const std::vector<absl::string_view> lines = absl::StrSplit(message, '\n');
  std::string what(lines.front());
  while (!what.empty() && what.back() == '.') what.pop_back();
  if (absl::StartsWith(what, ": ")) what.erase(0, 2);  // an error of the whole has no path
  const size_t begin = message.find('\n');
  const size_t end = message.rfind('\n');
  if (begin == absl::string_view::npos || end <= begin) return what;
  const absl::string_view around = message.substr(begin + 1, end - begin - 1);
  const size_t caret = lines.back().find('^');
  const size_t at = text.find(around);
  if (caret == absl::string_view::npos || at == absl::string_view::npos) return what;
  const absl::string_view before = text.substr(0, std::min(at + caret, text.size()));
  const size_t line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t line_start = before.rfind('\n');  // npos + 1 is 0
  return absl::StrCat("line ", line, ", column ", before.size() - (line_start + 1) + 1, ": ", what);
}

}  // namespace

absl::StatusOr<Struct> ParseJsonObject(absl::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == absl::string_view::npos) {
    return absl::InvalidArgumentError("no text");
  }
  Struct object;
  const auto status =
      google::protobuf::util::JsonStringToMessage({text.data(), text.size()}, &object);
  if (status.ok()) return object;
  const auto message = status.message();
  return absl::InvalidArgumentError(
      Locate(text, absl::string_view(message.data(), message.size())));
}

std::string ToJson(const Struct& object) {
  std::string json;
  // Fails only for numbers that JSON cannot express, which cannot come out of JSON.
  if (!google::protobuf::util::MessageToJsonString(object, &json).ok()) return "{}";
  return json;
}

const Value* JsonObject::Find(const std::string& key, Value::KindCase kind) {
  known_.insert(key);
  const auto found = object_->fields().find(key);
  if (found == object_->fields().end()) return nullptr;
  const FieldErrors::Scope scope(errors_, key);
  return HasKind(found->second, kind, errors_) ? &found->second : nullptr;
}

std::string JsonObject::String(const std::string& key) {
  const Value* const value = Find(key, Value::kStringValue);
  return value == nullptr ? "" : value->string_value();
}

std::string JsonObject::RequiredString(const std::string& key) {
  if (object_->fields().count(key) == 0) {
    errors_->Add(key, "missing");
    known_.insert(key);
    return "";
  }
  const Value* const value = Find(key, Value::kStringValue);
  if (value == nullptr) return "";
  if (value->string_value().empty()) errors_->Add(key, "empty");
  return value->string_value();
}

std::vector<std::string> JsonObject::Strings(const std::string& key) {
  std::vector<std::string> strings;
  const ListValue* const list = List(key);
  if (list == nullptr) return strings;
  for (int i = 0; i < list->values_size(); ++i) {
    const FieldErrors::Scope scope(errors_, key, static_cast<size_t>(i));
    if (!HasKind(list->values(i), Value::kStringValue, errors_)) continue;
    strings.push_back(list->values(i).string_value());
  }
  return strings;
}

const Struct* JsonObject::Object(const std::string& key) {
  const Value* const value = Find(key, Value::kStructValue);
  return value == nullptr ? nullptr : &value->struct_value();
}

const ListValue* JsonObject::List(const std::string& key) {
  const Value* const value = Find(key, Value::kListValue);
  return value == nullptr ? nullptr : &value->list_value();
}

std::map<std::string, const Struct*> JsonObject::Objects() {
  std::map<std::string, const Struct*> objects;
  for (const auto& field : object_->fields()) objects.emplace(field.first, nullptr);
  for (auto it = objects.begin(); it != objects.end();) {
    it->second = Object(it->first);
    it = it->second == nullptr ? objects.erase(it) : std::next(it);
  }
  return objects;
}

void JsonObject::AppendUnknown(std::vector<std::string>* paths) const {
  std::set<std::string> unknown;
  for (const auto& field : object_->fields()) {
    if (known_.count(field.first) == 0) unknown.insert(field.first);
  }
  for (const std::string& key : unknown) {
    paths->push_back(absl::StrCat(errors_->path(), ".", key));
  }
}

const Struct* ObjectAt(const ListValue& list, int index, FieldErrors* errors) {
  const Value& value = list.values(index);
  return HasKind(value, Value::kStructValue, errors) ? &value.struct_value() : nullptr;
}

}  // namespace mesh::xds
