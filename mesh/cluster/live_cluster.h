#ifndef MESH_CLUSTER_LIVE_CLUSTER_H_
#define MESH_CLUSTER_LIVE_CLUSTER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "balancer/cursors.h"
#include "balancer/policy.h"
#include "balancer/priority_load.h"
#include "mesh/base/published.h"
#include "mesh/base/serializer.h"
#include "mesh/cluster/balanced_picker.h"
#include "mesh/cluster/cluster.h"
#include "mesh/cluster/cluster_health.h"
#include "mesh/cluster/cluster_inbox.h"
#include "mesh/cluster/cluster_table.h"
#include "mesh/cluster/cluster_text.h"
#include "mesh/cluster/connection_pool.h"
#include "mesh/cluster/endpoint_table.h"
#include "mesh/cluster/locality.h"
#include "mesh/cluster/priority.h"

namespace mesh::cluster {

// The one Cluster there is. What changes (an update, a connection, a timer) marks it, and a turn
// on the serializer then decides once for all of it:
//
//   select endpoints of the started priorities ─► weigh the priorities ─┬─► publish ─► retire
//        ▲                                                              │
//        └──────────── start what has load, or panic ◄──────────────────┘
//
// Serializer-bound, but for name and Pick.
class LiveCluster final : public Cluster {
 public:
  // So many endpoints of the priority after those in use are connected, so that the first calls
  // that it gets need not wait. Only where priorities spill over.
  static constexpr uint64_t kStandbyEndpoints = 2;

  // What the clusters of a table share.
  struct Context {
    ClusterTable::Options options;
    std::shared_ptr<Mailbox> mailbox;
    ConnectionPool* pool = nullptr;
    uint64_t seed = 0;  // of the choice of endpoints to connect
  };

  // `context` outlives the cluster, or Close() is called before it ends.
  LiveCluster(const Context* context, const model::ClusterKey& key);
  ~LiveCluster() override;

  const std::string& name() const override { return key_.cluster; }
  PickResult Pick(const PickRequest& request, const EpochReader& reader) const override;

  absl::StatusOr<LimitHold> Wait(model::RoutingPriority priority,
                                 const EpochReader& reader) const override;

  void Connect() override;
  void AddObserver(Observer* observer) override;
  void RemoveObserver(Observer* observer) override;
  Snapshot::Cluster snapshot() const override;
  wire::ConnectionState state() const override;

  const model::ClusterKey& key() const { return key_; }
  ClusterHealth& health() { return *health_; }  // REQUIRES: it is not closed
  void Update(const model::ClusterConfig& config);
  // Looks at the connection of `endpoint`, if that is still one of this cluster.
  void Recheck(const Endpoint* endpoint);
  // Gives up all endpoints; picks fail from now on. Needs nobody any more, and the rest of the
  // cluster's life may be on any thread.
  void Close();

 private:
  ClusterHealth::Options HealthOptions();
  void OnConnection(TableEndpoint& endpoint);
  void OnVerdict();
  Dropped Overflow(LimitKind kind, model::RoutingPriority priority) const;
  void UpdatePolicy();
  void UpdateDrops();
  void UpdateLocalities();
  void UpdatePriorities();
  void ScheduleTurn();
  void Turn();
  // What each priority gets of the calls, in percent; all 0: there is none to get it. Starts the
  // priorities that get any.
  balancer::PriorityLoads Weigh();
  balancer::PriorityLoads WeighForFailover();
  balancer::PriorityLoads WeighForSpillOver();
  void SelectStarted();
  // The priority that stands by for those in use; started if need be.
  std::optional<size_t> Standby();
  void Retain(std::optional<size_t> standby);
  BalancedPicker::State NextState();
  std::vector<BalancedPicker::Group> Groups();
  uint32_t Load(size_t priority) const {
    return loads_.healthy[priority] + loads_.degraded[priority];
  }
  EndpointCounts Counts() const;
  void Publish(BalancedPicker::State state);
  void RetireUnused();
  void NotifyObservers(void (Observer::*notice)());
  uint64_t ConnectionCap() const;  // of a priority; 2^64-1: none
  // For snapshot(), in live_cluster_snapshot.cc.
  std::string StateOf(size_t priority) const;
  std::string WhyNotPicked(const Locality& locality, const model::EndpointConfig& config,
                           const TableEndpoint* connected) const;
  struct EndpointShares {
    Snapshot::Share locality;                                         // of all calls
    absl::flat_hash_map<const Endpoint*, Snapshot::Share> endpoints;  // of the locality's
  };
  EndpointShares SharesOf(const Locality& locality) const;
  void FillEndpoints(const Locality& locality, Snapshot::LocalityEndpoints* out) const;
  std::vector<Snapshot::Limit> LimitsNow() const;

  const Context* context_;  // null once closed
  const model::ClusterKey key_;
  const std::shared_ptr<ClusterInbox> inbox_;
  Published<BalancedPicker> picker_;
  const Limits::Owner limits_;  // calls may be inside them while anybody holds the cluster

  model::ClusterConfig config_;
  LocalityRules rules_;
  model::LoadBalancing balancing_;  // that policy_ is built of
  std::shared_ptr<const balancer::PolicyBuilder> policy_;
  std::unique_ptr<ClusterHealth> health_;  // of the table's endpoints; null once closed
  EndpointTable table_;
  const std::function<void()> schedule_turn_;
  std::vector<std::unique_ptr<Locality>> localities_;  // as configured
  std::vector<std::unique_ptr<Priority>> priorities_;
  balancer::PriorityLoads loads_;       // as of the last turn
  std::shared_ptr<const Drops> drops_;  // null: none
  std::shared_ptr<const balancer::Cursors> cursors_;
  std::vector<Observer*> observers_;
  std::string last_error_;  // of a connection
  bool asked_ = false;      // for connections
  bool turn_scheduled_ = false;
  bool connections_changed_ = false;  // since the last turn
};

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_LIVE_CLUSTER_H_
