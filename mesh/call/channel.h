#ifndef MESH_CALL_CHANNEL_H_
#define MESH_CALL_CHANNEL_H_

#include <memory>

#include "grpcpp/impl/channel_interface.h"
#include "mesh/call/channel_core.h"

namespace mesh::call {

// A channel for any generated stub, whose calls `core` routes. Any number of them may share a
// core. Thread-safe. It may be dropped on any thread, and calls in flight go on without it.
std::shared_ptr<grpc::ChannelInterface> NewChannel(std::shared_ptr<ChannelCore> core);

}  // namespace mesh::call

#endif  // MESH_CALL_CHANNEL_H_
