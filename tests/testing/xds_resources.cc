#include "tests/testing/xds_resources.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace mesh::testing {

void ServeService(const ServiceResources& service,
                  const std::vector<ServiceResources::Locality>& localities, AdsServer* server) {
  ServiceResources complete = service;
  const std::string cluster = absl::StrCat(service.name, "-cluster");
  complete.cluster_weights = {{cluster, 1}};
  server->Set(kClusterType, cluster, ServiceResources::ClusterBytes(cluster));
  server->Set(kClusterLoadAssignmentType, cluster,
              ServiceResources::AssignmentBytes(cluster, localities));
  server->Set(kListenerType, service.name, complete.ListenerBytes());
  server->Set(kRouteConfigurationType, service.name, complete.RouteConfigurationBytes());
  for (const char* type :
       {kClusterType, kClusterLoadAssignmentType, kListenerType, kRouteConfigurationType}) {
    server->Push(type);
  }
}

}  // namespace mesh::testing
