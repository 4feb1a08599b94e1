#include "mesh/cluster/endpoint_table.h"

#include <algorithm>
#include <string>
#include <utility>

#include "mesh/cluster/locality.h"

namespace mesh::cluster {

EndpointTable::~EndpointTable() = default;

TableEndpoint* EndpointTable::Attach(const model::EndpointConfig& config, const Place& place) {
  TableEndpoint* result = Find(config.address);
  if (result == nullptr) {
    result = New(config);
  } else {
    result->SetExtras(config.extras);
  }
  StopLingering(result);
  result->places().push_back(place);
  return result;
}

TableEndpoint* EndpointTable::New(const model::EndpointConfig& config) {
  auto* const endpoint = new Endpoint(config.address, options_.reaper, options_.hearing);
  auto made = std::make_unique<TableEndpoint>(endpoint, this);
  TableEndpoint* const result = made.get();
  by_address_.emplace(endpoint->address(), std::move(made));
  by_endpoint_.emplace(endpoint, result);
  result->extras_ = config.extras;
  options_.on_new(*result);
  result->SetLink(result->NewLink());
  if (result->state() != wire::ConnectionState::kIdle) options_.on_connection(*result);
  return result;
}

void EndpointTable::SetConnectionOptions(const model::ConnectionOptions& options) {
  if (options == connection_options_) return;
  connection_options_ = options;
  prepares_successors_ = true;
}

void EndpointTable::PrepareSuccessors() {
  if (!std::exchange(prepares_successors_, false)) return;
  for (TableEndpoint* endpoint : InOrder()) endpoint->PrepareSuccessor();
}

void EndpointTable::TakeSuccessors() {
  for (const Endpoint* object : std::exchange(may_succeed_, {})) {
    TableEndpoint* const endpoint = Find(object);
    // It may have gone, or have no successor or another one meanwhile.
    if (endpoint == nullptr || !std::exchange(endpoint->may_succeed_, false)) continue;
    if (endpoint->successor_ == nullptr) continue;
    const wire::ConnectionState state = endpoint->successor_->share->state();
    if (state == wire::ConnectionState::kReady || state == wire::ConnectionState::kFailing) {
      Succeed(endpoint);
    }
  }
}

void EndpointTable::Succeed(TableEndpoint* endpoint) {
  Endpoint* const former = endpoint->endpoint_;
  for (const Place& place : endpoint->places_) place.locality->OnLeave(*endpoint, place);
  auto* const object = new Endpoint(former->address(), options_.reaper, options_.hearing);
  // The keys of the maps are the objects and what they own.
  std::unique_ptr<TableEndpoint> owned = std::move(by_address_.at(former->address()));
  by_address_.erase(former->address());
  by_endpoint_.erase(former);
  by_address_.emplace(object->address(), std::move(owned));
  by_endpoint_.emplace(object, endpoint);
  endpoint->endpoint_ = object;
  endpoint->SetLink(std::move(endpoint->successor_));
  for (const Place& place : endpoint->places_) place.locality->OnEnter(*endpoint, place);
  former_.push_back(former);
  options_.on_succeeded(*endpoint, former);
  options_.on_connection(*endpoint);
}

void EndpointTable::Detach(TableEndpoint* endpoint, const Place& place, bool given_up) {
  endpoint->given_up_ = given_up;
  absl::InlinedVector<Place, 1>& places = endpoint->places();
  places.erase(std::find(places.begin(), places.end(), place));
  if (places.empty()) MarkMaybeUnused(endpoint);
}

void EndpointTable::MarkMaybeUnused(TableEndpoint* endpoint) {
  if (endpoint->maybe_unused_) return;
  endpoint->maybe_unused_ = true;
  maybe_unused_.push_back(endpoint);
}

void EndpointTable::SetLingering(bool on) {
  lingering_on_ = on;
  if (on) return;
  for (auto& [number, lingering] : lingering_) MarkMaybeUnused(lingering.endpoint);
}

void EndpointTable::NoteConfigured(absl::string_view address, bool configured) {
  TableEndpoint* const endpoint = Find(address);
  if (endpoint == nullptr) return;
  endpoint->configured_ = configured;
  if (!configured && endpoint->lingering_ != 0) MarkMaybeUnused(endpoint);
}

void EndpointTable::NoteNoneConfigured() {
  for (auto& [address, endpoint] : by_address_) endpoint->configured_ = false;
  for (auto& [number, lingering] : lingering_) MarkMaybeUnused(lingering.endpoint);
}

void EndpointTable::StopLingering(TableEndpoint* endpoint) {
  if (endpoint->lingering_ == 0) return;
  lingering_.erase(endpoint->lingering_);
  endpoint->lingering_ = 0;
}

// REQUIRES: no place names it.
bool EndpointTable::Lingers(TableEndpoint* endpoint, absl::Time now) {
  if (!lingering_on_ || !endpoint->configured_) return false;
  if (endpoint->given_up_ && !endpoint->verdict().ejected) return false;
  if (endpoint->lingering_ != 0) {
    if (now < lingering_.at(endpoint->lingering_).end) return true;
    StopLingering(endpoint);
    if (!endpoint->verdict().ejected) return false;
  }
  endpoint->lingering_ = ++last_lingering_;
  lingering_.emplace(endpoint->lingering_, Lingering{endpoint, now + kLingerFor});
  return true;
}

absl::Time EndpointTable::linger_end() const {
  return lingering_.empty() ? absl::InfiniteFuture() : lingering_.begin()->second.end;
}

std::vector<Endpoint*> EndpointTable::TakeUnused(absl::Time now) {
  for (const auto& [number, lingering] : lingering_) {
    if (now < lingering.end) break;
    MarkMaybeUnused(lingering.endpoint);
  }
  std::vector<Endpoint*> unused = std::exchange(former_, {});
  for (TableEndpoint* candidate : maybe_unused_) {
    candidate->maybe_unused_ = false;
    if (!candidate->places().empty()) continue;  // named again meanwhile
    if (Lingers(candidate, now)) continue;
    StopLingering(candidate);
    Endpoint* endpoint = candidate->endpoint();
    options_.on_unused(*candidate);
    if (candidate->connection_state() == wire::ConnectionState::kReady) --ready_;
    unused.push_back(endpoint);
    by_endpoint_.erase(endpoint);
    by_address_.erase(endpoint->address());
  }
  maybe_unused_.clear();
  return unused;
}

std::vector<TableEndpoint*> EndpointTable::InOrder() const {
  std::vector<TableEndpoint*> endpoints;
  endpoints.reserve(by_address_.size());
  for (const auto& [address, endpoint] : by_address_) endpoints.push_back(endpoint.get());
  std::sort(endpoints.begin(), endpoints.end(), [](const auto* a, const auto* b) {
    return a->endpoint()->address() < b->endpoint()->address();
  });
  return endpoints;
}

TableEndpoint* EndpointTable::Find(absl::string_view address) const {
  const auto found = by_address_.find(address);
  return found == by_address_.end() ? nullptr : found->second.get();
}

TableEndpoint* EndpointTable::Find(const Endpoint* endpoint) const {
  const auto found = by_endpoint_.find(endpoint);
  return found == by_endpoint_.end() ? nullptr : found->second;
}

}  // namespace mesh::cluster
