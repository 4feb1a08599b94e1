#include "mesh/cluster/balancer.h"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "balancer/locality_choice.h"
#include "balancer/priority.h"

namespace mesh::cluster {
namespace {

constexpr uint64_t kNoCap = std::numeric_limits<uint64_t>::max();

using wire::ConnectionState;

std::string Label(absl::string_view cluster, absl::string_view subset) {
  return absl::StrCat("cluster \"", cluster, "\"", subset.empty() ? "" : ", subset ", subset);
}

}  // namespace

Balancer::Balancer(const Shared* shared, Extent extent, absl::string_view subset,
                   Published<BalancedPicker>* picker, std::function<void()> changed)
    : shared_(*shared),
      extent_(extent),
      label_(Label(shared->name, subset)),
      picker_(picker),
      changed_(std::move(changed)),
      cursors_(std::make_shared<const balancer::Cursors>(7, shared->random)) {
  picker_->Publish(std::make_unique<const BalancedPicker>(BalancedPicker::Idle{}));
}

void Balancer::Close(absl::Status reason) {
  priorities_.clear();
  localities_.clear();
  picker_->Publish(std::make_unique<const BalancedPicker>(Failed{std::move(reason)}));
}

LocalityRules Balancer::Rules() const {
  using Admitted = LocalityRules::Admitted;
  LocalityRules rules = shared_.rules;
  if (extent_ == Extent::kAnyEndpoint || extent_ == Extent::kMembers) {
    rules.admitted = Admitted::kAll;
  } else if (extent_ == Extent::kDefaultSubset) {
    rules.admitted = Admitted::kDefaultSubset;
  }
  return rules;
}

void Balancer::ConnectKnown() {
  Connect();
  for (const std::unique_ptr<Locality>& locality : localities_) locality->AttachKnown();
}

void Balancer::Update() {
  UpdateLocalities();
  UpdatePriorities();
}

std::vector<Balancer::Source> Balancer::Sources() const {
  std::vector<Source> sources;
  for (const auto& locality : localities_) {
    sources.push_back({locality.get(), locality->endpoints()});
  }
  return sources;
}

Locality* Balancer::LocalityOf(const Locality* source) {
  Locality*& locality = by_source_[source];
  if (locality == nullptr) {
    localities_.push_back(std::make_unique<Locality>(shared_.table, shared_.seed, &changed_));
    locality = localities_.back().get();
    locality->SetMembers({}, Rules());
    arranged_ = false;
  }
  return locality;
}

void Balancer::SetMembers(const Locality* source,
                          std::vector<const model::EndpointConfig*> members) {
  LocalityOf(source)->SetMembers(std::move(members), Rules());
}

void Balancer::AddMember(const Locality* source, const model::EndpointConfig* config) {
  LocalityOf(source)->AddMember(config);
}

void Balancer::RemoveMember(const Locality* source, const model::EndpointConfig* config) {
  Locality* const locality = LocalityOf(source);
  locality->RemoveMember(config);
  if (locality->size() == 0) arranged_ = false;
}

void Balancer::ChangeMember(const Locality* source, const model::EndpointConfig* from,
                            const model::EndpointConfig* to) {
  LocalityOf(source)->ChangeMember(from, to);
}

void Balancer::Arrange(const std::vector<Source>& sources, bool same_sources) {
  if (arranged_ && same_sources) {
    // Of many, few are this one's.
    for (size_t i = 0, found = 0; i < sources.size() && found < by_source_.size(); ++i) {
      const auto locality = by_source_.find(sources[i].id);
      if (locality == by_source_.end()) continue;
      locality->second->SetEndpoints(sources[i].endpoints);
      ++found;
    }
    return;
  }
  arranged_ = true;
  absl::flat_hash_map<const Locality*, std::unique_ptr<Locality>> old;
  for (std::unique_ptr<Locality>& locality : localities_) {
    const Locality* const key = locality.get();
    old.emplace(key, std::move(locality));
  }
  localities_.clear();
  absl::flat_hash_map<const Locality*, Locality*> by_source = std::move(by_source_);
  by_source_.clear();
  for (const Source& source : sources) {
    const auto found = by_source.find(source.id);
    if (found == by_source.end() || found->second->size() == 0) continue;
    found->second->SetEndpoints(source.endpoints);
    by_source_.insert(*found);
    localities_.push_back(std::move(old[found->second]));
  }
  UpdatePriorities();
}

void Balancer::UpdateLocalities() {
  // A locality is the same as before if its name and its priority are; one that is named several
  // times is told apart by its rank.
  using Key = std::tuple<uint32_t, std::string, std::string, std::string, int>;
  std::map<std::tuple<uint32_t, std::string, std::string, std::string>, int> ranks;
  const auto key_of = [&ranks](const model::LocalityEndpoints& endpoints) {
    const model::Locality& name = endpoints.locality;
    const int rank = ranks[{endpoints.priority, name.region, name.zone, name.sub_zone}]++;
    return Key(endpoints.priority, name.region, name.zone, name.sub_zone, rank);
  };
  std::map<Key, std::unique_ptr<Locality>> old;
  for (std::unique_ptr<Locality>& locality : localities_) {
    const Key key = key_of(*locality->endpoints());
    old[key] = std::move(locality);
  }
  localities_.clear();
  ranks.clear();
  const LocalityRules rules = Rules();
  if (shared_.config.endpoints == nullptr || !shared_.config.status.ok()) return;
  for (const auto& endpoints : shared_.config.endpoints->localities) {
    std::unique_ptr<Locality>& locality = old[key_of(*endpoints)];
    if (locality == nullptr) locality = std::make_unique<Locality>(shared_.table, shared_.seed);
    locality->Update(endpoints, rules);
    localities_.push_back(std::move(locality));
  }
}

void Balancer::UpdatePriorities() {
  std::vector<std::vector<Locality*>> by_priority;
  for (const std::unique_ptr<Locality>& locality : localities_) {
    const size_t priority = locality->endpoints()->priority;
    if (by_priority.size() <= priority) by_priority.resize(priority + 1);
    by_priority[priority].push_back(locality.get());
  }
  by_priority.resize(std::max(by_priority.size(), shared_.by_weight.size()));
  priorities_.resize(by_priority.size());
  loads_.healthy.resize(priorities_.size(), 0);  // until the next turn
  loads_.degraded.resize(priorities_.size(), 0);
  for (size_t i = 0; i < priorities_.size(); ++i) {
    if (priorities_[i] == nullptr) {
      priorities_[i] = std::make_unique<Priority>(shared_.serializer, &changed_);
    }
    priorities_[i]->SetLocalities(by_priority[i], shared_.by_weight[i]);
  }
}

bool Balancer::Turn() {
  loads_.healthy.assign(priorities_.size(), 0);
  loads_.degraded = loads_.healthy;
  if (asked_) {
    loads_ = Weigh();
    const std::optional<size_t> standby = Standby();
    Retain(standby);
  }
  BalancedPicker::State state = NextState();
  std::shared_ptr<const Drops> drops;
  std::shared_ptr<const SubsetMap> subsets;
  if (extent_ == Extent::kFallback) {
    drops = shared_.drops;
    subsets = shared_.subsets;
  }
  const bool is_like = picker().IsLike(state, drops);
  if (is_like && picker().subsets() == subsets.get()) return false;
  const auto* const failed = std::get_if<Failed>(&state);
  if (failed != nullptr && !is_like && shared_.log_failure) {
    shared_.log_failure(failed->status.message());
  }
  picker_->Publish(std::make_unique<const BalancedPicker>(std::move(state), std::move(drops),
                                                          std::move(subsets)));
  return true;
}

balancer::PriorityLoads Balancer::Weigh() {
  if (priorities_.empty()) return loads_;
  return shared_.config.cluster->priority_rule == model::PriorityRule::kFailover
             ? WeighForFailover()
             : WeighForSpillOver();
}

void Balancer::SelectStarted() {
  for (const auto& priority : priorities_) {
    if (!priority->started()) continue;
    if (shared_.balancing.policy == model::LbPolicy::kPickFirst && ConnectionCap() > 0) {
      priority->SelectOne(EndpointCap(), shared_.attempt_delay);
    } else {
      priority->Select(priority->standby() ? std::min(ConnectionCap(), kStandbyEndpoints)
                                           : ConnectionCap());
    }
    priority->Observe();
  }
}

balancer::PriorityLoads Balancer::WeighForFailover() {
  balancer::PriorityLoads loads = loads_;
  for (const auto& priority : priorities_) priority->SetPanic(false);
  for (;;) {
    SelectStarted();
    std::vector<balancer::PriorityView> views;
    for (const auto& priority : priorities_) {
      views.push_back({priority->usable(), priority->count(ConnectionState::kReady),
                       priority->started(), priority->failing(), priority->overdue()});
    }
    const balancer::PriorityChoice choice = balancer::ChoosePriority(views);
    if (choice.chosen) loads.healthy[*choice.chosen] = 100;
    if (!choice.start) return loads;
    priorities_[*choice.start]->Start();
  }
}

// Panic is a matter of health alone: that connections fail makes no unhealthy endpoint better. It
// settles in the first round, and priorities only start: so the rounds end.
balancer::PriorityLoads Balancer::WeighForSpillOver() {
  const auto compute = [this](balancer::PriorityCounts (Priority::*counts)(bool) const,
                              uint32_t panic_threshold) {
    std::vector<balancer::PriorityCounts> numbers;
    std::vector<balancer::PriorityCounts> weights;
    const bool weighted = shared_.config.endpoints->weighted_priority_health;
    for (const auto& priority : priorities_) {
      numbers.push_back((*priority.*counts)(false));
      weights.push_back((*priority.*counts)(weighted));
    }
    return balancer::ComputePriorityLoads(
        numbers, weights, shared_.config.endpoints->overprovisioning_factor, panic_threshold);
  };
  for (;;) {
    SelectStarted();
    balancer::PriorityLoads loads =
        compute(&Priority::CountsByHealth, shared_.config.cluster->panic_threshold);
    const bool all_panic =
        std::find(loads.panic.begin(), loads.panic.end(), false) == loads.panic.end();
    bool again = false;
    for (size_t i = 0; i < priorities_.size(); ++i) {
      const bool uses_all = loads.panic[i] && !shared_.config.cluster->fail_traffic_on_panic;
      if (priorities_[i]->panic() == uses_all) continue;
      priorities_[i]->SetPanic(uses_all);
      again = true;
    }
    if (!all_panic) {
      const std::vector<bool> panic = loads.panic;
      loads = compute(&Priority::CountsByConnections, 0);
      loads.panic = panic;
    }
    for (size_t i = 0; i < priorities_.size(); ++i) {
      Priority& priority = *priorities_[i];
      if (loads.healthy[i] + loads.degraded[i] == 0 || priority.usable() == 0) continue;
      if (priority.started() && !priority.standby()) continue;
      priority.Start();
      again = true;
    }
    if (!again) return loads;
  }
}

std::optional<size_t> Balancer::Standby() {
  if (priorities_.empty() ||
      shared_.config.cluster->priority_rule != model::PriorityRule::kSpillOver) {
    return std::nullopt;
  }
  size_t next = 0;
  bool serves = false;
  for (size_t i = 0; i < priorities_.size(); ++i) {
    if (Load(i) == 0) continue;
    next = i + 1;
    serves = serves || priorities_[i]->count(ConnectionState::kReady) > 0;
  }
  while (next < priorities_.size() && priorities_[next]->usable() == 0) ++next;
  if (!serves || next >= priorities_.size()) return std::nullopt;
  if (!priorities_[next]->started()) {
    priorities_[next]->StartStandby();
    SelectStarted();
  }
  return next;
}

// A priority that is not needed may go, if it is after all that are. One before them goes on
// trying.
void Balancer::Retain(std::optional<size_t> standby) {
  std::optional<size_t> last;
  for (size_t i = 0; i < priorities_.size(); ++i) {
    if (Load(i) > 0 && priorities_[i]->count(ConnectionState::kReady) > 0) last = i;
  }
  for (size_t i = 0; i < priorities_.size(); ++i) {
    Priority& priority = *priorities_[i];
    // One that was in use, and now stands by, is to connect less in a while.
    const bool stands_by = standby == i && priority.standby();
    priority.Retain(!last || i <= *last || Load(i) > 0 || stands_by);
  }
}

uint64_t Balancer::EndpointCap() const {
  uint64_t cap = shared_.config.cluster->max_connected_endpoints;
  if (cap == 0) cap = shared_.max_connected;
  return cap == 0 ? kNoCap : cap;
}

uint64_t Balancer::ConnectionCap() const {
  const uint32_t max_connections = shared_.config.cluster->circuit_breakers.normal.max_connections;
  const uint64_t limit = max_connections == model::Thresholds::kNone ? kNoCap : max_connections;
  if (shared_.balancing.policy == model::LbPolicy::kPickFirst) return std::min<uint64_t>(1, limit);
  // What is hashed must go to the same endpoint from every client.
  if (shared_.balancing.hashes()) return limit;
  return std::min(EndpointCap(), limit);
}

EndpointCounts Balancer::Counts() const {
  EndpointCounts counts;
  for (const auto& locality : localities_) counts.admitted += locality->size();
  if (extent_ == Extent::kMembers) {
    counts.configured = counts.admitted;
  } else if (shared_.config.endpoints != nullptr) {
    counts.configured = shared_.config.endpoints->endpoint_count();
  }
  for (const auto& priority : priorities_) {
    counts.usable += priority->usable();
    counts.failing += priority->count(ConnectionState::kFailing);
  }
  return counts;
}

BalancedPicker::State Balancer::NextState() {
  for (const auto& priority : priorities_) priority->ServeNothing();
  if (!shared_.config.status.ok()) return Failed{AsUnavailable(shared_.config.status)};
  const EndpointCounts counts = Counts();
  if (shared_.rules.subsets != nullptr && counts.configured > 0 && counts.admitted == 0) {
    const bool is_none = Rules().admitted == LocalityRules::Admitted::kNone;
    return Failed{UnavailableSubset(
        label_, is_none ? nullptr : &shared_.rules.subsets->default_subset, counts.configured)};
  }
  // Whether unhealthy endpoints take calls, in panic, is weighed when there are calls.
  const bool may_panic = counts.configured > 0 && shared_.config.cluster->panic_threshold > 0 &&
                         !shared_.config.cluster->fail_traffic_on_panic;
  if (!asked_ && (counts.usable > 0 || may_panic)) return BalancedPicker::Idle{};
  if (counts.usable > 0) {
    if (std::optional<BalancedPicker::State> serving = Serve(Groups())) return *std::move(serving);
    if (MayCome()) return Pending{};
  } else if (std::any_of(priorities_.begin(), priorities_.end(),
                         [](const auto& priority) { return priority->awaits_check(); })) {
    return Pending{};  // a cluster is not said to fail before it is known (envoy's warming)
  }
  return Failed{UnavailableCluster(label_, shared_.config, counts, shared_.last_error)};
}

// Whether endpoints that connect may take calls. One that is usable in panic alone does not where
// its priority has no load: that is by health, and connections do not change it.
bool Balancer::MayCome() const {
  for (size_t i = 0; i < priorities_.size(); ++i) {
    const Priority& priority = *priorities_[i];
    if (!priority.started() || priority.usable() == 0 || priority.failing()) continue;
    const balancer::PriorityCounts counts = priority.CountsByHealth(false);
    if (Load(i) > 0 || counts.healthy + counts.degraded > 0) return true;
  }
  return false;
}

std::optional<BalancedPicker::State> Balancer::Serve(std::vector<BalancedPicker::Group> groups) {
  uint32_t left = 100;
  const auto serves = [](const BalancedPicker::Group& group) { return !group.parts.empty(); };
  for (const BalancedPicker::Group& group : groups) left -= group.load;
  const auto first = std::find_if(groups.begin(), groups.end(), serves);
  if (first == groups.end()) {
    if (left > 0) return std::nullopt;
    return Failed{PanickingCluster(label_)};
  }
  first->load += left;
  BalancedPicker::Serving serving;
  serving.groups = std::move(groups);
  serving.hashes = shared_.balancing.hashes();
  serving.guarded = shared_.guards_against_stalls && !shared_.balancing.hashes();
  if (!std::all_of(serving.groups.begin(), serving.groups.end(), serves)) {
    serving.refusal = PanickingCluster(label_);
  }
  const size_t cursors = BalancedPicker::CursorsFor(serving.groups);
  if (cursors_->count() < cursors) {
    cursors_ = std::make_shared<const balancer::Cursors>(2 * cursors, shared_.random);
  }
  serving.cursors = cursors_;
  return serving;
}

// Healthy endpoints by priority, then degraded ones; of a policy that hashes, the healthy ones
// instead (envoy thread_aware_lb_impl, chooseHost). What is for endpoints that are not connected
// goes to the first that are, meanwhile.
std::vector<BalancedPicker::Group> Balancer::Groups() {
  Priority::Sharing sharing;
  sharing.by_availability = shared_.config.cluster->weigh_localities_by_availability;
  sharing.hashes_hostname = shared_.balancing.hashes_hostname;
  sharing.hashed_weights = shared_.config.cluster->hashed_weights;
  sharing.overprovisioning = shared_.config.endpoints->overprovisioning_factor;
  sharing.policy = shared_.policy;
  sharing.look = shared_.load_look;
  sharing.hashes = shared_.balancing.hashes();
  std::vector<BalancedPicker::Group> groups;
  for (size_t list = 0; list < Locality::kLists; ++list) {
    const std::vector<uint32_t>& loads = list == 0 ? loads_.healthy : loads_.degraded;
    for (size_t i = 0; i < priorities_.size(); ++i) {
      if (loads[i] == 0) continue;
      BalancedPicker::Group group;
      sharing.zones = i == 0 && shared_.config.zones_apply() ? &shared_.config : nullptr;
      if (!Refuses(i)) {
        group = priorities_[i]->Serve(list, sharing);
        if (group.parts.empty()) continue;
      }
      group.load = loads[i];
      groups.push_back(std::move(group));
    }
  }
  return groups;
}

size_t Balancer::ready() const {
  size_t ready = 0;
  for (const auto& priority : priorities_) ready += priority->count(ConnectionState::kReady);
  return ready;
}

bool Balancer::picks_by_connection() const {
  const auto* serving = std::get_if<BalancedPicker::Serving>(&picker().state());
  return serving != nullptr && serving->hashes;
}

ConnectionState Balancer::state() const {
  const BalancedPicker::State& state = picker_->writer_view()->state();
  if (std::holds_alternative<Failed>(state)) return ConnectionState::kFailing;
  if (std::holds_alternative<Pending>(state)) return ConnectionState::kConnecting;
  if (std::holds_alternative<BalancedPicker::Idle>(state)) return ConnectionState::kIdle;
  return ConnectionState::kReady;
}

}  // namespace mesh::cluster
