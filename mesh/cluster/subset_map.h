#ifndef MESH_CLUSTER_SUBSET_MAP_H_
#define MESH_CLUSTER_SUBSET_MAP_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "mesh/base/epoch.h"
#include "mesh/base/published.h"
#include "mesh/cluster/balanced_picker.h"
#include "mesh/model/load_balancing.h"
#include "mesh/model/metadata_match.h"

namespace mesh::cluster {

// What calls see of a subset of a cluster's endpoints: those that have these metadata. Thread-safe.
class SubsetView {
 public:
  SubsetView(EpochDomain* epochs, uint64_t id, model::MetadataFields fields);

  uint64_t id() const { return id_; }  // within the cluster, for good
  uint64_t hash() const { return hash_; }
  const model::MetadataFields& fields() const { return fields_; }
  // Null while no call has asked for it: then it has no connections.
  const BalancedPicker* picker(const EpochReader& reader) const { return picker_.Get(reader); }
  // Whether this is the first to ask for it.
  bool Ask() const {
    return !asked_.load(std::memory_order_relaxed) &&
           !asked_.exchange(true, std::memory_order_relaxed);
  }
  // Of the thread that publishes.
  Published<BalancedPicker>& published() { return picker_; }
  const BalancedPicker* writer_view() const { return picker_.writer_view(); }

 private:
  const uint64_t id_;
  const model::MetadataFields fields_;
  const uint64_t hash_;
  Published<BalancedPicker> picker_;
  mutable std::atomic<bool> asked_{false};
};

// The metadata that a call names, or some of them. A value, valid as long as those.
class MatchView {
 public:
  explicit MatchView(const model::MetadataMatch& match)
      : match_(&match), chosen_((uint64_t{1} << match.fields().size()) - 1) {}

  // Only those of `keys`, which are sorted.
  MatchView Of(const std::vector<std::string>& keys) const;

  size_t size() const;
  uint64_t hash() const;
  uint64_t hash_of_keys() const;
  bool HasKeys(const std::vector<std::string>& keys) const;   // these, and no others
  bool HasFields(const model::MetadataFields& fields) const;  // these, and no others

 private:
  bool is_chosen(size_t field) const { return ((chosen_ >> field) & 1) != 0; }

  const model::MetadataMatch* match_;
  uint64_t chosen_;  // fields, as bits
};

// Metadata that endpoints have. A value, valid as long as those.
struct FieldsView {
  using Fields = absl::Span<const std::pair<absl::string_view, absl::string_view>>;
  explicit FieldsView(Fields fields);

  Fields fields;  // sorted by key
  uint64_t hash;
};

// Where subsets are found by what they are made of, or by what a call names.
struct SubsetHash {
  using is_transparent = void;
  size_t operator()(const SubsetView* subset) const { return subset->hash(); }
  size_t operator()(const MatchView& match) const { return match.hash(); }
  size_t operator()(const FieldsView& fields) const { return fields.hash; }
};
struct SubsetEqual {
  using is_transparent = void;
  bool operator()(const SubsetView* a, const SubsetView* b) const {
    return a->hash() == b->hash() && a->fields() == b->fields();
  }
  bool operator()(const SubsetView* a, const MatchView& b) const {
    return b.HasFields(a->fields());
  }
  bool operator()(const MatchView& a, const SubsetView* b) const { return (*this)(b, a); }
  bool operator()(const SubsetView* a, const FieldsView& b) const;
  bool operator()(const FieldsView& a, const SubsetView* b) const { return (*this)(b, a); }
};
using SubsetSet = absl::flat_hash_set<const SubsetView*, SubsetHash, SubsetEqual>;

// Which endpoints of a cluster take a call that names metadata (envoy subset_lb.cc). Immutable;
// the subsets live as long as a reader that found the map.
class SubsetMap {
 public:
  // Subsets are spread over so many sets, by hash, so that a change of which there are copies few.
  static constexpr size_t kShards = 256;
  using Shards = std::array<std::shared_ptr<const SubsetSet>, kShards>;
  static size_t ShardOf(uint64_t hash) { return (hash >> 24) % kShards; }

  enum class Taker {
    kSubset,
    kFallback,     // those that take calls without metadata
    kAnyEndpoint,  // all
    kDefaultSubset,
    kNobody,
  };
  struct Choice {
    Taker taker;
    // Null: those that take calls without metadata, or nobody.
    const SubsetView* subset = nullptr;
  };

  // `shards` may have null: empty ones. `any_endpoint` and `default_subset` may be null where
  // nothing falls back to them, or where they take the calls without metadata.
  SubsetMap(std::shared_ptr<const model::SubsetSelection> selection, Shards shards,
            const SubsetView* any_endpoint, const SubsetView* default_subset, bool is_complete);

  const model::SubsetSelection& selection() const { return *selection_; }
  const Shards& shards() const { return shards_; }
  const SubsetView* any_endpoint() const { return any_endpoint_; }
  // Whether all subsets are there: endpoints may make more than there may be.
  bool is_complete() const { return is_complete_; }
  // Costs as many look-ups as there are selectors in a chain of kFewerKeys, however many subsets
  // there are; with allow_redundant_keys, a look at each selector. Allocates nothing.
  Choice Choose(const model::MetadataMatch& match) const;

 private:
  const model::SubsetSelection::Selector* FindSelector(const MatchView& match) const;
  MatchView WithoutRedundant(const MatchView& match) const;

  const std::shared_ptr<const model::SubsetSelection> selection_;
  const Shards shards_;
  const SubsetView* const any_endpoint_;
  const SubsetView* const default_subset_;
  const bool is_complete_;
  absl::flat_hash_map<uint64_t, size_t> selectors_;  // by the hash of their keys
};

// The sum of what stands for the fields.
uint64_t HashOf(const model::MetadataFields& fields);

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_SUBSET_MAP_H_
