#ifndef MESH_CLUSTER_STALL_GUARD_H_
#define MESH_CLUSTER_STALL_GUARD_H_

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "mesh/base/random.h"
#include "mesh/base/serializer.h"
#include "mesh/cluster/endpoint_table.h"
#include "mesh/model/health_check.h"
#include "mesh/wire/prober.h"

namespace mesh::cluster {

// Guards calls against endpoints that accept them and never answer (a frozen process, a network
// that swallows packets), without any configuration. No status tells of such: it is decided from
// how many unary calls an endpoint has begun since its last answer, against what others of the
// group have.
//
//   avoided:  the picker finds 8 or more unanswered, and 4 times as many as on another endpoint,
//             which gets the call instead. It ends with the first answer.
//   stalled:  still so after kConfirmAfter. The endpoint takes no calls, and counts as failing to
//             connect. It is probed (grpc.health.v1.Health/Check) until it answers anything, even
//             that it knows no such method; or a call of before is answered.
//
// At most half of a cluster's connected endpoints are stalled at a time. Streams are not counted.
// Serializer-bound.
class StallGuard {
 public:
  static constexpr absl::Duration kConfirmAfter = absl::Milliseconds(100);
  static constexpr absl::Duration kProbeTimeout = absl::Seconds(1);
  static constexpr absl::Duration kProbeEvery = absl::Seconds(1);  // and up to half as long again
  static constexpr uint32_t kFewestUnanswered = 8;

  struct Options {
    Serializer* serializer = nullptr;  // all of these outlive the guard
    Random* random = nullptr;
    wire::Prober* prober = nullptr;  // null: only answers to calls end a stall
    EndpointTable* table = nullptr;
    std::string authority;  // of the probes
  };

  // `judge` is called when is_stalled() of an endpoint has changed.
  StallGuard(Options options, std::function<void(TableEndpoint&)> judge);
  StallGuard(const StallGuard&) = delete;
  StallGuard& operator=(const StallGuard&) = delete;

  // A picker avoids the endpoint, which may be gone.
  void Suspect(const Endpoint* endpoint);
  // The connection of the endpoint is another one, or it has gone.
  void Forget(const Endpoint* endpoint);

  bool is_stalled(const Endpoint* endpoint) const;
  size_t stalled() const { return stalled_; }

 private:
  struct Watch {
    bool stalled = false;
    Serializer::Timer timer;
    std::unique_ptr<wire::Probe> probe;
  };

  void Confirm(TableEndpoint* endpoint);
  void Probe(TableEndpoint* endpoint);
  void OnProbed(const Endpoint* endpoint, const wire::ProbeResult& result);
  void LookAgain(TableEndpoint* endpoint);
  void End(TableEndpoint* endpoint);
  // Takes its watch away; whether it was stalled.
  bool Erase(const Endpoint* endpoint);

  const Options options_;
  const std::function<void(TableEndpoint&)> judge_;
  const model::HealthCheck check_;
  std::map<const Endpoint*, Watch> watches_;
  size_t stalled_ = 0;  // of those
};

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_STALL_GUARD_H_
