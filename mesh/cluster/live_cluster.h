#ifndef MESH_CLUSTER_LIVE_CLUSTER_H_
#define MESH_CLUSTER_LIVE_CLUSTER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mesh/base/published.h"
#include "mesh/base/serializer.h"
#include "mesh/cluster/balanced_picker.h"
#include "mesh/cluster/balancer.h"
#include "mesh/cluster/cluster.h"
#include "mesh/cluster/cluster_health.h"
#include "mesh/cluster/cluster_inbox.h"
#include "mesh/cluster/cluster_table.h"
#include "mesh/cluster/connection_pool.h"
#include "mesh/cluster/endpoint_table.h"
#include "mesh/cluster/load_watches.h"
#include "mesh/cluster/load_weights.h"
#include "mesh/cluster/subset_table.h"

namespace mesh::cluster {

// The one Cluster there is. What changes (an update, a connection, a timer) marks it, and a turn
// on the serializer then decides once for all of it (see Balancer), publishes, and retires the
// endpoints that are not used any more. Serializer-bound, but for name and Pick.
class LiveCluster final : public Cluster {
 public:
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
  void ConnectFor(const model::MetadataMatch* match) override;
  // Those of a subset, if it is still there.
  void ConnectSubset(uint64_t id);
  void AddObserver(Observer* observer) override;
  void RemoveObserver(Observer* observer) override;
  Snapshot::Cluster snapshot() const override;
  Snapshot::Cluster SnapshotFor(const model::MetadataMatch* match) const override;
  wire::ConnectionState state() const override { return state_; }

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
  LoadWatches::Options LoadOptions() const;
  void OnConnection(TableEndpoint& endpoint);
  void OnVerdict();
  void OnNew(TableEndpoint& endpoint);
  void OnSucceeded(TableEndpoint& endpoint, Endpoint* former);
  void OnUnused(TableEndpoint& endpoint);
  // With a place within the limits, if it picks an endpoint.
  PickResult PickWithin(const BalancedPicker& picker, const PickRequest& request,
                        const EpochReader& reader, LimitHold retry) const;
  // Of those that take calls without metadata, and of all where those cannot, if that is to be.
  PickResult PickBase(const BalancedPicker& picker, const PickRequest& request) const;
  PickResult PickFallback(const BalancedPicker& picker, const PickRequest& request,
                          const EpochReader& reader) const;
  // Of those that take a call with metadata, where `picker` is of those without.
  PickResult PickMatching(const BalancedPicker& picker, const PickRequest& request,
                          const EpochReader& reader) const;
  PickResult PickMatch(const SubsetMap& map, const model::MetadataMatch& match,
                       const BalancedPicker& picker, const PickRequest& request,
                       const EpochReader& reader) const;
  PickResult PickSubset(const SubsetView& subset, const PickRequest& request,
                        const EpochReader& reader) const;
  Failed NoTaker(const SubsetMap& map, const model::MetadataMatch& match) const;
  Dropped Overflow(LimitKind kind, model::RoutingPriority priority) const;
  void UpdateRules();
  void UpdateLoadWeights();
  // Of the assignment; whether it is as it was.
  bool UpdateWeighting();
  void UpdateDrops();
  void ScheduleSuccessors();
  void ScheduleTurn();
  void Turn();
  wire::ConnectionState StateNow() const;
  void RetireUnused();
  void ScheduleLingerEnd(absl::Time now);
  void NotifyObservers(void (Observer::*notice)());
  bool picks_by_connection() const;
  Snapshot::Cluster SnapshotOf(const Balancer& balancer) const;
  std::vector<Snapshot::Limit> LimitsNow() const;

  const Context* context_;  // null once closed
  const model::ClusterKey key_;
  const std::shared_ptr<ClusterInbox> inbox_;
  Published<BalancedPicker> picker_;
  const Limits::Owner limits_;  // calls may be inside them while anybody holds the cluster

  std::unique_ptr<ClusterHealth> health_;  // of the table's endpoints; null once closed
  EndpointTable table_;
  std::unique_ptr<LoadWeights> load_weights_;  // null: the policy does not balance by reports
  Balancer::Shared shared_;
  std::optional<Balancer> base_;  // until the cluster is taken down
  SubsetTable subsets_;
  uint32_t overprovisioning_ = 0;  // as of the last update, and ...
  bool weighted_health_ = false;   // ... whether priorities are weighed by weights
  std::vector<Observer*> observers_;
  // As calls see it: an update that others follow, up to the next turn, does not show half done.
  wire::ConnectionState state_ = wire::ConnectionState::kIdle;
  bool turn_scheduled_ = false;
  bool connections_changed_ = false;  // since the last turn
  Serializer::Timer successors_;      // until they take their places
  Serializer::Timer linger_end_;      // of the first endpoint that lingers
};

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_LIVE_CLUSTER_H_
