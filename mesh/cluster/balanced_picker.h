#ifndef MESH_CLUSTER_BALANCED_PICKER_H_
#define MESH_CLUSTER_BALANCED_PICKER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "balancer/cursors.h"
#include "balancer/weighted_sequence.h"
#include "mesh/cluster/drops.h"
#include "mesh/cluster/picker.h"
#include "mesh/cluster/ready_list.h"

namespace mesh::cluster {

class SubsetMap;

// What a cluster publishes: endpoints by priority and locality, or why there are none. Immutable;
// the cursors that it points to are the cluster's. Thread-safe.
class BalancedPicker {
 public:
  // Nobody has asked yet: the first pick has to ask for connections.
  struct Idle {};
  // Endpoints that share a part of the calls: the healthy or the degraded ones of a priority. A
  // priority that panics, and fails its calls then, has no endpoints here.
  struct Group {
    uint32_t load = 0;                                     // of the calls, in percent; above 0
    std::vector<std::shared_ptr<const PickerPart>> parts;  // by locality; none is null
    std::vector<uint64_t> shares;                          // of the parts; each above 0
  };
  // Choose a group by its load, a locality of it by its share, then an endpoint of that.
  struct Serving {
    std::vector<Group> groups;  // in the order in which a hash walks them; the loads make 100
    // The policy hashes: a call's hash chooses its group, too (envoy thread_aware_lb_impl), and
    // parts have endpoints that are not connected yet.
    bool hashes = false;
    bool guarded = false;  // an endpoint that answers nothing, unlike others, is avoided
    std::shared_ptr<const balancer::Cursors> cursors;  // CursorsFor(groups), at least
    absl::Status refusal;  // why calls of a group without endpoints fail, if there is one
  };
  using State = std::variant<Idle, Pending, Failed, Serving>;

  // `drops` may be null: none; and `subsets`: calls that name metadata are like others.
  explicit BalancedPicker(State state, std::shared_ptr<const Drops> drops = nullptr,
                          std::shared_ptr<const SubsetMap> subsets = nullptr);

  // One for each group, and one for each of its parts.
  static size_t CursorsFor(const std::vector<Group>& groups);

  bool is_idle() const { return std::holds_alternative<Idle>(state_); }
  const State& state() const { return state_; }
  // Whether the picker picks as one made of `state` would.
  bool IsLike(const State& state, const std::shared_ptr<const Drops>& drops = nullptr) const;
  // Who takes the calls that name metadata, if others than Pick() says. It is published with what
  // takes the others, as each may fall back to the other: what a call sees is of one configuration.
  const SubsetMap* subsets() const { return subsets_.get(); }
  // How picks of a group spread over its parts in the long run: see balancer::Policy::Shares().
  // REQUIRES: it serves, and has that group.
  std::vector<uint64_t> PartShares(size_t group) const;

  // The category that a call with that draw fails by, whatever Pick() says; or null.
  const model::DropCategory* ChooseDrop(uint64_t draw) const {
    return drops_ == nullptr ? nullptr : drops_->Choose(draw);
  }

  PickResult Pick(const PickRequest& request) const;

 private:
  PickResult PickFrom(const Serving& serving, const PickRequest& request) const;

  const State state_;
  const std::shared_ptr<const Drops> drops_;
  const std::shared_ptr<const SubsetMap> subsets_;
  std::vector<std::optional<balancer::WeightedSequence>> localities_;  // if a group has several
};

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_BALANCED_PICKER_H_
