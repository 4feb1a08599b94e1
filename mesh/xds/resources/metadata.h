#ifndef MESH_XDS_RESOURCES_METADATA_H_
#define MESH_XDS_RESOURCES_METADATA_H_

#include <string>
#include <utility>
#include <vector>

#include "mesh/xds/proto/metadata.pb.h"
#include "mesh/xds/resources/decoding.h"

// Metadata, as far as balancing reads it. Each notes what is wrong at the current path of the
// decoding; what it returns then means nothing.

namespace mesh::xds {

// What `metadata` has for balancing: its `envoy.lb`. What it has for others is listed by name.
proto::Struct DecodeBalancingMetadata(const proto::Metadata& metadata, Decoding* decoding);

// The fields of `from` that are text, numbers or true or false, by key, each as text: subsets are
// made of them. A number has as many digits as tell it from all others; the text `1` and the
// number are the same here, other than in Envoy.
std::vector<std::pair<std::string, std::string>> TextOf(const proto::Struct& from);

}  // namespace mesh::xds

#endif  // MESH_XDS_RESOURCES_METADATA_H_
