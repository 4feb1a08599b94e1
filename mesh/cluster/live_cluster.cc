#include "mesh/cluster/live_cluster.h"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "balancer/locality_choice.h"
#include "balancer/policy_builders.h"
#include "balancer/priority.h"

namespace mesh::cluster {
namespace {

using wire::ConnectionState;

bool AreWeighted(model::LocalityWeighting rule, const std::vector<Locality*>& localities) {
  std::vector<uint32_t> weights;
  for (const Locality* locality : localities) weights.push_back(locality->endpoints()->weight);
  return balancer::AreLocalitiesWeighted(rule == model::LocalityWeighting::kIgnored,
                                         rule == model::LocalityWeighting::kByWeight, weights);
}

}  // namespace

LiveCluster::LiveCluster(const Context* context, const model::ClusterKey& key)
    : context_(context),
      key_(key),
      inbox_(std::make_shared<ClusterInbox>(context->mailbox, this)),
      picker_(context->options.epochs),
      limits_(Limits::Create(key.cluster, {})),
      health_(std::make_unique<ClusterHealth>(HealthOptions(), [this] { ScheduleTurn(); })),
      table_({context->pool,
              context->options.reaper,
              {inbox_, health_->rules()},
              [this](TableEndpoint& endpoint) { OnConnection(endpoint); },
              [this](TableEndpoint&) { OnVerdict(); },
              [this](TableEndpoint& endpoint) { health_->OnExtras(endpoint); },
              [this](TableEndpoint& endpoint) { health_->OnNew(endpoint); },
              [this](TableEndpoint& endpoint) { health_->OnUnused(endpoint); }}),
      schedule_turn_([this] { ScheduleTurn(); }),
      cursors_(std::make_shared<const balancer::Cursors>(7, context->options.random)) {
  picker_.Publish(std::make_unique<const BalancedPicker>(BalancedPicker::Idle{}));
}

ClusterHealth::Options LiveCluster::HealthOptions() {
  ClusterHealth::Options options;
  options.serializer = context_->options.serializer;
  options.clock = context_->options.clock;
  options.random = context_->options.random;
  options.prober = context_->options.prober;
  options.table = &table_;
  options.cluster_name = key_.cluster;
  options.guards_against_stalls = context_->options.guards_against_stalls;
  return options;
}

void LiveCluster::OnConnection(TableEndpoint& endpoint) {
  if (endpoint.connection_state() == ConnectionState::kFailing) {
    last_error_ = std::string(endpoint.reason().message());
  }
  health_->OnConnection(endpoint);
  connections_changed_ = true;
  ScheduleTurn();
}

void LiveCluster::OnVerdict() {
  connections_changed_ = true;
  ScheduleTurn();
}

LiveCluster::~LiveCluster() {
  if (context_ == nullptr) return;  // closed
  inbox_->ForgetCluster();
  priorities_.clear();
  localities_.clear();
  // No reader is in a picker of a cluster that nobody holds, but the rule is the same.
  RetireUnused();
}

PickResult LiveCluster::Pick(const PickRequest& request, const EpochReader& reader) const {
  const BalancedPicker* picker = picker_.Get(reader);
  if (const model::DropCategory* const category = picker->ChooseDrop(request.draw)) {
    return Dropped{absl::UnavailableError(
        absl::StrCat("cluster \"", name(), "\": EDS-configured drop: ", category->name))};
  }
  if (picker->is_idle()) inbox_->AskForConnections();
  PickResult result = picker->Pick(request);
  auto* const picked = std::get_if<Picked>(&result);
  if (picked == nullptr) return result;
  LimitHold retry;
  if (request.is_retry) {
    std::optional<LimitHold> hold = limits_->TryAcquire(LimitKind::kRetries, request.priority);
    if (!hold) return Overflow(LimitKind::kRetries, request.priority);
    retry = *std::move(hold);
  }
  std::optional<LimitHold> hold = limits_->TryAcquire(LimitKind::kRequests, request.priority);
  if (!hold) return Overflow(LimitKind::kRequests, request.priority);
  picked->permit.Keep(*std::move(hold), std::move(retry));
  if (request.awaits_answer) picked->permit.AwaitAnswer();
  return result;
}

Dropped LiveCluster::Overflow(LimitKind kind, model::RoutingPriority priority) const {
  return Dropped{limits_->OverflowError(kind, priority), /*overloaded=*/true};
}

absl::StatusOr<LimitHold> LiveCluster::Wait(model::RoutingPriority priority,
                                            const EpochReader& /*reader*/) const {
  std::optional<LimitHold> hold = limits_->TryAcquire(LimitKind::kPending, priority);
  if (!hold) return limits_->OverflowError(LimitKind::kPending, priority);
  return *std::move(hold);
}

void LiveCluster::Connect() {
  if (asked_ || context_ == nullptr) return;
  asked_ = true;
  health_->NoteCalls();
  ScheduleTurn();
}

void LiveCluster::AddObserver(Observer* observer) { observers_.push_back(observer); }

void LiveCluster::RemoveObserver(Observer* observer) {
  observers_.erase(std::remove(observers_.begin(), observers_.end(), observer), observers_.end());
}

void LiveCluster::Recheck(const Endpoint* endpoint) {
  TableEndpoint* found = table_.Find(endpoint);
  if (found == nullptr) return;
  found->endpoint()->ForgetSuspicion();
  found->share()->connection()->Recheck();
}

void LiveCluster::Close() {
  inbox_->ForgetCluster();
  priorities_.clear();
  localities_.clear();
  picker_.Publish(std::make_unique<const BalancedPicker>(Failed{absl::UnavailableError(
      absl::StrCat("cluster \"", name(), "\": the mesh has been shut down"))}));
  RetireUnused();
  health_ = nullptr;
  observers_.clear();
  context_ = nullptr;
}

void LiveCluster::Update(const model::ClusterConfig& config) {
  const bool first = policy_ == nullptr;
  const bool same_cluster = !first && config.cluster == config_.cluster;
  const bool same =
      same_cluster && config.endpoints == config_.endpoints && config.status == config_.status;
  config_ = config;  // the ambient error has no effect but to be shown
  if (same) return;
  if (!same_cluster) UpdatePolicy();
  UpdateDrops();
  UpdateLocalities();
  UpdatePriorities();
  if (first) {
    Turn();  // so that the first pick already says why it fails
  } else {
    ScheduleTurn();
  }
}

void LiveCluster::UpdatePolicy() {
  const model::LoadBalancing balancing =
      config_.cluster == nullptr ? balancing_ : config_.cluster->balancing;
  if (policy_ == nullptr || !(balancing == balancing_)) {
    policy_ = balancer::NewPolicyBuilder(balancing, context_->seed);
    balancing_ = balancing;
  }
  if (config_.cluster == nullptr) return;
  wire::ConnectionKey key;
  key.options = config_.cluster->connections;
  table_.set_connection_key(key);
  limits_->Update(config_.cluster->circuit_breakers);
  health_->Update(*config_.cluster);
  rules_.knows_degraded = config_.cluster->priority_rule == model::PriorityRule::kSpillOver;
  rules_.degraded_takes_calls = rules_.knows_degraded && !balancing_.hashes();
  rules_.scaled =
      balancing_.slow_start.has_value() && (balancing_.policy == model::LbPolicy::kRoundRobin ||
                                            balancing_.policy == model::LbPolicy::kLeastRequest);
  rules_.weigh_endpoints = config_.cluster->weigh_endpoints;
  rules_.same_everywhere = balancing_.hashes();
  rules_.subsets = config_.cluster->subsets;
  rules_.in_order =
      balancing_.policy == model::LbPolicy::kPickFirst && !balancing_.pick_first.shuffle;
}

void LiveCluster::UpdateDrops() {
  const bool some = config_.endpoints != nullptr && !config_.endpoints->drops.empty();
  if (!some) {
    drops_ = nullptr;
  } else if (drops_ == nullptr || drops_->categories() != config_.endpoints->drops) {
    drops_ = std::make_shared<const Drops>(config_.endpoints->drops);
  }
}

void LiveCluster::UpdateLocalities() {
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
  if (config_.endpoints == nullptr || !config_.status.ok()) return;
  for (const auto& endpoints : config_.endpoints->localities) {
    std::unique_ptr<Locality>& locality = old[key_of(*endpoints)];
    if (locality == nullptr) locality = std::make_unique<Locality>(&table_, context_->seed);
    locality->Update(endpoints, rules_);
    localities_.push_back(std::move(locality));
  }
}

void LiveCluster::UpdatePriorities() {
  std::vector<std::vector<Locality*>> by_priority;
  for (const std::unique_ptr<Locality>& locality : localities_) {
    const size_t priority = locality->endpoints()->priority;
    if (by_priority.size() <= priority) by_priority.resize(priority + 1);
    by_priority[priority].push_back(locality.get());
  }
  priorities_.resize(by_priority.size());
  loads_.healthy.resize(priorities_.size(), 0);  // until the next turn
  loads_.degraded.resize(priorities_.size(), 0);
  for (size_t i = 0; i < priorities_.size(); ++i) {
    if (priorities_[i] == nullptr) {
      priorities_[i] = std::make_unique<Priority>(context_->options.serializer, &schedule_turn_);
    }
    const bool by_weight = AreWeighted(config_.cluster->locality_weighting, by_priority[i]);
    priorities_[i]->SetLocalities(by_priority[i], by_weight);
  }
}

void LiveCluster::ScheduleTurn() {
  if (turn_scheduled_ || context_ == nullptr) return;
  turn_scheduled_ = true;
  context_->options.serializer->Post([inbox = inbox_] {
    if (inbox->cluster() != nullptr) inbox->cluster()->Turn();
  });
}

void LiveCluster::Turn() {
  turn_scheduled_ = false;
  loads_.healthy.assign(priorities_.size(), 0);
  loads_.degraded = loads_.healthy;
  if (asked_) {
    loads_ = Weigh();
    const std::optional<size_t> standby = Standby();
    for (const auto& priority : priorities_) priority->StopUnstarted();
    Retain(standby);
  }
  Publish(NextState());
}

balancer::PriorityLoads LiveCluster::Weigh() {
  if (priorities_.empty()) return loads_;
  return config_.cluster->priority_rule == model::PriorityRule::kFailover ? WeighForFailover()
                                                                          : WeighForSpillOver();
}

void LiveCluster::SelectStarted() {
  for (const auto& priority : priorities_) {
    if (!priority->started()) continue;
    const uint64_t cap =
        priority->standby() ? std::min(ConnectionCap(), kStandbyEndpoints) : ConnectionCap();
    priority->Select(cap, balancing_.policy == model::LbPolicy::kPickFirst);
    priority->Observe();
  }
}

balancer::PriorityLoads LiveCluster::WeighForFailover() {
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
balancer::PriorityLoads LiveCluster::WeighForSpillOver() {
  const auto compute = [this](balancer::PriorityCounts (Priority::*counts)(bool) const,
                              uint32_t panic_threshold) {
    std::vector<balancer::PriorityCounts> numbers;
    std::vector<balancer::PriorityCounts> weights;
    const bool weighted = config_.endpoints->weighted_priority_health;
    for (const auto& priority : priorities_) {
      numbers.push_back((*priority.*counts)(false));
      weights.push_back((*priority.*counts)(weighted));
    }
    return balancer::ComputePriorityLoads(
        numbers, weights, config_.endpoints->overprovisioning_factor, panic_threshold);
  };
  for (;;) {
    SelectStarted();
    balancer::PriorityLoads loads =
        compute(&Priority::CountsByHealth, config_.cluster->panic_threshold);
    const bool all_panic =
        std::find(loads.panic.begin(), loads.panic.end(), false) == loads.panic.end();
    bool again = false;
    for (size_t i = 0; i < priorities_.size(); ++i) {
      if (priorities_[i]->panic() == loads.panic[i]) continue;
      priorities_[i]->SetPanic(loads.panic[i]);
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

std::optional<size_t> LiveCluster::Standby() {
  if (priorities_.empty() || config_.cluster->priority_rule != model::PriorityRule::kSpillOver) {
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
void LiveCluster::Retain(std::optional<size_t> standby) {
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

uint64_t LiveCluster::ConnectionCap() const {
  constexpr uint64_t kNoCap = std::numeric_limits<uint64_t>::max();
  const uint32_t max_connections = config_.cluster->circuit_breakers.normal.max_connections;
  const uint64_t limit = max_connections == model::Thresholds::kNone ? kNoCap : max_connections;
  if (balancing_.policy == model::LbPolicy::kPickFirst) return std::min<uint64_t>(1, limit);
  // What is hashed must go to the same endpoint from every client.
  if (balancing_.hashes()) return limit;
  uint64_t cap = config_.cluster->max_connected_endpoints;
  if (cap == 0) cap = context_->options.max_connected_endpoints;
  if (cap == 0) cap = kNoCap;
  return std::min(cap, limit);
}

EndpointCounts LiveCluster::Counts() const {
  EndpointCounts counts;
  counts.configured = config_.endpoints == nullptr ? 0 : config_.endpoints->endpoint_count();
  for (const auto& locality : localities_) counts.admitted += locality->size();
  for (const auto& priority : priorities_) {
    counts.usable += priority->usable();
    counts.failing += priority->count(ConnectionState::kFailing);
  }
  return counts;
}

BalancedPicker::State LiveCluster::NextState() {
  if (!config_.status.ok()) return Failed{AsUnavailable(config_.status)};
  const EndpointCounts counts = Counts();
  if (rules_.subsets != nullptr && counts.configured > 0 && counts.admitted == 0) {
    return Failed{UnavailableSubset(name(), *rules_.subsets, counts.configured)};
  }
  // Whether unhealthy endpoints take calls, in panic, is weighed when there are calls.
  const bool may_panic = counts.configured > 0 && config_.cluster->panic_threshold > 0;
  if (!asked_ && (counts.usable > 0 || may_panic)) return BalancedPicker::Idle{};
  if (counts.usable > 0) {
    BalancedPicker::Serving serving;
    serving.groups = Groups();
    serving.hashes = balancing_.hashes();
    serving.guarded = context_->options.guards_against_stalls && !balancing_.hashes();
    if (!serving.groups.empty()) {
      const size_t cursors = BalancedPicker::CursorsFor(serving.groups);
      if (cursors_->count() < cursors) {
        cursors_ = std::make_shared<const balancer::Cursors>(2 * cursors, context_->options.random);
      }
      serving.cursors = cursors_;
      return serving;
    }
    const bool may_come =
        std::any_of(priorities_.begin(), priorities_.end(), [](const auto& priority) {
          return priority->started() && priority->usable() > 0 && !priority->failing();
        });
    if (may_come) return Pending{};
  }
  const std::string& assignment =
      key_.eds_service_name.empty() ? key_.cluster : key_.eds_service_name;
  return Failed{UnavailableCluster(name(), assignment, counts, last_error_)};
}

// Healthy endpoints by priority, then degraded ones; of a policy that hashes, the healthy ones
// instead (envoy thread_aware_lb_impl, chooseHost). What is for endpoints that are not connected
// goes to the first that are, meanwhile.
std::vector<BalancedPicker::Group> LiveCluster::Groups() {
  Priority::Sharing sharing;
  sharing.by_availability = config_.cluster->weigh_localities_by_availability;
  sharing.hashed_weights = config_.cluster->hashed_weights;
  sharing.overprovisioning = config_.endpoints->overprovisioning_factor;
  sharing.policy = policy_;
  sharing.hashes = balancing_.hashes();
  std::vector<BalancedPicker::Group> groups;
  uint32_t left = 100;
  for (size_t list = 0; list < Locality::kLists; ++list) {
    const std::vector<uint32_t>& loads = list == 0 ? loads_.healthy : loads_.degraded;
    for (size_t i = 0; i < priorities_.size(); ++i) {
      if (loads[i] == 0) continue;
      BalancedPicker::Group group = priorities_[i]->Serve(list, sharing);
      if (group.parts.empty()) continue;
      group.load = loads[i];
      left -= loads[i];
      groups.push_back(std::move(group));
    }
  }
  if (!groups.empty()) groups.front().load += left;
  return groups;
}

void LiveCluster::Publish(BalancedPicker::State state) {
  const bool changed = !picker_.writer_view()->IsLike(state, drops_);
  const auto* serving = std::get_if<BalancedPicker::Serving>(&state);
  // The same picker then picks others, or none.
  const bool picks_by_connection = serving != nullptr && serving->hashes;
  if (changed) {
    const auto* failed = std::get_if<Failed>(&state);
    if (failed != nullptr && context_->options.log) {
      context_->options.log(LogSeverity::kWarning, failed->status.message());
    }
    picker_.Publish(std::make_unique<const BalancedPicker>(std::move(state), drops_));
  }
  RetireUnused();
  const bool connections_changed = std::exchange(connections_changed_, false);
  if (changed || (connections_changed && picks_by_connection)) {
    NotifyObservers(&Observer::OnPickerChanged);
  } else if (connections_changed) {
    NotifyObservers(&Observer::OnConnectionsChanged);
  }
}

void LiveCluster::RetireUnused() {
  std::vector<Endpoint*> unused = table_.TakeUnused();
  if (unused.empty()) return;
  context_->options.epochs->Retire([unused = std::move(unused)] {
    for (Endpoint* endpoint : unused) endpoint->Retire();
  });
}

void LiveCluster::NotifyObservers(void (Observer::*notice)()) {
  const std::vector<Observer*> observers = observers_;
  for (Observer* observer : observers) {
    // An observer may remove another one.
    if (std::find(observers_.begin(), observers_.end(), observer) != observers_.end()) {
      (observer->*notice)();
    }
  }
}

ConnectionState LiveCluster::state() const {
  const BalancedPicker::State& state = picker_.writer_view()->state();
  if (std::holds_alternative<Failed>(state)) return ConnectionState::kFailing;
  if (std::holds_alternative<Pending>(state)) return ConnectionState::kConnecting;
  if (std::holds_alternative<BalancedPicker::Idle>(state)) return ConnectionState::kIdle;
  return ConnectionState::kReady;
}

}  // namespace mesh::cluster
