#include "mesh/cluster/subset_table.h"

#include <algorithm>
#include <string>
#include <tuple>

#include "absl/status/status.h"
#include "mesh/base/hash64.h"

namespace mesh::cluster {
namespace {

using Fallback = model::SubsetSelection::Fallback;
using Extent = Balancer::Extent;
using FieldViews = absl::InlinedVector<std::pair<absl::string_view, absl::string_view>, 4>;

// The values of `key`: one, or with `list_as_any` the elements of a list; none if it is not there.
absl::InlinedVector<std::string, 1> ValuesOf(const model::MetadataFields& metadata,
                                             const std::string& key, bool list_as_any) {
  const auto found = std::lower_bound(
      metadata.begin(), metadata.end(), key,
      [](const auto& field, const std::string& wanted) { return field.first < wanted; });
  if (found == metadata.end() || found->first != key) return {};
  if (list_as_any) {
    model::MetadataElements elements = model::ElementsOf(found->second);
    if (elements.is_list) {
      return absl::InlinedVector<std::string, 1>(elements.values.begin(), elements.values.end());
    }
  }
  return {found->second};
}

bool SameMetadata(const model::EndpointConfig& a, const model::EndpointConfig& b) {
  if (a.extras == b.extras) return true;
  return a.extras != nullptr && b.extras != nullptr && a.extras->metadata == b.extras->metadata;
}

// By address; of one that is there twice, that which can take calls.
bool ComesBefore(const model::EndpointConfig& a, const model::EndpointConfig& b) {
  const auto key = [](const model::EndpointConfig& config) {
    const bool is_degraded = config.health == model::HealthStatus::kDegraded;
    return std::make_tuple(absl::string_view(config.address), !model::IsUsable(config.health),
                           !is_degraded);
  };
  return key(a) < key(b);
}

bool FallsBackTo(const model::SubsetSelection& selection, Fallback fallback) {
  return std::any_of(selection.selectors.begin(), selection.selectors.end(),
                     [fallback](const model::SubsetSelection::Selector& selector) {
                       return selector.fallback == fallback;
                     });
}

}  // namespace

SubsetTable::SubsetTable(const Balancer::Shared* shared, EpochDomain* epochs,
                         std::function<void()> changed)
    : shared_(*shared), epochs_(epochs), changed_(std::move(changed)) {}

SubsetTable::~SubsetTable() = default;

void SubsetTable::Close() {
  map_ = nullptr;
  Clear();
  UpdateSpecial(&any_endpoint_, Extent::kAnyEndpoint, false);
  UpdateSpecial(&default_subset_, Extent::kDefaultSubset, false);
  RetireGivenUp();
  shared_.table->SetLingering(false);
}

void SubsetTable::Clear() {
  for (auto& shard : shards_) shard.clear();
  stale_.set();
  // In their order, so that a simulation repeats.
  for (const auto& [id, subset] : in_use_) {
    if (subset->extent == Extent::kMembers) subset->balancer = nullptr;
  }
  for (auto& [view, subset] : subsets_) GiveUp(std::move(subset));
  subsets_.clear();
  sources_.clear();
  maybe_empty_.clear();
  named_.clear();
  members_ = 0;
  is_complete_ = true;
  shared_.table->NoteNoneConfigured();
}

// Its endpoints go now; what calls may still look at goes when none does.
void SubsetTable::GiveUp(std::unique_ptr<Subset> subset) {
  by_id_.erase(subset->view.id());
  in_use_.erase(subset->view.id());
  subset->balancer = nullptr;
  given_up_.push_back(std::move(subset));
}

void SubsetTable::RetireGivenUp() {
  if (given_up_.empty()) return;
  epochs_->Retire([given_up = std::exchange(given_up_, {})] {});
}

void SubsetTable::Update(std::vector<Balancer::Source> sources, bool same_rules) {
  const std::shared_ptr<const model::SubsetSelection>& selection = shared_.rules.subsets;
  const bool same_selection =
      selection == selection_ ||
      (selection != nullptr && selection_ != nullptr && *selection == *selection_);
  if (selection == nullptr && selection_ == nullptr) return;
  std::vector<model::MetadataFields> used;
  if (!same_selection || !is_complete_) {
    used = FieldsInUse();
    Clear();
  }
  selection_ = selection;
  // An endpoint whose subsets no call has asked for is nobody's for now.
  shared_.table->SetLingering(selection_ != nullptr);
  // Balancers still go by the rules before, and what is added cannot be placed by those; where the
  // order counts, a change of one may be a change of all.
  refills_ = !same_rules || shared_.rules.in_order;
  if (selection_ != nullptr) Diff(sources);
  const bool same_sources =
      std::equal(sources.begin(), sources.end(), sources_.begin(), sources_.end(),
                 [](const Balancer::Source& a, const Balancer::Source& b) {
                   return a.id == b.id && a.endpoints->weight == b.endpoints->weight;
                 });
  sources_ = std::move(sources);
  for (const auto& [id, subset] : std::exchange(changed_singles_, {})) Refill(subset);
  DropEmpty();
  UpdateSpecial(
      &any_endpoint_, Extent::kAnyEndpoint,
      selection_ != nullptr && selection_->fallback != Fallback::kAnyEndpoint &&
          (selection_->panic_mode_any || FallsBackTo(*selection_, Fallback::kAnyEndpoint)));
  UpdateSpecial(&default_subset_, Extent::kDefaultSubset,
                selection_ != nullptr && selection_->fallback != Fallback::kDefaultSubset &&
                    FallsBackTo(*selection_, Fallback::kDefaultSubset));
  if (refills_) RefillAll();
  for (const auto& [id, subset] : in_use_) {
    if (subset->extent == Extent::kMembers) {
      subset->balancer->Arrange(sources_, same_rules && same_sources);
    } else {
      subset->balancer->Update();
      MarkDue(subset);
    }
    if (!same_rules) MarkDue(subset);
  }
  UpdateMap();
  ConnectAgain(used);
}

std::vector<model::MetadataFields> SubsetTable::FieldsInUse() const {
  std::vector<model::MetadataFields> used;
  for (const auto& [id, subset] : in_use_) {
    if (subset->extent == Extent::kMembers) used.push_back(subset->view.fields());
  }
  return used;
}

// Before what is not in use any more is closed, so that connections are kept.
void SubsetTable::ConnectAgain(const std::vector<model::MetadataFields>& used) {
  for (const model::MetadataFields& fields : used) {
    const FieldViews views(fields.begin(), fields.end());
    Subset* const subset = Find(FieldsView(views));
    if (subset != nullptr) Connect(subset->view.id());
  }
}

void SubsetTable::Diff(const std::vector<Balancer::Source>& sources) {
  absl::flat_hash_map<const Locality*, const model::LocalityEndpoints*> old;
  for (const Balancer::Source& source : sources_) old.emplace(source.id, source.endpoints.get());
  const model::EndpointList none;
  for (const Balancer::Source& source : sources) {
    const auto found = old.find(source.id);
    const model::EndpointList& before = found == old.end() ? none : found->second->endpoints;
    Apply(source.id, model::ChangesBetween(before, source.endpoints->endpoints));
    if (found != old.end()) old.erase(found);
  }
  for (const Balancer::Source& source : sources_) {
    if (!old.contains(source.id)) continue;
    Apply(source.id, model::ChangesBetween(source.endpoints->endpoints, none));
  }
}

void SubsetTable::Apply(const Locality* source, const model::EndpointChanges& changes) {
  for (const auto& [from, to] : changes.kept) {
    const SubsetList before = SubsetsOf(*from, false);
    const SubsetList after = SameMetadata(*from, *to) ? before : SubsetsOf(*to, true);
    for (Subset* subset : before) {
      if (std::find(after.begin(), after.end(), subset) != after.end()) {
        ChangeMember(subset, source, from, to);
      } else {
        RemoveMember(subset, source, from);
      }
    }
    for (Subset* subset : after) {
      if (std::find(before.begin(), before.end(), subset) == before.end()) {
        AddMember(subset, source, to);
      }
    }
  }
  for (const EndpointConfig* config : changes.removed) {
    CountName(config->address, -1);
    for (Subset* subset : SubsetsOf(*config, false)) RemoveMember(subset, source, config);
  }
  for (const EndpointConfig* config : changes.added) {
    CountName(config->address, +1);
    for (Subset* subset : SubsetsOf(*config, true)) AddMember(subset, source, config);
  }
}

void SubsetTable::CountName(absl::string_view address, int sign) {
  const auto found = named_.try_emplace(Hash64(address), 0).first;
  const bool was = found->second > 0;
  found->second += sign;
  const bool is = found->second > 0;
  if (!is) named_.erase(found);
  if (is != was) shared_.table->NoteConfigured(address, is);
}

SubsetTable::SubsetList SubsetTable::SubsetsOf(const EndpointConfig& config, bool make) {
  SubsetList result;
  if (config.extras == nullptr || config.extras->metadata.empty()) return result;
  for (const model::SubsetSelection::Selector& selector : selection_->selectors) {
    // The product of the values of its keys, one field at a time.
    std::vector<absl::InlinedVector<std::string, 1>> values;
    size_t combinations = 1;
    for (const std::string& key : selector.keys) {
      values.push_back(ValuesOf(config.extras->metadata, key, selection_->list_as_any));
      combinations = std::min(kMostMembers, combinations * values.back().size());
      if (combinations == 0) break;
    }
    if (members_ + combinations > kMostMembers && make) {
      is_complete_ = false;
      continue;
    }
    for (size_t number = 0; number < combinations; ++number) {
      FieldViews fields;
      size_t rest = number;
      for (size_t i = 0; i < values.size(); ++i) {
        fields.emplace_back(selector.keys[i], values[i][rest % values[i].size()]);
        rest /= values[i].size();
      }
      Subset* const subset =
          make ? Get(fields, selector.single_host_per_subset) : Find(FieldsView(fields));
      if (subset == nullptr) continue;
      // An element of a list may be there twice.
      if (std::find(result.begin(), result.end(), subset) == result.end()) {
        result.push_back(subset);
      }
    }
  }
  return result;
}

SubsetTable::Subset* SubsetTable::Find(const FieldsView& fields) {
  const SubsetSet& shard = shards_[SubsetMap::ShardOf(fields.hash)];
  const auto found = shard.find(fields);
  return found == shard.end() ? nullptr : subsets_.at(*found).get();
}

// Makes it if it is not there; null: there is no room.
SubsetTable::Subset* SubsetTable::Get(
    absl::Span<const std::pair<absl::string_view, absl::string_view>> fields, bool is_single) {
  const FieldsView key(fields);
  if (Subset* const known = Find(key)) return known;
  if (subsets_.size() == kMostSubsets) {
    is_complete_ = false;
    return nullptr;
  }
  model::MetadataFields copy;
  for (const auto& [name, value] : fields) copy.emplace_back(name, value);
  auto made =
      std::make_unique<Subset>(epochs_, next_id_++, Extent::kMembers, std::move(copy), is_single);
  Subset* const subset = made.get();
  shards_[SubsetMap::ShardOf(key.hash)].insert(&subset->view);
  stale_.set(SubsetMap::ShardOf(key.hash));
  by_id_.emplace(subset->view.id(), subset);
  subsets_.emplace(&subset->view, std::move(made));
  return subset;
}

// Whether its balancer is told of a change to the members now; at the end of the update, otherwise.
bool SubsetTable::TellsMembers(Subset* subset) {
  if (subset->balancer == nullptr || refills_) return false;
  if (subset->is_single) changed_singles_.emplace(subset->view.id(), subset);
  return !subset->is_single;
}

void SubsetTable::AddMember(Subset* subset, const Locality* source, const EndpointConfig* config) {
  subset->members.emplace(source, config);
  ++members_;
  if (TellsMembers(subset)) subset->balancer->AddMember(source, config);
}

void SubsetTable::RemoveMember(Subset* subset, const Locality* source,
                               const EndpointConfig* config) {
  if (subset->members.erase({source, config}) == 0) return;  // there was no room for it
  --members_;
  if (TellsMembers(subset)) subset->balancer->RemoveMember(source, config);
  if (subset->members.empty()) maybe_empty_.push_back(subset);
}

void SubsetTable::ChangeMember(Subset* subset, const Locality* source, const EndpointConfig* from,
                               const EndpointConfig* to) {
  if (subset->members.erase({source, from}) == 0) return;
  subset->members.emplace(source, to);
  if (TellsMembers(subset)) subset->balancer->ChangeMember(source, from, to);
}

void SubsetTable::DropEmpty() {
  for (Subset* subset : std::exchange(maybe_empty_, {})) {
    const auto found = subsets_.find(&subset->view);
    if (found == subsets_.end() || !subset->members.empty()) continue;
    const size_t shard = SubsetMap::ShardOf(subset->view.hash());
    shards_[shard].erase(&subset->view);
    stale_.set(shard);
    GiveUp(std::move(found->second));
    subsets_.erase(found);
  }
}

void SubsetTable::UpdateSpecial(std::unique_ptr<Subset>* subset, Extent extent, bool needed) {
  if (needed == (*subset != nullptr)) return;
  stale_.set(0);  // so that the map is published, which has it
  if (!needed) return GiveUp(std::move(*subset));
  *subset = std::make_unique<Subset>(epochs_, next_id_++, extent, model::MetadataFields(),
                                     /*is_single=*/false);
  by_id_.emplace((*subset)->view.id(), subset->get());
}

void SubsetTable::RefillAll() {
  for (const auto& [id, subset] : in_use_) {
    if (subset->extent == Extent::kMembers) Refill(subset);
  }
}

// The members that take calls: all, or one at each priority.
SubsetTable::MembersBySource SubsetTable::TakersOf(const Subset& subset) const {
  MembersBySource members;
  for (const auto& [source, config] : subset.members) members[source].push_back(config);
  if (!subset.is_single) return members;
  std::map<uint32_t, Member> first;  // by priority
  for (const Balancer::Source& source : sources_) {
    const auto found = members.find(source.id);
    if (found == members.end()) continue;
    for (const EndpointConfig* config : found->second) {
      Member& taker =
          first.try_emplace(source.endpoints->priority, source.id, config).first->second;
      if (ComesBefore(*config, *taker.second)) taker = {source.id, config};
    }
  }
  MembersBySource takers;
  for (const auto& [priority, taker] : first) takers[taker.first].push_back(taker.second);
  return takers;
}

// In the order of the configuration, which counts for some.
void SubsetTable::Refill(Subset* subset) {
  MembersBySource members = TakersOf(*subset);
  for (const Balancer::Source& source : sources_) {
    const auto found = members.find(source.id);
    std::vector<const EndpointConfig*> here;
    if (found == members.end()) {
      // It may have had some.
    } else if (shared_.rules.in_order && !subset->is_single) {
      source.endpoints->endpoints.ForEach([&](const EndpointConfig& config) {
        if (subset->members.contains({source.id, &config})) here.push_back(&config);
      });
    } else {
      here = std::move(found->second);
      std::sort(here.begin(), here.end(), [](const EndpointConfig* a, const EndpointConfig* b) {
        return a->address < b->address;
      });
    }
    subset->balancer->SetMembers(source.id, std::move(here));
  }
}

void SubsetTable::UpdateMap() {
  if (selection_ == nullptr || sources_.empty()) {
    map_ = nullptr;
    stale_.set();
    return;
  }
  const std::shared_ptr<const SubsetMap> old = map_;
  const bool same = old != nullptr && stale_.none() && old->selection() == *selection_ &&
                    old->is_complete() == is_complete_;
  if (same) return;
  SubsetMap::Shards shards;
  for (size_t i = 0; i < shards.size(); ++i) {
    if (shards_[i].empty()) continue;
    shards[i] = old != nullptr && !stale_[i] ? old->shards()[i]
                                             : std::make_shared<const SubsetSet>(shards_[i]);
  }
  stale_.reset();
  const auto view = [](const std::unique_ptr<Subset>& subset) {
    return subset == nullptr ? nullptr : &subset->view;
  };
  map_ = std::make_shared<const SubsetMap>(selection_, std::move(shards), view(any_endpoint_),
                                           view(default_subset_), is_complete_);
}

void SubsetTable::Connect(uint64_t id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end() || found->second->balancer != nullptr) return;
  Subset* const subset = found->second;
  const std::string text =
      subset->extent == Extent::kMembers ? model::ToString(subset->view.fields()) : std::string();
  subset->balancer =
      std::make_unique<Balancer>(&shared_, subset->extent, text, &subset->view.published(),
                                 [this, subset] { MarkDue(subset); });
  in_use_.emplace(id, subset);
  if (subset->extent == Extent::kMembers) {
    Refill(subset);
    subset->balancer->Arrange(sources_, false);
  } else {
    subset->balancer->Update();
  }
  subset->balancer->Connect();
  MarkDue(subset);
}

void SubsetTable::MarkDue(Subset* subset) {
  if (subset->is_due) return;
  subset->is_due = true;
  due_.push_back(subset->view.id());
  changed_();
}

void SubsetTable::MarkAllDue() {
  for (const auto& [id, subset] : in_use_) MarkDue(subset);
}

bool SubsetTable::Turn() {
  bool changed = false;
  // Like those that take calls without metadata, these look at whatever has changed.
  for (Subset* special : {any_endpoint_.get(), default_subset_.get()}) {
    if (special != nullptr && special->balancer != nullptr) changed |= special->balancer->Turn();
  }
  for (const uint64_t id : std::exchange(due_, {})) {
    const auto found = by_id_.find(id);
    if (found == by_id_.end()) continue;  // it has gone
    found->second->is_due = false;
    if (found->second->extent == Extent::kMembers) changed |= found->second->balancer->Turn();
  }
  return changed;
}

bool SubsetTable::picks_by_connection() const {
  return std::any_of(in_use_.begin(), in_use_.end(), [](const auto& entry) {
    return entry.second->balancer->picks_by_connection();
  });
}

wire::ConnectionState SubsetTable::state() const {
  using State = wire::ConnectionState;
  bool is_connecting = false;
  for (const auto& [id, subset] : in_use_) {
    const State state = subset->balancer->state();
    if (state == State::kReady) return state;
    is_connecting |= state == State::kConnecting;
  }
  if (is_connecting) return State::kConnecting;
  return in_use_.size() < by_id_.size() ? State::kIdle : State::kFailing;
}

const Balancer* SubsetTable::BalancerOf(const SubsetView& subset) const {
  const auto found = by_id_.find(subset.id());
  return found == by_id_.end() ? nullptr : found->second->balancer.get();
}

size_t SubsetTable::MembersOf(const SubsetView& subset) const {
  const auto found = by_id_.find(subset.id());
  return found == by_id_.end() ? 0 : found->second->members.size();
}

void SubsetTable::FillSnapshot(Snapshot::Cluster* out) const {
  std::vector<Snapshot::Subset> all;
  all.reserve(subsets_.size());
  for (const auto& [view, subset] : subsets_) {
    const Balancer* const balancer = subset->balancer.get();
    const auto state = balancer == nullptr ? wire::ConnectionState::kIdle : balancer->state();
    all.push_back({model::ToString(view->fields()), std::string(wire::ToString(state)),
                   subset->members.size(), balancer == nullptr ? 0 : balancer->ready()});
  }
  const size_t shown = std::min(all.size(), kMostShown);
  std::partial_sort(all.begin(), all.begin() + shown, all.end(),
                    [](const Snapshot::Subset& a, const Snapshot::Subset& b) {
                      const bool a_idle = a.state == "idle";
                      const bool b_idle = b.state == "idle";
                      return a_idle != b_idle ? b_idle : a.metadata < b.metadata;
                    });
  all.resize(shown);
  out->subset_count = subsets_.size();
  out->subsets = std::move(all);
}

}  // namespace mesh::cluster
