#include "tests/simulation/mesh_model.h"

#include <algorithm>
#include <utility>

#include "mesh/xds/proto/cluster.pb.h"
#include "mesh/xds/proto/route.pb.h"

namespace mesh::simulation {
namespace {

using testing::kClusterLoadAssignmentType;
using testing::kClusterType;
using testing::kListenerType;
using testing::kRouteConfigurationType;
using testing::ServiceResources;

ServiceResources ResourcesOf(const std::string& name, const MeshModel::Service& service) {
  ServiceResources resources;
  resources.name = name;
  resources.cluster_weights = service.weights;
  resources.retry_on = service.retry_on;
  resources.num_retries = service.num_retries;
  resources.version = service.version;
  return resources;
}

bool Has(const std::vector<std::string>& list, const std::string& address) {
  return std::find(list.begin(), list.end(), address) != list.end();
}

std::string AggregateBytes(const std::string& name, const std::vector<std::string>& children) {
  xds::proto::AggregateClusterConfig config;
  for (const std::string& child : children) config.add_clusters(child);
  xds::proto::Cluster cluster;
  cluster.set_name(name);
  cluster.mutable_cluster_type()->set_name("envoy.clusters.aggregate");
  auto* any = cluster.mutable_cluster_type()->mutable_typed_config();
  any->set_type_url("type.googleapis.com/envoy.extensions.clusters.aggregate.v3.ClusterConfig");
  any->set_value(config.SerializeAsString());
  return cluster.SerializeAsString();
}

std::string ClusterBytes(const std::string& name, const MeshModel::Cluster& cluster) {
  if (!cluster.children.empty()) return AggregateBytes(name, cluster.children);
  std::string bytes = ServiceResources::ClusterBytes(name, cluster.assignment);
  xds::proto::Cluster rest;
  rest.mutable_connect_timeout()->set_seconds(cluster.connect_timeout);
  if (cluster.ejects) {
    auto* detection = rest.mutable_outlier_detection();
    detection->mutable_interval()->set_seconds(1);
    detection->mutable_base_ejection_time()->set_seconds(2);
    detection->mutable_max_ejection_percent()->set_value(100);
  }
  if (cluster.subsets != MeshModel::Subsets::kNone) {
    auto* subsets = rest.mutable_lb_subset_config();
    subsets->add_subset_selectors()->add_keys("version");
    if (cluster.subsets == MeshModel::Subsets::kOrAnybody) {
      subsets->set_fallback_policy(xds::proto::LbSubsetConfig::ANY_ENDPOINT);
    }
  }
  return bytes + rest.SerializeAsString();
}

std::string BadBytes(const std::string& type_url, const std::string& name) {
  if (type_url == kClusterType) {
    xds::proto::Cluster cluster;
    cluster.set_name(name);
    cluster.set_type(xds::proto::Cluster::LOGICAL_DNS);
    return cluster.SerializeAsString();
  }
  if (type_url == kClusterLoadAssignmentType) {
    return ServiceResources::AssignmentBytes(name, {{"z", 1, 0, {"10.9.9.9:70000"}}});
  }
  // A route that leads nowhere.
  xds::proto::RouteConfiguration routes;
  routes.set_name(name);
  auto* host = routes.add_virtual_hosts();
  host->set_name(name);
  host->add_domains("*");
  auto* route = host->add_routes();
  route->mutable_match()->mutable_safe_regex()->set_regex("(");
  route->mutable_route()->set_cluster("none");
  return routes.SerializeAsString();
}

}  // namespace

void MeshModel::SetService(const std::string& name, Service service) {
  services_[name] = std::move(service);
  PutService(name);
}

void MeshModel::SetRoute(const std::string& service, std::map<std::string, uint32_t> weights) {
  services_[service].weights = std::move(weights);
  PutRoute(service);
}

void MeshModel::SetVersion(const std::string& service, const std::string& version) {
  services_[service].version = version;
  PutRoute(service);
}

void MeshModel::RemoveListener(const std::string& service) {
  services_[service].listed = false;
  control_plane_->Remove(kListenerType, service);
}

void MeshModel::RestoreListener(const std::string& service) {
  services_[service].listed = true;
  PutService(service);
}

void MeshModel::SetCluster(const std::string& name, std::vector<Locality> localities) {
  clusters_[name] = Cluster{std::move(localities)};
  PutCluster(name);
  PutEndpoints(name);
}

void MeshModel::SetEndpoints(const std::string& cluster, std::vector<Locality> localities) {
  clusters_[cluster].localities = std::move(localities);
  PutEndpoints(cluster);
}

void MeshModel::SetAssignment(const std::string& cluster, const std::string& assignment) {
  clusters_[cluster].assignment = assignment;
  PutCluster(cluster);
}

void MeshModel::SetOutlierDetection(const std::string& cluster, bool on) {
  clusters_[cluster].ejects = on;
  PutCluster(cluster);
}

void MeshModel::SetConnectTimeout(const std::string& cluster, uint32_t seconds) {
  clusters_[cluster].connect_timeout = seconds;
  PutCluster(cluster);
}

void MeshModel::SetSubsets(const std::string& cluster, Subsets subsets) {
  clusters_[cluster].subsets = subsets;
  PutCluster(cluster);
}

void MeshModel::SetAggregate(const std::string& cluster, std::vector<std::string> children) {
  clusters_[cluster].children = std::move(children);
  PutCluster(cluster);
}

void MeshModel::RemoveCluster(const std::string& name) {
  clusters_[name].named = false;
  control_plane_->Remove(kClusterType, name);
  spoilt_.erase({kClusterType, name});
}

void MeshModel::RestoreCluster(const std::string& name) {
  clusters_[name].named = true;
  PutCluster(name);
}

void MeshModel::Spoil(const std::string& type_url, const std::string& name) {
  spoilt_.insert({type_url, name});
  control_plane_->Set(type_url, name, BadBytes(type_url, name));
}

void MeshModel::Repair() {
  const auto spoilt = std::exchange(spoilt_, {});
  for (const auto& [type_url, name] : spoilt) {
    if (type_url == kClusterType) {
      PutCluster(name);
    } else if (type_url == kClusterLoadAssignmentType) {
      PutEndpoints(name);
    } else {
      PutService(name);
    }
  }
}

const std::vector<Locality>& MeshModel::Endpoints(const std::string& cluster) const {
  const std::string& assignment = clusters_.at(cluster).assignment;
  return clusters_.at(assignment.empty() ? cluster : assignment).localities;
}

std::vector<Locality> MeshModel::Candidates(const std::string& cluster,
                                            const std::string& version) const {
  const std::vector<Locality>& all = Endpoints(cluster);
  const Subsets subsets = clusters_.at(cluster).subsets;
  if (subsets == Subsets::kNone) return all;
  bool found = false;
  std::vector<Locality> of_version = all;
  for (Locality& locality : of_version) {
    std::vector<std::string> addresses;
    for (const std::string& address : std::exchange(locality.addresses, {})) {
      const auto here = locality.versions.find(address);
      if (here == locality.versions.end() || here->second != version) continue;
      locality.addresses.push_back(address);
      found = true;
    }
  }
  if (found) return of_version;
  return subsets == Subsets::kOrAnybody ? all : std::vector<Locality>();
}

// The rules of Envoy (load_balancer_impl.cc) told anew, without the exact loads: who gets any. Of
// an aggregate the first child that has somebody takes all calls.
std::set<std::string> MeshModel::Serving(const std::string& cluster,
                                         const std::string& version) const {
  const auto& children = clusters_.at(cluster).children;
  for (const std::string& child : children) {
    if (!clusters_.at(child).named) continue;
    std::set<std::string> serving = Serving(child, version);
    if (!serving.empty()) return serving;
  }
  if (!children.empty()) return {};
  struct Priority {
    std::set<std::string> all, healthy;
    size_t counted = 0;  // all but those that drain
    size_t Percent(size_t factor) const {
      return std::min<size_t>(100, counted == 0 ? 0 : factor * healthy.size() / counted);
    }
  };
  std::map<uint32_t, Priority> priorities;
  for (const Locality& locality : Candidates(cluster, version)) {
    Priority& priority = priorities[locality.priority];
    for (const std::string& address : locality.addresses) {
      priority.all.insert(address);
      if (Has(locality.draining, address)) continue;
      ++priority.counted;
      if (!Has(locality.unhealthy, address)) priority.healthy.insert(address);
    }
  }
  size_t availability = 0;
  bool all_panic = true;
  for (const auto& [number, priority] : priorities) {
    availability += priority.Percent(140);
    all_panic = all_panic && priority.Percent(100) < 50;
  }
  std::set<std::string> serving;
  if (availability < 100 && all_panic) {
    for (const auto& [number, priority] : priorities) {
      serving.insert(priority.all.begin(), priority.all.end());
    }
    return serving;
  }
  size_t before = 0;  // what the priorities above can take
  for (const auto& [number, priority] : priorities) {
    const size_t here = priority.Percent(140);
    if (here > 0 && before < 100) {
      const bool panic = availability < 100 && priority.Percent(100) < 50;
      const std::set<std::string>& those = panic ? priority.all : priority.healthy;
      serving.insert(those.begin(), those.end());
    }
    before += here;
  }
  return serving;
}

std::set<std::string> MeshModel::Addresses(const std::string& service) const {
  std::set<std::string> addresses;
  const auto found = services_.find(service);
  if (found == services_.end() || !found->second.listed) return addresses;
  for (const auto& share : found->second.weights) {
    const auto cluster = clusters_.find(share.first);
    if (cluster == clusters_.end() || !cluster->second.named) continue;
    const std::set<std::string> serving = Serving(cluster->first, found->second.version);
    addresses.insert(serving.begin(), serving.end());
  }
  return addresses;
}

void MeshModel::PutService(const std::string& name) {
  if (services_[name].listed) {
    control_plane_->Set(kListenerType, name, ResourcesOf(name, services_[name]).ListenerBytes());
  }
  PutRoute(name);
}

void MeshModel::PutRoute(const std::string& service) {
  spoilt_.erase({kRouteConfigurationType, service});
  control_plane_->Set(kRouteConfigurationType, service,
                      ResourcesOf(service, services_[service]).RouteConfigurationBytes());
}

void MeshModel::PutCluster(const std::string& name) {
  spoilt_.erase({kClusterType, name});
  if (clusters_[name].named) {
    control_plane_->Set(kClusterType, name, ClusterBytes(name, clusters_[name]));
  } else {
    control_plane_->Remove(kClusterType, name);
  }
}

void MeshModel::PutEndpoints(const std::string& name) {
  spoilt_.erase({kClusterLoadAssignmentType, name});
  control_plane_->Set(kClusterLoadAssignmentType, name,
                      ServiceResources::AssignmentBytes(name, clusters_[name].localities));
}

}  // namespace mesh::simulation
