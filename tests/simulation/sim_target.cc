#include "tests/simulation/sim_target.h"

#include <utility>

namespace mesh::simulation {
namespace {

using Config = std::shared_ptr<const model::ServiceConfig>;

// `config` without its last cluster.
Config WithoutACluster(const model::ServiceConfig& config) {
  auto copy = std::make_shared<model::ServiceConfig>(config);
  copy->clusters.pop_back();
  return copy;
}

// `config` with no endpoint in any cluster.
Config WithoutEndpoints(const model::ServiceConfig& config) {
  auto copy = std::make_shared<model::ServiceConfig>(config);
  for (auto& cluster : copy->clusters) {
    auto none = std::make_shared<model::ClusterConfig>(*cluster);
    if (none->status.ok()) none->endpoints = std::make_shared<model::ClusterLoadAssignment>();
    cluster = std::move(none);
  }
  return copy;
}

size_t EndpointsOf(const model::ServiceConfig& config) {
  size_t count = 0;
  for (const auto& cluster : config.clusters) {
    if (cluster->endpoints != nullptr) count += cluster->endpoints->endpoint_count();
  }
  return count;
}

}  // namespace

void OverheardResolver::Start(resolver::ResolverObserver* observer) {
  observer_ = observer;
  resolver_->Start(this);
}

void OverheardResolver::OnConfig(Config config) {
  if (plant_ == Plant::kRouteEarly && !config->clusters.empty()) {
    config = WithoutACluster(*config);
  }
  const uint64_t token = ledger_->Hand(target_, config);
  const bool shrinks = last_ != nullptr && EndpointsOf(*config) < EndpointsOf(*last_);
  last_ = config;
  if (plant_ == Plant::kStaleConfig && shrinks) {
    SettleSoon(token);
    return;
  }
  if (plant_ == Plant::kNewEndpoints) {
    observer_->OnConfig(WithoutEndpoints(*config));
    serializer_->Post([this, alive = std::weak_ptr<bool>(alive_), config] {
      if (!alive.expired()) observer_->OnConfig(config);
    });
  } else {
    observer_->OnConfig(std::move(config));
  }
  at_moment_();
  SettleSoon(token);
}

void OverheardResolver::OnError(const absl::Status& status) {
  const uint64_t token = ledger_->Hand(target_, nullptr);
  last_ = nullptr;
  observer_->OnError(status);
  at_moment_();
  SettleSoon(token);
}

void OverheardResolver::SettleSoon(uint64_t token) {
  serializer_->Post([ledger = ledger_, token] { ledger->Settle(token); });
}

}  // namespace mesh::simulation
