#ifndef MESH_XDS_RESOURCES_LISTENER_H_
#define MESH_XDS_RESOURCES_LISTENER_H_

#include <memory>

#include "mesh/model/profile.h"
#include "mesh/xds/resource_type.h"

namespace mesh::xds {

// envoy.config.listener.v3.Listener, decoded to model::Listener.
std::unique_ptr<const ResourceType> NewListenerType(Profile profile);

}  // namespace mesh::xds

#endif  // MESH_XDS_RESOURCES_LISTENER_H_
