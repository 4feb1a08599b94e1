#ifndef MESH_WIRE_CHANNEL_ARGUMENTS_H_
#define MESH_WIRE_CHANNEL_ARGUMENTS_H_

#include "absl/time/time.h"
#include "grpcpp/support/channel_arguments.h"

namespace mesh::wire {

// The arguments of a channel to one endpoint: ours, except where the application's say otherwise.
//
// Keepalive: servers end a connection whose client pings more often than they permit
// (`too_many_pings`), by default every 5 minutes unless data flow, so a shorter default would end
// long streams that are quiet. A peer that was lost in silence is found sooner nevertheless: gRPC
// gives the keepalive timeout to the kernel as TCP_USER_TIMEOUT, and a request that is not
// acknowledged for that long ends the connection.
grpc::ChannelArguments EndpointArguments(const grpc::ChannelArguments& application,
                                         absl::Duration connect_timeout);

// The arguments of a channel to a control plane. `user_agent` may be empty.
grpc::ChannelArguments ControlPlaneArguments(const std::string& user_agent);

}  // namespace mesh::wire

#endif  // MESH_WIRE_CHANNEL_ARGUMENTS_H_
