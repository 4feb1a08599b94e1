#ifndef MESH_XDS_RESOURCES_CLUSTER_H_
#define MESH_XDS_RESOURCES_CLUSTER_H_

#include <memory>

#include "mesh/model/profile.h"
#include "mesh/xds/resource_type.h"

namespace mesh::xds {

// envoy.config.cluster.v3.Cluster, decoded to model::Cluster.
std::unique_ptr<const ResourceType> NewClusterType(Profile profile);

}  // namespace mesh::xds

#endif  // MESH_XDS_RESOURCES_CLUSTER_H_
