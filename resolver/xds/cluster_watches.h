#ifndef RESOLVER_XDS_CLUSTER_WATCHES_H_
#define RESOLVER_XDS_CLUSTER_WATCHES_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "mesh/model/cluster.h"
#include "mesh/xds/resource_type.h"
#include "mesh/xds/xds_client.h"
#include "resolver/dns/host_table.h"
#include "resolver/xds/cluster_graph.h"
#include "resolver/xds/dns_endpoints.h"
#include "resolver/xds/watch_set.h"

namespace mesh::resolver {

// Joins each cluster with its endpoints, wherever they come from, and each aggregate with the
// clusters that it comes down to. Every method that is given a cluster needs its watches, and
// those of what it aggregates, in this round (see WatchSet). Serializer-bound.
class ClusterWatches {
 public:
  using Config = std::shared_ptr<const model::ClusterConfig>;

  struct Options {
    xds::XdsClient* client = nullptr;  // the pointers outlive this
    const xds::ResourceType* cluster_type = nullptr;
    const xds::ResourceType* endpoints_type = nullptr;
    HostTable* hosts = nullptr;
    std::string authority;  // of the clusters' keys
    // Of zone-aware routing: the cluster that this process is one of (empty: none is named), and
    // where that is. Nobody waits for it.
    std::string local_cluster;
    model::Locality locality;
    std::function<void()> changed;
  };

  explicit ClusterWatches(Options options);

  // Whether it is known what the newest resources, and DNS, make of `cluster` and all that it
  // aggregates: it has endpoints (perhaps none), or a definite error. Adds those of which that is
  // not known to `awaited`, if that is given.
  bool IsKnown(absl::string_view cluster, std::vector<std::string>* awaited = nullptr);

  // What the newest resources make of `cluster`, if that is known. Otherwise, and with `keep` also
  // in place of an error, what was made of it in the last round, with the newest endpoints of its
  // own: what became of the cluster is an ambient error at most then. The value of the last round
  // itself if nothing changed.
  // REQUIRES: it is known, or something was made of it in the last round.
  Config Make(absl::string_view cluster, bool keep);

  // Watches the local cluster, if one is named, in this round.
  void WatchLocal();

  void EndRound();
  // Adds the type and name of each resource that is watched.
  void List(std::vector<std::pair<std::string, std::string>>* resources) const;

 private:
  struct Made {
    Config config;
    uint64_t round = 0;  // in which it was last made
    bool under_way = false;
  };
  struct Resolved {
    std::shared_ptr<const model::Cluster> cluster;  // the key
    std::unique_ptr<DnsEndpoints> endpoints;
    uint64_t round = 0;  // in which it was last needed
  };

  std::shared_ptr<const model::LocalCluster> LocalFor(const model::ClusterConfig& config);
  // Whether the local cluster matters to it.
  bool TakesLocal(const model::Cluster& cluster) const;
  ClusterLeaves Leaves(absl::string_view cluster);
  bool IsLeafKnown(absl::string_view cluster);
  // The endpoints of `cluster`, which are in `named` by name.
  DnsEndpoints& NeedDns(const std::shared_ptr<const model::Cluster>& cluster,
                        std::shared_ptr<const model::ClusterLoadAssignment> named);
  DnsEndpoints& NeedDns(const std::shared_ptr<const model::Cluster>& cluster) {
    return NeedDns(cluster, cluster->load_assignment);
  }
  model::ClusterConfig Newest(absl::string_view cluster, bool keep);
  model::ClusterConfig Kept(const model::ClusterConfig& last);
  // These set the parts that depend on the type.
  void JoinEds(const std::shared_ptr<const model::Cluster>& cluster, model::ClusterConfig* config);
  void JoinDns(const std::string& cluster, DnsEndpoints* resolved, model::ClusterConfig* config);
  void JoinAggregate(const std::shared_ptr<const model::Cluster>& cluster, bool keep,
                     model::ClusterConfig* config);

  const Options options_;
  WatchSet<model::Cluster> clusters_;
  WatchSet<model::ClusterLoadAssignment> endpoints_;
  std::map<const model::Cluster*, Resolved> resolved_;
  std::map<std::string, Made, std::less<>> made_;
  uint64_t round_ = 1;
  std::shared_ptr<const model::LocalCluster> local_;
  std::shared_ptr<const model::ClusterLoadAssignment> local_endpoints_;  // that it was made of
  uint64_t local_round_ = 0;  // in which it was last needed
};

}  // namespace mesh::resolver

#endif  // RESOLVER_XDS_CLUSTER_WATCHES_H_
