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

  // What the balancers of a cluster have in common. It outlives them, and changes before Update().
  struct Shared {
    std::string name;        // of the cluster
    std::string assignment;  // of its endpoints
    Serializer* serializer = nullptr;
    Random* random = nullptr;
    EndpointTable* table = nullptr;
    const ClusterHealth* health = nullptr;
    uint64_t seed = 0;                   // of the choice of endpoints to connect
    uint32_t max_connected = 0;          // of a priority, if the cluster says nothing; 0: no limit
    bool guards_against_stalls = false;  // as BalancedPicker::Serving says
    model::ClusterConfig config;
    LocalityRules rules;
    model::LoadBalancing balancing;  // that `policy` is built of
    std::shared_ptr<const balancer::PolicyBuilder> policy;
    std::shared_ptr<const Drops> drops;  // null: none
    std::string last_error;              // of a connection
  };

  // Publishes to `picker`, an idle one at once. `changed` is called when a Turn() is due. All
  // outlive this, or Close() is called before.
  Balancer(const Shared* shared, Published<BalancedPicker>* picker, std::function<void()> changed);
  Balancer(const Balancer&) = delete;
  Balancer& operator=(const Balancer&) = delete;

  // Takes over the configuration as it is now.
  void Update();
  // Connects endpoints from the next turn on.
  void Connect() { asked_ = true; }
  bool asked() const { return asked_; }
  // Publishes what has become of the changes; whether that is another picker.
  bool Turn();
  // Gives up all endpoints; picks fail from now on.
  void Close(absl::Status reason);

  const BalancedPicker& picker() const { return *picker_->writer_view(); }
  // Whether picks by the same picker change as connections do.
  bool picks_by_connection() const;
  wire::ConnectionState state() const;
  void FillSnapshot(Snapshot::Cluster* out) const;

 private:
  struct EndpointShares {
    Snapshot::Share locality;                                         // of all calls
    absl::flat_hash_map<const Endpoint*, Snapshot::Share> endpoints;  // of the locality's
  };

  void UpdateLocalities();
  void UpdatePriorities();
  // What each priority gets of the calls, in percent; all 0: there is none to get it. Starts the
  // priorities that get any.
  balancer::PriorityLoads Weigh();
  balancer::PriorityLoads WeighForFailover();
  balancer::PriorityLoads WeighForSpillOver();
  void SelectStarted();
  // The priority that stands by for those in use; started if need be.
  std::optional<size_t> Standby();
  void Retain(std::optional<size_t> standby);
  uint64_t ConnectionCap() const;  // of a priority; 2^64-1: none
  uint32_t Load(size_t priority) const {
    return loads_.healthy[priority] + loads_.degraded[priority];
  }
  EndpointCounts Counts() const;
  BalancedPicker::State NextState();
  std::vector<BalancedPicker::Group> Groups();
  // For FillSnapshot(), in balancer_snapshot.cc.
  std::string StateOf(size_t priority) const;
  std::string WhyNotPicked(const Locality& locality, const model::EndpointConfig& config,
                           const TableEndpoint* connected) const;
  EndpointShares SharesOf(const Locality& locality) const;
  void FillEndpoints(const Locality& locality, Snapshot::LocalityEndpoints* out) const;

  const Shared& shared_;
  Published<BalancedPicker>* const picker_;
  const std::function<void()> changed_;
  std::vector<std::unique_ptr<Locality>> localities_;  // as configured
  std::vector<std::unique_ptr<Priority>> priorities_;
  balancer::PriorityLoads loads_;  // as of the last turn
  std::shared_ptr<const balancer::Cursors> cursors_;
  bool asked_ = false;  // for connections
};

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_BALANCER_H_
