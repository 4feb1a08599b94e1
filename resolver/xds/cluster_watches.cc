#include "resolver/xds/cluster_watches.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace mesh::resolver {
namespace {

using model::ClusterConfig;
using model::ClusterType;

// Both errors in one; OK if both are.
absl::Status Join(const absl::Status& a, const absl::Status& b) {
  if (a.ok()) return b;
  if (b.ok()) return a;
  return absl::Status(a.code(), absl::StrCat(a.message(), "; ", b.message()));
}

// `error`, which names something that `cluster` needs.
absl::Status ErrorOf(absl::string_view cluster, const absl::Status& error) {
  if (error.ok()) return error;
  return absl::UnavailableError(absl::StrCat("cluster \"", cluster, "\": ", error.message()));
}

bool Same(const ClusterConfig& a, const ClusterConfig& b) {
  return a.cluster == b.cluster && a.endpoints == b.endpoints && a.children == b.children &&
         a.local == b.local && a.status == b.status && a.ambient == b.ambient && a.key == b.key;
}

}  // namespace

ClusterWatches::ClusterWatches(Options options)
    : options_(std::move(options)),
      clusters_(options_.client, options_.cluster_type, options_.changed),
      endpoints_(options_.client, options_.endpoints_type, options_.changed) {}

ClusterLeaves ClusterWatches::Leaves(absl::string_view cluster) {
  return FindLeaves(cluster,
                    [this](absl::string_view name) { return clusters_.Need(name).value().get(); });
}

bool ClusterWatches::TakesLocal(const model::Cluster& cluster) const {
  return !options_.local_cluster.empty() && cluster.zone_aware.has_value() &&
         cluster.type != ClusterType::kAggregate && cluster.name != options_.local_cluster;
}

void ClusterWatches::WatchLocal() {
  if (!options_.local_cluster.empty()) IsLeafKnown(options_.local_cluster);
}

bool ClusterWatches::IsLeafKnown(absl::string_view cluster) {
  const ResourceWatch<model::Cluster>& watch = clusters_.Need(cluster);
  if (watch.value() == nullptr) return watch.is_known();
  switch (watch.value()->type) {
    case ClusterType::kEds: {
      const auto& endpoints = endpoints_.Need(watch.value()->eds_service_name);
      if (endpoints.value() == nullptr || !endpoints.value()->has_names()) {
        return endpoints.is_known();
      }
      // Some of them will do: those that come later take no part before.
      DnsEndpoints& resolved = NeedDns(watch.value(), endpoints.value());
      return resolved.endpoints() != nullptr || resolved.is_known();
    }
    case ClusterType::kStrictDns:
    case ClusterType::kLogicalDns:
      return NeedDns(watch.value()).is_known();
    case ClusterType::kStatic:
    case ClusterType::kAggregate:
      break;
  }
  return true;
}

bool ClusterWatches::IsKnown(absl::string_view cluster, std::vector<std::string>* awaited) {
  const ClusterLeaves leaves = Leaves(cluster);
  bool known = true;
  // All are asked, so that all are watched from now on.
  for (const std::string& leaf : leaves.clusters) {
    if (IsLeafKnown(leaf)) continue;
    known = false;
    if (awaited != nullptr && leaves.error.ok()) awaited->push_back(leaf);
  }
  return known || !leaves.error.ok();
}

ClusterWatches::Config ClusterWatches::Make(absl::string_view cluster, bool keep) {
  auto found = made_.find(cluster);
  if (found == made_.end()) found = made_.emplace(std::string(cluster), Made()).first;
  Made& made = found->second;
  made.round = round_;
  // Kept aggregates may, for a moment, be in each other.
  if (made.under_way && made.config != nullptr) return made.config;
  made.under_way = true;
  ClusterConfig next;
  const bool known = IsKnown(cluster);
  if (known) next = Newest(cluster, keep);
  if (made.config != nullptr && (!known || (keep && !next.status.ok()))) {
    next = Kept(*made.config);
  } else if (!known) {
    next.key = {options_.authority, std::string(cluster), ""};
    next.status = absl::UnavailableError(
        absl::StrCat("cluster \"", cluster, "\": nothing is known of it yet"));
  }
  next.local = LocalFor(next);
  if (made.config == nullptr || !Same(*made.config, next)) {
    made.config = std::make_shared<const ClusterConfig>(std::move(next));
  }
  made.under_way = false;
  return made.config;
}

std::shared_ptr<const model::LocalCluster> ClusterWatches::LocalFor(const ClusterConfig& config) {
  if (config.cluster == nullptr || !TakesLocal(*config.cluster)) return nullptr;
  if (std::exchange(local_round_, round_) == round_) return local_;
  const Config made = Make(options_.local_cluster, /*keep=*/true);
  // It may have gone, and be an error to calls that go to it.
  if (made->endpoints == nullptr || made->endpoints == local_endpoints_) return local_;
  local_endpoints_ = made->endpoints;
  auto newest = model::LocalCluster::Of(local_endpoints_.get(), options_.locality);
  // Most of what changes in it does not matter.
  const bool same = newest != nullptr && local_ != nullptr && *newest == *local_;
  if (!same) local_ = std::move(newest);
  return local_;
}

model::ClusterConfig ClusterWatches::Newest(absl::string_view cluster, bool keep) {
  const ResourceWatch<model::Cluster>& watch = clusters_.Need(cluster);
  ClusterConfig next;
  next.key = {options_.authority, std::string(cluster), ""};
  next.ambient = watch.ambient();
  if (watch.value() == nullptr) {
    next.status = watch.error();
    return next;
  }
  switch (watch.value()->type) {
    case ClusterType::kEds:
      JoinEds(watch.value(), &next);
      break;
    case ClusterType::kStatic:
      next.endpoints = watch.value()->load_assignment;
      break;
    case ClusterType::kStrictDns:
    case ClusterType::kLogicalDns:
      JoinDns(watch.value()->name, &NeedDns(watch.value()), &next);
      break;
    case ClusterType::kAggregate:
      JoinAggregate(watch.value(), keep, &next);
      break;
  }
  if (next.status.ok()) next.cluster = watch.value();
  return next;
}

void ClusterWatches::JoinEds(const std::shared_ptr<const model::Cluster>& cluster,
                             ClusterConfig* config) {
  config->key.eds_service_name = cluster->eds_service_name;
  const ResourceWatch<model::ClusterLoadAssignment>& watch =
      endpoints_.Need(cluster->eds_service_name);
  config->ambient = Join(config->ambient, watch.ambient());
  config->endpoints = watch.value();
  if (watch.value() == nullptr) {
    config->status = ErrorOf(cluster->name, watch.error());
  } else if (watch.value()->has_names()) {
    JoinDns(cluster->name, &NeedDns(cluster, watch.value()), config);
  }
}

void ClusterWatches::JoinDns(const std::string& cluster, DnsEndpoints* resolved,
                             ClusterConfig* config) {
  config->endpoints = resolved->endpoints();
  const absl::Status error = ErrorOf(cluster, resolved->error());
  if (config->endpoints == nullptr) {
    config->status = error;
  } else {
    config->ambient = Join(config->ambient, error);
  }
}

void ClusterWatches::JoinAggregate(const std::shared_ptr<const model::Cluster>& cluster, bool keep,
                                   ClusterConfig* config) {
  const ClusterLeaves leaves = Leaves(cluster->name);
  config->status = leaves.error;
  if (!leaves.error.ok()) return;
  for (const std::string& leaf : leaves.clusters) config->children.push_back(Make(leaf, keep));
}

model::ClusterConfig ClusterWatches::Kept(const ClusterConfig& last) {
  const ResourceWatch<model::Cluster>& watch = clusters_.Need(last.key.cluster);
  if (!last.status.ok()) return last;
  ClusterConfig next = last;
  next.ambient = Join(watch.error(), watch.ambient());
  switch (last.cluster->type) {
    case ClusterType::kEds: {
      const ResourceWatch<model::ClusterLoadAssignment>& endpoints =
          endpoints_.Need(last.key.eds_service_name);
      next.ambient = Join(next.ambient, Join(endpoints.error(), endpoints.ambient()));
      if (endpoints.value() == nullptr) break;
      if (!endpoints.value()->has_names()) {
        next.endpoints = endpoints.value();
        break;
      }
      DnsEndpoints& resolved = NeedDns(last.cluster, endpoints.value());
      // While no name of a new version has an address yet, those of the last one stay.
      if (auto newest = resolved.endpoints()) next.endpoints = std::move(newest);
      next.ambient = Join(next.ambient, ErrorOf(last.key.cluster, resolved.error()));
      break;
    }
    case ClusterType::kStatic:
      break;
    case ClusterType::kStrictDns:
    case ClusterType::kLogicalDns: {
      DnsEndpoints& resolved = NeedDns(last.cluster);
      next.endpoints = resolved.endpoints();
      next.ambient = Join(next.ambient, ErrorOf(last.key.cluster, resolved.error()));
      break;
    }
    case ClusterType::kAggregate:
      for (Config& child : next.children) child = Make(child->key.cluster, true);
      break;
  }
  return next;
}

DnsEndpoints& ClusterWatches::NeedDns(const std::shared_ptr<const model::Cluster>& cluster,
                                      std::shared_ptr<const model::ClusterLoadAssignment> named) {
  Resolved& resolved = resolved_[cluster.get()];
  if (resolved.endpoints == nullptr) {
    resolved.cluster = cluster;
    resolved.endpoints =
        std::make_unique<DnsEndpoints>(options_.hosts, cluster->dns, options_.changed);
  }
  resolved.endpoints->SetNamed(std::move(named));
  resolved.round = round_;
  return *resolved.endpoints;
}

void ClusterWatches::EndRound() {
  clusters_.EndRound();
  endpoints_.EndRound();
  for (auto entry = resolved_.begin(); entry != resolved_.end();) {
    entry = entry->second.round == round_ ? std::next(entry) : resolved_.erase(entry);
  }
  for (auto entry = made_.begin(); entry != made_.end();) {
    entry = entry->second.round == round_ ? std::next(entry) : made_.erase(entry);
  }
  ++round_;
}

void ClusterWatches::List(std::vector<std::pair<std::string, std::string>>* resources) const {
  clusters_.List(resources);
  endpoints_.List(resources);
}

}  // namespace mesh::resolver
