#ifndef MESH_TOOLS_CALL_LOAD_H_
#define MESH_TOOLS_CALL_LOAD_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "grpcpp/impl/channel_interface.h"
#include "mesh/tools/call_summary.h"
#include "mesh/tools/command_line.h"

namespace mesh::tools {

// Makes the calls that `line` asks for on `channel`, all from the calling thread and its own
// queue, and returns when the last has ended. With `line.qps` the load is open: calls start when
// they are due, however long others take. `progress` is called a few times a second with the
// calls that have ended and those that failed.
CallSummary RunCalls(const CommandLine& line,
                     const std::shared_ptr<grpc::ChannelInterface>& channel,
                     const std::function<void(uint64_t ended, uint64_t failed)>& progress);

}  // namespace mesh::tools

#endif  // MESH_TOOLS_CALL_LOAD_H_
