#ifndef MESH_XDS_WIRE_FORMAT_H_
#define MESH_XDS_WIRE_FORMAT_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace mesh::xds {

// Walks the fields of one serialized protobuf message without a copy: values are views of the
// bytes given. It never recurses and never reads out of bounds, whatever the bytes are. Groups,
// which proto3 does not have, are malformed here.
//
//   WireReader reader(bytes);
//   while (reader.Next()) {
//     if (reader.is_bytes(3)) name = reader.bytes();
//   }
//   if (!reader.ok()) ...
//
// Thread-compatible.
class WireReader {
 public:
  enum class Type { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

  // `bytes` must outlive the reader and the views that it gives.
  explicit WireReader(absl::string_view bytes) : rest_(bytes) {}

  // Goes to the next field. False at the end, and for good where the bytes are malformed.
  bool Next();
  // Whether nothing malformed was met so far.
  bool ok() const { return ok_; }

  uint32_t field() const { return field_; }
  Type type() const { return type_; }
  // The value of a kVarint, kFixed64 or kFixed32 field.
  uint64_t number() const { return number_; }
  // The value of a kBytes field.
  absl::string_view bytes() const { return bytes_; }

  bool is_bytes(uint32_t field) const { return type_ == Type::kBytes && field_ == field; }
  bool is_varint(uint32_t field) const { return type_ == Type::kVarint && field_ == field; }

 private:
  bool ReadVarint(uint64_t* value);
  bool ReadFixed(size_t size);
  bool ReadValue(uint32_t wire_type);

  absl::string_view rest_;
  bool ok_ = true;
  uint32_t field_ = 0;
  Type type_ = Type::kVarint;
  uint64_t number_ = 0;
  absl::string_view bytes_;
};

}  // namespace mesh::xds

#endif  // MESH_XDS_WIRE_FORMAT_H_
