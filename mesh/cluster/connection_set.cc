#include "mesh/cluster/connection_set.h"

#include <algorithm>
#include <tuple>
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

uint64_t UsesBeforeAnother(uint32_t limit) {
  return std::max<uint64_t>(uint64_t{limit} * 3 / 4, 1);
}

}  // namespace

absl::Duration DrawLifetime(absl::Duration max_duration, double random) {
  if (max_duration == absl::InfiniteDuration()) return max_duration;
  return max_duration * (1 - kLifetimeJitter * random);
}

size_t ConnectionsFor(uint64_t uses, uint32_t limit, size_t most) {
  if (limit == 0) return 1;
  return std::min<uint64_t>(uses / UsesBeforeAnother(limit), most - 1) + 1;
}

void ConnectionSet::Place::EndUse() {
  ConnectionSet* const owner = set;
  const bool last = Leave();
  if (owner->key_.options.max_concurrent_calls != 0) {
    owner->uses_.fetch_sub(1, std::memory_order_relaxed);
  }
  if (last) owner->Ask();
}

void ConnectionSet::Ask() {
  if (asked_.exchange(true, std::memory_order_acq_rel)) return;
  context_->mailbox->Post([weak = std::weak_ptr<ConnectionSet*>(self_)] {
    if (const std::shared_ptr<ConnectionSet*> alive = weak.lock()) (*alive)->Advance();
  });
}

ConnectionSet::ConnectionSet(std::shared_ptr<const Context> context, const wire::ConnectionKey& key,
                             Observer* observer)
    : context_(std::move(context)),
      key_(key),
      most_serving_(key.options.max_connections == 0
                        ? kMostServing
                        : std::min<size_t>(kMostServing, key.options.max_connections)),
      observer_(observer) {
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
  aim_ = 1;
  trim_.Reset();
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

ConnectionSet::Choice ConnectionSet::Look() {
  const uint32_t limit = key_.options.max_concurrent_calls;
  const uint32_t max_calls = key_.options.max_calls;
  Choice best;
  for (uint32_t left = serving_.load(std::memory_order_acquire); left != 0; left &= left - 1) {
    Place& place = places_[__builtin_ctz(left)];
    const bool ready = place.ready.load(std::memory_order_relaxed);
    const uint64_t word = place.word.load(std::memory_order_acquire);
    const uint64_t uses = word & ~kClosed;
    const bool old = place.old.load(std::memory_order_relaxed) ||
                     (max_calls != 0 && place.begun.load(std::memory_order_relaxed) >= max_calls);
    const bool has_room = limit == 0 || uses < limit;
    const uint32_t rank = (ready ? Choice::kReady : 0) | (has_room ? Choice::kHasRoom : 0) |
                          (old ? 0 : Choice::kYoung);
    best.all_ready += ready ? 1 : 0;
    if (best.place != nullptr) {
      // Uses count only among those that are alike.
      if (rank < best.rank) continue;
      if (rank == best.rank && (best.word & ~kClosed) <= uses) continue;
    }
    best.place = &place;
    best.word = word;
    best.rank = rank;
  }
  return best;
}

wire::ConnectionUse ConnectionSet::Use() {
  const uint32_t limit = key_.options.max_concurrent_calls;
  if (limit != 0) return UseWithin(limit);
  for (;;) {
    const Choice choice = Look();
    Place* const best = choice.place;
    if (best == nullptr) return wire::ConnectionUse();  // against what is required
    const bool serves = (best->word.fetch_add(1, std::memory_order_acquire) & kClosed) == 0;  // (1)
    if (serves && CountBegun(choice))
      return wire::ConnectionUse(best->connection->Use().connection(), best);
    // It ends, and what serves in its stead was published before; or it is old now.
    if (best->Leave()) Ask();
  }
}

// That a call never puts a connection above its limit while there is room on another:
//   (a) uses_.fetch_add(1)                   before it looks at the words
//   (b) finds all full, each at its time     room may have moved behind its back meanwhile
//   (c) uses_ <= what fits                   then it looks again
//   uses_ is never less than the sum of the words, and has the call itself in it, whose use is in
//   no word yet, or no more. So what (c) finds means that at that moment some word had room. A call
//   looks again only because others moved, each of which got on.
wire::ConnectionUse ConnectionSet::UseWithin(uint32_t limit) {
  CountUse();  // (a)
  for (;;) {
    Choice best = Look();              // (b)
    if (best.place == nullptr) break;  // against what is required
    if (!best.is(Choice::kHasRoom) && best.is(Choice::kReady) &&
        uses_.load(std::memory_order_relaxed) <= uint64_t{best.all_ready} * limit) {  // (c)
      continue;
    }
    // A word that ends says so: what serves in its stead was published before.
    if ((best.word & kClosed) != 0) continue;
    if (best.place->word.compare_exchange_strong(best.word, best.word + 1,  // (1)
                                                 std::memory_order_acquire,
                                                 std::memory_order_relaxed)) {
      if (CountBegun(best)) {
        return wire::ConnectionUse(best.place->connection->Use().connection(), best.place);
      }
      if (best.place->Leave()) Ask();
    }
  }
  uses_.fetch_sub(1, std::memory_order_relaxed);
  return wire::ConnectionUse();
}

void ConnectionSet::CountUse() {
  const uint64_t uses = uses_.fetch_add(1, std::memory_order_relaxed) + 1;
  if (uses > most_uses_.load(std::memory_order_relaxed)) {
    most_uses_.store(uses, std::memory_order_relaxed);
  }
  if (uses >= ask_at_.load(std::memory_order_relaxed)) Ask();
}

bool ConnectionSet::CountBegun(const Choice& choice) {
  const uint32_t most = key_.options.max_calls;
  if (most == 0) return true;
  const uint32_t begun = choice.place->begun.fetch_add(1, std::memory_order_relaxed);
  if (begun + 1 == most) Ask();
  return begun < most || !choice.is(Choice::kYoung);
}

void ConnectionSet::Stop() {
  stopped_ = true;
  trim_.Reset();
  for (Place& place : places_) place.end_of_time.Reset();
}

void ConnectionSet::OnPlaceState(Place* place, ConnectionState state, const absl::Status& reason) {
  place->state = state;
  place->reason = reason;
  place->ready.store(state == ConnectionState::kReady, std::memory_order_relaxed);
  place->end_of_time.Reset();
  if (state == ConnectionState::kReady) {
    place->old.store(false, std::memory_order_relaxed);  // it has just been made, perhaps anew
    place->made = ++made_;
    place->begun.store(0, std::memory_order_relaxed);
    if (place->phase == Phase::kComing) Serve(place);
    if (place->phase == Phase::kServing && key_.options.max_duration != absl::InfiniteDuration() &&
        !stopped_) {
      context_->serializer->AssertHeld();
      const auto end = [this, place] {
        place->old.store(true, std::memory_order_relaxed);
        Advance();
      };
      place->end_of_time = context_->serializer->After(
          DrawLifetime(key_.options.max_duration, context_->random->NextDouble()), end);
    }
    Advance();
  }
  if (place->phase == Phase::kServing) Report();
}

void ConnectionSet::UpdateAim() {
  const uint32_t limit = key_.options.max_concurrent_calls;
  if (limit == 0 || !wanted_) return;
  const uint64_t uses = uses_.load(std::memory_order_relaxed);
  aim_ = std::max(aim_, ConnectionsFor(uses, limit, most_serving_));
  // The fewest uses that need one more than there are to be.
  ask_at_.store(aim_ == most_serving_ ? kNever : aim_ * UsesBeforeAnother(limit),
                std::memory_order_relaxed);
  if (aim_ == 1 || key_.options.idle_timeout == absl::InfiniteDuration()) {
    trim_.Reset();
  } else if (!trim_.pending()) {
    most_uses_.store(uses, std::memory_order_relaxed);
    context_->serializer->AssertHeld();
    trim_ = context_->serializer->After(key_.options.idle_timeout, [this, limit] {
      const uint64_t most_uses = most_uses_.load(std::memory_order_relaxed);
      aim_ = std::min(aim_, ConnectionsFor(most_uses, limit, most_serving_));
      Advance();
    });
  }
}

ConnectionSet::Place* ConnectionSet::NextToEnd() {
  // One that is not ready rather than one that is, an old one rather than others. Of old ones the
  // oldest, so that none is used for much longer than others; of others that with the fewest uses.
  const auto value = [](const Place& place) {
    const bool young = !place.old.load(std::memory_order_relaxed);
    const uint64_t uses = place.word.load(std::memory_order_relaxed);
    return std::make_tuple(place.state == ConnectionState::kReady, young,
                           young ? uses : place.made);
  };
  Place* least = nullptr;
  for (Place& place : places_) {
    if (place.phase != Phase::kServing) continue;
    // Of those that are alike the last.
    if (least == nullptr || value(place) <= value(*least)) least = &place;
  }
  return least;
}

void ConnectionSet::EndSurplus(size_t most) {
  for (size_t serving = Count(Phase::kServing); serving > most; --serving) End(NextToEnd());
}

void ConnectionSet::Advance() {
  // Whoever finds that it was asked already came before this, and what they did is seen here.
  asked_.exchange(false, std::memory_order_acq_rel);
  DestroyUnused();
  if (stopped_) return;
  UpdateAim();
  const size_t aim = wanted_ ? aim_ : 0;  // to serve and not be old
  const uint32_t max_calls = key_.options.max_calls;
  for (Place& place : places_) {
    if (max_calls != 0 && place.phase == Phase::kServing &&
        place.begun.load(std::memory_order_relaxed) >= max_calls) {
      place.old.store(true, std::memory_order_relaxed);
    }
  }
  // What nobody wants keeps those that are not old, which may be asked for again.
  EndSurplus(wanted_ ? aim : std::max<size_t>(CountYoung(), 1));
  const size_t young = CountYoung();
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

size_t ConnectionSet::CountYoung() const {
  return std::count_if(places_.begin(), places_.end(), [](const Place& place) {
    return place.phase == Phase::kServing && !place.old.load(std::memory_order_relaxed);
  });
}

void ConnectionSet::Fill(Place* place, Phase phase) {
  place->old.store(false, std::memory_order_relaxed);
  place->state = ConnectionState::kIdle;
  place->reason = absl::OkStatus();
  place->ready.store(false, std::memory_order_relaxed);
  place->connection = context_->connector->Create(key_, place);
  // Before a call may use it: it has a channel from then on.
  place->connection->Connect();
  place->phase = phase;
  place->begun.store(0, std::memory_order_relaxed);
  count_.fetch_add(1, std::memory_order_relaxed);
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
  count_.fetch_sub(1, std::memory_order_relaxed);
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
