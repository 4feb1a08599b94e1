#ifndef MESH_WIRE_SOCKET_PROBER_H_
#define MESH_WIRE_SOCKET_PROBER_H_

#include <memory>

#include "mesh/base/serializer.h"
#include "mesh/wire/prober.h"
#include "mesh/wire/socket_loop.h"

namespace mesh::wire {

// Asks by TCP, or by HTTP/1.1 without TLS, over a socket of its own for each probe. The thread
// that does it begins with the first probe; the timeout of a probe does so when it is its turn
// (see SocketLoop::kMaxSockets). An answer that makes no sense is kNetwork, as it is to Envoy;
// kUnexpected is an HTTP status that is not among the expected ones. Serializer-bound.
class SocketProber final : public Prober {
 public:
  // `serializer` outlives the prober.
  explicit SocketProber(Serializer* serializer) : serializer_(serializer) {}

  // REQUIRES: the check is of kind Tcp or Http. `request.connection` is not used.
  std::unique_ptr<Probe> Start(const ProbeRequest& request, OnDone done) override;

 private:
  Serializer* const serializer_;
  std::unique_ptr<SocketLoop> loop_;
};

}  // namespace mesh::wire

#endif  // MESH_WIRE_SOCKET_PROBER_H_
