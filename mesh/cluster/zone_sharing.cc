#include "mesh/cluster/zone_sharing.h"

#include <optional>

#include "absl/strings/str_cat.h"

namespace mesh::cluster {
namespace {

using balancer::ZoneState;

// Those whose connections fail are not healthy: as if all of the locality were connected.
balancer::ZoneView ViewOf(const Locality& locality, const model::LocalCluster& local,
                          bool by_weight) {
  balancer::ZoneView view;
  const uint64_t all = locality.count(PlaceClass::kHealthy);
  view.healthy = all - locality.failing(PlaceClass::kHealthy);
  view.weight = view.healthy;
  if (by_weight && all > 0) {
    using Wide = unsigned __int128;
    view.weight =
        static_cast<uint64_t>(Wide{locality.weight(PlaceClass::kHealthy)} * view.healthy / all);
  }
  view.ready_weight = locality.ready_weight(0);
  for (const model::LocalCluster::Zone& zone : local.zones) {
    if (!(zone.locality == locality.endpoints()->locality)) continue;
    view.local_weight = by_weight ? zone.weight : zone.healthy;
  }
  return view;
}

balancer::LocalClusterView ViewOf(const model::LocalCluster& local, const model::Cluster& cluster) {
  balancer::LocalClusterView view;
  view.localities = local.zones.size();
  for (const model::LocalCluster::Zone& zone : local.zones) {
    view.weight += cluster.zone_aware->by_weight ? zone.weight : zone.healthy;
    if (zone.locality == local.own) view.own_endpoints = zone.endpoints;
  }
  const uint64_t counted = local.endpoints - local.draining;
  // None that counts is as bad as none that is healthy (envoy isHostSetInPanic).
  view.panics = counted == 0 ? cluster.panic_threshold > 0
                             : local.usable * 100 < counted * cluster.panic_threshold;
  return view;
}

}  // namespace

std::string WhyNoZones(const model::ClusterConfig& config, bool by_weight) {
  const model::Cluster* const cluster = config.cluster.get();
  if (cluster == nullptr || !cluster->zone_aware.has_value()) return std::string();
  if (by_weight) {
    return cluster->zone_aware->asked ? "off: localities share by weight" : std::string();
  }
  if (config.local != nullptr || !cluster->zone_aware->asked) return std::string();
  return "off: nothing is known of the cluster that this process is one of "
         "(Options::local_cluster)";
}

balancer::ZoneRouting ShareByZone(const std::vector<Locality*>& localities,
                                  const model::ClusterConfig& config) {
  const model::LocalCluster& local = *config.local;
  const model::ZoneAware& settings = *config.cluster->zone_aware;
  std::vector<balancer::ZoneView> views;
  std::optional<size_t> own;
  for (const Locality* locality : localities) {
    if (locality->size() == 0) continue;
    if (locality->endpoints()->locality == local.own) own = views.size();
    views.push_back(ViewOf(*locality, local, settings.by_weight));
  }
  balancer::ZoneRouting routing =
      balancer::RouteByZone(views, own, ViewOf(local, *config.cluster), settings);
  if (routing.shares.empty()) return routing;
  std::vector<uint64_t> shares;
  auto next = routing.shares.begin();
  for (const Locality* locality : localities) {
    shares.push_back(locality->size() == 0 ? 0 : *next++);
  }
  routing.shares = std::move(shares);
  return routing;
}

std::string ToString(const balancer::ZoneRouting& routing, const model::ZoneAware& settings) {
  const auto with_part = [&](std::string text) {
    if (settings.routing_enabled == 100) return text;
    return absl::StrCat(text, ", for ", settings.routing_enabled, " % of the calls");
  };
  switch (routing.state) {
    case ZoneState::kDirect:
      return with_part("direct");
    case ZoneState::kResidual:
      return with_part(absl::StrCat("residual: ", routing.stay / 100.0, " % stay"));
    case ZoneState::kOneLocality:
      return "off: there is one locality";
    case ZoneState::kOneLocalLocality:
      return "off: the local cluster is in one locality";
    case ZoneState::kNotLocal:
      return "off: the local cluster has no endpoint in the locality of this process";
    case ZoneState::kTooSmall:
      return absl::StrCat("off: the cluster has fewer than ", settings.min_cluster_size,
                          " healthy endpoints");
    case ZoneState::kLocalPanic:
      return "off: too few endpoints of the local cluster are healthy";
  }
  return std::string();
}

}  // namespace mesh::cluster
