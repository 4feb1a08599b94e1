#ifndef MESH_WIRE_GRPC_PROBER_H_
#define MESH_WIRE_GRPC_PROBER_H_

#include <memory>

#include "mesh/base/reaper.h"
#include "mesh/base/serializer.h"
#include "mesh/wire/prober.h"
#include "mesh/wire/pump.h"

namespace mesh::wire {

// Asks by grpc.health.v1.Health/Check over the endpoint's own connection (gRFC A17; envoy
// GrpcHealthCheck, with reuse_connection). One that is connecting is waited for within the
// timeout; without one, or while it is idle or failing, the outcome is kNetwork.
//
// While the application makes calls an answer is seen up to Pump::kCadence late: no probe is worth
// a tax on them (see Pump), so a timeout should not be shorter than some of those.
// Serializer-bound.
class GrpcProber final : public Prober {
 public:
  struct Options {
    Pump* pump = nullptr;              // outlives the prober
    Serializer* serializer = nullptr;  // outlives the pump
    std::shared_ptr<Reaper> reaper;    // where the last user of a channel drops it
  };

  explicit GrpcProber(Options options);

  // REQUIRES: the check is of kind Grpc. `request.address` is not used.
  std::unique_ptr<Probe> Start(const ProbeRequest& request, OnDone done) override;

 private:
  const Options options_;
};

}  // namespace mesh::wire

#endif  // MESH_WIRE_GRPC_PROBER_H_
