#include "tests/simulation/sim_connector.h"

#include "absl/strings/str_cat.h"

namespace mesh::simulation {

using wire::ConnectionState;

std::unique_ptr<wire::Connection> SimConnector::Create(const wire::ConnectionKey& key,
                                                       wire::Connection::Observer* observer) {
  const uint64_t id = ++made_;
  auto connection = std::make_unique<SimConnection>(this, id, key, observer);
  live_[id] = connection.get();
  return connection;
}

SimConnection::SimConnection(SimConnector* owner, uint64_t id, const wire::ConnectionKey& key,
                             Observer* observer)
    : owner_(owner),
      id_(id),
      key_(key),
      observer_(observer),
      backoff_(Backoff::Options(), owner->dice_->random()) {
  owner_->servers_->AddListener(key_.address, this);
}

SimConnection::~SimConnection() {
  owner_->servers_->RemoveListener(key_.address, this);
  owner_->live_.erase(id_);
}

void SimConnection::After(Serializer::Timer* timer, absl::Duration delay,
                          void (SimConnection::*then)()) {
  owner_->serializer_->AssertHeld();
  *timer = owner_->serializer_->After(delay, [this, then] { (this->*then)(); });
}

void SimConnection::Connect() {
  wanted_ = true;
  if (state_ == ConnectionState::kIdle) Attempt();
}

void SimConnection::Disconnect() {
  wanted_ = false;
  if (state_ == ConnectionState::kReady) return;
  attempt_.Reset();
  failing_ = false;
  backoff_.Reset();
  SetState(ConnectionState::kIdle);
}

void SimConnection::Recheck() {
  // A death is there to be seen; of one that vanished nobody knows yet.
  if (loss_.pending() && owner_->servers_->at(key_.address).reachable) OnSilence();
}

void SimConnection::Attempt() {
  const Server& server = owner_->servers_->at(key_.address);
  knocks_at_ = server.up ? server.incarnation : 0;
  absl::Duration takes = owner_->dice_->Between(absl::Milliseconds(1), absl::Milliseconds(30));
  if (!server.reachable) {
    knocks_at_ = 0;
    takes = key_.options.connect_timeout;
  }
  SetState(failing_ ? ConnectionState::kFailing : ConnectionState::kConnecting,
           absl::UnavailableError(absl::StrCat(key_.address, ": trying again")));
  After(&attempt_, takes, &SimConnection::OnAttemptEnd);
}

void SimConnection::OnAttemptEnd() {
  const Server& server = owner_->servers_->at(key_.address);
  if (knocks_at_ != 0 && server.up && server.reachable && server.incarnation == knocks_at_) {
    peer_ = knocks_at_;
    failing_ = false;
    backoff_.Reset();
    ++owner_->established_;
    SetState(ConnectionState::kReady);
    return;
  }
  failing_ = true;
  SetState(ConnectionState::kFailing,
           absl::UnavailableError(absl::StrCat(key_.address, ": cannot connect")));
  After(&attempt_, backoff_.Next(), &SimConnection::Attempt);
}

void SimConnection::OnServerChanged() {
  if (state_ != ConnectionState::kReady) return;
  const Server& server = owner_->servers_->at(key_.address);
  const bool gone = !server.up || server.incarnation != peer_;
  if (!server.reachable) {
    if (!loss_.pending())
      owner_->serializer_->Post([weak = std::weak_ptr<SimConnection*>(self_)] {
        if (const auto self = weak.lock()) {
          (*self)->After(&(*self)->loss_, SimConnector::kKeepalive, &SimConnection::OnSilence);
        }
      });
    return;
  }
  const absl::Duration soon = owner_->dice_->Between(absl::ZeroDuration(), absl::Milliseconds(20));
  owner_->serializer_->Post([weak = std::weak_ptr<SimConnection*>(self_), gone, soon] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    if (gone) {
      (*self)->After(&(*self)->loss_, soon, &SimConnection::OnSilence);
    } else {
      (*self)->loss_.Reset();
    }
  });
}

void SimConnection::OnSilence() {
  loss_.Reset();
  if (state_ != ConnectionState::kReady) return;
  const Server& server = owner_->servers_->at(key_.address);
  if (server.up && server.reachable && server.incarnation == peer_) return;
  Lose("lost");
}

void SimConnection::Lose(absl::string_view why) {
  owner_->trace_->Note("connection ", id_, " to ", key_.address, " ", why);
  peer_ = 0;
  if (wanted_) {
    Attempt();  // at once, as a gRPC channel that is asked for does
  } else {
    SetState(ConnectionState::kIdle);
  }
}

void SimConnection::SetState(ConnectionState state, const absl::Status& reason) {
  if (state_ == state) return;
  state_ = state;
  owner_->trace_->Note("connection ", id_, " to ", key_.address, " is ", wire::ToString(state));
  if (state == ConnectionState::kReady) known_lost_ = false;
  const uint64_t told = ++told_;
  const absl::Status why = state == ConnectionState::kFailing ? reason : absl::OkStatus();
  const std::weak_ptr<SimConnection*> weak = self_;
  Serializer* const serializer = owner_->serializer_;
  serializer->Post([weak, state, why, told, serializer] {
    const std::shared_ptr<SimConnection*> self = weak.lock();
    if (self == nullptr) return;
    const bool deaf = (*self)->owner_->deaf_ && (*self)->was_ready_;
    if (!deaf || state == ConnectionState::kReady) {
      (*self)->observer_->OnConnectionState(state, why);
    }
    (*self)->was_ready_ |= state == ConnectionState::kReady;
    if ((*self)->owner_->at_moment_) (*self)->owner_->at_moment_();
    if (state == ConnectionState::kReady) return;
    // What the observer put off till the next turn is done when this runs.
    serializer->Post([weak, told] {
      const std::shared_ptr<SimConnection*> connection = weak.lock();
      if (connection != nullptr && (*connection)->told_ == told) (*connection)->known_lost_ = true;
    });
  });
}

}  // namespace mesh::simulation
