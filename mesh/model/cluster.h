#ifndef MESH_MODEL_CLUSTER_H_
#define MESH_MODEL_CLUSTER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "mesh/model/endpoints.h"

namespace mesh::model {

enum class LbPolicy { kRoundRobin, kRandom };

// How the weights of localities take part in the choice of an endpoint.
enum class LocalityWeighting {
  kByWeight,       // share by weight; a locality without weight takes no load (gRPC; Envoy
                   // with locality_weighted_lb_config)
  kByWeightIfAny,  // by weight if any weight is above 0, else all endpoints alike (mesh)
  kIgnored,        // all endpoints of a priority alike (Envoy without that configuration)
};

// What a cluster is configured to be (envoy.config.cluster.v3.Cluster). Immutable.
struct Cluster {
  std::string name;
  // The resource that holds the endpoints: eds_cluster_config.service_name, else the name.
  std::string eds_service_name;
  LbPolicy lb_policy = LbPolicy::kRoundRobin;
  LocalityWeighting locality_weighting = LocalityWeighting::kByWeightIfAny;
  absl::Duration connect_timeout = absl::Seconds(5);
  // The most endpoints that are connected at a time; 0: all of them.
  uint32_t max_connected_endpoints = 0;
  std::vector<std::string> ignored;  // names of the fields that were received and do nothing
};

// What makes two clusters of a mesh the same: their counters, limits and endpoints are shared by
// every channel.
struct ClusterKey {
  std::string authority;  // of the xDS servers; `static` and `dns` for those targets
  std::string cluster;
  std::string eds_service_name;

  bool operator==(const ClusterKey& other) const {
    return authority == other.authority && cluster == other.cluster &&
           eds_service_name == other.eds_service_name;
  }
  template <typename H>
  friend H AbslHashValue(H h, const ClusterKey& key) {
    return H::combine(std::move(h), key.authority, key.cluster, key.eds_service_name);
  }
};

// A cluster and its endpoints as they are now. Immutable; an update is a new value that shares
// what did not change.
struct ClusterConfig {
  ClusterKey key;
  std::shared_ptr<const Cluster> cluster;  // null if and only if `status` is an error
  std::shared_ptr<const ClusterLoadAssignment> endpoints;  // null: none are known (see status)
  // Why the cluster cannot serve: which resource, which node, which control plane, what happened.
  absl::Status status;
  // An error that left the last good resource in force (a rejected or failed update).
  absl::Status ambient;
};

}  // namespace mesh::model

#endif  // MESH_MODEL_CLUSTER_H_
