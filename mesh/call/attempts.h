#ifndef MESH_CALL_ATTEMPTS_H_
#define MESH_CALL_ATTEMPTS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/strings/cord.h"
#include "absl/time/time.h"
#include "mesh/base/mutex.h"
#include "mesh/call/attempt_in_flight.h"
#include "mesh/call/call_config.h"
#include "mesh/call/channel_core.h"
#include "mesh/call/endpoint_search.h"
#include "mesh/call/exchange.h"
#include "mesh/call/waiter.h"
#include "mesh/cluster/endpoint.h"

namespace mesh::call {

// A unary call as bytes. A value.
struct UnaryCall : CallInfo {
  absl::Cord body;
};

// Runs a unary call attempt after attempt, over the transport of the call, until one is final:
//
//            ┌───────────────── the picker or the routes changed ─────────┐
//            ▼                                                            │
//   ──► choose the next step ── nothing connected yet ──► held by the core┘
//            │      ▲    └───── nothing can be ─────────► done      │ deadline, cancellation
//            ▼      │                                               ▼
//         attempt ──┴─ not final                                  done
//            └──────── final ──► done
//
// It keeps itself while it goes on. Thread-safe.
class Attempts final : public Waiter, public std::enable_shared_from_this<Attempts> {
 public:
  // What the call ends with; nothing if no attempt was made, so that what the call had before
  // stands.
  using Done = absl::AnyInvocable<void(std::optional<ExchangeResponse>)>;

  Attempts(std::shared_ptr<ChannelCore> core, std::unique_ptr<Transport> transport, UnaryCall call);
  ~Attempts() override;

  // `done` runs exactly once, under no lock, on the serializer, the pump or inside Start().
  void Start(Done done);
  // The same; the first step is taken on the serializer, `body` is what to send.
  void StartHeld(absl::Cord body, Done done);

  // Ends the call soon with that status, if it has not ended.
  void Cancel(int code, std::string message);

  Step Advance() override;
  bool EndIfCancelled() override;
  void EndWait(int code, std::string message) override;
  absl::Time deadline() const override { return search_.deadline(); }
  absl::Time look_again() const override { return search_.look_again(); }
  std::string WaitReason() const override { return search_.WaitReason(); }

 private:
  struct Status {
    int code;
    std::string message;
  };

  void HoldUnlessTaken(Step step);
  void BeginAttempt(GoTo step);
  void OnAttemptDone(ExchangeResponse response);
  void Finish(std::optional<ExchangeResponse> response);
  void FinishWith(int code, std::string message);

  const std::shared_ptr<ChannelCore> core_;
  const std::unique_ptr<Transport> transport_;

  // Of whoever takes the next step.
  EndpointSearch search_;
  absl::Cord body_;
  model::RetryPolicy policy_;  // of the attempt in flight
  cluster::Permit permit_;     // of the attempt in flight
  absl::Time attempt_start_;
  std::optional<ExchangeResponse> last_;
  Done done_;

  Mutex mutex_;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<Status> cancelled_ ABSL_GUARDED_BY(mutex_);
  AttemptInFlight<Exchange> in_flight_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mesh::call

#endif  // MESH_CALL_ATTEMPTS_H_
