#include "mesh/cluster/table_endpoint.h"

#include <utility>

#include "mesh/cluster/endpoint_table.h"
#include "mesh/cluster/locality.h"

namespace mesh::cluster {

wire::ConnectionKey TableEndpoint::Key() const {
  wire::ConnectionKey key{endpoint_->address(), table_->connection_options_};
  if (extras_ != nullptr) key.alternatives = extras_->additional_addresses;
  return key;
}

const wire::ConnectionKey& TableEndpoint::NewestKey() const {
  return successor_ == nullptr ? link_->key : successor_->key;
}

std::unique_ptr<TableEndpoint::Link> TableEndpoint::NewLink() {
  auto link = std::make_unique<Link>(this, Key());
  link->share = table_->options_.pool->Acquire(link->key, link.get());
  return link;
}

void TableEndpoint::SetLink(std::unique_ptr<Link> link) {
  if (state_ == wire::ConnectionState::kReady) --table_->ready_;
  link_ = std::move(link);
  state_ = link_->share->state();
  if (state_ == wire::ConnectionState::kReady) ++table_->ready_;
  reason_ = link_->share->reason();
  endpoint_->SetConnection(link_->share->connection());
}

void TableEndpoint::OnLinkState(const Link* link, wire::ConnectionState state,
                                const absl::Status& reason) {
  if (link == link_.get()) {
    OnConnectionState(state, reason);
  } else if (link == successor_.get()) {
    OnSuccessorState(state);
  }
}

void TableEndpoint::PrepareSuccessor() {
  const wire::ConnectionKey key = Key();
  if (NewestKey() == key) return;
  successor_ = nullptr;
  if (link_->key == key) return;
  successor_ = NewLink();
  OnSuccessorState(successor_->share->state());
}

// One that fails takes the place, too: that is what the configuration makes of the endpoint now.
void TableEndpoint::OnSuccessorState(wire::ConnectionState state) {
  const bool is_decided =
      state == wire::ConnectionState::kReady || state == wire::ConnectionState::kFailing;
  if (!is_decided || may_succeed_) return;
  may_succeed_ = true;
  table_->may_succeed_.push_back(endpoint_);
  table_->options_.on_successor();
}

void TableEndpoint::OnConnectionState(wire::ConnectionState state, const absl::Status& reason) {
  const wire::ConnectionState old = this->state();
  if (state_ == wire::ConnectionState::kReady) --table_->ready_;
  if (state == wire::ConnectionState::kReady) ++table_->ready_;
  state_ = state;
  endpoint_->set_connection_state(state);
  if (state == wire::ConnectionState::kFailing) reason_ = reason;
  if (state == wire::ConnectionState::kReady) reason_ = absl::OkStatus();
  for (const Place& place : places_) place.locality->OnState(*this, place, old);
  table_->options_.on_connection(*this);
}

void TableEndpoint::SetExtras(std::shared_ptr<const model::EndpointExtras> extras) {
  if (extras == extras_) return;
  extras_ = std::move(extras);
  if (!(NewestKey() == Key())) table_->prepares_successors_ = true;
  table_->options_.on_extras(*this);
}

void TableEndpoint::SetVerdict(const EndpointVerdict& verdict) {
  if (verdict == verdict_) return;
  const wire::ConnectionState old = state();
  verdict_ = verdict;
  endpoint_->set_stalled(verdict.stalled);
  for (Place& place : places_) {
    place.locality->OnState(*this, place, old);
    place.locality->OnVerdict(*this, &place);
  }
  table_->options_.on_verdict(*this);
}

void TableEndpoint::SetWarmth(uint32_t percent) {
  if (percent == warmth_) return;
  const uint32_t old = std::exchange(warmth_, percent);
  for (const Place& place : places_) place.locality->OnWarmth(*this, place, old);
}

}  // namespace mesh::cluster
