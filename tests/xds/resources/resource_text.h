#ifndef MESH_TESTS_XDS_RESOURCES_RESOURCE_TEXT_H_
#define MESH_TESTS_XDS_RESOURCES_RESOURCE_TEXT_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "mesh/xds/resource_type.h"
#include "mesh/xds/resources/model_resource.h"
#include "mesh/xds/resources/types.h"

namespace mesh::xds {

// The serialized `Message` that `text` describes in protobuf's text format.
template <typename Message>
std::string Serialized(const std::string& text) {
  Message message;
  if (!google::protobuf::TextFormat::ParseFromString(text, &message)) {
    ADD_FAILURE() << "not a " << message.GetTypeName() << ": " << text;
  }
  return message.SerializeAsString();
}

// Text of an Any with the given message, for use inside another: `{type_url: ... value: ...}`.
std::string AnyText(absl::string_view type, absl::string_view value);

// What `type` makes of `bytes` where there was `previous` (or nothing).
inline DecodeResult DecodeBytes(const ResourceType& type, absl::string_view bytes,
                                std::shared_ptr<const Resource> previous = nullptr) {
  return type.Decode(bytes, [&](absl::string_view) { return previous; });
}

}  // namespace mesh::xds

#endif  // MESH_TESTS_XDS_RESOURCES_RESOURCE_TEXT_H_
