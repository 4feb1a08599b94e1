#include "mesh/cluster/load_weights.h"

#include <utility>

namespace mesh::cluster {

LoadWeights::LoadWeights(LoadWatches::Options options, EndpointTable* table,
                         std::function<void()> due)
    : options_(std::move(options)), table_(table), due_(std::move(due)) {}

LoadWeights::~LoadWeights() {
  table_->ForEach(
      [](const TableEndpoint& endpoint) { endpoint.endpoint()->ListenForLoad(nullptr); });
}

void LoadWeights::Update(const model::ClientSideWeightedRoundRobin& rules) {
  if (rules_ != nullptr && rules == *rules_) return;
  const bool same_reporting =
      rules_ != nullptr && rules_->oob_reporting_period == rules.oob_reporting_period;
  rules_ = std::make_shared<const model::ClientSideWeightedRoundRobin>(rules);
  table_->ForEach([this](const TableEndpoint& endpoint) { OnNew(endpoint); });
  if (!same_reporting) WatchOutOfBand();
  Look();
}

void LoadWeights::WatchOutOfBand() {
  watches_ = nullptr;
  if (options_.watcher == nullptr || !rules_->oob_reporting_period.has_value()) return;
  watches_ = std::make_unique<LoadWatches>(options_, *rules_->oob_reporting_period);
  table_->ForEach([this](const TableEndpoint& endpoint) { watches_->OnConnection(endpoint); });
}

void LoadWeights::OnNew(const TableEndpoint& endpoint) {
  endpoint.endpoint()->ListenForLoad(rules_);
  if (endpoint.connection_state() != wire::ConnectionState::kReady) {
    away_.insert(endpoint.endpoint());
  }
}

void LoadWeights::OnSucceeded(const TableEndpoint& endpoint, const Endpoint* former) {
  endpoint.endpoint()->ShareLoad(*former);
  if (away_.erase(former) > 0) away_.insert(endpoint.endpoint());
  // OnConnection() follows, with what the other connection is like.
  if (watches_ != nullptr) watches_->Forget(endpoint);
}

void LoadWeights::OnConnection(const TableEndpoint& endpoint) {
  if (endpoint.connection_state() != wire::ConnectionState::kReady) {
    away_.insert(endpoint.endpoint());
  } else if (away_.erase(endpoint.endpoint()) > 0) {
    endpoint.endpoint()->known_load().Restart();
  }
  if (watches_ != nullptr) watches_->OnConnection(endpoint);
}

void LoadWeights::OnUnused(const TableEndpoint& endpoint) {
  away_.erase(endpoint.endpoint());
  if (watches_ != nullptr) watches_->Forget(endpoint);
}

void LoadWeights::Look() {
  ++look_.number;
  look_.time = options_.clock->Now();
  options_.serializer->AssertHeld();
  timer_ = options_.serializer->After(rules_->weight_update_period, [this] { Look(); });
  due_();
}

}  // namespace mesh::cluster
