#ifndef MESH_CALL_GRPC_STREAM_TRANSPORT_H_
#define MESH_CALL_GRPC_STREAM_TRANSPORT_H_

#include <memory>

#include "grpcpp/client_context.h"
#include "mesh/call/byte_stream.h"
#include "mesh/call/call_environment.h"

namespace mesh::call {

// Makes streams on the endpoints' own channels, as generic calls on the pump's queue. Thread-safe.
class GrpcStreamTransport final : public StreamTransport {
 public:
  // `context` is the application's: what it sends with the call, every stream sends. It is read
  // inside Start().
  GrpcStreamTransport(std::shared_ptr<CallEnvironment> environment, grpc::ClientContext* context)
      : environment_(std::move(environment)), context_(context) {}

  std::shared_ptr<ByteStream> Start(ExchangeRequest request, wire::Connection& connection,
                                    ByteStreamEvents events) override;

 private:
  const std::shared_ptr<CallEnvironment> environment_;
  grpc::ClientContext* const context_;
};

}  // namespace mesh::call

#endif  // MESH_CALL_GRPC_STREAM_TRANSPORT_H_
