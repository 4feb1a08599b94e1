#ifndef MESH_CLUSTER_ADDRESS_RACE_H_
#define MESH_CLUSTER_ADDRESS_RACE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "mesh/base/serializer.h"
#include "mesh/wire/connection.h"

namespace mesh::cluster {

// The addresses of an endpoint in the order in which they are tried: as they are, but families take
// turns, the first one's first (RFC 8305, section 4). Paths count as IPv4.
std::vector<std::string> InterleaveFamilies(const std::vector<std::string>& addresses);

// A connection to an endpoint that has several addresses, by whichever of them is there first (gRFC
// A61; envoy happy_eyeballs_connection_impl). They are tried in order, each as soon as the one
// before has failed, or `attempt_delay` after it; all go on. The first that is ready is the
// connection, and the others are given up. When that is lost, all begins anew. It fails when all
// have.
//
// `state()`, `Use()` and `count()` are thread-safe, the rest is serializer-bound.
class AddressRace final : public wire::Connection {
 public:
  struct Context {
    wire::Connector* connector = nullptr;  // it and the serializer outlive the race
    Serializer* serializer = nullptr;
    absl::Duration attempt_delay;
  };

  // `key` has alternatives. `observer` outlives the race.
  AddressRace(const Context& context, const wire::ConnectionKey& key, Observer* observer);
  ~AddressRace() override;

  void Connect() override;
  void Disconnect() override;
  void Recheck() override;
  wire::ConnectionState state() const override { return state_.load(std::memory_order_acquire); }
  const std::shared_ptr<grpc::Channel>& channel() const override { return no_channel_; }
  // That of the address that is the connection now, or was last.
  wire::ConnectionUse Use() override { return current_.load(std::memory_order_acquire)->Use(); }
  uint32_t count() const override { return count_.load(std::memory_order_relaxed); }

 private:
  static constexpr size_t kNone = ~size_t{0};

  // One of the addresses.
  struct Lane final : wire::Connection::Observer {
    void OnConnectionState(wire::ConnectionState state, const absl::Status& reason) override {
      race->OnLane(this, state, reason);
    }

    AddressRace* race = nullptr;
    std::string address;
    // Null while it has not been tried. Of one that calls may use, until the race ends.
    std::unique_ptr<wire::Connection> connection;
    bool used = false;   // calls may use it
    bool tried = false;  // in this race; what else becomes of it does not matter
    wire::ConnectionState state = wire::ConnectionState::kIdle;
    absl::Status reason;  // why it failed last
  };

  void OnLane(Lane* lane, wire::ConnectionState state, const absl::Status& reason);
  void Begin();
  void TryNext();
  void Win(Lane* lane);
  void GiveUp(Lane* lane);
  void MakeCurrent(Lane* lane);
  bool HaveAllFailed() const;
  void Report();
  absl::Status Reason() const;

  const Context context_;
  const wire::ConnectionKey key_;
  Observer* const observer_;
  const std::shared_ptr<grpc::Channel> no_channel_;
  std::vector<std::unique_ptr<Lane>> lanes_;  // in their order; not empty
  std::atomic<wire::Connection*> current_{nullptr};
  std::atomic<wire::ConnectionState> state_{wire::ConnectionState::kIdle};
  std::atomic<uint32_t> count_{0};  // lanes with a connection
  Lane* winner_ = nullptr;          // null while none is ready
  size_t tried_ = 0;                // the first lanes, since the race began
  bool wanted_ = false;
  bool failing_ = false;  // since all had failed, none has been ready
  Serializer::Timer next_attempt_;
  Serializer::Timer report_;  // soon
};

// Makes a race for keys with alternatives, and the connector's own connections for others.
class RacingConnector final : public wire::Connector {
 public:
  explicit RacingConnector(const AddressRace::Context& context) : context_(context) {}

  std::unique_ptr<wire::Connection> Create(const wire::ConnectionKey& key,
                                           wire::Connection::Observer* observer) override;

 private:
  const AddressRace::Context context_;
};

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_ADDRESS_RACE_H_
