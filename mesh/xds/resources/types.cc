#include "mesh/xds/resources/types.h"

#include "mesh/xds/resources/cluster.h"
#include "mesh/xds/resources/cluster_load_assignment.h"
#include "mesh/xds/resources/listener.h"
#include "mesh/xds/resources/route_configuration.h"

namespace mesh::xds {

ResourceTypes NewResourceTypes(Profile profile) {
  return {NewListenerType(profile), NewRouteConfigurationType(profile), NewClusterType(profile),
          NewClusterLoadAssignmentType(profile)};
}

}  // namespace mesh::xds
