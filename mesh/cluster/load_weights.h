#ifndef MESH_CLUSTER_LOAD_WEIGHTS_H_
#define MESH_CLUSTER_LOAD_WEIGHTS_H_

#include <functional>
#include <memory>

#include "absl/container/flat_hash_set.h"
#include "mesh/base/serializer.h"
#include "mesh/cluster/endpoint_table.h"
#include "mesh/cluster/load_watches.h"
#include "mesh/cluster/ready_list.h"
#include "mesh/model/load_balancing.h"

namespace mesh::cluster {

// Has a cluster listen for load reports, with its calls or out of band, and its lists of ready
// endpoints look at what these weigh every weight_update_period (client_side_weighted_round_robin,
// gRFC A58). There while the cluster has that policy. Serializer-bound.
class LoadWeights {
 public:
  // `due` is called when look() has become another one. All outlive this. Without a watcher nothing
  // is reported out of band.
  LoadWeights(LoadWatches::Options options, EndpointTable* table, std::function<void()> due);
  // Nobody listens any more.
  ~LoadWeights();
  LoadWeights(const LoadWeights&) = delete;
  LoadWeights& operator=(const LoadWeights&) = delete;

  // Takes over the policy's parameters. Called before anything else.
  void Update(const model::ClientSideWeightedRoundRobin& rules);

  // The table's: an endpoint is new, it is another object than `former` and has its load, its
  // connection has another state, it goes.
  void OnNew(const TableEndpoint& endpoint);
  void OnSucceeded(const TableEndpoint& endpoint, const Endpoint* former);
  void OnConnection(const TableEndpoint& endpoint);
  void OnUnused(const TableEndpoint& endpoint);

  const LoadLook& look() const { return look_; }

 private:
  void Look();
  void WatchOutOfBand();

  const LoadWatches::Options options_;
  EndpointTable* const table_;
  const std::function<void()> due_;
  EndpointLoad::Rules rules_;
  LoadLook look_;
  // Those that are not ready. What ends on a connection that they have lost may still report: so
  // the blackout begins anew when they are back, not when they go.
  absl::flat_hash_set<const Endpoint*> away_;
  std::unique_ptr<LoadWatches> watches_;  // null: nothing is reported out of band
  Serializer::Timer timer_;
};

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_LOAD_WEIGHTS_H_
