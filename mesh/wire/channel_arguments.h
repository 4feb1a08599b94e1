#ifndef MESH_WIRE_CHANNEL_ARGUMENTS_H_
#define MESH_WIRE_CHANNEL_ARGUMENTS_H_

#include <string>

#include "grpcpp/support/channel_arguments.h"
#include "mesh/model/connection_options.h"

namespace mesh::wire {

// The arguments of a channel to one endpoint: what its cluster's configuration says; else what the
// application's say; else ours. `random`, in [0, 1), draws the jitter.
//
// Keepalive: what a cluster says of it replaces all that the application says of it. An interval
// holds without calls, too, as in Envoy, and never runs out of pings; gRPC sends no two pings
// within a second. A timeout without an interval is that of the usual pings, and of the kernel.
//
// The default: servers end a connection whose client pings more often than they permit
// (`too_many_pings`), by default every 5 minutes unless data flow, so a shorter default would end
// long streams that are quiet. A peer that was lost in silence is found sooner nevertheless: gRPC
// gives the keepalive timeout to the kernel as TCP_USER_TIMEOUT, and a request that is not
// acknowledged for that long ends the connection.
grpc::ChannelArguments EndpointArguments(const grpc::ChannelArguments& application,
                                         const model::ConnectionOptions& options, double random);

// The arguments of a channel to a control plane. `user_agent` may be empty.
grpc::ChannelArguments ControlPlaneArguments(const std::string& user_agent);

}  // namespace mesh::wire

#endif  // MESH_WIRE_CHANNEL_ARGUMENTS_H_
