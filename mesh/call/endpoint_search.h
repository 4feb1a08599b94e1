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
  TriedEndpoints tried;                   // of the attempts made before
  bool undelivered = false;               // the last of them was never given to a transport
  std::shared_ptr<CallTrace::Log> trace;  // null: none
};

// Finds the next endpoint for such a call, and remembers what it waits for while there is none.
// Thread-compatible.
class EndpointSearch {
 public:
  // `core` outlives it.
  EndpointSearch(const ChannelCore* core, CallInfo call)
      : core_(*core), call_(std::move(call)), deadline_(call_.deadline) {}

  CallInfo& call() { return call_; }
  const CallInfo& call() const { return call_; }

  // The next step as things are now, valid while `reader` lives. GoTo: the endpoint counts as
  // tried. A call that waits for readiness gives up only for good.
  NextStep Look(const EpochReader& reader);

  // An attempt has ended. After one that was never given to a transport the mesh is about to learn
  // of a lost connection: once, an endpoint that was tried before is waited for, not tried again.
  void NoteAttempt(bool delivered) { call_.undelivered = !delivered; }
  // Whether the last step was to wait for that.
  bool out_of_date() const { return out_of_date_; }

  // What the call waits for, as an attempt has failed that may be made again.
  void SetFailure(absl::Status failure) { last_failure_ = std::move(failure); }

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
  cluster::LimitHold waiting_;
  const cluster::Cluster* waits_in_ = nullptr;  // compared only
  std::string waits_for_;                       // the cluster's name; empty: a configuration
  absl::Status last_failure_;  // why a call that waits for readiness found no endpoint
};

}  // namespace mesh::call

#endif  // MESH_CALL_ENDPOINT_SEARCH_H_
