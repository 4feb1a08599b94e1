#ifndef MESH_CLUSTER_BALANCER_H_
#define MESH_CLUSTER_BALANCER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "balancer/cursors.h"
#include "balancer/policy.h"
#include "balancer/priority_load.h"
#include "mesh/base/published.h"
#include "mesh/base/random.h"
#include "mesh/base/serializer.h"
#include "mesh/cluster/balanced_picker.h"
#include "mesh/cluster/cluster_health.h"
#include "mesh/cluster/cluster_text.h"
#include "mesh/cluster/endpoint_table.h"
#include "mesh/cluster/locality.h"
#include "mesh/cluster/priority.h"
#include "mesh/model/cluster.h"
#include "mesh/model/snapshot.h"

namespace mesh::cluster {

// Endpoints of a cluster that share calls, all of them or a subset, and the picker that is made of
// them. What changes (an update, a connection, a timer) is weighed once for all of it in a Turn():
//
//   select endpoints of the started priorities ─► weigh the priorities ─► publish
//        ▲                                                │
//        └──────── start what has load, or panic ◄────────┘
//
// Serializer-bound.
class Balancer {
 public:
  // So many endpoints of the priority after those in use are connected, so that the first calls
  // that it gets need not wait. Only where priorities spill over.
  static constexpr uint64_t kStandbyEndpoints = 2;

  // Which endpoints these are.
  enum class Extent {
    kFallback,       // those that take calls that name no metadata
    kAnyEndpoint,    // all
    kDefaultSubset,  // those of the default subset
    kMembers,        // those that the caller says, one by one
  };
  // A locality of the cluster: what stands for it through updates, and what it is now.
  struct Source {
    const Locality* id = nullptr;
    std::shared_ptr<const model::LocalityEndpoints> endpoints;
  };

  // What the balancers of a cluster have in common. It outlives them, and changes before Update().
  struct Shared {
    std::string name;  // of the cluster
    Serializer* serializer = nullptr;
    Random* random = nullptr;
    EndpointTable* table = nullptr;
    const ClusterHealth* health = nullptr;
    uint64_t seed = 0;                   // of the choice of endpoints to connect
    uint32_t max_connected = 0;          // of a priority, if the cluster says nothing; 0: no limit
    absl::Duration attempt_delay;        // see Priority::SelectOne()
    bool guards_against_stalls = false;  // as BalancedPicker::Serving says
    model::ClusterConfig config;
    LocalityRules rules;
    model::LoadBalancing balancing;  // that `policy` is built of
    std::shared_ptr<const balancer::PolicyBuilder> policy;
    LoadLook load_look;                        // number 0 where load reports do not count
    std::vector<bool> by_weight;               // by priority, whether localities share by weight
    std::shared_ptr<const Drops> drops;        // null: none
    std::shared_ptr<const SubsetMap> subsets;  // null: none
    std::string last_error;                    // of a connection
    std::function<void(absl::string_view)> log_failure;
  };

  // Publishes to `picker`, an idle one at once. `changed` is called when a Turn() is due. All
  // outlive this, or Close() is called before.
  // `subset`: what the endpoints have, for texts; empty: they are no subset.
  Balancer(const Shared* shared, Extent extent, absl::string_view subset,
           Published<BalancedPicker>* picker, std::function<void()> changed);
  Balancer(const Balancer&) = delete;
  Balancer& operator=(const Balancer&) = delete;

  // Takes over the configuration as it is now.
  void Update();
  // For kMembers, the same: what the cluster's localities are now (`same_sources`: those that they
  // were, with other endpoints at most) ...
  void Arrange(const std::vector<Source>& sources, bool same_sources);
  // ... after what has become of the members that are in them. See Locality.
  void SetMembers(const Locality* source, std::vector<const model::EndpointConfig*> members);
  void AddMember(const Locality* source, const model::EndpointConfig* config);
  void RemoveMember(const Locality* source, const model::EndpointConfig* config);
  void ChangeMember(const Locality* source, const model::EndpointConfig* from,
                    const model::EndpointConfig* to);
  // Connects endpoints from the next turn on.
  void Connect() { asked_ = true; }
  // The same, with those that are in the table already, whoever had them.
  void ConnectKnown();
  bool asked() const { return asked_; }
  // Publishes what has become of the changes; whether that is another picker.
  bool Turn();
  // Gives up all endpoints; picks fail from now on.
  void Close(absl::Status reason);

  const BalancedPicker& picker() const { return *picker_->writer_view(); }
  // Whether picks by the same picker change as connections do.
  bool picks_by_connection() const;
  wire::ConnectionState state() const;
  // Not for kMembers.
  std::vector<Source> Sources() const;
  // State, error, priorities and localities.
  size_t ready() const;  // endpoints that may take calls and are connected
  void FillSnapshot(Snapshot::Cluster* out) const;

 private:
  struct EndpointShares {
    Snapshot::Share locality;                                         // of all calls
    absl::flat_hash_map<const Endpoint*, Snapshot::Share> endpoints;  // of the locality's
  };

  LocalityRules Rules() const;
  void UpdateLocalities();
  void UpdatePriorities();
  Locality* LocalityOf(const Locality* source);
  // What each priority gets of the calls, in percent; all 0: there is none to get it. Starts the
  // priorities that get any.
  balancer::PriorityLoads Weigh();
  balancer::PriorityLoads WeighForFailover();
  balancer::PriorityLoads WeighForSpillOver();
  void SelectStarted();
  // The priority that stands by for those in use; started if need be.
  std::optional<size_t> Standby();
  void Retain(std::optional<size_t> standby);
  // Of a priority; 2^64-1: none.
  uint64_t ConnectionCap() const;
  uint64_t EndpointCap() const;  // whatever the policy and the limits are
  uint32_t Load(size_t priority) const {
    return loads_.healthy[priority] + loads_.degraded[priority];
  }
  bool Panics(size_t priority) const {
    return priority < loads_.panic.size() && loads_.panic[priority];
  }
  // Whether the calls that fall to the priority fail.
  bool Refuses(size_t priority) const {
    return shared_.config.cluster->fail_traffic_on_panic && Panics(priority);
  }
  EndpointCounts Counts() const;
  bool MayCome() const;
  BalancedPicker::State NextState();
  std::vector<BalancedPicker::Group> Groups();
  // What picks from `groups`; null if none has endpoints to pick.
  std::optional<BalancedPicker::State> Serve(std::vector<BalancedPicker::Group> groups);
  // For FillSnapshot(), in balancer_snapshot.cc.
  std::string StateOf(size_t priority) const;
  std::string WhyNotPicked(const Locality& locality, const model::EndpointConfig& config,
                           const TableEndpoint* connected) const;
  EndpointShares SharesOf(const Locality& locality) const;
  void FillEndpoints(const Locality& locality, Snapshot::LocalityEndpoints* out) const;

  const Shared& shared_;
  const Extent extent_;
  const std::string label_;  // for texts: cluster and subset
  Published<BalancedPicker>* const picker_;
  const std::function<void()> changed_;
  std::vector<std::unique_ptr<Locality>> localities_;          // as configured
  absl::flat_hash_map<const Locality*, Locality*> by_source_;  // only kMembers
  std::vector<std::unique_ptr<Priority>> priorities_;
  balancer::PriorityLoads loads_;  // as of the last turn
  std::shared_ptr<const balancer::Cursors> cursors_;
  bool asked_ = false;     // for connections
  bool arranged_ = false;  // localities_ and priorities_ are those of by_source_
};

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_BALANCER_H_
