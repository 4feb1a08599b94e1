#ifndef TESTS_VECTORS_ROW_OBJECT_H_
#define TESTS_VECTORS_ROW_OBJECT_H_

#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "google/protobuf/struct.pb.h"
#include "mesh/base/field_errors.h"

namespace mesh::vectors {

// An object of a row, read key by key: what is missing or has the wrong type is noted as an error,
// and read as nothing. Thread-compatible.
class RowObject {
 public:
  using Value = google::protobuf::Value;

  static constexpr uint64_t kAny = std::numeric_limits<uint64_t>::max();

  // The errors' path is that of the object. Both must outlive this.
  RowObject(const google::protobuf::Struct* object, FieldErrors* errors)
      : object_(object), errors_(errors) {}

  bool has(const std::string& key) const { return object_->fields().count(key) > 0; }
  FieldErrors* errors() { return errors_; }

  // A whole number from 0 to `most`: a JSON number, or decimal digits in a string, since a number
  // is exact only up to 2^53.
  uint64_t Whole(const std::string& key, uint64_t most = kAny);
  uint32_t Whole32(const std::string& key) {
    return static_cast<uint32_t>(Whole(key, std::numeric_limits<uint32_t>::max()));
  }
  double Number(const std::string& key);
  std::string Text(const std::string& key);
  std::vector<uint64_t> Wholes(const std::string& key);
  std::vector<double> Numbers(const std::string& key);
  // Calls `read` for each element of a list of objects, and notes the keys of it that are not read.
  void ForEach(const std::string& key, absl::FunctionRef<void(RowObject*)> read);

  // Notes an error for each key that none of the above was called for: a row that says more than
  // is understood has not been checked.
  void RefuseUnknown();

 private:
  const Value* Find(const std::string& key);
  const google::protobuf::ListValue* List(const std::string& key);
  uint64_t ToWhole(const Value& value, uint64_t most);
  double ToNumber(const Value& value);

  const google::protobuf::Struct* const object_;
  FieldErrors* const errors_;
  std::set<std::string> known_;
};

}  // namespace mesh::vectors

#endif  // TESTS_VECTORS_ROW_OBJECT_H_
