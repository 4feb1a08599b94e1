#ifndef MESH_CLUSTER_PRIORITY_H_
#define MESH_CLUSTER_PRIORITY_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "balancer/policy.h"
#include "balancer/priority_load.h"
#include "balancer/zone_routing.h"
#include "mesh/base/serializer.h"
#include "mesh/cluster/balanced_picker.h"
#include "mesh/cluster/locality.h"
#include "mesh/model/cluster.h"

namespace mesh::cluster {

// The localities of one priority of a cluster: whether they connect, and how they fare.
// Serializer-bound.
class Priority {
 public:
  // How long a priority may take to become ready before the next one takes over, and how long one
  // that is not needed any more stays connected (gRFC A56 and gRPC's priority policy).
  static constexpr absl::Duration kFailoverAfter = absl::Seconds(10);
  static constexpr absl::Duration kRetainFor = absl::Minutes(15);

  // How localities share the calls of a group.
  struct Sharing {
    bool by_availability = false;                           // see model::Cluster
    uint32_t overprovisioning = 140;                        // percent
    std::shared_ptr<const balancer::PolicyBuilder> policy;  // not null
    LoadLook look;                                          // see ReadyList
    bool hashes = false;  // the policy takes all localities together
    bool hashes_hostname = false;
    model::HashedWeights hashed_weights = model::HashedWeights::kInDoubles;
    // Localities that do not share by weight do so by zone, as this says; null: by endpoints.
    const model::ClusterConfig* zones = nullptr;
  };

  // `changed` is called when a timer has changed something. Both outlive this.
  Priority(Serializer* serializer, const std::function<void()>* changed)
      : serializer_(serializer), changed_(changed) {}
  Priority(const Priority&) = delete;
  Priority& operator=(const Priority&) = delete;

  // The localities that take load, and those that do not, which connect nothing any more.
  // `by_weight`: how they share the calls.
  void SetLocalities(const std::vector<Locality*>& all, bool by_weight);

  // --- Connecting.

  bool started() const { return started_; }
  // It is started, but nobody needs it yet.
  bool standby() const { return standby_; }
  // Its endpoints are to connect: all, or a few that stand by.
  void Start();
  void StartStandby();
  // A started priority connects at most so many endpoints.
  void Select(uint64_t cap);
  // The same for a policy that uses one (gRFC A61, pick_first): the first that becomes ready, which
  // stays the only one until it is lost. They are tried in order, each as soon as those before have
  // failed, or `attempt_delay` after the last one if none is ready by then. `cap`: see Locality.
  void SelectOne(uint64_t cap, absl::Duration attempt_delay);
  // What came of it. REQUIRES: started().
  void Observe();
  // It is needed, or not, for as long as nobody says otherwise: stops after a while. So do
  // endpoints that moved here, with all that is known of them, where it is not started.
  void Retain(bool needed);
  // Connects nothing any more.
  void Stop();

  // --- How it fares.

  size_t usable() const;
  size_t count(wire::ConnectionState state) const;
  bool failing() const { return failing_; }  // since it was last ready, all that was tried failed
  bool overdue() const { return overdue_; }  // it has not been ready for too long
  bool takes_load(const Locality* locality) const;
  // Whether an endpoint may take calls as soon as a first check has passed.
  bool awaits_check() const;
  // By health alone, and with what is known of connections: an endpoint that fails to connect is
  // not healthy, and none is if all are. `weighted`: the sums of weights instead of numbers.
  balancer::PriorityCounts CountsByHealth(bool weighted) const;
  balancer::PriorityCounts CountsByConnections(bool weighted) const;
  void SetPanic(bool panic);
  bool panic() const { return panic_; }

  // --- What takes calls: the parts and shares of a list of its localities (Locality::kLists).

  // Where all localities are taken together, it is the same part for each list.
  BalancedPicker::Group Serve(size_t list, const Sharing& sharing);
  // Nothing is served until the next Serve().
  void ServeNothing();
  // How the localities shared the healthy endpoints' calls in the last Serve(); nothing: not by
  // zone.
  const std::optional<balancer::ZoneRouting>& zone_routing() const { return zone_routing_; }
  // Whether Serve() left out endpoints there that can take calls.
  bool leaves_out(const Locality* locality) const;
  // Whether localities share by weight, and have any: else all endpoints count alike.
  bool SharesByWeight() const;
  // The part of all localities that Serve() made last; null: none.
  const PickerPart* merged_part() const { return merged_.get(); }

 private:
  bool NeedsSelection(uint64_t by);
  balancer::PriorityCounts Counts(bool weighted, bool with_connections) const;
  bool has_connections() const;
  // Whether localities share by weight, and one that has any can take calls or may come to.
  bool HasWeight() const;
  // What each locality gets of the calls of a list, as weights.
  std::vector<uint64_t> Shares(size_t list, const Sharing& sharing);
  uint64_t Share(const Locality& locality, size_t list, const Sharing& sharing,
                 bool by_weight) const;
  // All localities' endpoints of the first list as one part, connected or not; null if none is
  // connected.
  std::shared_ptr<const PickerPart> MergedPart(const Sharing& sharing);

  Serializer* const serializer_;
  const std::function<void()>* const changed_;
  std::vector<Locality*> localities_;
  bool by_weight_ = false;
  uint64_t selected_by_ = 0;  // the cap of the last Select(), or the attempts of SelectOne()
  uint64_t attempts_ = 1;     // of SelectOne(): how many connect at a time
  uint64_t under_way_ = 0;    // of those, in the last selection
  Serializer::Timer next_attempt_;
  bool started_ = false;
  bool standby_ = false;
  bool failing_ = false;
  bool overdue_ = false;
  bool panic_ = false;
  Serializer::Timer failover_;
  Serializer::Timer retention_;
  std::optional<balancer::ZoneRouting> zone_routing_;
  std::vector<const Locality*> left_out_;  // of the first list, in the last Serve()
  // The last merged part, and what it was made of.
  std::shared_ptr<const PickerPart> merged_;
  std::vector<std::pair<const Locality*, uint64_t>> merged_of_;
  std::shared_ptr<const balancer::PolicyBuilder> merged_by_;
  bool merged_by_weight_ = false;
  model::HashedWeights merged_weights_ = model::HashedWeights::kInDoubles;
  bool merged_hostnames_ = false;
};

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_PRIORITY_H_
