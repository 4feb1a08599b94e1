#ifndef MESH_XDS_RESOURCES_METADATA_H_
#define MESH_XDS_RESOURCES_METADATA_H_

#include <memory>

#include "absl/strings/string_view.h"
#include "mesh/model/metadata_match.h"
#include "mesh/xds/proto/metadata.pb.h"
#include "mesh/xds/resources/decoding.h"

// Metadata, as far as balancing reads it. Each notes what is wrong at the current path of the
// decoding; what it returns then means nothing.

namespace mesh::xds {

// What `metadata` has for balancing: its `envoy.lb`. What it has for others is listed by name.
proto::Struct DecodeBalancingMetadata(const proto::Metadata& metadata, Decoding* decoding);

// The fields of `from`, but for those without a value.
model::MetadataFields FieldsOf(const proto::Struct& from);

// Adds an error for each field of `from`, which is a field `name`, that has no value.
void CheckValues(absl::string_view name, const proto::Struct& from, Decoding* decoding);

// The metadata that a route's calls name: those of `route`, where those of the cluster that was
// drawn replace what has the same key (envoy metadatamatchcriteria_impl.cc). Null: none.
std::shared_ptr<const model::MetadataMatch> MatchOf(const proto::Struct& route,
                                                    const proto::Struct& cluster,
                                                    Decoding* decoding);

}  // namespace mesh::xds

#endif  // MESH_XDS_RESOURCES_METADATA_H_
