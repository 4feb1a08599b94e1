#ifndef MESH_WIRE_GRPC_CREDENTIALS_H_
#define MESH_WIRE_GRPC_CREDENTIALS_H_

#include <memory>

#include "absl/status/statusor.h"
#include "grpcpp/security/credentials.h"
#include "mesh/xds/bootstrap.h"

namespace mesh::wire {

// gRPC's credentials for a channel to a control plane (gRFC A27, A65). The PEM files are read now;
// with no CA file the system's roots are trusted.
// Errors: a file that cannot be read or is empty, a certificate without a key or the reverse.
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeCredentials(
    const xds::ChannelCredentials& config);

}  // namespace mesh::wire

#endif  // MESH_WIRE_GRPC_CREDENTIALS_H_
