#include "mesh/wire/grpc_connection.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/attributes.h"
#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "grpcpp/create_channel.h"
#include "mesh/base/clock.h"
#include "mesh/base/mutex.h"
#include "mesh/wire/channel_arguments.h"
#include "mesh/wire/channel_target.h"

namespace mesh::wire {
namespace {

// gRPC cannot cancel a watch: it ends with its channel, at a change of state, or after this.
// So a watch whose channel is kept by somebody's call outlives its connection by so much.
constexpr std::chrono::seconds kWatchFor(20);

class GrpcConnection final : public Connection {
 public:
  GrpcConnection(std::shared_ptr<const GrpcConnector::Options> options, const ConnectionKey& key,
                 Observer* observer)
      : options_(std::move(options)), key_(key), observer_(observer) {}
  ~GrpcConnection() override;

  void Connect() override;
  void Disconnect() override;
  void Recheck() override;
  ConnectionState state() const override { return state_.load(std::memory_order_acquire); }
  const std::shared_ptr<grpc::Channel>& channel() const override { return channel_; }
  void AddGuest(std::weak_ptr<Guest> guest) override;

 private:
  class Watch;

  void Open();
  // May destroy the connection, by way of its observer.
  void OnChannelState(grpc_connectivity_state state);
  void SetState(ConnectionState state);
  void SendGuestsAway();

  const std::shared_ptr<const GrpcConnector::Options> options_;
  const ConnectionKey key_;
  Observer* const observer_;
  const SteadyClock clock_;
  std::atomic<ConnectionState> state_{ConnectionState::kIdle};
  std::shared_ptr<grpc::Channel> channel_;  // written before state_
  std::shared_ptr<Watch> watch_;
  std::vector<std::weak_ptr<Guest>> guests_;
  bool wanted_ = false;
  bool failing_ = false;  // since the last time it was ready or not wanted
  absl::Time connecting_since_ = absl::InfiniteFuture();
  // While the first attempt lasts calls may be waiting for it.
  std::optional<Pump::Hold> hold_;
};

// Sees the channel's states on the pump and hands them to the connection, as long as there is
// one. It keeps itself while it is pending.
class GrpcConnection::Watch final : public Pump::Tag,
                                    public Pump::Guest,
                                    public std::enable_shared_from_this<Watch> {
 public:
  Watch(const GrpcConnection& connection, GrpcConnection* owner)
      : options_(connection.options_),
        channel_(connection.channel_),
        pump_is_closing_(options_->pump->closing()),
        owner_(owner) {}

  // On the serializer the first time, then on the pump's thread.
  void Start(grpc::Channel* channel, grpc_connectivity_state from) {
    last_ = from;
    pending_ = shared_from_this();
    channel->NotifyOnStateChange(from, std::chrono::system_clock::now() + kWatchFor,
                                 options_->pump->queue(), static_cast<Pump::Tag*>(this));
  }

  void set_wanted(bool wanted) { wanted_.store(wanted, std::memory_order_relaxed); }

  // Serializer.
  void Deliver(grpc_connectivity_state state) {
    if (owner_ != nullptr) owner_->OnChannelState(state);
  }

  // Serializer.
  void PostRecheck() {
    options_->serializer->Post([self = shared_from_this()] {
      if (self->owner_ == nullptr) return;
      const std::shared_ptr<grpc::Channel>& channel = self->owner_->channel_;
      self->Deliver(channel->GetState(self->owner_->wanted_));
    });
  }

  // The channel has changed, and is in that state now.
  void Post(grpc_connectivity_state state) {
    // Ready as before, but not all the time: it was lost, as somebody may have heard by Recheck(),
    // and a call has had it connected again.
    const bool was_lost = state == GRPC_CHANNEL_READY && state == last_;
    options_->serializer->Post([self = shared_from_this(), state, was_lost] {
      if (was_lost) self->Deliver(GRPC_CHANNEL_CONNECTING);
      self->Deliver(state);
    });
  }

  // Serializer. The owner goes, and leaves its channel here. One that connects is kept until it
  // has: gRPC 1.51 forgets the socket of a channel that is destroyed between its handshake and the
  // server's first frame.
  void Abandon(std::shared_ptr<grpc::Channel> channel) {
    owner_ = nullptr;
    set_wanted(false);
    const bool connects = channel->GetState(false) == GRPC_CHANNEL_CONNECTING;
    {
      MutexLock lock(&mutex_);
      // After that nobody would ask for it any more: see OnPumpClosing().
      const bool may_stay = watches_ && !pump_is_closing_->load();
      if (connects && may_stay) connecting_ = std::move(channel);
      abandoned_ = true;
    }
    if (channel != nullptr) options_->reaper->Destroy([channel = std::move(channel)] {});
  }

  void OnPumpClosing() override {
    std::shared_ptr<grpc::Channel> channel;
    {
      MutexLock lock(&mutex_);
      channel = std::move(connecting_);
    }
    if (channel != nullptr) options_->reaper->Destroy([channel = std::move(channel)] {});
  }

  // `changed`: else the watch has lasted for kWatchFor.
  void OnEvent(bool changed) override {
    const std::shared_ptr<Watch> self = std::move(pending_);
    std::shared_ptr<grpc::Channel> channel = channel_.lock();
    bool watches, abandoned;
    {
      MutexLock lock(&mutex_);
      const bool connects = connecting_ != nullptr && !pump_is_closing_->load() &&
                            connecting_->GetState(false) == GRPC_CHANNEL_CONNECTING;
      // A call may keep its endpoint, and so the connection, longer than the mesh lives.
      watches_ = channel != nullptr && !pump_is_closing_->load() && (!abandoned_ || connects);
      if (!watches_) connecting_ = nullptr;
      watches = watches_;
      abandoned = abandoned_;
    }
    if (!watches) {
      if (channel != nullptr) options_->reaper->Destroy([channel = std::move(channel)] {});
      return;
    }
    // Reconnects at once: a lost connection (or GOAWAY) makes the channel idle.
    const grpc_connectivity_state state =
        channel->GetState(wanted_.load(std::memory_order_relaxed));
    if (state == GRPC_CHANNEL_SHUTDOWN) return;
    if (changed || state != last_) Post(state);
    Start(channel.get(), state);
    // It may be the last reference.
    if (abandoned) options_->reaper->Destroy([channel = std::move(channel)] {});
  }

 private:
  const std::shared_ptr<const GrpcConnector::Options> options_;
  const std::weak_ptr<grpc::Channel> channel_;
  const std::shared_ptr<const std::atomic<bool>> pump_is_closing_;
  std::atomic<bool> wanted_{true};
  GrpcConnection* owner_;  // serializer-bound
  Mutex mutex_;
  bool abandoned_ ABSL_GUARDED_BY(mutex_) = false;
  bool watches_ ABSL_GUARDED_BY(mutex_) = true;  // an event is pending or being handled
  std::shared_ptr<grpc::Channel> connecting_ ABSL_GUARDED_BY(mutex_);
  // Pump thread.
  grpc_connectivity_state last_ = GRPC_CHANNEL_IDLE;
  std::shared_ptr<Watch> pending_;
};

void GrpcConnection::AddGuest(std::weak_ptr<Guest> guest) {
  guests_.erase(std::remove_if(guests_.begin(), guests_.end(),
                               [](const std::weak_ptr<Guest>& one) { return one.expired(); }),
                guests_.end());
  guests_.push_back(std::move(guest));
}

void GrpcConnection::SendGuestsAway() {
  for (const std::weak_ptr<Guest>& weak : std::exchange(guests_, {})) {
    if (const std::shared_ptr<Guest> guest = weak.lock()) guest->OnConnectionEnds();
  }
}

GrpcConnection::~GrpcConnection() {
  SendGuestsAway();
  if (watch_ == nullptr) return;
  watch_->Abandon(std::move(channel_));
}

void GrpcConnection::Open() {
  const double random = options_->random != nullptr ? options_->random->NextDouble() : 0;
  channel_ = grpc::experimental::CreateCustomChannelWithInterceptors(
      EndpointTarget(key_.address), options_->credentials,
      EndpointArguments(options_->arguments, key_.options, random),
      options_->interceptors ? options_->interceptors() : GrpcConnector::InterceptorFactories());
  watch_ = std::make_shared<Watch>(*this, this);
  options_->pump->AddGuest(watch_);
  const grpc_connectivity_state state = channel_->GetState(true);
  watch_->Post(state);
  watch_->Start(channel_.get(), state);
}

void GrpcConnection::Connect() {
  wanted_ = true;
  if (channel_ == nullptr) {
    hold_.emplace(options_->pump);
    Open();
    return;
  }
  watch_->set_wanted(true);
  Recheck();
}

void GrpcConnection::Disconnect() {
  wanted_ = false;
  if (watch_ == nullptr) return;
  watch_->set_wanted(false);
  Recheck();
}

void GrpcConnection::Recheck() {
  if (watch_ != nullptr) watch_->PostRecheck();
}

void GrpcConnection::OnChannelState(grpc_connectivity_state state) {
  switch (state) {
    case GRPC_CHANNEL_READY:
      failing_ = false;
      return SetState(ConnectionState::kReady);
    case GRPC_CHANNEL_TRANSIENT_FAILURE:
      failing_ = true;
      return SetState(ConnectionState::kFailing);
    case GRPC_CHANNEL_IDLE:
      if (!wanted_) {
        failing_ = false;
        return SetState(ConnectionState::kIdle);
      }
      // As good as connecting: somebody has just asked for it, or the watch is about to.
      ABSL_FALLTHROUGH_INTENDED;
    case GRPC_CHANNEL_CONNECTING:
      return SetState(failing_ ? ConnectionState::kFailing : ConnectionState::kConnecting);
    case GRPC_CHANNEL_SHUTDOWN:
      return;
  }
}

void GrpcConnection::SetState(ConnectionState state) {
  if (state != ConnectionState::kConnecting) {
    hold_.reset();
  } else if (!hold_.has_value()) {
    hold_.emplace(options_->pump);
  }
  const ConnectionState before = state_.exchange(state, std::memory_order_acq_rel);
  if (before == state) return;
  if (before == ConnectionState::kReady) SendGuestsAway();
  if (state == ConnectionState::kConnecting) connecting_since_ = clock_.Now();
  absl::Status reason;
  if (state == ConnectionState::kFailing) {
    // gRPC tells a channel's state only, so the time that it took has to say what happened.
    const absl::Duration timeout = key_.options.connect_timeout;
    const bool timed_out = clock_.Now() - connecting_since_ > 0.9 * timeout;
    reason = absl::UnavailableError(
        absl::StrCat(key_.address, ": cannot connect: ",
                     timed_out ? absl::StrCat("no answer within ", absl::FormatDuration(timeout))
                               : "refused, unreachable, or no handshake"));
  }
  observer_->OnConnectionState(state, reason);
}

}  // namespace

GrpcConnector::GrpcConnector(Options options)
    : options_(std::make_shared<const Options>(std::move(options))) {}

std::unique_ptr<Connection> GrpcConnector::Create(const ConnectionKey& key,
                                                  Connection::Observer* observer) {
  return std::make_unique<GrpcConnection>(options_, key, observer);
}

}  // namespace mesh::wire
