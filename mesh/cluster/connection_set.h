#ifndef MESH_CLUSTER_CONNECTION_SET_H_
#define MESH_CLUSTER_CONNECTION_SET_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
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

// Connections to one endpoint that stand for one. Each has a place; a call uses one that serves.
// One whose time is up is replaced before it goes: another connects, takes the new calls once it
// is ready, and the old one is destroyed when the last call on it has ended. No call waits for
// that, and none fails of it.
//
//              Connect(), or                    another is ready     no call
//              instead of one      is ready     in its stead         is on it
//     kEmpty ───────────────► kComing ───► kServing ───────► kEnding ───────► kEmpty
//
// The first connection serves from the beginning. One that cannot be replaced, because the other
// does not come to be ready, or all places are taken by connections that end, goes on serving.
//
// `state()` and `Use()` are thread-safe, take no lock and allocate nothing, but when a connection
// has come to its end. The rest is serializer-bound.
class ConnectionSet final : public wire::Connection {
 public:
  // Those that serve, come or end.
  static constexpr size_t kPlaces = 16;

  // What sets share.
  struct Context {
    wire::Connector* connector = nullptr;  // all outlive the set, or Stop() is called before
    Serializer* serializer = nullptr;
    Random* random = nullptr;
    std::shared_ptr<Mailbox> mailbox;
  };

  // Whether connections of that key take more than one to stand for one.
  static bool IsFor(const wire::ConnectionKey& key) {
    return key.options.max_duration != absl::InfiniteDuration();
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
  // One that is ready rather than others, with few uses rather than many.
  wire::ConnectionUse Use() override;

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
    std::unique_ptr<wire::Connection> connection;
    ConnectionSet* set = nullptr;
    // Serializer-bound.
    Phase phase = Phase::kEmpty;
    bool old = false;  // its time is up
    wire::ConnectionState state = wire::ConnectionState::kIdle;
    absl::Status reason;
    Serializer::Timer end_of_time;
  };

  static constexpr uint64_t kClosed = uint64_t{1} << 63;

  void OnPlaceState(Place* place, wire::ConnectionState state, const absl::Status& reason);
  // Does what there is to do: begins to replace what is old, ends what is replaced.
  void Advance();
  size_t Count(Phase phase) const;
  void Fill(Place* place, Phase phase);
  void Serve(Place* place);
  void End(Place* place);
  // Destroys the connections that end and have no use left.
  void DestroyUnused();
  void Empty(Place* place);
  void Report();

  const std::shared_ptr<const Context> context_;
  const wire::ConnectionKey key_;
  Observer* const observer_;
  const std::shared_ptr<grpc::Channel> no_channel_;
  // This set, for tasks of the mailbox that may come when it is gone.
  const std::shared_ptr<ConnectionSet*> self_ = std::make_shared<ConnectionSet*>(this);
  std::atomic<wire::ConnectionState> state_{wire::ConnectionState::kIdle};
  // A bit for each place that serves; never 0 again once there was one.
  std::atomic<uint32_t> serving_{0};
  std::array<Place, kPlaces> places_;
  bool wanted_ = false;
  bool stopped_ = false;
};

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_CONNECTION_SET_H_
