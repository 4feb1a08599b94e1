#ifndef MESH_CALL_ENDPOINT_SEARCH_H_
#define MESH_CALL_ENDPOINT_SEARCH_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "mesh/base/epoch.h"
#include "mesh/call/call_config.h"
#include "mesh/call/call_trace.h"
#include "mesh/call/exchange.h"
#include "mesh/call/retry_decision.h"
#include "mesh/cluster/endpoint.h"

namespace mesh::call {

class ChannelCore;

// Which endpoints a call was tried on. They are compared, never used: they may be gone.
using TriedEndpoints = absl::InlinedVector<const cluster::Endpoint*, 4>;

// A call whose attempts are ours, and what happened to it before. A value.
struct CallInfo {
  std::string path;                              // `/package.Service/Method`
  std::string authority;                         // empty: the connection's
  absl::Time start;                              // on the mesh's clock
  absl::Time deadline = absl::InfiniteFuture();  // the application's
  bool wait_for_ready = false;
  bool unary = false;
  CallKey key;
  AttemptCounts counts;
  TriedEndpoints tried;                           // of the attempts made before
  absl::Time stale_until = absl::InfinitePast();  // see NoteAttempt()
  std::shared_ptr<CallTrace::Log> trace;          // null: none
};

// An attempt of the call has ended, by that gRPC code. If it may have failed because its connection
// was lost, the mesh is about to learn of it: until `stale_until` an endpoint that was tried before
// is waited for, not tried again. That is long after an attempt that was never given to a
// transport, and short after one that the server may have refused itself.
void NoteAttempt(int code, bool delivered, absl::Time now, CallInfo* call);

// Finds the next endpoint for such a call, and remembers what it waits for while there is none.
// Thread-compatible.
class EndpointSearch {
 public:
  // How long a call waits at most before it looks again whether an endpoint that it was tried on is
  // still there: if it was certainly not given to a transport, and if it may have been.
  static constexpr absl::Duration kLookAgain = absl::Milliseconds(100);
  static constexpr absl::Duration kLookAgainSoon = absl::Milliseconds(20);

  // `core` outlives it.
  EndpointSearch(const ChannelCore* core, CallInfo call)
      : core_(*core), call_(std::move(call)), deadline_(call_.deadline) {}

  CallInfo& call() { return call_; }
  const CallInfo& call() const { return call_; }

  // The next step as things are now, valid while `reader` lives. GoTo: the endpoint counts as
  // tried. A call that waits for readiness gives up only for good.
  NextStep Look(const EpochReader& reader);

  // Whether the last step was to wait since what is known may be out of date.
  bool out_of_date() const { return out_of_date_; }
  // When to look again, after that or SetFailure(), if nothing changes before.
  absl::Time look_again() const { return look_again_; }

  // What the call waits for, as an attempt has failed that may be made again.
  void SetFailure(absl::Status failure);

  // What an attempt at the endpoint that was found sends, but for its body.
  ExchangeRequest Request() const;

  // With the route's timeout, as far as a route is known.
  absl::Time deadline() const { return deadline_; }
  // Why the last step was to wait.
  std::string WaitReason() const;

 private:
  // Takes or gives back the call's place among those that wait for a cluster, as `step` needs it.
  NextStep TakePlace(NextStep step, const EpochReader& reader);

  const ChannelCore& core_;
  CallInfo call_;
  absl::Time deadline_;
  bool out_of_date_ = false;
  absl::Time look_again_ = absl::InfiniteFuture();
  cluster::LimitHold waiting_;
  const cluster::Cluster* waits_in_ = nullptr;  // compared only
  std::string waits_for_;                       // the cluster's name; empty: a configuration
  absl::Status last_failure_;  // why a call that waits for readiness found no endpoint
};

}  // namespace mesh::call

#endif  // MESH_CALL_ENDPOINT_SEARCH_H_
