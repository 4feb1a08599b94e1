#ifndef MESH_CLUSTER_CONNECTION_SET_H_
#define MESH_CLUSTER_CONNECTION_SET_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "mesh/base/random.h"
#include "mesh/base/serializer.h"
#include "mesh/cluster/mailbox.h"
#include "mesh/wire/connection.h"

namespace mesh::cluster {

// How long a connection is used of which the configuration says `max_duration`: between four
// fifths of that and all of it. Connections that were made together, as those of a cluster are
// when it starts, end apart, and none is used for longer than it may be. `random` is in [0, 1).
absl::Duration DrawLifetime(absl::Duration max_duration, double random);

// How many connections are to serve `uses` calls where one takes `limit` at a time (0: any number):
// one more as soon as three quarters of what fits are in use, so that it is there when the rest
// is, too. 1 at least, `most` at most.
size_t ConnectionsFor(uint64_t uses, uint32_t limit, size_t most);

// Connections to one endpoint that stand for one. Each has a place; a call uses one that serves.
// One that is old, because its time is up or it has had its calls, is replaced before it goes:
// another connects, takes the new calls once it is ready, and the old one is destroyed when the
// last call on it has ended. No call waits for that, and none fails of it. An old one takes no call
// while another one is ready and has room.
//
// With a limit of calls on one connection there are as many as ConnectionsFor() says. None has
// more than its limit while there is room on another that is ready, as long as the calls are no
// more than fit. Calls beyond that do not wait for a connection that comes: they go to the ready
// one with the fewest. When fewer connections were enough for all of `idle_timeout`, those that
// are too many end as old ones do.
//
//              Connect(), in stead              in its stead         no call
//              of one, or beside   is ready     another is ready     is on it
//     kEmpty ───────────────► kComing ───► kServing ───────► kEnding ───────► kEmpty
//
// The first connection serves from the beginning. Each that comes ends one, where more than are
// needed serve then. An old one that cannot be replaced, because the other does not come to be
// ready, or all places are taken by connections that end, goes on serving.
//
// `state()`, `Use()` and `count()` are thread-safe, take no lock and allocate nothing, but when a
// connection is to come or to end. The rest is serializer-bound.
class ConnectionSet final : public wire::Connection {
 public:
  // Those that serve, come or end.
  static constexpr size_t kPlaces = 32;
  // A limit of calls makes no more than so many, or than the options say. Beside them there are
  // places for as many that are to replace them, and still for some that end.
  static constexpr size_t kMostServing = 12;

  // What sets share.
  struct Context {
    wire::Connector* connector = nullptr;  // all outlive the set, or Stop() is called before
    Serializer* serializer = nullptr;
    Random* random = nullptr;
    std::shared_ptr<Mailbox> mailbox;
  };

  // Whether connections of that key take more than one to stand for one.
  static bool IsFor(const wire::ConnectionKey& key) {
    return key.options.max_duration != absl::InfiniteDuration() ||
           key.options.max_concurrent_calls != 0 || key.options.max_calls != 0;
  }

  // `observer` outlives the set.
  ConnectionSet(std::shared_ptr<const Context> context, const wire::ConnectionKey& key,
                Observer* observer);
  ~ConnectionSet() override;

  void Connect() override;
  void Disconnect() override;
  void Recheck() override;
  wire::ConnectionState state() const override { return state_.load(std::memory_order_acquire); }
  const std::shared_ptr<grpc::Channel>& channel() const override { return no_channel_; }
  // One that is ready rather than others, then one with room, then one that is not old, with few
  // uses rather than many.
  wire::ConnectionUse Use() override;
  uint32_t count() const override { return count_.load(std::memory_order_relaxed); }

  // Replaces no connection from now on. The rest of the set's life, and its end, may be on any one
  // thread.
  void Stop();

 private:
  enum class Phase : uint8_t { kEmpty, kComing, kServing, kEnding };

  // A place for a connection, in a cache line of its own, and the same for the set's life: a call
  // may count itself in at a place whose connection has just gone, and then looks for another.
  class alignas(64) Place final : public wire::ConnectionUse::Counter,
                                  public wire::Connection::Observer {
   public:
    void EndUse() override;
    // The same of a use that no call had. True: it was the last one of a connection that ends.
    bool Leave() { return word.fetch_sub(1, std::memory_order_acq_rel) == (kClosed | 1); }  // (2)
    void OnConnectionState(wire::ConnectionState state, const absl::Status& reason) override {
      set->OnPlaceState(this, state, reason);
    }

    // The uses, and kClosed while calls may not use the connection:
    //   Use:     (1) old = word.fetch_add(1)   may use it if and only if old has no kClosed;
    //                                          else (2) undoes it
    //   EndUse:  (2) old = word.fetch_sub(1)   asks for (4) if old == kClosed|1
    //   Close:   (3) word.fetch_or(kClosed)    on the serializer, which then does (4) as well
    //   Destroy: (4) if word == kClosed        on the serializer
    //   The modifications of the word have one order. Whoever may use the connection has (1)
    //   before (3), so the word is not kClosed from (3) until its own (2), and that or a later
    //   one asks for (4): the last of them finds kClosed|1, unless it came before (3), and then
    //   the (4) after (3) finds kClosed. That some (1) of a call that may not use it comes between
    //   puts (4) off until its (2). A (4) too many changes nothing.
    //   Open is a fetch_and(~kClosed) once `connection` is written: its release, and the acquire
    //   of (1), make it visible to whoever may use it.
    std::atomic<uint64_t> word{kClosed};
    std::atomic<bool> ready{false};  // as last noticed
    std::atomic<bool> old{false};    // to be replaced; written on the serializer
    // Calls since it was made, and those that found it had had them all. For max_calls only.
    std::atomic<uint32_t> begun{0};
    std::unique_ptr<wire::Connection> connection;
    ConnectionSet* set = nullptr;
    // Serializer-bound.
    Phase phase = Phase::kEmpty;
    uint64_t made = 0;  // in which order it came to be ready
    wire::ConnectionState state = wire::ConnectionState::kIdle;
    absl::Status reason;
    Serializer::Timer end_of_time;
  };

  static constexpr uint64_t kClosed = uint64_t{1} << 63;
  static constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();

  // What a call finds when it looks at all places that serve.
  struct Choice {
    // Of the rank: one with more is better, whatever the uses.
    static constexpr uint32_t kReady = 4;
    static constexpr uint32_t kHasRoom = 2;
    static constexpr uint32_t kYoung = 1;

    bool is(uint32_t what) const { return (rank & what) != 0; }

    Place* place = nullptr;
    uint64_t word = 0;  // of the place
    uint32_t rank = 0;
    uint32_t all_ready = 0;  // how many are
  };
  Choice Look();
  wire::ConnectionUse UseWithin(uint32_t limit);
  void CountUse();
  // Counts a call in that is to begin on what was chosen. False: it was young, but others have
  // begun the last calls on it since.
  bool CountBegun(const Choice& choice);
  // Advances soon, on the serializer.
  void Ask();
  void OnPlaceState(Place* place, wire::ConnectionState state, const absl::Status& reason);
  // Does what there is to do: begins to replace what is old, ends what is replaced, and makes the
  // number right.
  void Advance();
  void UpdateAim();
  // Ends those that serve beyond so many.
  void EndSurplus(size_t most);
  // The one that serves and can be missed most.
  Place* NextToEnd();
  size_t Count(Phase phase) const;
  size_t CountYoung() const;  // of those that serve
  void Fill(Place* place, Phase phase);
  void Serve(Place* place);
  void End(Place* place);
  // Destroys the connections that end and have no use left.
  void DestroyUnused();
  void Empty(Place* place);
  void Report();

  const std::shared_ptr<const Context> context_;
  const wire::ConnectionKey key_;
  const size_t most_serving_;
  Observer* const observer_;
  const std::shared_ptr<grpc::Channel> no_channel_;
  // This set, for tasks of the mailbox that may come when it is gone.
  const std::shared_ptr<ConnectionSet*> self_ = std::make_shared<ConnectionSet*>(this);
  std::atomic<wire::ConnectionState> state_{wire::ConnectionState::kIdle};
  // A bit for each place that serves; never 0 again once there was one.
  std::atomic<uint32_t> serving_{0};
  std::atomic<uint32_t> count_{0};  // places that are not empty
  // Calls within their Use(), or between that and the end of their EndUse(): no less than the sum
  // of the places' uses, at any moment. With a limit only, as the next three.
  alignas(64) std::atomic<uint64_t> uses_{0};
  std::atomic<uint64_t> most_uses_{0};    // more or less
  std::atomic<uint64_t> ask_at_{kNever};  // uses: one more is needed
  std::atomic<bool> asked_{false};
  std::array<Place, kPlaces> places_;
  size_t aim_ = 1;     // how many are to serve, if it is wanted
  uint64_t made_ = 0;  // how many have come to be ready
  Serializer::Timer trim_;
  bool wanted_ = false;
  bool stopped_ = false;
};

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_CONNECTION_SET_H_
