#include "mesh/call/call_config.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace mesh::call {

const CallRoute::Share& CallRoute::Choose(uint64_t random) const {
  if (shares.size() == 1) return shares.front();
  const uint64_t place = random % shares.back().end;
  for (const Share& share : shares) {
    if (place < share.end) return share;
  }
  return shares.back();
}

const CallRoute* CallConfig::Find(absl::string_view path) const {
  for (const CallRoute& route : routes) {
    if (route.path.Matches(path)) return &route;
  }
  return nullptr;
}

std::unique_ptr<const CallConfig> CompileCallConfig(const model::VirtualHost& virtual_host,
                                                    const ClustersByName& clusters) {
  auto config = std::make_unique<CallConfig>();
  config->routes.reserve(virtual_host.routes.size());
  for (const model::Route& from : virtual_host.routes) {
    CallRoute route;
    route.path = from.path;
    if (from.retry.has_value()) route.retry = *from.retry;
    route.timeout = from.timeout;
    route.priority = from.priority;
    uint64_t end = 0;
    for (const model::WeightedCluster& share : from.clusters) {
      const auto found = clusters.find(share.cluster);
      if (found == clusters.end()) continue;
      end += share.weight;
      route.shares.push_back({found->second, end, share.match});
    }
    // A route keeps its place in the order even if it leads nowhere.
    config->routes.push_back(std::move(route));
  }
  return config;
}

NextStep ChooseNextStep(const CallConfig* config, absl::string_view path, uint64_t random,
                        const cluster::PickRequest& request, const EpochReader& reader) {
  if (config == nullptr) return WaitFor{nullptr, nullptr};
  if (!config->status.ok()) return GiveUp{config->status, config->shut_down};
  const CallRoute* const route = config->Find(path);
  if (route == nullptr) {
    return GiveUp{absl::UnavailableError(absl::StrCat("no route takes \"", path, "\"")), false};
  }
  if (route->shares.empty() || route->shares.back().end == 0) {
    return GiveUp{absl::UnavailableError(
                      absl::StrCat("the route of \"", path, "\" names no cluster that is there")),
                  false};
  }
  const CallRoute::Share& share = route->Choose(random);
  const cluster::Cluster& cluster = *share.cluster;
  cluster::PickRequest complete = request;
  complete.priority = route->priority;
  complete.metadata = share.match.get();
  // The number that has chosen among the clusters, made another one.
  complete.draw = random * 0x9e3779b97f4a7c15 ^ random >> 32;
  cluster::PickResult result = cluster.Pick(complete, reader);
  if (auto* picked = std::get_if<cluster::Picked>(&result)) {
    return GoTo{std::move(picked->permit), route};
  }
  if (auto* failed = std::get_if<cluster::Failed>(&result)) {
    return GiveUp{std::move(failed->status), false};
  }
  if (auto* dropped = std::get_if<cluster::Dropped>(&result)) {
    return GiveUp{std::move(dropped->status), true, true, dropped->overloaded};
  }
  return WaitFor{route, &cluster};
}

}  // namespace mesh::call
