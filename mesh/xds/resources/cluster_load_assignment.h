#ifndef MESH_XDS_RESOURCES_CLUSTER_LOAD_ASSIGNMENT_H_
#define MESH_XDS_RESOURCES_CLUSTER_LOAD_ASSIGNMENT_H_

#include <memory>

#include "mesh/model/profile.h"
#include "mesh/xds/resource_type.h"

namespace mesh::xds {

// envoy.config.endpoint.v3.ClusterLoadAssignment, decoded to model::ClusterLoadAssignment.
std::unique_ptr<const ResourceType> NewClusterLoadAssignmentType(Profile profile);

}  // namespace mesh::xds

#endif  // MESH_XDS_RESOURCES_CLUSTER_LOAD_ASSIGNMENT_H_
