#ifndef MESH_CALL_TARGET_WATCH_H_
#define MESH_CALL_TARGET_WATCH_H_

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mesh/base/serializer.h"
#include "mesh/call/call_config.h"
#include "mesh/call/waiter.h"
#include "mesh/cluster/cluster.h"
#include "mesh/model/snapshot.h"
#include "resolver/resolver.h"

namespace mesh::call {

class ChannelCore;

// The part of a ChannelCore that lives on the serializer: follows what the target stands for,
// publishes it to calls, and keeps the calls that wait. Serializer-bound.
class TargetWatch final : public resolver::ResolverObserver, public cluster::Cluster::Observer {
 public:
  // How long the pump is kept from its cadence for calls that wait: a start takes some steps of
  // the control plane's stream and of a connection, each of which would wait for the cadence. Not
  // for longer, since a wait may have no end, and callers of other targets pay for it.
  static constexpr absl::Duration kHurry = absl::Seconds(2);

  // `core` outlives the watch.
  TargetWatch(ChannelCore* core, absl::StatusOr<std::unique_ptr<resolver::Resolver>> resolver);
  // Whoever waits is ended before, by Shutdown().
  ~TargetWatch() override;

  void Start();
  // Publishes `reason` as what every call fails with for good, and ends those that wait.
  void Shutdown(const absl::Status& reason);

  // `for_a_while`: it looks again at the next change, or when it says so.
  void Hold(std::shared_ptr<Waiter> call, bool for_a_while);
  void Nudge(const std::shared_ptr<Waiter>& call);
  // Connects every cluster, and resolves again if that helps.
  void Connect();
  // Connects the clusters of the route that takes `path`, as a call to it would.
  void ConnectRoute(absl::string_view path);

  void FillSnapshot(Snapshot* snapshot) const;
  std::optional<Snapshot::Cluster> SnapshotFor(const std::string& cluster,
                                               const model::MetadataMatch& match) const;
  // Null: there is none.
  const std::shared_ptr<const model::ServiceConfig>& config() const { return config_; }
  void SetChangeObserver(std::function<void()> observer) { on_change_ = std::move(observer); }

  void OnConfig(std::shared_ptr<const model::ServiceConfig> config) override;
  void OnError(const absl::Status& status) override;
  void OnPickerChanged() override;
  void OnConnectionsChanged() override;

 private:
  struct Held {
    std::shared_ptr<Waiter> call;
    bool for_a_while = false;
    absl::Time due;  // of the timer
    Serializer::Timer timer;
  };
  using HeldList = std::list<Held>;

  void Publish(std::unique_ptr<const CallConfig> config);
  void PublishError(const absl::Status& status, bool shut_down);
  void FollowClusters(ClustersByName clusters);
  void UpdateState();
  void AdvanceHeld();
  // Has it take its next step. It may be forgotten.
  void Advance(HeldList::iterator held);
  void Forget(HeldList::iterator held);
  void SetTimer(HeldList::iterator held);
  void OnTimer(HeldList::iterator held);
  // Keeps or lets go of the pump, by whether calls wait.
  void UpdateHurry();

  ChannelCore* const core_;
  absl::StatusOr<std::unique_ptr<resolver::Resolver>> resolver_;
  std::shared_ptr<const model::ServiceConfig> config_;  // null: see error_
  absl::Status error_;
  ClustersByName clusters_;
  HeldList held_;
  absl::flat_hash_map<const Waiter*, HeldList::iterator> held_at_;
  std::shared_ptr<void> hurry_;   // while calls wait, for kHurry at most
  Serializer::Timer hurry_ends_;  // pending, or over, while calls wait
  bool hurried_ = false;          // since calls wait
  std::function<void()> on_change_;
  bool started_ = false;
  bool shut_down_ = false;
};

}  // namespace mesh::call

#endif  // MESH_CALL_TARGET_WATCH_H_
