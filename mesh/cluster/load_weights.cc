#include "mesh/cluster/load_weights.h"

#include <utility>

namespace mesh::cluster {

LoadWeights::LoadWeights(Serializer* serializer, const Clock* clock, EndpointTable* table,
                         std::function<void()> due)
    : serializer_(serializer), clock_(clock), table_(table), due_(std::move(due)) {}

LoadWeights::~LoadWeights() {
  table_->ForEach(
      [](const TableEndpoint& endpoint) { endpoint.endpoint()->ListenForLoad(nullptr); });
}

void LoadWeights::Update(const model::ClientSideWeightedRoundRobin& rules) {
  if (rules_ != nullptr && rules == *rules_) return;
  rules_ = std::make_shared<const model::ClientSideWeightedRoundRobin>(rules);
  table_->ForEach([this](const TableEndpoint& endpoint) { OnNew(endpoint); });
  Look();
}

void LoadWeights::OnNew(const TableEndpoint& endpoint) {
  endpoint.endpoint()->ListenForLoad(rules_);
}

void LoadWeights::OnSucceeded(const TableEndpoint& endpoint, const Endpoint* former) {
  endpoint.endpoint()->ShareLoad(*former);
  if (away_.erase(former) > 0) away_.insert(endpoint.endpoint());
}

void LoadWeights::OnConnection(const TableEndpoint& endpoint) {
  if (endpoint.connection_state() != wire::ConnectionState::kReady) {
    away_.insert(endpoint.endpoint());
  } else if (away_.erase(endpoint.endpoint()) > 0) {
    endpoint.endpoint()->load()->Restart();
  }
}

void LoadWeights::OnUnused(const TableEndpoint& endpoint) { away_.erase(endpoint.endpoint()); }

void LoadWeights::Look() {
  ++look_.number;
  look_.time = clock_->Now();
  serializer_->AssertHeld();
  timer_ = serializer_->After(rules_->weight_update_period, [this] { Look(); });
  due_();
}

}  // namespace mesh::cluster
