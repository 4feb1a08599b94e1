#ifndef MESH_WIRE_ENDPOINT_PROBER_H_
#define MESH_WIRE_ENDPOINT_PROBER_H_

#include <memory>

#include "mesh/wire/grpc_prober.h"
#include "mesh/wire/prober.h"
#include "mesh/wire/socket_prober.h"

namespace mesh::wire {

// Makes every kind of check: by gRPC over the endpoint's connection, by TCP and HTTP over sockets
// of its own. One for a mesh: its clusters share the thread of the sockets. Serializer-bound.
class EndpointProber final : public Prober {
 public:
  explicit EndpointProber(const GrpcProber::Options& options)
      : grpc_(options), sockets_(options.serializer) {}

  std::unique_ptr<Probe> Start(const ProbeRequest& request, OnDone done) override;

 private:
  GrpcProber grpc_;
  SocketProber sockets_;
};

}  // namespace mesh::wire

#endif  // MESH_WIRE_ENDPOINT_PROBER_H_
