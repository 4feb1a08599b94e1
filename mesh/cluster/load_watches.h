#ifndef MESH_CLUSTER_LOAD_WATCHES_H_
#define MESH_CLUSTER_LOAD_WATCHES_H_

#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "mesh/base/clock.h"
#include "mesh/base/log.h"
#include "mesh/base/random.h"
#include "mesh/base/serializer.h"
#include "mesh/cluster/endpoint_table.h"
#include "mesh/wire/load_watcher.h"

namespace mesh::cluster {

// Has the endpoints of a cluster report their load out of band (gRFC A51): one stream on each
// connection that is ready, each report of which is the endpoint's load from then on.
//
//                ready                UNIMPLEMENTED
//     no stream ──────► reporting ──────────────────► silent
//         ▲               │    ▲
//         │      any other│    │ after a back-off of 1 s, 1.6 s, ... 120 s, from the
//         │      end      ▼    │ beginning once a report has come
//         │              waiting
//         └── not ready, or another connection: from any of them
//
// A stream is no call: no permit, no limit and no outlier detection knows of it. Serializer-bound.
class LoadWatches {
 public:
  struct Options {
    Serializer* serializer = nullptr;  // all of these outlive the watches
    const Clock* clock = nullptr;
    Random* random = nullptr;
    wire::LoadWatcher* watcher = nullptr;
    std::string cluster_name;  // what requests and texts name
    LogSink log;
  };

  // Servers are asked to report every `interval`; 0: as often as they do.
  LoadWatches(Options options, absl::Duration interval);
  // Ends all streams.
  ~LoadWatches();
  LoadWatches(const LoadWatches&) = delete;
  LoadWatches& operator=(const LoadWatches&) = delete;

  // The state of the endpoint's connection may be another one.
  // REQUIRES: Endpoint::ListenForLoad() was called for it.
  void OnConnection(const TableEndpoint& endpoint);
  // The endpoint goes, or gets another connection. Ends its stream.
  void Forget(const TableEndpoint& endpoint);

 private:
  class Stream;

  void NoteSilent(const TableEndpoint& endpoint, const absl::Status& status);

  const Options options_;
  const absl::Duration interval_;
  // Of those whose connection is ready.
  absl::flat_hash_map<const TableEndpoint*, std::unique_ptr<Stream>> streams_;
  bool told_ = false;  // that some endpoint does not report
};

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_LOAD_WATCHES_H_
