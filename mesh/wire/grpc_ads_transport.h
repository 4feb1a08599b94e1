#ifndef MESH_WIRE_GRPC_ADS_TRANSPORT_H_
#define MESH_WIRE_GRPC_ADS_TRANSPORT_H_

#include <memory>
#include <string>

#include "mesh/base/serializer.h"
#include "mesh/wire/pump.h"
#include "mesh/xds/transport.h"

namespace mesh::wire {

// Control planes over gRPC channels of their own. A message of more than 128 MiB ends its stream;
// a peer that is lost in silence does within 40 s (keepalive 30 s + 10 s).
//
// A stream that is opened after a failure makes a connection attempt at once, whatever gRPC's own
// back-off: when to try again is the xDS client's to decide. TLS files are read again then.
//
// The end of a stream is noticed while a Read() or a Send() is unanswered. Serializer-bound.
class GrpcAdsTransportFactory final : public xds::AdsTransportFactory {
 public:
  struct Options {
    Pump* pump = nullptr;              // outlives the transports and their streams
    Serializer* serializer = nullptr;  // outlives the pump
    std::string user_agent;            // before gRPC's own; may be empty
  };

  explicit GrpcAdsTransportFactory(Options options);

  // Errors: no server_uri; `xds:` in it, which would need a control plane to find it; TLS files.
  absl::StatusOr<std::unique_ptr<xds::AdsTransport>> Create(
      const xds::ServerConfig& server) override;

 private:
  const Options options_;
};

}  // namespace mesh::wire

#endif  // MESH_WIRE_GRPC_ADS_TRANSPORT_H_
