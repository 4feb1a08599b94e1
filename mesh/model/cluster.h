#ifndef MESH_MODEL_CLUSTER_H_
#define MESH_MODEL_CLUSTER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "mesh/model/circuit_breakers.h"
#include "mesh/model/connection_options.h"
#include "mesh/model/endpoints.h"
#include "mesh/model/health_check.h"
#include "mesh/model/load_balancing.h"
#include "mesh/model/outlier_detection.h"
#include "mesh/model/zone_aware.h"

namespace mesh::model {

// Where the endpoints of a cluster come from.
enum class ClusterType {
  kEds,         // the ClusterLoadAssignment of its eds_service_name
  kStatic,      // its own load_assignment
  kStrictDns,   // the names of its load_assignment, each an endpoint for every address
  kLogicalDns,  // the one name of its load_assignment, one endpoint
  kAggregate,   // other clusters, the first that can take a call (gRFC A37)
};

// Which priorities take calls.
enum class PriorityRule {
  kSpillOver,  // each what its healthy endpoints, overprovisioned, can take (Envoy)
  kFailover,   // the first that is usable (gRPC, gRFC A56)
};

// How the weights of localities take part in the choice of an endpoint.
enum class LocalityWeighting {
  kByWeight,       // share by weight; a locality without weight takes no load (gRPC; Envoy
                   // with locality_weighted_lb_config)
  kByWeightIfAny,  // by weight if any weight is above 0, else all endpoints alike (mesh)
  kIgnored,        // all endpoints of a priority alike (Envoy without that configuration)
};

// What endpoints weigh for policies that hash, which take a priority's localities together, where
// those share by weight: each has its part of its locality, times the locality's part of all.
enum class HashedWeights {
  kInDoubles,     // of the endpoints that can take calls (Envoy)
  kInFixedPoint,  // of all endpoints, in 31 bits (gRFC A113); in the order of what is hashed, as
                  // in grpc-go
};

// Which of a host's addresses count, and when it is asked for again (envoy cluster.proto).
struct DnsOptions {
  enum class Family {
    kAuto,  // IPv6 addresses; if there are none, IPv4
    kV4Only,
    kV6Only,
    kV4Preferred,  // IPv4 addresses; if there are none, IPv6
    kAll,
  };

  Family family = Family::kAuto;
  // After an answer: so long, or, where the answer says it, as long as it holds; and up to
  // `jitter` more.
  absl::Duration refresh_rate = absl::Seconds(5);
  bool respect_ttl = false;
  absl::Duration jitter = absl::ZeroDuration();
  // After a failure: so long at first, then longer and longer, up to the second.
  absl::Duration failure_refresh_rate = absl::Seconds(5);
  absl::Duration max_failure_refresh_rate = absl::Seconds(5);

  bool operator==(const DnsOptions& other) const {
    return family == other.family && refresh_rate == other.refresh_rate &&
           respect_ttl == other.respect_ttl && jitter == other.jitter &&
           failure_refresh_rate == other.failure_refresh_rate &&
           max_failure_refresh_rate == other.max_failure_refresh_rate;
  }
  template <typename H>
  friend H AbslHashValue(H h, const DnsOptions& dns) {
    return H::combine(std::move(h), dns.family, dns.refresh_rate, dns.respect_ttl, dns.jitter,
                      dns.failure_refresh_rate, dns.max_failure_refresh_rate);
  }
};

// What a cluster is configured to be (envoy.config.cluster.v3.Cluster). Immutable.
struct Cluster {
  std::string name;
  // The resource that holds the endpoints: eds_cluster_config.service_name, else the name.
  std::string eds_service_name;
  ClusterType type = ClusterType::kEds;
  std::vector<std::string> aggregated;  // kAggregate: the clusters, the first preferred
  // kStatic and DNS: the endpoints, those of DNS by name (`name:port`). Else null.
  std::shared_ptr<const ClusterLoadAssignment> load_assignment;
  DnsOptions dns;

  LoadBalancing balancing;
  std::shared_ptr<const SubsetSelection> subsets;  // null: none
  std::optional<ZoneAware> zone_aware;             // nothing: calls never prefer a locality
  LocalityWeighting locality_weighting = LocalityWeighting::kByWeightIfAny;
  // A locality's weight counts times the part of its endpoints that can take calls,
  // overprovisioned (Envoy); else it counts whole while any can (gRPC).
  bool weigh_localities_by_availability = true;
  // The weights of endpoints count; else they are all alike to policies that do not hash (gRPC).
  bool weigh_endpoints = true;
  HashedWeights hashed_weights = HashedWeights::kInDoubles;
  PriorityRule priority_rule = PriorityRule::kSpillOver;
  // Below this part of usable endpoints, in percent, a priority uses all of them; 0: never.
  uint32_t panic_threshold = 50;
  // It uses none instead: calls that fall to it fail.
  bool fail_traffic_on_panic = false;

  std::optional<OutlierDetection> outlier_detection;
  std::vector<HealthCheck> health_checks;
  // An endpoint that no active check has seen yet is left out, and out of all counts.
  bool ignore_new_until_checked = false;
  CircuitBreakers circuit_breakers;

  ConnectionOptions connections;
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

// A cluster and what it sends calls to as that is now. Immutable; an update is a new value that
// shares what did not change.
struct ClusterConfig {
  ClusterKey key;
  std::shared_ptr<const Cluster> cluster;  // null if and only if `status` is an error
  // Null: none are known (see `status`), or it aggregates clusters.
  std::shared_ptr<const ClusterLoadAssignment> endpoints;
  // kAggregate: the clusters that its own come down to, the first preferred, each once; those that
  // cannot serve are here with their status. Else empty.
  std::vector<std::shared_ptr<const ClusterConfig>> children;
  // The cluster that this process is one of; null: none is named, or nothing is known of it, or it
  // does not matter to this one.
  std::shared_ptr<const LocalCluster> local;
  // Why the cluster cannot serve: which resource, which node, which control plane, what happened.
  absl::Status status;
  // An error that left the last good resource in force (a rejected or failed update).
  absl::Status ambient;

  // Whether localities that do not share by weight share by zone.
  bool zones_apply() const {
    return cluster != nullptr && cluster->zone_aware.has_value() && local != nullptr;
  }
};

}  // namespace mesh::model

#endif  // MESH_MODEL_CLUSTER_H_
