#ifndef MESH_CLUSTER_SUBSET_TABLE_H_
#define MESH_CLUSTER_SUBSET_TABLE_H_

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "mesh/base/epoch.h"
#include "mesh/cluster/balancer.h"
#include "mesh/cluster/subset_map.h"
#include "mesh/model/endpoint_changes.h"
#include "mesh/model/snapshot.h"

namespace mesh::cluster {

// The subsets of a cluster's endpoints: one for each combination of values that endpoints have for
// the keys of a selector (envoy subset_lb.cc). It knows the members of all of them, at the cost of
// what changes; what shares calls among the members, and connects them, is there for those that a
// call has asked for. Serializer-bound.
class SubsetTable {
 public:
  // What endpoints make beyond these numbers is left out, and calls that would name it fail: it is
  // the endpoints' metadata that say how many there are.
  static constexpr size_t kMostSubsets = size_t{1} << 16;
  static constexpr size_t kMostMembers = size_t{1} << 20;  // the sum of all subsets'
  static constexpr size_t kMostShown = 100;                // in a snapshot

  // `changed` is called when a Turn() is due. All outlive this, or Close() is called before.
  SubsetTable(const Balancer::Shared* shared, EpochDomain* epochs, std::function<void()> changed);
  ~SubsetTable();
  SubsetTable(const SubsetTable&) = delete;
  SubsetTable& operator=(const SubsetTable&) = delete;

  // The subsets as of the last update, for others to publish; null: there are none to choose from.
  // What it points to goes when RetireGivenUp() is called after an update that gave it up.
  const std::shared_ptr<const SubsetMap>& map() const { return map_; }

  // Takes over what is shared as it is now, and the cluster's localities; the endpoints of those
  // before are still there. `same_rules`: only endpoints have changed.
  void Update(std::vector<Balancer::Source> sources, bool same_rules);
  // Connects the endpoints of that subset, if there is one, from the next turn on.
  void Connect(uint64_t id);
  // What all of them share has changed: see Balancer::Shared::load_look.
  void MarkAllDue();
  // Publishes what has become of the changes to each subset; whether picks may be others. What the
  // map has is then as new calls may see it: the map may be published.
  bool Turn();
  // REQUIRES: map() is published, or none is, and what was published before is no more.
  void RetireGivenUp();
  // Gives up all endpoints. REQUIRES: no map is published, or nobody reads any more.
  void Close();

  // Whether picks by the same pickers change as connections do.
  bool picks_by_connection() const;
  // The best of those that calls have asked for; idle: there are subsets, but nobody has asked.
  // Failing: there are none, or all are.
  wire::ConnectionState state() const;
  // What shares the calls of a subset; null: no call has asked for it.
  const Balancer* BalancerOf(const SubsetView& subset) const;
  size_t MembersOf(const SubsetView& subset) const;
  size_t size() const { return subsets_.size(); }
  void FillSnapshot(Snapshot::Cluster* out) const;

 private:
  using EndpointConfig = model::EndpointConfig;
  using Member = std::pair<const Locality*, const EndpointConfig*>;
  struct Subset {
    Subset(EpochDomain* epochs, uint64_t id, Balancer::Extent extent, model::MetadataFields fields,
           bool is_single)
        : view(epochs, id, std::move(fields)), extent(extent), is_single(is_single) {}

    SubsetView view;
    const Balancer::Extent extent;
    const bool is_single;  // see Selector::single_host_per_subset
    // By locality as well: several may share a configuration, as does one that takes the place of
    // another at another priority.
    absl::flat_hash_set<Member> members;
    std::unique_ptr<Balancer> balancer;
    bool is_due = false;  // for a turn
  };
  using SubsetList = absl::InlinedVector<Subset*, 4>;
  using MembersBySource = absl::flat_hash_map<const Locality*, std::vector<const EndpointConfig*>>;

  void Clear();
  std::vector<model::MetadataFields> FieldsInUse() const;
  void ConnectAgain(const std::vector<model::MetadataFields>& used);
  void Diff(const std::vector<Balancer::Source>& sources);
  void Apply(const Locality* source, const model::EndpointChanges& changes);
  void CountName(absl::string_view address, int sign);
  SubsetList SubsetsOf(const EndpointConfig& config, bool make);
  Subset* Find(const FieldsView& fields);
  Subset* Get(absl::Span<const std::pair<absl::string_view, absl::string_view>> fields,
              bool is_single);
  bool TellsMembers(Subset* subset);
  void AddMember(Subset* subset, const Locality* source, const EndpointConfig* config);
  void RemoveMember(Subset* subset, const Locality* source, const EndpointConfig* config);
  void ChangeMember(Subset* subset, const Locality* source, const EndpointConfig* from,
                    const EndpointConfig* to);
  void DropEmpty();
  void UpdateSpecial(std::unique_ptr<Subset>* subset, Balancer::Extent extent, bool needed);
  void RefillAll();
  MembersBySource TakersOf(const Subset& subset) const;
  void Refill(Subset* subset);
  void GiveUp(std::unique_ptr<Subset> subset);
  void MarkDue(Subset* subset);
  void UpdateMap();

  const Balancer::Shared& shared_;
  EpochDomain* const epochs_;
  const std::function<void()> changed_;
  std::shared_ptr<const SubsetMap> map_;
  std::shared_ptr<const model::SubsetSelection> selection_;  // null: none
  std::vector<Balancer::Source> sources_;                    // as of the last update
  std::array<SubsetSet, SubsetMap::kShards> shards_;
  std::bitset<SubsetMap::kShards> stale_;  // shards that have changed since they were published
  absl::flat_hash_map<const SubsetView*, std::unique_ptr<Subset>> subsets_;
  std::unique_ptr<Subset> any_endpoint_;  // null: not needed
  std::unique_ptr<Subset> default_subset_;
  absl::flat_hash_map<uint64_t, Subset*> by_id_;
  // How many endpoints are configured with an address, by its hash, if there are subsets.
  absl::flat_hash_map<uint64_t, uint32_t> named_;
  std::map<uint64_t, Subset*> in_use_;             // by id: those that have a balancer
  std::map<uint64_t, Subset*> changed_singles_;    // by id: of an update, those with a balancer
  std::vector<Subset*> maybe_empty_;               // since the last update; may be there twice
  std::vector<std::unique_ptr<Subset>> given_up_;  // until a map is published without them
  std::vector<uint64_t> due_;
  uint64_t next_id_ = 1;
  size_t members_ = 0;
  bool is_complete_ = true;
  bool refills_ = false;  // an update tells balancers of all members at its end, not one by one
};

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_SUBSET_TABLE_H_
