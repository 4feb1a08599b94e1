#ifndef TESTS_VECTORS_ANSWER_H_
#define TESTS_VECTORS_ANSWER_H_

#include <string>
#include <utility>
#include <vector>

#include "google/protobuf/struct.pb.h"

namespace mesh::vectors {

// What the library makes of a row's input, as JSON. Thread-compatible.
class Answer {
 public:
  using Value = google::protobuf::Value;

  // A number that a double holds exactly, or nearly enough.
  static Value Number(double number) {
    Value value;
    value.set_number_value(number);
    return value;
  }
  static Value Text(std::string text) {
    Value value;
    value.set_string_value(std::move(text));
    return value;
  }
  static Value Truth(bool truth) {
    Value value;
    value.set_bool_value(truth);
    return value;
  }
  static Value Nothing() {
    Value value;
    value.set_null_value(google::protobuf::NULL_VALUE);
    return value;
  }
  static Value List(std::vector<Value> values) {
    Value value;
    auto* list = value.mutable_list_value();
    for (Value& element : values) *list->add_values() = std::move(element);
    return value;
  }
  template <typename T>
  static Value Numbers(const std::vector<T>& numbers) {
    std::vector<Value> values;
    for (const T number : numbers) values.push_back(Number(static_cast<double>(number)));
    return List(std::move(values));
  }

  void Set(const std::string& key, Value value) {
    (*object_.mutable_fields())[key] = std::move(value);
  }
  const google::protobuf::Struct& object() const { return object_; }

 private:
  google::protobuf::Struct object_;
};

}  // namespace mesh::vectors

#endif  // TESTS_VECTORS_ANSWER_H_
