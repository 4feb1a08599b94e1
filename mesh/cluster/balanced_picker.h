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
#include "mesh/cluster/picker.h"
#include "mesh/cluster/ready_list.h"

namespace mesh::cluster {

// What a cluster publishes: endpoints by locality, or why there are none. Immutable; the cursors
// that it points to are the cluster's. Thread-safe.
class BalancedPicker {
 public:
  // Nobody has asked yet: the first pick has to ask for connections.
  struct Idle {};
  // Choose a locality by its share, then an endpoint of it.
  struct Serving {
    std::vector<std::shared_ptr<const PickerPart>> parts;  // not empty; none is null
    std::vector<uint64_t> shares;                          // of the parts; each above 0
    std::shared_ptr<const balancer::Cursors> cursors;      // one more than parts, at least
  };
  using State = std::variant<Idle, Pending, Failed, Serving>;

  explicit BalancedPicker(State state);

  bool is_idle() const { return std::holds_alternative<Idle>(state_); }
  const State& state() const { return state_; }
  // Whether the picker picks as one made of `state` would.
  bool IsLike(const State& state) const;
  // How picks spread over the parts in the long run: see balancer::Policy::Shares(). Empty if it
  // does not serve.
  std::vector<uint64_t> PartShares() const;

  PickResult Pick(const PickRequest& request) const;

 private:
  Permit PickFrom(const Serving& serving, const PickRequest& request) const;
  Endpoint* FindUntried(const Serving& serving, const PickRequest& request, size_t part,
                        uint32_t from) const;

  const State state_;
  std::optional<balancer::WeightedSequence> localities_;  // if there are several
};

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_BALANCED_PICKER_H_
