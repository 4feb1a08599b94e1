#ifndef MESH_CALL_GRPC_TRANSPORT_H_
#define MESH_CALL_GRPC_TRANSPORT_H_

#include <memory>

#include "grpcpp/client_context.h"
#include "mesh/call/call_environment.h"
#include "mesh/call/exchange.h"

namespace mesh::call {

// Attempts of one call over the endpoints' own gRPC channels, as bytes, on the pump's queue. Each
// sends what the application's context says: metadata, compression, call credentials (asked anew
// for each), the server call it descends from. Thread-safe.
class GrpcTransport final : public Transport {
 public:
  // `context` is the application's: it outlives the call.
  GrpcTransport(std::shared_ptr<CallEnvironment> environment, grpc::ClientContext* context);

  std::shared_ptr<Exchange> Start(ExchangeRequest request, wire::Connection& connection,
                                  OnDone on_done) override;

 private:
  const std::shared_ptr<CallEnvironment> environment_;
  grpc::ClientContext* const context_;
};

}  // namespace mesh::call

#endif  // MESH_CALL_GRPC_TRANSPORT_H_
