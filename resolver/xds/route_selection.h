#ifndef RESOLVER_XDS_ROUTE_SELECTION_H_
#define RESOLVER_XDS_ROUTE_SELECTION_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "mesh/model/route.h"

namespace mesh::resolver {

// The virtual host that serves a domain, out of one listener and its routes, and what a
// configuration needs to go with it. Immutable.
struct RouteSelection {
  std::shared_ptr<const model::Listener> listener;
  std::shared_ptr<const model::RouteConfiguration> routes;
  std::string routes_name;                           // of the resource; empty: inline
  const model::VirtualHost* virtual_host = nullptr;  // in `routes`; never null
  std::vector<std::string> clusters;                 // that its routes name; sorted, each once
  std::vector<std::string> ignored;                  // as ServiceConfig::ignored

  bool Names(absl::string_view cluster) const;
};

// `routes_name` is empty if the routes are the listener's own.
// Error: UNAVAILABLE, no virtual host serves `domain`; it names the resources.
absl::StatusOr<std::shared_ptr<const RouteSelection>> SelectRoutes(
    std::shared_ptr<const model::Listener> listener,
    std::shared_ptr<const model::RouteConfiguration> routes, absl::string_view routes_name,
    absl::string_view domain);

}  // namespace mesh::resolver

#endif  // RESOLVER_XDS_ROUTE_SELECTION_H_
