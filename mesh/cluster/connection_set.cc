#include "mesh/cluster/connection_set.h"

#include <algorithm>
#include <utility>

namespace mesh::cluster {
namespace {

using wire::ConnectionState;

// So that connections that were made together do not all end together.
constexpr double kLifetimeJitter = 0.2;

// How good a state is, among those of connections that stand for one.
int Rank(ConnectionState state) {
  switch (state) {
    case ConnectionState::kReady:
      return 3;
    case ConnectionState::kConnecting:
      return 2;
    case ConnectionState::kFailing:
      return 1;
    case ConnectionState::kIdle:
      return 0;
  }
  return 0;
}

}  // namespace

absl::Duration DrawLifetime(absl::Duration max_duration, double random) {
  if (max_duration == absl::InfiniteDuration()) return max_duration;
  return max_duration * (1 - kLifetimeJitter * random);
}

void ConnectionSet::Place::EndUse() {
  if (word.fetch_sub(1, std::memory_order_acq_rel) != (kClosed | 1)) return;  // (2)
  set->context_->mailbox->Post([weak = std::weak_ptr<ConnectionSet*>(set->self_)] {
    if (const std::shared_ptr<ConnectionSet*> alive = weak.lock()) (*alive)->Advance();
  });
}

ConnectionSet::ConnectionSet(std::shared_ptr<const Context> context, const wire::ConnectionKey& key,
                             Observer* observer)
    : context_(std::move(context)), key_(key), observer_(observer) {
  for (Place& place : places_) place.set = this;
}

ConnectionSet::~ConnectionSet() = default;

void ConnectionSet::Connect() {
  wanted_ = true;
  if (serving_.load(std::memory_order_relaxed) == 0) {
    Fill(&places_[0], Phase::kServing);
    return;
  }
  for (Place& place : places_) {
    if (place.phase == Phase::kServing) place.connection->Connect();
  }
  Advance();
}

void ConnectionSet::Disconnect() {
  wanted_ = false;
  for (Place& place : places_) {
    if (place.phase == Phase::kServing) place.connection->Disconnect();
  }
  Advance();
}

void ConnectionSet::Recheck() {
  for (Place& place : places_) {
    if (place.connection != nullptr) place.connection->Recheck();
  }
}

wire::ConnectionUse ConnectionSet::Use() {
  for (;;) {
    const uint32_t serving = serving_.load(std::memory_order_acquire);
    Place* best = nullptr;
    uint64_t best_cost = 0;
    for (uint32_t left = serving; left != 0; left &= left - 1) {
      Place& place = places_[__builtin_ctz(left)];
      // Uses count only among those that are alike.
      const uint64_t unready = place.ready.load(std::memory_order_relaxed) ? 0 : kClosed;
      const uint64_t cost = unready | (place.word.load(std::memory_order_relaxed) & ~kClosed);
      if (best != nullptr && best_cost <= cost) continue;
      best = &place;
      best_cost = cost;
    }
    if (best == nullptr) return wire::ConnectionUse();  // against what is required
    if ((best->word.fetch_add(1, std::memory_order_acquire) & kClosed) == 0) {  // (1)
      return wire::ConnectionUse(best->connection.get(), best);
    }
    // It ends: what serves in its stead was published before.
    best->EndUse();
  }
}

void ConnectionSet::Stop() {
  stopped_ = true;
  for (Place& place : places_) place.end_of_time.Reset();
}

void ConnectionSet::OnPlaceState(Place* place, ConnectionState state, const absl::Status& reason) {
  place->state = state;
  place->reason = reason;
  place->ready.store(state == ConnectionState::kReady, std::memory_order_relaxed);
  place->end_of_time.Reset();
  if (state == ConnectionState::kReady) {
    place->old = false;  // it has just been made, perhaps anew
    if (place->phase == Phase::kComing) Serve(place);
    if (place->phase == Phase::kServing && key_.options.max_duration != absl::InfiniteDuration() &&
        !stopped_) {
      context_->serializer->AssertHeld();
      const auto end = [this, place] {
        place->old = true;
        Advance();
      };
      place->end_of_time = context_->serializer->After(
          DrawLifetime(key_.options.max_duration, context_->random->NextDouble()), end);
    }
    Advance();
  }
  if (place->phase == Phase::kServing) Report();
}

void ConnectionSet::Advance() {
  DestroyUnused();
  if (stopped_) return;
  const size_t aim = wanted_ ? 1 : 0;  // to serve and not be old
  size_t young = 0;
  for (const Place& place : places_) {
    if (place.phase == Phase::kServing && !place.old) ++young;
  }
  for (Place& place : places_) {
    const bool replaced = place.phase == Phase::kServing && place.old && young >= 1;
    if (replaced) End(&place);
  }
  size_t coming = Count(Phase::kComing);
  for (Place& place : places_) {
    if (place.phase == Phase::kComing && young + coming > aim) {
      Empty(&place);
      --coming;
    }
  }
  for (Place& place : places_) {
    if (young + coming >= aim) break;
    if (place.phase != Phase::kEmpty) continue;
    Fill(&place, Phase::kComing);
    ++coming;
  }
}

size_t ConnectionSet::Count(Phase phase) const {
  return std::count_if(places_.begin(), places_.end(),
                       [phase](const Place& place) { return place.phase == phase; });
}

void ConnectionSet::Fill(Place* place, Phase phase) {
  place->old = false;
  place->state = ConnectionState::kIdle;
  place->reason = absl::OkStatus();
  place->ready.store(false, std::memory_order_relaxed);
  place->connection = context_->connector->Create(key_, place);
  // Before a call may use it: it has a channel from then on.
  place->connection->Connect();
  place->phase = phase;
  if (phase == Phase::kServing) Serve(place);
}

void ConnectionSet::Serve(Place* place) {
  place->phase = Phase::kServing;
  place->word.fetch_and(~kClosed, std::memory_order_release);
  serving_.fetch_or(uint32_t{1} << (place - places_.data()), std::memory_order_release);
}

void ConnectionSet::End(Place* place) {
  place->phase = Phase::kEnding;
  place->end_of_time.Reset();
  serving_.fetch_and(~(uint32_t{1} << (place - places_.data())), std::memory_order_release);
  place->word.fetch_or(kClosed, std::memory_order_acq_rel);  // (3)
  // If it is lost the calls on it are: it is not to come back.
  place->connection->Disconnect();
  DestroyUnused();
}

void ConnectionSet::DestroyUnused() {
  for (Place& place : places_) {
    if (place.phase != Phase::kEnding) continue;
    if (place.word.load(std::memory_order_acquire) == kClosed) Empty(&place);  // (4)
  }
}

void ConnectionSet::Empty(Place* place) {
  place->phase = Phase::kEmpty;
  place->ready.store(false, std::memory_order_relaxed);
  place->connection = nullptr;
}

void ConnectionSet::Report() {
  const Place* best = nullptr;
  for (const Place& place : places_) {
    if (place.phase != Phase::kServing) continue;
    if (best == nullptr || Rank(place.state) > Rank(best->state)) best = &place;
  }
  if (best == nullptr) return;
  if (state_.exchange(best->state, std::memory_order_acq_rel) == best->state) return;
  observer_->OnConnectionState(best->state, best->reason);
}

}  // namespace mesh::cluster
