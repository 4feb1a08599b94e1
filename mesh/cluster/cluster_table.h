#ifndef MESH_CLUSTER_CLUSTER_TABLE_H_
#define MESH_CLUSTER_CLUSTER_TABLE_H_

#include <memory>

#include "mesh/base/clock.h"
#include "mesh/base/epoch.h"
#include "mesh/base/log.h"
#include "mesh/base/random.h"
#include "mesh/base/reaper.h"
#include "mesh/base/serializer.h"
#include "mesh/cluster/cluster.h"
#include "mesh/model/cluster.h"
#include "mesh/wire/connection.h"
#include "mesh/wire/load_watcher.h"
#include "mesh/wire/prober.h"

namespace mesh::cluster {

// All clusters of a mesh by key. A cluster lives while anybody holds it; when the last holder is
// gone it is taken down on the serializer. Serializer-bound.
class ClusterTable {
 public:
  struct Options {
    Serializer* serializer = nullptr;  // all outlive the table
    EpochDomain* epochs = nullptr;
    const Clock* clock = nullptr;
    Random* random = nullptr;
    wire::Connector* connector = nullptr;
    // Makes the active health checks; null: no endpoint is checked, and all are healthy.
    wire::Prober* prober = nullptr;
    // Hears what endpoints report of their load out of band; null: nothing is.
    wire::LoadWatcher* load_watcher = nullptr;
    std::shared_ptr<Reaper> reaper;
    LogSink log;
    // The most connected endpoints of a cluster whose configuration sets no other number.
    uint32_t max_connected_endpoints = 128;
    // How long one address is tried alone before the next one is too, of an endpoint that has
    // several and of the endpoints of pick_first (gRFC A61).
    absl::Duration connection_attempt_delay = absl::Milliseconds(250);
    // Whether endpoints are avoided that take calls and answer none: see ClusterHealth.
    bool guards_against_stalls = true;
  };

  static std::unique_ptr<ClusterTable> Create(Options options);
  // Clusters that are still held pick nothing any more.
  virtual ~ClusterTable() = default;

  // The cluster of that key, new or not, with `config` in force. The reference may be dropped on
  // any thread. A config equal to the one in force (the same pointers) changes nothing.
  //
  // An aggregate, which holds the clusters of its children, is the caller's own, since targets may
  // know different things of one for a while: `former` (may be null) if that is one, else a new
  // one.
  virtual std::shared_ptr<Cluster> Apply(const model::ClusterConfig& config,
                                         const std::shared_ptr<Cluster>& former) = 0;

  virtual size_t size() const = 0;
};

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_CLUSTER_TABLE_H_
