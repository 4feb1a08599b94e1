#ifndef MESH_CALL_ATTEMPTS_H_
#define MESH_CALL_ATTEMPTS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/inlined_vector.h"
#include "absl/functional/any_invocable.h"
#include "absl/strings/cord.h"
#include "absl/time/time.h"
#include "mesh/base/mutex.h"
#include "mesh/call/call_config.h"
#include "mesh/call/call_trace.h"
#include "mesh/call/channel_core.h"
#include "mesh/call/exchange.h"
#include "mesh/call/retry_decision.h"
#include "mesh/cluster/endpoint.h"

namespace mesh::call {

// Which endpoints a call was tried on. They are compared, never used: they may be gone.
using TriedEndpoints = absl::InlinedVector<const cluster::Endpoint*, 4>;

// A unary call as bytes, and what happened to it before. A value.
struct UnaryCall {
  std::string path;
  std::string authority;
  absl::Cord body;
  absl::Time start;                              // on the mesh's clock
  absl::Time deadline = absl::InfiniteFuture();  // the application's
  bool wait_for_ready = false;
  uint64_t random = 0;  // chooses among a route's clusters, the same one for all attempts
  AttemptCounts counts;
  TriedEndpoints tried;                   // of the attempts made before
  std::shared_ptr<CallTrace::Log> trace;  // null: none
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
class Attempts final : public std::enable_shared_from_this<Attempts> {
 public:
  // What the call ends with; nothing if no attempt was made, so that what the call had before
  // stands.
  using Done = absl::AnyInvocable<void(std::optional<ExchangeResponse>)>;

  Attempts(std::shared_ptr<ChannelCore> core, std::unique_ptr<Transport> transport, UnaryCall call);
  ~Attempts();

  // `done` runs exactly once, under no lock, on the serializer, the pump or inside Start().
  void Start(Done done);
  // The same; the first step is taken on the serializer, `body` is what to send.
  void StartHeld(absl::Cord body, Done done);

  // Ends the call soon with that status, if it has not ended.
  void Cancel(int code, std::string message);

  // For those who hold it. Each is called by one at a time.
  // Takes the next step if there is one. False: nothing has changed, the call must wait.
  bool Advance();
  // Whether the call was cancelled; it has ended then.
  bool EndIfCancelled();
  // Ends the wait; no effect if the call does not wait any more.
  void EndWait(int code, std::string message);
  // With the routes' timeout, as far as it is known.
  absl::Time deadline() const { return deadline_; }
  // `cluster "a": no endpoint is connected yet`, or what else it waits for.
  std::string WaitReason() const;

 private:
  struct Status {
    int code;
    std::string message;
  };

  void BeginAttempt(GoTo step);
  void OnAttemptDone(ExchangeResponse response);
  void Finish(std::optional<ExchangeResponse> response);
  void FinishWith(int code, std::string message);

  const std::shared_ptr<ChannelCore> core_;
  const std::unique_ptr<Transport> transport_;

  // Of whoever takes the next step.
  UnaryCall call_;
  absl::Time deadline_;
  std::string waits_for_;      // the cluster's name; empty: a configuration
  absl::Status last_failure_;  // why the last step found no endpoint
  model::RetryPolicy policy_;  // of the attempt in flight
  cluster::Permit permit_;     // of the attempt in flight
  absl::Time attempt_start_;
  std::optional<ExchangeResponse> last_;
  Done done_;

  Mutex mutex_;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<Status> cancelled_ ABSL_GUARDED_BY(mutex_);
  uint64_t generation_ ABSL_GUARDED_BY(mutex_) =
      0;  // of attempts: one more at each beginning and end
  std::shared_ptr<Exchange> exchange_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mesh::call

#endif  // MESH_CALL_ATTEMPTS_H_
