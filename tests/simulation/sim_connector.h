#ifndef TESTS_SIMULATION_SIM_CONNECTOR_H_
#define TESTS_SIMULATION_SIM_CONNECTOR_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "mesh/base/backoff.h"
#include "mesh/base/serializer.h"
#include "mesh/wire/connection.h"
#include "tests/simulation/servers.h"

namespace mesh::simulation {

class SimConnection;

// Connections to simulated servers, which behave as those over gRPC: they connect and reconnect
// with back-off while they are asked for, notice a server's death soon and its vanishing late.
// Serializer-bound.
class SimConnector final : public wire::Connector {
 public:
  // How long it takes to see that a server has vanished: keepalive time and timeout.
  static constexpr absl::Duration kKeepalive = absl::Seconds(15);

  // All outlive the connector and its connections.
  SimConnector(Serializer* serializer, Servers* servers, Trace* trace, Dice* dice)
      : serializer_(serializer), servers_(servers), trace_(trace), dice_(dice) {}

  // From now on no observer hears that a connection is not ready any more: a planted fault.
  void set_deaf(bool deaf) { deaf_ = deaf; }

  std::unique_ptr<wire::Connection> Create(const wire::ConnectionKey& key,
                                           wire::Connection::Observer* observer) override;

  // Called when an observer has just been told.
  void set_at_moment(std::function<void()> at_moment) { at_moment_ = std::move(at_moment); }

  // Connections that live, and that were ever made.
  size_t live() const { return live_.size(); }
  uint64_t made() const { return made_; }
  // Connections that became ready, ever: what a server counts as accepted.
  uint64_t established() const { return established_; }
  // Every connection that lives, in the order they were made.
  const std::map<uint64_t, SimConnection*>& connections() const { return live_; }

 private:
  friend class SimConnection;

  Serializer* const serializer_;
  Servers* const servers_;
  Trace* const trace_;
  Dice* const dice_;
  bool deaf_ = false;
  std::function<void()> at_moment_;
  std::map<uint64_t, SimConnection*> live_;
  uint64_t made_ = 0;
  uint64_t established_ = 0;
};

// One of them. Serializer-bound, but for state(), and what the single thread of a simulation asks.
class SimConnection final : public wire::Connection, private Servers::Listener {
 public:
  SimConnection(SimConnector* owner, uint64_t id, const wire::ConnectionKey& key,
                Observer* observer);
  ~SimConnection() override;

  void Connect() override;
  void Disconnect() override;
  void Recheck() override;
  wire::ConnectionState state() const override { return state_; }
  const std::shared_ptr<grpc::Channel>& channel() const override { return no_channel_; }

  uint64_t id() const { return id_; }
  const std::string& address() const { return key_.address; }
  bool wanted() const { return wanted_; }
  // The server's incarnation that it is connected to as far as it knows; 0: to none.
  uint64_t peer() const { return peer_; }
  // Whether its observer has been told that it is not ready, and those who pick have had their
  // turn to hear of it.
  bool known_lost() const { return known_lost_; }

 private:
  void OnServerChanged() override;
  void Attempt();
  void OnAttemptEnd();
  void Lose(absl::string_view why);
  // The observer hears of it in a task of its own.
  void SetState(wire::ConnectionState state, const absl::Status& reason = absl::OkStatus());
  void After(Serializer::Timer* timer, absl::Duration delay, void (SimConnection::*then)());
  void OnSilence();

  SimConnector* const owner_;
  const uint64_t id_;
  const wire::ConnectionKey key_;
  Observer* const observer_;
  const std::shared_ptr<grpc::Channel> no_channel_;
  Backoff backoff_;
  wire::ConnectionState state_ = wire::ConnectionState::kIdle;
  bool wanted_ = false;
  bool failing_ = false;  // since it was ready last
  bool known_lost_ = false;
  bool was_ready_ = false;
  uint64_t told_ = 0;  // how often the observer was
  uint64_t peer_ = 0;
  uint64_t knocks_at_ = 0;     // the incarnation that an attempt meets; 0: refused
  Serializer::Timer attempt_;  // its end, or the next one's begin
  Serializer::Timer loss_;     // is about to be noticed
  const std::shared_ptr<SimConnection*> self_ = std::make_shared<SimConnection*>(this);
};

}  // namespace mesh::simulation

#endif  // TESTS_SIMULATION_SIM_CONNECTOR_H_
