#ifndef MESH_XDS_RESOURCES_ROUTE_CONFIGURATION_H_
#define MESH_XDS_RESOURCES_ROUTE_CONFIGURATION_H_

#include <memory>

#include "mesh/model/profile.h"
#include "mesh/model/route.h"
#include "mesh/xds/proto/route.pb.h"
#include "mesh/xds/resource_type.h"
#include "mesh/xds/resources/decoding.h"

namespace mesh::xds {

// envoy.config.route.v3.RouteConfiguration, decoded to model::RouteConfiguration.
std::unique_ptr<const ResourceType> NewRouteConfigurationType(Profile profile);

// The same message inside another, whose fields were checked. Errors are noted at the current
// path; the value does not list the fields that do nothing.
model::RouteConfiguration DecodeRouteConfiguration(const proto::RouteConfiguration& routes,
                                                   Decoding* decoding);

}  // namespace mesh::xds

#endif  // MESH_XDS_RESOURCES_ROUTE_CONFIGURATION_H_
