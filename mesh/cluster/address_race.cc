#include "mesh/cluster/address_race.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"

namespace mesh::cluster {

using wire::ConnectionState;

std::vector<std::string> InterleaveFamilies(const std::vector<std::string>& addresses) {
  const auto is_ipv6 = [](const std::string& address) { return absl::StartsWith(address, "["); };
  std::vector<std::string> result = addresses;
  const auto others = std::stable_partition(
      result.begin(), result.end(),
      [&](const std::string& address) { return is_ipv6(address) == is_ipv6(addresses[0]); });
  std::vector<std::string> second(others, result.end());
  result.erase(others, result.end());
  for (size_t i = 0; i < second.size(); ++i) {
    const size_t place = std::min(2 * i + 1, result.size());
    result.insert(result.begin() + static_cast<ptrdiff_t>(place), std::move(second[i]));
  }
  return result;
}

AddressRace::AddressRace(const Context& context, const wire::ConnectionKey& key, Observer* observer)
    : context_(context), key_(key), observer_(observer) {
  std::vector<std::string> addresses = {key.address};
  addresses.insert(addresses.end(), key.alternatives.begin(), key.alternatives.end());
  for (std::string& address : InterleaveFamilies(addresses)) {
    auto lane = std::make_unique<Lane>();
    lane->race = this;
    lane->address = std::move(address);
    lanes_.push_back(std::move(lane));
  }
  // There is one for whoever uses it, whatever the state.
  MakeCurrent(lanes_[0].get());
}

AddressRace::~AddressRace() = default;

void AddressRace::MakeCurrent(Lane* lane) {
  if (lane->connection == nullptr) {
    lane->connection = context_.connector->Create({lane->address, key_.options}, lane);
    count_.fetch_add(1, std::memory_order_relaxed);
  }
  lane->used = true;
  current_.store(lane->connection.get(), std::memory_order_release);
}

void AddressRace::Connect() {
  const bool was_wanted = std::exchange(wanted_, true);
  if (winner_ != nullptr) return winner_->connection->Connect();
  if (was_wanted) return;
  Begin();
  // What all are in already is no news of any.
  context_.serializer->AssertHeld();
  report_ = context_.serializer->After(absl::ZeroDuration(), [this] { Report(); });
}

void AddressRace::Disconnect() {
  wanted_ = false;
  next_attempt_.Reset();
  report_.Reset();
  for (const auto& lane : lanes_) {
    if (lane.get() != winner_) GiveUp(lane.get());
  }
  if (winner_ != nullptr) winner_->connection->Disconnect();
}

void AddressRace::Recheck() {
  for (const auto& lane : lanes_) {
    if (lane->connection != nullptr) lane->connection->Recheck();
  }
}

void AddressRace::Begin() {
  // One that was given up may have come to be ready all the same, and says no more that it is.
  for (const auto& lane : lanes_) {
    if (lane->connection == nullptr || lane->connection->state() != ConnectionState::kReady) {
      continue;
    }
    lane->tried = true;
    lane->state = ConnectionState::kReady;
    lane->connection->Connect();
    return Win(lane.get());
  }
  for (const auto& lane : lanes_) GiveUp(lane.get());
  tried_ = 0;
  TryNext();
}

// The next address that can be tried, and all that is to be tried at once with it.
void AddressRace::TryNext() {
  next_attempt_.Reset();
  if (tried_ == lanes_.size()) return;
  Lane* const lane = lanes_[tried_++].get();
  if (lane->connection == nullptr) {
    lane->connection = context_.connector->Create({lane->address, key_.options}, lane);
    count_.fetch_add(1, std::memory_order_relaxed);
  }
  lane->tried = true;
  lane->connection->Connect();
  lane->state = lane->connection->state();
  // One that failed a moment ago waits before it tries again.
  if (lane->state == ConnectionState::kFailing) return TryNext();
  if (tried_ == lanes_.size()) return;
  context_.serializer->AssertHeld();
  next_attempt_ = context_.serializer->After(context_.attempt_delay, [this] { TryNext(); });
}

void AddressRace::OnLane(Lane* lane, ConnectionState state, const absl::Status& reason) {
  if (state == ConnectionState::kFailing) lane->reason = reason;
  // One that was given up may come to be ready before its turn.
  const bool is_welcome = state == ConnectionState::kReady && winner_ == nullptr && wanted_;
  if (!lane->tried && !is_welcome) return Report();
  lane->tried = true;
  lane->state = state;
  if (lane == winner_) {
    if (state == ConnectionState::kReady) return;
    winner_ = nullptr;
    Report();  // a loss, though another may be ready at once
    if (wanted_) Begin();
  } else if (winner_ == nullptr && wanted_) {
    if (state == ConnectionState::kReady) {
      Win(lane);
    } else if (state == ConnectionState::kFailing && tried_ > 0 &&
               lane == lanes_[tried_ - 1].get()) {
      TryNext();
    }
  }
  Report();
}

void AddressRace::Win(Lane* winner) {
  winner_ = winner;
  failing_ = false;
  next_attempt_.Reset();
  MakeCurrent(winner);
  for (const auto& lane : lanes_) {
    if (lane.get() != winner) GiveUp(lane.get());
  }
}

// What calls may use stays, and connects no more.
void AddressRace::GiveUp(Lane* lane) {
  lane->tried = false;
  lane->state = ConnectionState::kIdle;
  if (lane->connection == nullptr) return;
  if (lane->used) return lane->connection->Disconnect();
  lane->connection = nullptr;
  count_.fetch_sub(1, std::memory_order_relaxed);
}

bool AddressRace::HaveAllFailed() const {
  return std::all_of(lanes_.begin(), lanes_.end(),
                     [](const auto& lane) { return lane->state == ConnectionState::kFailing; });
}

absl::Status AddressRace::Reason() const {
  std::vector<absl::string_view> texts;
  for (const auto& lane : lanes_) texts.push_back(lane->reason.message());
  return absl::Status(lanes_.back()->reason.code(), absl::StrJoin(texts, "; "));
}

void AddressRace::Report() {
  failing_ = wanted_ && winner_ == nullptr && (failing_ || HaveAllFailed());
  ConnectionState next = ConnectionState::kConnecting;
  if (winner_ != nullptr) {
    next = ConnectionState::kReady;
  } else if (!wanted_) {
    next = ConnectionState::kIdle;
  } else if (failing_) {
    next = ConnectionState::kFailing;
  }
  const ConnectionState before = state_.exchange(next, std::memory_order_acq_rel);
  if (before == next) return;
  observer_->OnConnectionState(next, failing_ ? Reason() : absl::OkStatus());
}

std::unique_ptr<wire::Connection> RacingConnector::Create(const wire::ConnectionKey& key,
                                                          wire::Connection::Observer* observer) {
  if (key.alternatives.empty()) return context_.connector->Create(key, observer);
  return std::make_unique<AddressRace>(context_, key, observer);
}

}  // namespace mesh::cluster
