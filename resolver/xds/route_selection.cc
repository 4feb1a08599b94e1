#include "resolver/xds/route_selection.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace mesh::resolver {
namespace {

std::vector<std::string> ClustersOf(const model::VirtualHost& virtual_host) {
  std::vector<std::string> names;
  for (const model::Route& route : virtual_host.routes) {
    for (const model::WeightedCluster& cluster : route.clusters) names.push_back(cluster.cluster);
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

// `their domains are a, *.b`, as many as one wants to read.
std::string DomainsOf(const model::RouteConfiguration& routes) {
  constexpr size_t kShown = 8;
  std::vector<absl::string_view> domains;
  size_t more = 0;
  for (const model::VirtualHost& host : routes.virtual_hosts) {
    for (const std::string& domain : host.domains) {
      if (domains.size() < kShown) {
        domains.push_back(domain);
      } else {
        ++more;
      }
    }
  }
  if (domains.empty()) return "there is none";
  return absl::StrCat("their domains are ", absl::StrJoin(domains, ", "),
                      more == 0 ? "" : absl::StrCat(" and ", more, " more"));
}

void AddIgnored(absl::string_view resource, const std::vector<std::string>& fields,
                std::vector<std::string>* ignored) {
  for (const std::string& field : fields) {
    ignored->push_back(absl::StrCat(resource, ": ", field));
  }
}

}  // namespace

bool RouteSelection::Names(absl::string_view cluster) const {
  const auto found = std::lower_bound(clusters.begin(), clusters.end(), cluster);
  return found != clusters.end() && *found == cluster;
}

absl::StatusOr<std::shared_ptr<const RouteSelection>> SelectRoutes(
    std::shared_ptr<const model::Listener> listener,
    std::shared_ptr<const model::RouteConfiguration> routes, absl::string_view routes_name,
    absl::string_view domain) {
  const std::string listener_label = absl::StrCat("Listener \"", listener->name, "\"");
  const std::string routes_label = routes_name.empty()
                                       ? absl::StrCat(listener_label, ": its own routes")
                                       : absl::StrCat("RouteConfiguration \"", routes_name, "\"");
  const model::VirtualHost* virtual_host = model::FindVirtualHost(*routes, domain);
  if (virtual_host == nullptr) {
    return absl::UnavailableError(
        absl::StrCat(routes_label, ": no virtual host serves \"", domain, "\"",
                     routes_name.empty() ? "" : absl::StrCat(" (named by ", listener_label, ")"),
                     ": ", DomainsOf(*routes)));
  }
  auto selection = std::make_shared<RouteSelection>();
  AddIgnored(listener_label, listener->ignored, &selection->ignored);
  AddIgnored(routes_label, routes->ignored, &selection->ignored);
  selection->routes_name = std::string(routes_name);
  selection->clusters = ClustersOf(*virtual_host);
  selection->virtual_host = virtual_host;
  selection->routes = std::move(routes);
  selection->listener = std::move(listener);
  return selection;
}

}  // namespace mesh::resolver
