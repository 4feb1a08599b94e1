#ifndef MESH_CLUSTER_CLUSTER_H_
#define MESH_CLUSTER_CLUSTER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "mesh/base/epoch.h"
#include "mesh/cluster/limits.h"
#include "mesh/cluster/picker.h"
#include "mesh/model/cluster.h"
#include "mesh/model/snapshot.h"
#include "mesh/wire/connection.h"

namespace mesh::cluster {

// A cluster while it runs: its endpoints, their connections, and the picker that calls read.
// Shared by every channel that routes to it. Pick and name are thread-safe, the rest is
// serializer-bound.
class Cluster {
 public:
  // Called on the serializer, never inside the cluster's own calls.
  class Observer {
   public:
    virtual ~Observer() = default;
    // Calls that wait should pick again.
    virtual void OnPickerChanged() = 0;
    // snapshot() tells something else about connections, though picks are the same.
    virtual void OnConnectionsChanged() {}
  };

  virtual ~Cluster() = default;

  virtual const std::string& name() const = 0;

  // Picks an endpoint. Takes no lock, allocates nothing when it succeeds. The first pick of an
  // idle cluster starts its connections. `reader` is of the mesh's epoch domain.
  virtual PickResult Pick(const PickRequest& request, const EpochReader& reader) const = 0;

  // A place among the calls that wait for an endpoint of the cluster, as Pick() said Pending; given
  // back when it need wait no more. Error: there is none (UNAVAILABLE; max_pending_requests).
  // Takes no lock, allocates nothing when it succeeds.
  virtual absl::StatusOr<LimitHold> Wait(model::RoutingPriority priority,
                                         const EpochReader& reader) const = 0;

  // Connects as a pick would.
  virtual void Connect() = 0;
  // Connects as a pick that names `match` would; null: it names nothing.
  virtual void ConnectFor(const model::MetadataMatch* /*match*/) { Connect(); }
  virtual void AddObserver(Observer* observer) = 0;
  virtual void RemoveObserver(Observer* observer) = 0;
  virtual Snapshot::Cluster snapshot() const = 0;
  // The same as calls see it that name `match`; null: they name nothing.
  virtual Snapshot::Cluster SnapshotFor(const model::MetadataMatch* /*match*/) const {
    return snapshot();
  }
  // The aggregate of its connections; the same as snapshot() says in words.
  virtual wire::ConnectionState state() const {
    const std::string words = snapshot().state;
    if (words == "ready") return wire::ConnectionState::kReady;
    if (words == "connecting") return wire::ConnectionState::kConnecting;
    if (words == "failing") return wire::ConnectionState::kFailing;
    return wire::ConnectionState::kIdle;
  }
};

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_CLUSTER_H_
