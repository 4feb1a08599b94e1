#ifndef MESH_CLUSTER_LIVE_CLUSTER_H_
#define MESH_CLUSTER_LIVE_CLUSTER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "balancer/cursors.h"
#include "balancer/policy.h"
#include "balancer/priority.h"
#include "mesh/base/published.h"
#include "mesh/base/serializer.h"
#include "mesh/cluster/balanced_picker.h"
#include "mesh/cluster/cluster.h"
#include "mesh/cluster/cluster_inbox.h"
#include "mesh/cluster/cluster_table.h"
#include "mesh/cluster/cluster_text.h"
#include "mesh/cluster/connection_pool.h"
#include "mesh/cluster/endpoint_table.h"
#include "mesh/cluster/locality.h"

namespace mesh::cluster {

// The one Cluster there is. What changes (an update, a connection, a timer) marks it, and a turn
// on the serializer then decides once for all of it:
//
//   select endpoints of the started priorities ─► choose a priority ─┬─► publish ─► retire
//        ▲                                                           │
//        └──────────── start the next one ◄──────────────────────────┘
//
// Serializer-bound, but for name and Pick.
class LiveCluster final : public Cluster {
 public:
  // How long a priority may take to become ready before the next one takes over, and how long one
  // that is not needed any more stays connected (gRFC A56 and gRPC's priority policy).
  static constexpr absl::Duration kFailoverAfter = absl::Seconds(10);
  static constexpr absl::Duration kRetainFor = absl::Minutes(15);

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

  void Connect() override;
  void AddObserver(Observer* observer) override;
  void RemoveObserver(Observer* observer) override;
  Snapshot::Cluster snapshot() const override;
  wire::ConnectionState state() const override;

  const model::ClusterKey& key() const { return key_; }
  void Update(const model::ClusterConfig& config);
  // Looks at the connection of `endpoint`, if that is still one of this cluster.
  void Recheck(const Endpoint* endpoint);
  // Gives up all endpoints; picks fail from now on. Needs nobody any more, and the rest of the
  // cluster's life may be on any thread.
  void Close();

 private:
  struct Priority {
    std::vector<Locality*> localities;  // those that take load
    bool by_weight = false;             // how the localities share the calls
    bool started = false;
    bool failing = false;  // until one of its endpoints is ready, or all that failed are gone
    bool overdue = false;  // until one of its endpoints is ready
    Serializer::Timer failover;
    Serializer::Timer retention;

    size_t usable() const;
    size_t count(wire::ConnectionState state) const;
  };

  void UpdateLocalities();
  void UpdatePriorities();
  void ScheduleTurn();
  void Turn();
  std::optional<size_t> Choose();
  // Endpoints that moved to a priority that does not connect are not kept.
  void StopUnstarted();
  void Select(Priority* priority);
  void Observe(Priority* priority);
  void Retain(std::optional<size_t> chosen);
  BalancedPicker::State NextState(std::optional<size_t> chosen);
  BalancedPicker::Serving Serve(const Priority& priority);
  EndpointCounts Counts() const;
  void Publish(BalancedPicker::State state);
  void RetireUnused();
  void NotifyObservers(void (Observer::*notice)());
  // For snapshot(), in live_cluster_snapshot.cc.
  std::string StateOf(size_t priority) const;
  std::string WhyNotPicked(const Locality& locality, const model::EndpointConfig& config,
                           const TableEndpoint* connected) const;
  void FillEndpoints(const Locality& locality, Snapshot::LocalityEndpoints* out) const;
  uint64_t ConnectionCap() const;  // 2^64-1: none

  const Context* context_;  // null once closed
  const model::ClusterKey key_;
  const std::shared_ptr<ClusterInbox> inbox_;
  Published<BalancedPicker> picker_;

  model::ClusterConfig config_;
  model::LoadBalancing balancing_;  // that policy_ is built of
  std::shared_ptr<const balancer::PolicyBuilder> policy_;
  EndpointTable table_;
  std::vector<std::unique_ptr<Locality>> localities_;  // as configured
  std::vector<Priority> priorities_;
  std::shared_ptr<const balancer::Cursors> cursors_;
  std::vector<Observer*> observers_;
  std::optional<size_t> chosen_;  // priority, as of the last turn
  std::string last_error_;        // of a connection
  bool asked_ = false;            // for connections
  bool turn_scheduled_ = false;
  bool connections_changed_ = false;  // since the last turn
};

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_LIVE_CLUSTER_H_
