#ifndef MESH_XDS_RESOURCES_ROUTE_ACTION_H_
#define MESH_XDS_RESOURCES_ROUTE_ACTION_H_

#include <set>
#include <string>

#include "mesh/model/route.h"
#include "mesh/xds/proto/route.pb.h"
#include "mesh/xds/resources/decoding.h"

namespace mesh::xds {

// Decodes the clusters, the timeout and the retry policy of `action` into `route`. False if the
// route is to be skipped, because its clusters are chosen in a way that is not known; that is
// listed. `plugins` are the names of the declared cluster specifier plugins. The decoding's path
// is that of `action`.
bool DecodeRouteAction(const proto::RouteAction& action, const std::set<std::string>& plugins,
                       Decoding* decoding, model::Route* route);

}  // namespace mesh::xds

#endif  // MESH_XDS_RESOURCES_ROUTE_ACTION_H_
