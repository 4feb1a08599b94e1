#ifndef MESH_XDS_RESOURCES_TYPES_H_
#define MESH_XDS_RESOURCES_TYPES_H_

#include <memory>

#include "mesh/model/profile.h"
#include "mesh/xds/resource_type.h"

namespace mesh::xds {

// The kinds of resource that the resolver subscribes to. Immutable, thread-safe.
struct ResourceTypes {
  std::unique_ptr<const ResourceType> listener;                 // model::Listener
  std::unique_ptr<const ResourceType> route_configuration;      // model::RouteConfiguration
  std::unique_ptr<const ResourceType> cluster;                  // model::Cluster
  std::unique_ptr<const ResourceType> cluster_load_assignment;  // model::ClusterLoadAssignment
};

// The kinds of resource, decoded by the rules of `profile`. Their values are read with ModelOf()
// (model_resource.h).
ResourceTypes NewResourceTypes(Profile profile);

}  // namespace mesh::xds

#endif  // MESH_XDS_RESOURCES_TYPES_H_
