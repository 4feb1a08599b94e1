#ifndef MESH_WIRE_CONNECTION_H_
#define MESH_WIRE_CONNECTION_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "mesh/model/connection_options.h"

namespace grpc {
class Channel;
}

namespace mesh::wire {

enum class ConnectionState : uint8_t {
  kIdle,        // nobody asked for it, or it was lost
  kConnecting,  // the first attempt since it was idle or ready
  kReady,       // calls can be made
  kFailing,     // the last attempt failed; it is tried again after a back-off
};
absl::string_view ToString(ConnectionState state);

class Connection;

// The right to make one call on a connection, which is given back once, by Release() or the
// destructor. Thread-compatible, and may be given back on any thread.
class ConnectionUse {
 public:
  // Counts those who use a connection. Thread-safe.
  class Counter {
   public:
    // Gives back one use.
    virtual void EndUse() = 0;

   protected:
    ~Counter() = default;
  };

  ConnectionUse() = default;
  // `counter` has counted the use; null: nobody counts.
  ConnectionUse(Connection* connection, Counter* counter)
      : connection_(connection), counter_(counter) {}
  ConnectionUse(ConnectionUse&& other) noexcept
      : connection_(std::exchange(other.connection_, nullptr)),
        counter_(std::exchange(other.counter_, nullptr)) {}
  ConnectionUse& operator=(ConnectionUse&& other) noexcept {
    if (this != &other) {
      Release();
      connection_ = std::exchange(other.connection_, nullptr);
      counter_ = std::exchange(other.counter_, nullptr);
    }
    return *this;
  }
  ~ConnectionUse() { Release(); }

  // Null once given back.
  Connection* connection() const { return connection_; }
  // No effect the second time.
  void Release() {
    connection_ = nullptr;
    if (counter_ != nullptr) std::exchange(counter_, nullptr)->EndUse();
  }

 private:
  Connection* connection_ = nullptr;
  Counter* counter_ = nullptr;
};

// A connection to one endpoint, which lives from use to use. Destroying it lets calls in flight
// end by themselves. `state()`, `channel()` and `Use()` are thread-safe, the rest is
// serializer-bound.
class Connection {
 public:
  // Called on the serializer, never inside a call of the connection.
  class Observer {
   public:
    virtual ~Observer() = default;
    // `reason` says what failed, for kFailing.
    virtual void OnConnectionState(ConnectionState state, const absl::Status& reason) = 0;
  };
  // Somebody who uses a connection for as long as it lasts, and for whom it does not stay.
  class Guest {
   public:
    virtual ~Guest() = default;
    // The connection was ready and is lost, which is what it is as well when the server says that
    // it goes (GOAWAY) and waits for its guests; or it is being destroyed. Called once, on the
    // serializer or on the thread that destroys it, under no lock.
    virtual void OnConnectionEnds() = 0;
  };

  virtual ~Connection() = default;

  // Connects, and stays connected or tries again with back-off until Disconnect() or the end.
  virtual void Connect() = 0;
  // Does not connect again by itself when the connection is lost.
  virtual void Disconnect() = 0;
  // Looks at the state now, not when the next notice comes: a call has just failed.
  virtual void Recheck() = 0;

  // The state as last noticed.
  virtual ConnectionState state() const = 0;
  // Makes the endpoint's calls; the same pointer for life. Null in tests without gRPC, and where
  // several connections stand for one: there is a channel in what Use() gives.
  virtual const std::shared_ptr<grpc::Channel>& channel() const = 0;

  // The connection for a call that begins now: this one, or one of those that stand for it. The
  // connection outlives the use. REQUIRES: the caller has seen a state() other than kIdle.
  virtual ConnectionUse Use() { return ConnectionUse(this, nullptr); }

  // Has `guest` told, if it is there by then. No effect in tests without gRPC, and where several
  // connections stand for one: it is the guest of what Use() gives.
  virtual void AddGuest(std::weak_ptr<Guest> /*guest*/) {}

  // How many there are now, in whatever state, where several stand for one; else 1.
  virtual uint32_t count() const { return 1; }
};

// What makes two connections the same.
struct ConnectionKey {
  std::string address;  // `10.0.0.1:8080`, `[2001:db8::1]:8080`, `unix:/path`
  model::ConnectionOptions options;
  std::vector<std::string> alternatives = {};  // further addresses of the same endpoint

  bool operator==(const ConnectionKey& other) const {
    return address == other.address && options == other.options &&
           alternatives == other.alternatives;
  }
  template <typename H>
  friend H AbslHashValue(H h, const ConnectionKey& key) {
    return H::combine(std::move(h), key.address, key.options, key.alternatives);
  }
};

// Makes connections. Serializer-bound.
class Connector {
 public:
  virtual ~Connector() = default;
  // To the key's first address: alternatives are not looked at, unless a connector says so.
  // `observer` outlives the connection.
  virtual std::unique_ptr<Connection> Create(const ConnectionKey& key,
                                             Connection::Observer* observer) = 0;
};

}  // namespace mesh::wire

#endif  // MESH_WIRE_CONNECTION_H_
