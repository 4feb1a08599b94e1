#ifndef MESH_WIRE_GRPC_CONNECTION_H_
#define MESH_WIRE_GRPC_CONNECTION_H_

#include <functional>
#include <memory>
#include <vector>

#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"
#include "grpcpp/support/client_interceptor.h"
#include "mesh/base/random.h"
#include "mesh/base/reaper.h"
#include "mesh/base/serializer.h"
#include "mesh/wire/connection.h"
#include "mesh/wire/pump.h"

namespace mesh::wire {

// Makes connections that are gRPC channels to one address each. The channel exists from the first
// Connect() on (18 µs and 5 KB each): before, channel() is null, and the thread that reads it must
// have seen a state() other than kIdle first.
//
// A connection that Disconnect() finds failing goes on trying until it is destroyed: gRPC cannot
// stop that. Serializer-bound.
class GrpcConnector final : public Connector {
 public:
  using InterceptorFactories =
      std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>>;

  struct Options {
    Pump* pump = nullptr;              // a connection may outlive it, and then only be destroyed
    Serializer* serializer = nullptr;  // outlives the pump
    std::shared_ptr<Reaper> reaper;    // where channels are destroyed
    std::shared_ptr<grpc::ChannelCredentials> credentials;
    grpc::ChannelArguments arguments;  // the application's
    // Draws each connection's interval of keepalive, and outlives the connections while these may
    // be told to connect; null: none has any jitter.
    Random* random = nullptr;
    // Makes the interceptors' factories of one channel; empty: none.
    std::function<InterceptorFactories()> interceptors;
  };

  explicit GrpcConnector(Options options);

  std::unique_ptr<Connection> Create(const ConnectionKey& key,
                                     Connection::Observer* observer) override;

 private:
  // Shared with the connections, which may outlive the connector.
  const std::shared_ptr<const Options> options_;
};

}  // namespace mesh::wire

#endif  // MESH_WIRE_GRPC_CONNECTION_H_
