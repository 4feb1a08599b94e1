#ifndef MESH_XDS_RESOURCES_PARSE_COST_H_
#define MESH_XDS_RESOURCES_PARSE_COST_H_

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"

namespace mesh::xds {

// Whether `bytes`, parsed by protobuf as a message of `type`, would take far more memory than
// bytes: an empty message inside another is two bytes, and a hundred once it is parsed. No
// resource that means something is anywhere near; a hostile one is found out in one pass.
bool IsTooCostly(const google::protobuf::Descriptor* type, absl::string_view bytes);

}  // namespace mesh::xds

#endif  // MESH_XDS_RESOURCES_PARSE_COST_H_
