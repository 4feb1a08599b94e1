#include "resolver/xds/cluster_watches.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace mesh::resolver {
namespace {

using model::ClusterConfig;

// Both errors in one; OK if both are.
absl::Status Join(const absl::Status& a, const absl::Status& b) {
  if (a.ok()) return b;
  if (b.ok()) return a;
  return absl::Status(a.code(), absl::StrCat(a.message(), "; ", b.message()));
}

bool Same(const ClusterConfig& a, const ClusterConfig& b) {
  return a.cluster == b.cluster && a.endpoints == b.endpoints && a.status == b.status &&
         a.ambient == b.ambient && a.key == b.key;
}

ClusterWatches::Config Unless(const ClusterWatches::Config& previous, ClusterConfig next) {
  if (previous != nullptr && Same(*previous, next)) return previous;
  return std::make_shared<const ClusterConfig>(std::move(next));
}

}  // namespace

ClusterWatches::ClusterWatches(xds::XdsClient* client, const xds::ResourceType* cluster_type,
                               const xds::ResourceType* endpoints_type, std::string authority,
                               std::function<void()> changed)
    : authority_(std::move(authority)),
      clusters_(client, cluster_type, changed),
      endpoints_(client, endpoints_type, changed) {}

bool ClusterWatches::IsKnown(absl::string_view cluster) {
  const ResourceWatch<model::Cluster>& watch = clusters_.Need(cluster);
  if (watch.value() == nullptr) return watch.is_known();
  if (watch.value()->type == model::ClusterType::kStatic) return true;
  return endpoints_.Need(watch.value()->eds_service_name).is_known();
}

ClusterWatches::Config ClusterWatches::Newest(absl::string_view cluster, const Config& previous) {
  const ResourceWatch<model::Cluster>& watch = clusters_.Need(cluster);
  ClusterConfig next;
  next.key.authority = authority_;
  next.key.cluster = std::string(cluster);
  next.ambient = watch.ambient();
  if (watch.value() == nullptr) {
    next.status = watch.error();
    return Unless(previous, std::move(next));
  }
  if (watch.value()->type == model::ClusterType::kStatic) {
    next.cluster = watch.value();
    next.endpoints = next.cluster->load_assignment;
    return Unless(previous, std::move(next));
  }
  next.key.eds_service_name = watch.value()->eds_service_name;
  const ResourceWatch<model::ClusterLoadAssignment>& endpoints =
      endpoints_.Need(watch.value()->eds_service_name);
  next.ambient = Join(next.ambient, endpoints.ambient());
  if (endpoints.value() == nullptr) {
    next.status = absl::UnavailableError(
        absl::StrCat("cluster \"", cluster, "\": ", endpoints.error().message()));
  } else {
    next.cluster = watch.value();
    next.endpoints = endpoints.value();
  }
  return Unless(previous, std::move(next));
}

ClusterWatches::Config ClusterWatches::Held(const Config& previous) {
  const ResourceWatch<model::Cluster>& cluster = clusters_.Need(previous->key.cluster);
  if (!previous->status.ok()) return previous;
  if (previous->cluster->type == model::ClusterType::kStatic) {
    ClusterConfig next = *previous;
    next.ambient = Join(cluster.error(), cluster.ambient());
    return Unless(previous, std::move(next));
  }
  const ResourceWatch<model::ClusterLoadAssignment>& endpoints =
      endpoints_.Need(previous->key.eds_service_name);
  ClusterConfig next = *previous;
  if (endpoints.value() != nullptr) next.endpoints = endpoints.value();
  next.ambient =
      Join(Join(cluster.error(), cluster.ambient()), Join(endpoints.error(), endpoints.ambient()));
  return Unless(previous, std::move(next));
}

void ClusterWatches::EndRound() {
  clusters_.EndRound();
  endpoints_.EndRound();
}

void ClusterWatches::List(std::vector<std::pair<std::string, std::string>>* resources) const {
  clusters_.List(resources);
  endpoints_.List(resources);
}

}  // namespace mesh::resolver
