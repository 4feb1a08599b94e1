#ifndef TESTS_SIMULATION_SIM_TRANSPORT_H_
#define TESTS_SIMULATION_SIM_TRANSPORT_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "mesh/base/executor.h"
#include "mesh/call/call_environment.h"
#include "mesh/call/exchange.h"
#include "tests/simulation/servers.h"
#include "tests/simulation/sim_connector.h"

namespace mesh::simulation {

// What a network does to calls: attempts travel, servers execute them and answer, die meanwhile,
// or vanish. Knows how many attempts are in flight to each address. Thread-compatible.
class CallNetwork {
 public:
  // All outlive it.
  CallNetwork(Executor* executor, const Clock* clock, Servers* servers, Trace* trace, Dice* dice)
      : executor_(executor), clock_(clock), servers_(servers), trace_(trace), dice_(dice) {}

  // Attempts that have begun and whose end nobody was told of.
  const std::map<std::string, uint64_t>& in_flight() const { return in_flight_; }
  uint64_t total_in_flight() const { return total_; }

 private:
  friend class SimExchange;
  friend class SimTransport;

  Executor* const executor_;
  const Clock* const clock_;
  Servers* const servers_;
  Trace* const trace_;
  Dice* const dice_;
  std::map<std::string, uint64_t> in_flight_;
  uint64_t total_ = 0;
};

// The transport of one call, over a CallNetwork. Thread-compatible.
class SimTransport final : public call::Transport {
 public:
  struct Options {
    uint64_t call = 0;  // its number, for the trace
    CallNetwork* network = nullptr;
    std::shared_ptr<call::CallEnvironment> environment;
    // Called with the connection of each attempt, as it begins, and with the response of each.
    std::function<void(const SimConnection&)> on_start;
    std::function<void(const SimConnection&, call::ExchangeResponse*)> on_end;
  };
  explicit SimTransport(std::shared_ptr<const Options> options) : options_(std::move(options)) {}

  std::shared_ptr<call::Exchange> Start(call::ExchangeRequest request, wire::Connection& connection,
                                        OnDone on_done) override;

 private:
  const std::shared_ptr<const Options> options_;
};

}  // namespace mesh::simulation

#endif  // TESTS_SIMULATION_SIM_TRANSPORT_H_
