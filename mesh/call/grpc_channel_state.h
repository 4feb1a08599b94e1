#ifndef MESH_CALL_GRPC_CHANNEL_STATE_H_
#define MESH_CALL_GRPC_CHANNEL_STATE_H_

#include "grpcpp/completion_queue.h"
#include "grpcpp/impl/channel_interface.h"
#include "mesh/call/channel_state.h"

namespace mesh::call {

// How an application that knows gRPC reads a ChannelState. Thread-safe.

grpc_connectivity_state ToGrpc(Connectivity connectivity);

// Blocks until the state is other than `last_observed` (true) or the deadline passed (false).
bool WaitForChange(ChannelState* state, grpc_connectivity_state last_observed,
                   gpr_timespec deadline);

// The same, told by `tag` on `queue`: its `ok` is true for a change, also for the end of `state`;
// false for the deadline.
void NotifyOnChange(ChannelState* state, grpc_connectivity_state last_observed,
                    gpr_timespec deadline, grpc::CompletionQueue* queue, void* tag);

}  // namespace mesh::call

#endif  // MESH_CALL_GRPC_CHANNEL_STATE_H_
