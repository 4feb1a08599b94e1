#ifndef MESH_WIRE_GRPC_LOAD_WATCHER_H_
#define MESH_WIRE_GRPC_LOAD_WATCHER_H_

#include <memory>

#include "mesh/base/reaper.h"
#include "mesh/base/serializer.h"
#include "mesh/wire/load_watcher.h"
#include "mesh/wire/pump.h"

namespace mesh::wire {

// Watches by xds.service.orca.v3.OpenRcaService/StreamCoreMetrics over the endpoint's own
// connection (gRFC A51). Where several stand for one it is on one of them, in the use of which it
// does not count (but for max_calls), and ends when that one does. Over a connection that is not
// ready the watch ends at once, with kUnavailable.
//
// While the application makes calls a report is seen up to Pump::kCadence late: none is worth a tax
// on them. Serializer-bound.
class GrpcLoadWatcher final : public LoadWatcher {
 public:
  struct Options {
    Pump* pump = nullptr;              // outlives the watcher
    Serializer* serializer = nullptr;  // outlives the pump
    std::shared_ptr<Reaper> reaper;    // where the last user of a channel drops it
  };

  explicit GrpcLoadWatcher(Options options);

  std::unique_ptr<LoadWatch> Start(const LoadWatchRequest& request,
                                   LoadWatch::Observer* observer) override;

 private:
  const Options options_;
};

}  // namespace mesh::wire

#endif  // MESH_WIRE_GRPC_LOAD_WATCHER_H_
