#include "resolver/single_cluster.h"

#include <utility>

namespace mesh::resolver {
namespace {

std::shared_ptr<const model::ClusterLoadAssignment> AssignmentOf(
    absl::string_view name, const std::vector<std::string>& addresses) {
  auto assignment = std::make_shared<model::ClusterLoadAssignment>();
  assignment->cluster_name = std::string(name);
  if (addresses.empty()) return assignment;
  std::vector<model::EndpointConfig> endpoints;
  endpoints.reserve(addresses.size());
  for (const std::string& address : addresses) {
    endpoints.emplace_back();
    endpoints.back().address = address;
  }
  auto locality = std::make_shared<model::LocalityEndpoints>();
  locality->weight = 1;
  locality->endpoints = model::EndpointList::Of(std::move(endpoints));
  assignment->localities.push_back(std::move(locality));
  return assignment;
}

std::shared_ptr<const model::ServiceConfig> WithCluster(const model::ServiceConfig& previous,
                                                        model::ClusterConfig cluster) {
  auto config = std::make_shared<model::ServiceConfig>(previous);
  config->clusters = {std::make_shared<const model::ClusterConfig>(std::move(cluster))};
  return config;
}

}  // namespace

std::shared_ptr<const model::ServiceConfig> NewSingleCluster(
    absl::string_view kind, absl::string_view name, const std::vector<std::string>& addresses) {
  auto cluster = std::make_shared<model::Cluster>();
  cluster->name = cluster->eds_service_name = std::string(name);
  cluster->locality_weighting = model::LocalityWeighting::kIgnored;

  model::ClusterConfig config;
  config.key = {std::string(kind), cluster->name, cluster->name};
  config.cluster = std::move(cluster);
  config.endpoints = AssignmentOf(name, addresses);

  model::Route route;
  route.name = "all";
  route.clusters.push_back({std::string(name), 1});
  model::VirtualHost virtual_host;
  virtual_host.name = std::string(name);
  virtual_host.domains = {"*"};
  virtual_host.routes.push_back(std::move(route));
  auto routes = std::make_shared<model::RouteConfiguration>();
  routes->name = std::string(name);
  routes->virtual_hosts.push_back(std::move(virtual_host));

  model::ServiceConfig service;
  service.virtual_host = &routes->virtual_hosts[0];
  service.routes = std::move(routes);
  return WithCluster(service, std::move(config));
}

std::shared_ptr<const model::ServiceConfig> WithAddresses(
    const model::ServiceConfig& previous, const std::vector<std::string>& addresses) {
  model::ClusterConfig cluster = *previous.clusters[0];
  cluster.endpoints = AssignmentOf(cluster.key.cluster, addresses);
  cluster.ambient = absl::OkStatus();
  return WithCluster(previous, std::move(cluster));
}

std::shared_ptr<const model::ServiceConfig> WithAmbient(const model::ServiceConfig& previous,
                                                        const absl::Status& ambient) {
  model::ClusterConfig cluster = *previous.clusters[0];
  cluster.ambient = ambient;
  return WithCluster(previous, std::move(cluster));
}

}  // namespace mesh::resolver
