#include "mesh/xds/ads_session.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "mesh/xds/discovery_request.h"

namespace mesh::xds {
namespace {

constexpr absl::string_view kMethod =
    "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources";

bool SameNames(const std::vector<std::string>& names,
               const std::map<std::string, uint64_t, std::less<>>& named) {
  return std::equal(names.begin(), names.end(), named.begin(), named.end(),
                    [](const std::string& name, const auto& entry) { return name == entry.first; });
}

}  // namespace

// Asks for the next message when the last watcher lets go of it.
class AdsSession::Hold {
 public:
  explicit Hold(std::weak_ptr<AdsSession*> session) : session_(std::move(session)) {}
  ~Hold() {
    const std::shared_ptr<AdsSession*> session = session_.lock();
    if (session != nullptr && !(*session)->ended_) (*session)->stream_->Read();
  }

 private:
  const std::weak_ptr<AdsSession*> session_;
};

AdsSession::AdsSession(const Options& options, AdsSubscriptions* subscriptions, AdsSink* sink,
                       Owner* owner)
    : options_(options),
      subscriptions_(subscriptions),
      sink_(sink),
      owner_(owner),
      node_(options.node),
      self_(std::make_shared<AdsSession*>(this)),
      stream_(options.transport->Open(kMethod, this)) {
  for (const std::string& type_url : subscriptions_->Types()) Update(type_url);
  stream_->Read();
}

AdsSession::~AdsSession() = default;

void AdsSession::Update(absl::string_view type_url) {
  if (ended_) return;
  auto found = types_.find(type_url);
  if (found == types_.end()) {
    // Without a name the first request would mean "everything" to a server.
    if (subscriptions_->Names(type_url).empty()) return;
    found = types_.emplace(std::string(type_url), TypeState()).first;
    found->second.type_url = found->first;
  } else if (SameNames(subscriptions_->Names(type_url), found->second.named)) {
    return;
  }
  SendRequest(&found->second, AcceptedVersion(type_url), absl::OkStatus());
}

void AdsSession::SendRequest(TypeState* state, absl::string_view version,
                             const absl::Status& nack) {
  const std::vector<std::string> names = subscriptions_->Names(state->type_url);
  const uint64_t number = ++last_request_;
  std::map<std::string, uint64_t, std::less<>> named;
  for (const std::string& name : names) {
    const auto before = state->named.find(name);
    named.emplace_hint(named.end(), name, before == state->named.end() ? number : before->second);
  }
  state->named = std::move(named);

  DiscoveryRequest request;
  request.type_url = state->type_url;
  request.version = version;
  request.nonce = state->nonce;
  request.names = &names;
  request.node = node_;
  request.error = nack;
  unsent_.push_back({state, number});
  stream_->Send(request.ToBytes());
  node_.clear();
}

void AdsSession::OnSent() {
  options_.serializer->AssertHeld();
  if (ended_ || unsent_.empty()) return;
  const Sent sent = unsent_.front();
  unsent_.pop_front();
  const auto& named = sent.state->named;
  const bool waits = std::any_of(named.begin(), named.end(), [&](const auto& entry) {
    return entry.second == sent.number &&
           subscriptions_->IsAwaited(sent.state->type_url, entry.first);
  });
  if (waits) {
    timers_[sent.number] = options_.serializer->After(
        options_.resource_timeout, [this, sent] { OnTimer(sent.state, sent.number); });
  }
  if (connected_) return;
  connected_ = true;
  owner_->OnConnected();
}

void AdsSession::OnTimer(TypeState* state, uint64_t number) {
  std::vector<std::string> missing;
  for (const auto& [name, first_named] : state->named) {
    if (first_named == number && subscriptions_->IsAwaited(state->type_url, name)) {
      missing.push_back(name);
    }
  }
  timers_.erase(number);
  for (const std::string& name : missing) sink_->OnTimeout(state->type_url, name);
}

void AdsSession::OnMessage(std::string bytes) {
  options_.serializer->AssertHeld();
  if (ended_) return;
  const absl::StatusOr<DiscoveryResponseView> response = DiscoveryResponseView::Parse(bytes);
  if (!response.ok()) {
    // Neither its type nor its nonce can be believed, so it cannot be answered.
    End(response.status());
    return;
  }
  Handle(*response);
}

void AdsSession::Handle(const DiscoveryResponseView& response) {
  // Released last, after the answer: then, or when watchers have let go of it, the next is read.
  const ReadHold hold = std::make_shared<Hold>(self_);
  if (!had_response_) {
    had_response_ = true;
    owner_->OnFirstResponse();
  }
  const auto found = types_.find(response.type_url);
  if (found == types_.end()) {
    options_.log->Warn(absl::StrCat("control plane sent what was not asked for: type \"",
                                    response.type_url, "\""));
    return;
  }
  TypeState* const state = &found->second;
  state->nonce = std::string(response.nonce);
  const absl::Status applied = sink_->OnResponse(response, hold);
  if (!applied.ok()) {
    SendRequest(state, AcceptedVersion(state->type_url), applied);
    return;
  }
  SendRequest(state, response.version_info, applied);
  // Who holds nothing of a type any more must not claim a version of it later.
  if (!state->named.empty()) {
    (*options_.versions)[found->first] = std::string(response.version_info);
  }
}

void AdsSession::OnClosed(const absl::Status& status) {
  options_.serializer->AssertHeld();
  if (!ended_) End(status);
}

void AdsSession::End(const absl::Status& status) {
  ended_ = true;
  timers_.clear();
  owner_->OnEnded(status, had_response_);
}

absl::string_view AdsSession::AcceptedVersion(absl::string_view type_url) const {
  const auto found = options_.versions->find(type_url);
  return found == options_.versions->end() ? absl::string_view() : found->second;
}

}  // namespace mesh::xds
