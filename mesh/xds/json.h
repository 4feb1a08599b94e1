#ifndef MESH_XDS_JSON_H_
#define MESH_XDS_JSON_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/struct.pb.h"
#include "mesh/base/field_errors.h"

namespace mesh::xds {

// Reads a JSON text that is one object. Error: INVALID_ARGUMENT, says what is wrong and at which
// line and column.
absl::StatusOr<google::protobuf::Struct> ParseJsonObject(absl::string_view text);

// The JSON text of an object.
std::string ToJson(const google::protobuf::Struct& object);

// One JSON object that is read key by key: a value of the wrong type is noted as an error, and
// what was not asked for can be listed. Thread-compatible.
class JsonObject {
 public:
  using Value = google::protobuf::Value;

  // The errors' path is that of the object. Both must outlive this.
  JsonObject(const google::protobuf::Struct* object, FieldErrors* errors)
      : object_(object), errors_(errors) {}

  // Each gives an empty value or null if the key is not there, or has another type. A string that
  // is required must be there and not be empty.
  std::string String(const std::string& key);
  std::string RequiredString(const std::string& key);
  std::vector<std::string> Strings(const std::string& key);
  const google::protobuf::Struct* Object(const std::string& key);
  const google::protobuf::ListValue* List(const std::string& key);
  // All keys and values, which must be objects, sorted.
  std::map<std::string, const google::protobuf::Struct*> Objects();

  // Appends the paths of the keys that none of the above was called for, sorted.
  void AppendUnknown(std::vector<std::string>* paths) const;

 private:
  const Value* Find(const std::string& key, Value::KindCase kind);

  const google::protobuf::Struct* const object_;
  FieldErrors* const errors_;
  std::set<std::string> known_;
};

// Element `index` of a list as an object; null, and an error, if it is not one. The errors' path is
// that of the element.
const google::protobuf::Struct* ObjectAt(const google::protobuf::ListValue& list, int index,
                                         FieldErrors* errors);

}  // namespace mesh::xds

#endif  // MESH_XDS_JSON_H_
