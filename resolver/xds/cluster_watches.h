#ifndef RESOLVER_XDS_CLUSTER_WATCHES_H_
#define RESOLVER_XDS_CLUSTER_WATCHES_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "mesh/model/cluster.h"
#include "mesh/xds/resource_type.h"
#include "mesh/xds/xds_client.h"
#include "resolver/xds/watch_set.h"

namespace mesh::resolver {

// Joins each cluster with its endpoints. Every method that is given a cluster needs its watches
// in this round (see WatchSet). Serializer-bound.
class ClusterWatches {
 public:
  using Config = std::shared_ptr<const model::ClusterConfig>;

  // `authority` is that of the clusters' keys. The pointers outlive this.
  ClusterWatches(xds::XdsClient* client, const xds::ResourceType* cluster_type,
                 const xds::ResourceType* endpoints_type, std::string authority,
                 std::function<void()> changed);

  // Whether it is known what the newest resources make of `cluster`: it has endpoints (perhaps
  // none), or a definite error.
  bool IsKnown(absl::string_view cluster);

  // What the newest resources make of `cluster`: `previous` itself if it is the same.
  // REQUIRES: IsKnown(cluster).
  Config Newest(absl::string_view cluster, const Config& previous);

  // `previous` with the newest endpoints of its own, whatever became of the cluster, which is an
  // ambient error at most. `previous` itself if nothing changed, or if it is an error.
  Config Held(const Config& previous);

  void EndRound();
  // Adds the type and name of each resource that is watched.
  void List(std::vector<std::pair<std::string, std::string>>* resources) const;

 private:
  const std::string authority_;
  WatchSet<model::Cluster> clusters_;
  WatchSet<model::ClusterLoadAssignment> endpoints_;
};

}  // namespace mesh::resolver

#endif  // RESOLVER_XDS_CLUSTER_WATCHES_H_
