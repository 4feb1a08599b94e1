#ifndef TESTS_SIMULATION_SIM_CALL_H_
#define TESTS_SIMULATION_SIM_CALL_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "mesh/call/attempts.h"
#include "mesh/call/call_registry.h"
#include "mesh/call/channel_core.h"
#include "mesh/call/exchange.h"
#include "mesh/call/retry_decision.h"
#include "tests/simulation/config_ledger.h"
#include "tests/simulation/plant.h"
#include "tests/simulation/sim_transport.h"
#include "tests/simulation/violations.h"

namespace mesh::simulation {

// What an application asks for. A value.
struct CallSpec {
  std::string target;
  std::string path = "/test.Echo/Unary";
  absl::Duration timeout = absl::Seconds(2);  // infinite: none
  bool wait_for_ready = false;
  bool managed = false;  // all attempts are ours, else the first one is native
};

// What became of it. A value.
struct CallEnd {
  uint64_t number = 0;
  CallSpec spec;
  absl::Duration start;  // of the world's time
  absl::Duration end;
  int code = 0;
  std::string message;
  uint32_t attempts = 0;
  uint32_t delivered = 0;  // of them: those that a server may have executed
  std::string address;     // of the last attempt
};

// A unary call as the call path makes it: what gRPC does in a native or held call is simulated,
// what this library decides (routes, picks, permits, retries, holding) is the real thing.
// Thread-compatible.
class SimCall final : public call::CallRegistry::Entry,
                      public std::enable_shared_from_this<SimCall> {
 public:
  struct World {
    std::shared_ptr<call::ChannelCore> core;
    CallNetwork* network = nullptr;
    ConfigLedger* ledger = nullptr;
    Violations* violations = nullptr;
    Trace* trace = nullptr;
    Dice* dice = nullptr;
    std::vector<cluster::Permit>* leaked = nullptr;
    Plant plant = Plant::kNone;
    bool planted = false;  // this call has the fault
  };
  using Done = std::function<void(const CallEnd&)>;

  SimCall(uint64_t number, CallSpec spec, World world, Done done);
  ~SimCall();

  void Begin();
  // As an application cancels.
  void Cancel();

  // The endpoint that a native attempt holds a permit of; null: none.
  const cluster::Endpoint* held() const { return held_; }
  uint64_t number() const { return end_.number; }
  const CallSpec& spec() const { return end_.spec; }

 private:
  call::CallRegistry::Canceller GetCanceller(const absl::Status& reason) override;

  std::unique_ptr<SimTransport> NewTransport();
  call::UnaryCall Describe() const;
  void BeginNative(call::GoTo step);
  void OnNativeDone(call::ExchangeResponse response);
  void Rescue(call::RetryDecision decision, const cluster::Endpoint* tried,
              call::ExchangeResponse native);
  void Finish(int code, std::string message);
  void OnAttemptStart(const SimConnection& connection);
  void OnAttemptEnd(call::ExchangeResponse* response);

  World world_;
  Done done_;
  CallEnd end_;
  uint64_t random_;
  absl::Time start_;
  absl::Time deadline_ = absl::InfiniteFuture();
  // Of the native attempt.
  const cluster::Endpoint* held_ = nullptr;
  cluster::Permit permit_;
  model::RetryPolicy retry_;
  std::shared_ptr<call::Exchange> exchange_;
  std::optional<absl::Status> end_reason_;  // why it must end
  std::shared_ptr<call::Attempts> attempts_;
  uint32_t allowed_retries_ = 0;  // of executed attempts, by the policies seen
  int ended_ = 0;
};

}  // namespace mesh::simulation

#endif  // TESTS_SIMULATION_SIM_CALL_H_
