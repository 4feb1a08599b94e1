#ifndef MESH_CLUSTER_AGGREGATE_CLUSTER_H_
#define MESH_CLUSTER_AGGREGATE_CLUSTER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "mesh/base/epoch.h"
#include "mesh/base/published.h"
#include "mesh/base/serializer.h"
#include "mesh/cluster/cluster.h"

namespace mesh::cluster {

// A cluster that sends calls to the first of others, its children, that can take them (gRFC A37,
// A75). Each child balances, limits and watches its endpoints by itself.
//
//   child:    ready ──► it takes the calls; those after it are left alone
//             failing ─► the next one is connected, and takes the calls until this one is ready
//             connecting, for kFailoverAfter for each of its priorities ─► it is passed over: as if
//                        it was failing, but that calls wait for it while no other can take them
//
// A child that comes to stand before one that takes the calls is passed over until it is ready or
// failing, so that no call waits for it. What was connected once stays so.
//
// Serializer-bound, but for name and Pick.
class AggregateCluster final : public Cluster, private Cluster::Observer {
 public:
  using Observer = Cluster::Observer;  // which it is one of as well

  // How long a priority may take to become ready (gRFC A56).
  static constexpr absl::Duration kFailoverAfter = absl::Seconds(10);

  struct Child {
    std::shared_ptr<Cluster> cluster;
    uint32_t priorities = 1;  // that it may try one after the other
  };

  // Both outlive the cluster, or Close() is called before they end.
  AggregateCluster(Serializer* serializer, EpochDomain* epochs, std::string name);
  ~AggregateCluster() override;

  const std::string& name() const override { return name_; }
  // As the first child that does not fail; if all do, it names each one's cause.
  PickResult Pick(const PickRequest& request, const EpochReader& reader) const override;

  // Among those that wait for the child that is to take them.
  absl::StatusOr<LimitHold> Wait(model::RoutingPriority priority,
                                 const EpochReader& reader) const override;

  void Connect() override;
  void AddObserver(Observer* observer) override;
  void RemoveObserver(Observer* observer) override;
  // Its localities and priorities are those of the children, one after the other.
  Snapshot::Cluster snapshot() const override { return SnapshotFor(nullptr); }
  Snapshot::Cluster SnapshotFor(const model::MetadataMatch* match) const override;
  wire::ConnectionState state() const override;

  // The first child is preferred. `ambient` has no effect but to be shown.
  // REQUIRES: there is a child; each is there once.
  void Update(const std::vector<Child>& children, absl::Status ambient);
  // Lets go of the children; picks fail from now on. Needs nobody any more, and the rest of the
  // cluster's life may be on any thread.
  void Close();

 private:
  // What picks read. Immutable.
  struct Place {
    std::shared_ptr<Cluster> cluster;
    bool passed_over = false;
    bool is_awaited = false;  // calls that wait, wait for it

    bool operator==(const Place& other) const {
      return cluster == other.cluster && passed_over == other.passed_over &&
             is_awaited == other.is_awaited;
    }
  };
  using Order = std::vector<Place>;  // empty: closed

  struct Member {
    std::shared_ptr<Cluster> cluster;
    uint32_t priorities = 1;
    bool passed_over = false;
    Serializer::Timer failover;
  };

  void OnPickerChanged() override;
  void OnConnectionsChanged() override;
  // No call waits for those before `served`.
  void PassOverUntil(const Cluster* served);
  // Connects the children that are needed, and ends what is over.
  void Consider();
  void StartFailover(Member* member);
  bool PublishOrder();  // whether it is another one
  void Notify(void (Observer::*notice)());
  // Which child takes the calls; members_.size(): none.
  size_t Serving() const;

  Serializer* serializer_;  // null once closed
  const std::string name_;
  Published<Order> order_;
  std::vector<Member> members_;
  std::vector<Observer*> observers_;
  absl::Status ambient_;
  bool asked_ = false;  // for connections
  // Expires with this.
  const std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_AGGREGATE_CLUSTER_H_
