#include "tests/vectors/row_object.h"

#include <cmath>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace mesh::vectors {
namespace {

constexpr double kExact = 0x1p53;

bool IsDecimal(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

}  // namespace

const RowObject::Value* RowObject::Find(const std::string& key) {
  known_.insert(key);
  const auto found = object_->fields().find(key);
  if (found != object_->fields().end()) return &found->second;
  errors_->Add(key, "not there");
  return nullptr;
}

const google::protobuf::ListValue* RowObject::List(const std::string& key) {
  const Value* value = Find(key);
  if (value == nullptr) return nullptr;
  if (value->has_list_value()) return &value->list_value();
  errors_->Add(key, "not a list");
  return nullptr;
}

uint64_t RowObject::ToWhole(const Value& value, uint64_t most) {
  uint64_t whole = 0;
  if (value.has_string_value()) {
    if (!IsDecimal(value.string_value()) || !absl::SimpleAtoi(value.string_value(), &whole)) {
      errors_->Add("not a whole number of 64 bits");
      return 0;
    }
  } else if (!value.has_number_value()) {
    errors_->Add("not a number");
    return 0;
  } else {
    const double number = value.number_value();
    if (number < 0 || number != std::floor(number)) {
      errors_->Add("not a whole number");
      return 0;
    }
    if (number > kExact) {
      errors_->Add("above 2^53, which takes a string");
      return 0;
    }
    whole = static_cast<uint64_t>(number);
  }
  if (whole <= most) return whole;
  errors_->Add(absl::StrCat("above ", most));
  return 0;
}

double RowObject::ToNumber(const Value& value) {
  if (value.has_number_value()) return value.number_value();
  errors_->Add("not a number");
  return 0;
}

uint64_t RowObject::Whole(const std::string& key, uint64_t most) {
  const Value* value = Find(key);
  const FieldErrors::Scope scope(errors_, key);
  return value == nullptr ? 0 : ToWhole(*value, most);
}

double RowObject::Number(const std::string& key) {
  const Value* value = Find(key);
  const FieldErrors::Scope scope(errors_, key);
  return value == nullptr ? 0 : ToNumber(*value);
}

std::string RowObject::Text(const std::string& key) {
  const Value* value = Find(key);
  if (value == nullptr) return "";
  if (!value->has_string_value()) errors_->Add(key, "not a string");
  return value->string_value();
}

std::vector<uint64_t> RowObject::Wholes(const std::string& key) {
  std::vector<uint64_t> wholes;
  if (const auto* list = List(key)) {
    for (int i = 0; i < list->values_size(); ++i) {
      const FieldErrors::Scope scope(errors_, key, i);
      wholes.push_back(ToWhole(list->values(i), kAny));
    }
  }
  return wholes;
}

std::vector<double> RowObject::Numbers(const std::string& key) {
  std::vector<double> numbers;
  if (const auto* list = List(key)) {
    for (int i = 0; i < list->values_size(); ++i) {
      const FieldErrors::Scope scope(errors_, key, i);
      numbers.push_back(ToNumber(list->values(i)));
    }
  }
  return numbers;
}

void RowObject::ForEach(const std::string& key, absl::FunctionRef<void(RowObject*)> read) {
  const auto* list = List(key);
  if (list == nullptr) return;
  for (int i = 0; i < list->values_size(); ++i) {
    const FieldErrors::Scope scope(errors_, key, i);
    if (!list->values(i).has_struct_value()) {
      errors_->Add("not an object");
      continue;
    }
    RowObject element(&list->values(i).struct_value(), errors_);
    read(&element);
    element.RefuseUnknown();
  }
}

void RowObject::RefuseUnknown() {
  for (const auto& [key, value] : object_->fields()) {
    if (known_.count(key) == 0) errors_->Add(key, "unknown");
  }
}

}  // namespace mesh::vectors
