#ifndef MESH_XDS_RESOURCES_WHOLE_RESOURCE_H_
#define MESH_XDS_RESOURCES_WHOLE_RESOURCE_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "mesh/base/hash128.h"
#include "mesh/xds/resource_type.h"
#include "mesh/xds/resources/decoding.h"
#include "mesh/xds/resources/model_resource.h"
#include "mesh/xds/resources/parse_cost.h"
#include "mesh/xds/wire_format.h"

namespace mesh::xds {

// A resource that is decoded whole, unless its bytes are the same as before. Immutable.
template <typename T>
class WholeResource final : public ModelResource<T> {
 public:
  WholeResource(T v, const Hash128& hash) : ModelResource<T>(std::move(v)), bytes(hash) {}

  const Hash128 bytes;
};

// Field 1 of the message in `bytes`, which names the resource of every type here.
struct NameOfResource {
  absl::string_view name;  // empty if it is not there; as far as the bytes are well-formed
  bool well_formed = true;
};
inline NameOfResource NameIn(absl::string_view bytes) {
  NameOfResource found;
  WireReader reader(bytes);
  while (reader.Next()) {
    if (reader.is_bytes(1)) found.name = reader.bytes();
  }
  found.well_formed = reader.ok();
  return found;
}

// Everything that was found wrong with a resource: `cluster "echo": <path>: <cause>; ...`.
inline absl::Status ErrorOf(const Decoding& decoding, absl::string_view kind,
                            absl::string_view name) {
  return decoding.errors.ToStatus(
      absl::StatusCode::kInvalidArgument,
      name.empty() ? std::string(kind) : absl::StrCat(kind, " \"", name, "\""));
}

// Decodes a resource whose bytes are a `Message`. `decode(message, decoding)` gives the value; it
// runs after the fields were checked, and its value counts only if there are no errors.
template <typename T, typename Message, typename Decode>
DecodeResult DecodeWhole(absl::string_view kind, absl::string_view bytes,
                         ResourceType::Previous previous, Decoding decoding, Decode decode) {
  DecodeResult result;
  const NameOfResource found = NameIn(bytes);
  result.name = std::string(found.name);
  const Hash128 hash = HashBytes(bytes);
  if (!result.name.empty()) {
    std::shared_ptr<const Resource> old = previous(result.name);
    if (old != nullptr && static_cast<const WholeResource<T>*>(old.get())->bytes == hash) {
      result.resource = std::move(old);
      return result;
    }
  }
  if (IsTooCostly(Message::descriptor(), bytes)) {
    decoding.errors.Add("too many fields for its size");
    result.error = ErrorOf(decoding, kind, result.name);
    return result;
  }
  Message message;
  // Not all that protobuf takes: what it skips, the name may have been read in front of.
  if (!found.well_formed || !message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    decoding.errors.Add("the bytes are not a message of its type");
    result.error = ErrorOf(decoding, kind, result.name);
    return result;
  }
  if (result.name.empty()) decoding.errors.Add("name", "empty");
  decoding.Check(message);
  T value = decode(message, &decoding);
  if (!decoding.errors.ok()) {
    result.error = ErrorOf(decoding, kind, result.name);
    return result;
  }
  value.ignored = decoding.ignored();
  result.resource = std::make_shared<const WholeResource<T>>(std::move(value), hash);
  return result;
}

}  // namespace mesh::xds

#endif  // MESH_XDS_RESOURCES_WHOLE_RESOURCE_H_
