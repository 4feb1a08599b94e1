#ifndef TESTS_TESTING_SERVICE_RESOURCES_H_
#define TESTS_TESTING_SERVICE_RESOURCES_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace mesh::testing {

inline constexpr char kListenerType[] = "type.googleapis.com/envoy.config.listener.v3.Listener";
inline constexpr char kRouteConfigurationType[] =
    "type.googleapis.com/envoy.config.route.v3.RouteConfiguration";
inline constexpr char kClusterType[] = "type.googleapis.com/envoy.config.cluster.v3.Cluster";
inline constexpr char kClusterLoadAssignmentType[] =
    "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment";

// A service as small resources: what a control plane serves for a target `xds:///name`. A value.
struct ServiceResources {
  struct Locality {
    std::string zone;
    uint32_t weight = 1;
    uint32_t priority = 0;
    std::vector<std::string> addresses;                // `127.0.0.1:80`
    std::vector<std::string> draining;                 // of them
    std::vector<std::string> unhealthy;                // of them, no draining one
    std::map<std::string, std::string> versions = {};  // of some: their metadata `version`
  };

  std::string name;                                 // of listener and route configuration
  std::map<std::string, uint32_t> cluster_weights;  // of the only route
  std::string retry_on;                             // empty: no retry policy
  uint32_t num_retries = 1;
  std::string version;  // of the endpoints that the route asks for; empty: of any

  // Serialized resources.
  std::string ListenerBytes() const;  // its routes come by RDS, under the same name
  std::string RouteConfigurationBytes() const;
  // `assignment` names its endpoints; empty: as the cluster.
  static std::string ClusterBytes(absl::string_view name, absl::string_view assignment = "");
  static std::string AssignmentBytes(absl::string_view cluster,
                                     const std::vector<Locality>& localities);
};

}  // namespace mesh::testing

#endif  // TESTS_TESTING_SERVICE_RESOURCES_H_
