#ifndef MESH_MODEL_ROUTE_H_
#define MESH_MODEL_ROUTE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "mesh/model/metadata_match.h"
#include "mesh/model/path_matcher.h"
#include "mesh/model/routing_priority.h"

namespace mesh::model {

// A set of gRPC status codes 0 to 16, as bits. Immutable value.
class StatusCodeSet {
 public:
  constexpr StatusCodeSet() = default;
  constexpr explicit StatusCodeSet(uint32_t bits) : bits_(bits) {}
  constexpr bool contains(int code) const {
    return code >= 0 && code < 32 && ((bits_ >> code) & 1) != 0;
  }
  constexpr void insert(int code) { bits_ |= 1u << code; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr uint32_t bits() const { return bits_; }

 private:
  uint32_t bits_ = 0;
};

// When a call is tried again (envoy.config.route.v3.RetryPolicy; gRFC A44). Immutable.
struct RetryPolicy {
  StatusCodeSet retry_on;
  uint32_t num_retries = 1;  // attempts after the first
};

// A share of a route's calls. Immutable.
struct WeightedCluster {
  std::string cluster;  // resource name
  uint32_t weight = 1;  // above 0
  // The metadata of the endpoints that the calls go to, where the cluster has subsets; null: calls
  // name none.
  std::shared_ptr<const MetadataMatch> match;
};

// One rule of a virtual host (envoy.config.route.v3.Route with a `route` action). Immutable.
struct Route {
  std::string name;  // for explanations; may be empty
  PathMatcher path;
  std::vector<WeightedCluster> clusters;  // at least one; one cluster counts whole
  std::optional<RetryPolicy> retry;       // of the route, else of its virtual host
  // The longest a call may take with all its attempts; infinite: no limit but the caller's.
  absl::Duration timeout = absl::InfiniteDuration();
  RoutingPriority priority = RoutingPriority::kDefault;
};

// Routes of the domains that it names (envoy.config.route.v3.VirtualHost). Immutable.
struct VirtualHost {
  std::string name;
  std::vector<std::string> domains;  // `a.b`, `*.b`, `a.*`, `*`; never empty
  std::vector<Route> routes;         // the first that matches wins
};

// envoy.config.route.v3.RouteConfiguration. Immutable.
struct RouteConfiguration {
  std::string name;
  std::vector<VirtualHost> virtual_hosts;
  std::vector<std::string> ignored;  // names of the fields that were received and do nothing
};

// The virtual host that serves `domain`: exact match first, then the longest suffix (`*.b`), then
// the longest prefix (`a.*`), then `*`; letter case does not matter. Null if none does.
const VirtualHost* FindVirtualHost(const RouteConfiguration& routes, absl::string_view domain);

// envoy.config.listener.v3.Listener with an API listener. Immutable.
struct Listener {
  std::string name;
  // The routes, or the name of the RouteConfiguration resource that holds them.
  std::variant<std::shared_ptr<const RouteConfiguration>, std::string> routes;
  std::vector<std::string> ignored;  // names of the fields that were received and do nothing
};

}  // namespace mesh::model

#endif  // MESH_MODEL_ROUTE_H_
