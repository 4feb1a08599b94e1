#ifndef MESH_WIRE_PROBER_H_
#define MESH_WIRE_PROBER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "mesh/model/health_check.h"
#include "mesh/wire/connection.h"

namespace mesh::wire {

// What became of one probe of an endpoint.
enum class ProbeOutcome : uint8_t {
  kSuccess,        // it answered that it is healthy
  kUnexpected,     // it answered, but not that
  kRetriable,      // so it did, but that may pass: it counts as no answer does
  kUnimplemented,  // it answered that it does not know what it was asked
  kNetwork,        // no connection, or one that ended before an answer
  kTimeout,        // no answer in time
};

// Whether the endpoint answered at all: it is alive, healthy or not.
inline bool IsAnswer(ProbeOutcome outcome) {
  return outcome == ProbeOutcome::kSuccess || outcome == ProbeOutcome::kUnexpected ||
         outcome == ProbeOutcome::kRetriable || outcome == ProbeOutcome::kUnimplemented;
}

// A value.
struct ProbeResult {
  ProbeOutcome outcome = ProbeOutcome::kNetwork;
  std::string text;  // what happened: `SERVING`, `HTTP status 503`, `connection refused`
};

// What to ask, and whom. Read by Start(), and not kept.
struct ProbeRequest {
  // Its kind and timeout count. REQUIRES: not null.
  const model::HealthCheck* check = nullptr;
  // `10.0.0.1:8080`, `[2001:db8::1]:8080`, `unix:/path`: where TCP and HTTP connect.
  std::string address;
  // Whom the request names, whatever the check says: `:authority` of gRPC, `Host` of HTTP. Empty:
  // the address.
  std::string authority;
  // Carries a gRPC check; may be null, as for any other.
  std::shared_ptr<Connection> connection;
};

// A probe in flight. Destroying it cancels: its `done` runs no more. Serializer-bound.
class Probe {
 public:
  virtual ~Probe() = default;
};

// Asks endpoints for their health. Serializer-bound.
class Prober {
 public:
  using OnDone = absl::AnyInvocable<void(ProbeResult)>;

  // REQUIRES: no probe is left.
  virtual ~Prober() = default;

  // `done` runs once, on the serializer, never inside this call, at the latest soon after the
  // check's timeout. It may destroy the probe. Never null.
  virtual std::unique_ptr<Probe> Start(const ProbeRequest& request, OnDone done) = 0;
};

}  // namespace mesh::wire

#endif  // MESH_WIRE_PROBER_H_
