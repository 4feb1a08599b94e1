#ifndef MESH_XDS_RESOURCES_CLUSTER_LOAD_ASSIGNMENT_H_
#define MESH_XDS_RESOURCES_CLUSTER_LOAD_ASSIGNMENT_H_

#include <memory>

#include "absl/strings/string_view.h"
#include "mesh/model/endpoints.h"
#include "mesh/model/profile.h"
#include "mesh/xds/resource_type.h"
#include "mesh/xds/resources/decoding.h"

namespace mesh::xds {

// envoy.config.endpoint.v3.ClusterLoadAssignment, decoded to model::ClusterLoadAssignment.
std::unique_ptr<const ResourceType> NewClusterLoadAssignmentType(Profile profile);

// The `load_assignment` of the cluster that `decoding` is about, whose bytes it is. Its localities
// need no name, and no weight to take load; else it is as a resource would be. What is wrong, or
// does nothing, is noted in `decoding`; if something is wrong, the result means nothing.
// REQUIRES: the fields of `decoding` have those of endpoints.
std::shared_ptr<const model::ClusterLoadAssignment> DecodeLoadAssignment(absl::string_view bytes,
                                                                         Decoding* decoding);

}  // namespace mesh::xds

#endif  // MESH_XDS_RESOURCES_CLUSTER_LOAD_ASSIGNMENT_H_
