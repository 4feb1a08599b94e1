#include "tests/bench/cluster_world.h"

#include <utility>

namespace mesh::bench {

ClusterWorld::ClusterWorld(uint32_t max_connected) {
  connector_.set_outcome(wire::ConnectionState::kReady);
  cluster::ClusterTable::Options options;
  options.serializer = &serializer_;
  options.epochs = &epochs_;
  options.clock = &clock_;
  options.random = random_.get();
  options.connector = &connector_;
  options.reaper = reaper_;
  options.max_connected_endpoints = max_connected;
  table_ = cluster::ClusterTable::Create(std::move(options));
}

ClusterWorld::~ClusterWorld() {
  serializer_.RunAndWait([this] { table_ = nullptr; });
  reaper_->Close();
  executor_.RunReady();
  serializer_.Shutdown();
}

std::shared_ptr<cluster::Cluster> ClusterWorld::Apply(const model::ClusterConfig& config) {
  std::shared_ptr<cluster::Cluster> cluster;
  serializer_.RunAndWait([&] { cluster = table_->Apply(config, nullptr); });
  return cluster;
}

std::shared_ptr<cluster::Cluster> ClusterWorld::ApplyAndConnect(
    const model::ClusterConfig& config) {
  std::shared_ptr<cluster::Cluster> cluster;
  serializer_.RunAndWait([&] {
    cluster = table_->Apply(config, nullptr);
    cluster->Connect();
  });
  executor_.RunReady();
  return cluster;
}

void ClusterWorld::Drop(std::shared_ptr<cluster::Cluster> cluster) {
  serializer_.RunAndWait([&] { cluster = nullptr; });
}

std::string AddressOf(int64_t i) {
  return "10." + std::to_string(i >> 16) + "." + std::to_string(i >> 8 & 255) + "." +
         std::to_string(i & 255) + ":80";
}

model::EndpointList EndpointsOf(int64_t size, bool weighted, int64_t first) {
  std::vector<model::EndpointConfig> endpoints;
  endpoints.reserve(size);
  for (int64_t i = first; i < first + size; ++i) {
    endpoints.push_back({AddressOf(i), weighted ? static_cast<uint32_t>(1 + i % 4) : 1});
  }
  return model::EndpointList::Of(std::move(endpoints));
}

model::ClusterConfig ClusterOf(std::string name, std::vector<model::EndpointList> localities,
                               std::shared_ptr<const model::Cluster> cluster) {
  auto assignment = std::make_shared<model::ClusterLoadAssignment>();
  for (model::EndpointList& endpoints : localities) {
    auto locality = std::make_shared<model::LocalityEndpoints>();
    locality->locality.zone = std::to_string(assignment->localities.size());
    locality->weight = static_cast<uint32_t>(assignment->localities.size() + 1);
    locality->endpoints = std::move(endpoints);
    assignment->localities.push_back(std::move(locality));
  }
  model::ClusterConfig config;
  config.key = {"", std::move(name), ""};
  config.cluster = std::move(cluster);
  config.endpoints = std::move(assignment);
  return config;
}

}  // namespace mesh::bench
