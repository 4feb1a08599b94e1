#ifndef MESH_CLUSTER_CONNECTION_POOL_H_
#define MESH_CLUSTER_CONNECTION_POOL_H_

#include <cstddef>
#include <deque>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "mesh/base/reaper.h"
#include "mesh/cluster/address_race.h"
#include "mesh/cluster/connection_set.h"
#include "mesh/wire/connection.h"

namespace mesh::cluster {

// All connections of a mesh by key, shared between its clusters. A connection is asked for while
// anybody has a share of it; without one it reconnects no more, and it is destroyed on the
// serializer when its last user (a share, or an endpoint with calls in flight) is gone.
// Serializer-bound.
class ConnectionPool {
  class Entry;

 public:
  // The wish for a connection, from its creation to its end, and a view of its state.
  class Share {
   public:
    ~Share();
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    // May be kept longer than the share, and dropped on any thread.
    std::shared_ptr<wire::Connection> connection() const;
    // As last told to the observers.
    wire::ConnectionState state() const;
    const absl::Status& reason() const;  // for kFailing

   private:
    friend class ConnectionPool;
    Share(std::shared_ptr<Entry> entry, wire::Connection::Observer* observer);

    const std::shared_ptr<Entry> entry_;
    wire::Connection::Observer* const observer_;
  };

  // The connector outlives every connection, the rest of `context` the pool. `attempt_delay`: see
  // AddressRace.
  ConnectionPool(ConnectionSet::Context context, absl::Duration attempt_delay,
                 std::shared_ptr<Reaper> reaper);
  // REQUIRES: no share is left.
  ~ConnectionPool();
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;

  // Connects, at once or soon: many at a time are spread over turns of the serializer, because
  // each costs some 0.2 ms (a gRPC channel), and the first that is ready is not to wait for the
  // last that begins. `observer` outlives the share, and neither makes nor destroys shares inside
  // its call.
  std::unique_ptr<Share> Acquire(const wire::ConnectionKey& key,
                                 wire::Connection::Observer* observer);

  // Connections that live, those that stand for one as one.
  size_t size() const { return entries_.size(); }

 private:
  static constexpr int kConnectsPerTurn = 8;

  void ConnectSoon(const std::shared_ptr<Entry>& entry);
  // Connects the next ones, and comes back in a later turn.
  void ConnectNext();

  RacingConnector connector_;
  const std::shared_ptr<const ConnectionSet::Context> context_;
  const std::shared_ptr<Reaper> reaper_;
  // An entry is here until it is destroyed, or its key has another.
  absl::flat_hash_map<wire::ConnectionKey, Entry*> entries_;
  std::deque<std::weak_ptr<Entry>> to_connect_;
  // This pool, for the task that comes back; null while there is none. Not for longer than it.
  std::shared_ptr<ConnectionPool*> coming_back_;
};

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_CONNECTION_POOL_H_
