#include "mesh/xds/ads_channel.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace mesh::xds {
namespace {

// A server that answers once and closes must not be hammered.
constexpr absl::Duration kReopenInterval = absl::Seconds(1);

}  // namespace

AdsChannel::AdsChannel(const XdsClient::Options* options, const ServerConfig* server,
                       std::string node, AdsSubscriptions* subscriptions, AdsSink* sink)
    : options_(options),
      server_(server),
      node_(std::move(node)),
      subscriptions_(subscriptions),
      sink_(sink),
      log_(options->log, options->clock),
      backoff_(Backoff::Options(), options->random) {}

AdsChannel::~AdsChannel() = default;

void AdsChannel::OnSubscriptionsChanged(absl::string_view type_url) {
  if (subscriptions_->Types().empty()) {
    // The retry timer goes on: who comes back must not get round the back-off.
    session_.reset();
    versions_.clear();
    if (std::exchange(connected_, false)) sink_->OnServerStatusChanged();
    return;
  }
  if (session_ != nullptr && !session_->ended()) {
    session_->Update(type_url);
  } else if (!retry_.pending()) {
    Open();
  }
  if (subscriptions_->Names(type_url).empty()) versions_.erase(type_url);
}

ServerStatus AdsChannel::status() const { return {server_->server_uri, connected_, error_}; }

void AdsChannel::Open() {
  discard_.Reset();
  session_.reset();
  if (subscriptions_->Types().empty()) return;
  if (transport_ == nullptr) {
    absl::StatusOr<std::unique_ptr<AdsTransport>> transport =
        options_->transports->Create(*server_);
    if (!transport.ok()) {
      Fail(transport.status());
      return;
    }
    transport_ = *std::move(transport);
  }
  AdsSession::Options session;
  session.serializer = options_->serializer;
  session.transport = transport_.get();
  // Twice as long where it is only an error of the moment (gRFC A88: 30 s instead of 15 s).
  session.resource_timeout =
      options_->does_not_exist_timeout * (server_->resource_timer_is_transient_error ? 2 : 1);
  session.node = node_;
  session.versions = &versions_;
  session.log = &log_;
  AdsSession::Owner* const owner = this;
  session_ = std::make_unique<AdsSession>(session, subscriptions_, sink_, owner);
}

void AdsChannel::OpenAfter(absl::Duration delay) {
  options_->serializer->AssertHeld();
  retry_ = options_->serializer->After(delay, [this] { Open(); });
}

void AdsChannel::OnConnected() {
  connected_ = true;
  sink_->OnServerStatusChanged();
}

void AdsChannel::OnFirstResponse() {
  backoff_.Reset();
  error_ = absl::OkStatus();
  sink_->OnServerStatusChanged();
  sink_->OnChannelStatus(error_);
}

void AdsChannel::OnEnded(const absl::Status& status, bool had_response) {
  options_->serializer->AssertHeld();
  connected_ = false;
  discard_ = options_->serializer->After(absl::ZeroDuration(), [this] { session_.reset(); });
  if (!had_response) {
    Fail(status.ok() ? absl::UnavailableError("stream closed before any response") : status);
    return;
  }
  // Servers close streams as they please, to spread load for one: this is no error.
  const absl::Time now = options_->clock->Now();
  if (now - last_reopened_ >= kReopenInterval) {
    last_reopened_ = now;
    OpenAfter(absl::ZeroDuration());
  } else {
    OpenAfter(backoff_.Next());
  }
  sink_->OnServerStatusChanged();
}

void AdsChannel::Fail(const absl::Status& status) {
  const absl::Duration delay = backoff_.Next();
  OpenAfter(delay);
  log_.Warn(absl::StrCat("control plane \"", server_->server_uri, "\": ", status.ToString(),
                         "; next attempt in ", absl::FormatDuration(delay)));
  error_ = status;
  sink_->OnServerStatusChanged();
  sink_->OnChannelStatus(status);
}

}  // namespace mesh::xds
