#include "mesh/cluster/live_cluster.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "balancer/locality_choice.h"
#include "balancer/policy_builders.h"
#include "mesh/cluster/cluster_text.h"

namespace mesh::cluster {
namespace {

LocalityRules::Admitted AdmittedBy(const model::SubsetSelection* subsets) {
  using Fallback = model::SubsetSelection::Fallback;
  if (subsets == nullptr) return LocalityRules::Admitted::kAll;
  switch (subsets->fallback) {
    case Fallback::kAnyEndpoint:
      return LocalityRules::Admitted::kAll;
    case Fallback::kDefaultSubset:
      return LocalityRules::Admitted::kDefaultSubset;
    case Fallback::kNone:
    case Fallback::kFewerKeys:
      break;
  }
  return LocalityRules::Admitted::kNone;
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
              [this](TableEndpoint& endpoint) { OnNew(endpoint); },
              [this] { ScheduleSuccessors(); },
              [this](TableEndpoint& endpoint, Endpoint* former) { OnSucceeded(endpoint, former); },
              [this](TableEndpoint& endpoint) { OnUnused(endpoint); }}),
      subsets_(&shared_, context->options.epochs, [this] { ScheduleTurn(); }) {
  shared_.name = key.cluster;
  shared_.serializer = context->options.serializer;
  shared_.random = context->options.random;
  shared_.table = &table_;
  shared_.health = health_.get();
  shared_.seed = context->seed;
  shared_.max_connected = context->options.max_connected_endpoints;
  shared_.attempt_delay = context->options.connection_attempt_delay;
  shared_.guards_against_stalls = context->options.guards_against_stalls;
  if (context->options.log) {
    shared_.log_failure = [context](absl::string_view text) {
      context->options.log(LogSeverity::kWarning, text);
    };
  }
  base_.emplace(&shared_, Balancer::Extent::kFallback, "", &picker_, [this] { ScheduleTurn(); });
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

LoadWatches::Options LiveCluster::LoadOptions() const {
  LoadWatches::Options options;
  options.serializer = context_->options.serializer;
  options.clock = context_->options.clock;
  options.random = context_->options.random;
  options.watcher = context_->options.load_watcher;
  options.cluster_name = key_.cluster;
  options.log = context_->options.log;
  return options;
}

void LiveCluster::OnConnection(TableEndpoint& endpoint) {
  if (endpoint.connection_state() == wire::ConnectionState::kFailing) {
    shared_.last_error = std::string(endpoint.reason().message());
  }
  health_->OnConnection(endpoint);
  if (load_weights_ != nullptr) {
    load_weights_->OnConnection(endpoint);
  } else {
    endpoint.endpoint()->RestartLoad();
  }
  connections_changed_ = true;
  ScheduleTurn();
}

void LiveCluster::OnVerdict() {
  connections_changed_ = true;
  ScheduleTurn();
}

void LiveCluster::OnNew(TableEndpoint& endpoint) {
  health_->OnNew(endpoint);
  if (load_weights_ != nullptr) load_weights_->OnNew(endpoint);
}

void LiveCluster::OnSucceeded(TableEndpoint& endpoint, Endpoint* former) {
  health_->OnSucceeded(endpoint, former);
  if (load_weights_ != nullptr) load_weights_->OnSucceeded(endpoint, former);
}

void LiveCluster::OnUnused(TableEndpoint& endpoint) {
  health_->OnUnused(endpoint);
  if (load_weights_ != nullptr) load_weights_->OnUnused(endpoint);
}

LiveCluster::~LiveCluster() {
  if (context_ == nullptr) return;  // closed
  inbox_->ForgetCluster();
  base_.reset();
  subsets_.Close();
  // No reader is in a picker of a cluster that nobody holds, but the rule is the same.
  RetireUnused();
}

PickResult LiveCluster::Pick(const PickRequest& request, const EpochReader& reader) const {
  const BalancedPicker* picker = picker_.Get(reader);
  if (const model::DropCategory* const category = picker->ChooseDrop(request.draw)) {
    return Dropped{absl::UnavailableError(
        absl::StrCat("cluster \"", name(), "\": EDS-configured drop: ", category->name))};
  }
  LimitHold retry;
  if (request.is_retry) {  // before it takes an endpoint's turn
    std::optional<LimitHold> hold = limits_->TryAcquire(LimitKind::kRetries, request.priority);
    if (!hold) return Overflow(LimitKind::kRetries, request.priority);
    retry = *std::move(hold);
  }
  return PickWithin(*picker, request, reader, std::move(retry));
}

// The result is made in place, all the way down: so each function has one, which it returns.
PickResult LiveCluster::PickWithin(const BalancedPicker& picker, const PickRequest& request,
                                   const EpochReader& reader, LimitHold retry) const {
  PickResult result = request.metadata == nullptr ? PickFallback(picker, request, reader)
                                                  : PickMatching(picker, request, reader);
  auto* const picked = std::get_if<Picked>(&result);
  if (picked == nullptr) return result;
  std::optional<LimitHold> hold = limits_->TryAcquire(LimitKind::kRequests, request.priority);
  if (!hold) {
    result = Overflow(LimitKind::kRequests, request.priority);
    return result;
  }
  if (hold->counts() || retry.counts()) picked->permit.Keep(*std::move(hold), std::move(retry));
  if (request.awaits_answer) picked->permit.AwaitAnswer();
  return result;
}

PickResult LiveCluster::PickBase(const BalancedPicker& picker, const PickRequest& request) const {
  if (picker.is_idle()) inbox_->AskForConnections();
  return picker.Pick(request);
}

PickResult LiveCluster::PickFallback(const BalancedPicker& picker, const PickRequest& request,
                                     const EpochReader& reader) const {
  PickResult result = PickBase(picker, request);
  if (!std::holds_alternative<Failed>(result)) return result;
  const SubsetMap* const map = picker.subsets();
  const bool any_may =
      map != nullptr && map->selection().panic_mode_any &&
      map->selection().fallback == model::SubsetSelection::Fallback::kDefaultSubset;
  if (!any_may) return result;
  PickResult any = PickSubset(*map->any_endpoint(), request, reader);
  if (!std::holds_alternative<Failed>(any)) result = std::move(any);
  return result;
}

PickResult LiveCluster::PickMatching(const BalancedPicker& picker, const PickRequest& request,
                                     const EpochReader& reader) const {
  const SubsetMap* const map = picker.subsets();
  if (map == nullptr) return PickFallback(picker, request, reader);
  const auto& alternatives = request.metadata->alternatives();
  if (!map->selection().obeys_fallback_list || alternatives.empty()) {
    return PickMatch(*map, *request.metadata, picker, request, reader);
  }
  PickResult result = Pending{};
  for (const model::MetadataMatch& match : alternatives) {
    result = PickMatch(*map, match, picker, request, reader);
    if (!std::holds_alternative<Failed>(result)) break;
  }
  return result;
}

PickResult LiveCluster::PickMatch(const SubsetMap& map, const model::MetadataMatch& match,
                                  const BalancedPicker& picker, const PickRequest& request,
                                  const EpochReader& reader) const {
  using Taker = SubsetMap::Taker;
  const SubsetMap::Choice choice = map.Choose(match);
  // What is not there may be one of those that found no room: nobody else is to take its calls.
  const bool is_known = choice.taker == Taker::kSubset || map.is_complete();
  if (choice.taker == Taker::kNobody || !is_known) return NoTaker(map, match);
  if (choice.subset != nullptr) return PickSubset(*choice.subset, request, reader);
  // A selector falls back to those that take calls without metadata, but not to what these may
  // fall back to.
  if (choice.taker != Taker::kFallback) return PickBase(picker, request);
  if (map.selection().fallback == model::SubsetSelection::Fallback::kNone) {
    return NoTaker(map, match);
  }
  return PickFallback(picker, request, reader);
}

Failed LiveCluster::NoTaker(const SubsetMap& map, const model::MetadataMatch& match) const {
  return Failed{NoSubset(name(), match, map.is_complete(), SubsetTable::kMostSubsets)};
}

PickResult LiveCluster::PickSubset(const SubsetView& subset, const PickRequest& request,
                                   const EpochReader& reader) const {
  const BalancedPicker* const picker = subset.picker(reader);
  if (picker != nullptr) return picker->Pick(request);
  if (subset.Ask()) inbox_->AskForSubset(subset.id());
  return Pending{};
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
  if (context_ == nullptr || base_->asked()) return;
  base_->Connect();
  health_->NoteCalls();
  ScheduleTurn();
}

void LiveCluster::ConnectSubset(uint64_t id) {
  if (context_ == nullptr) return;
  health_->NoteCalls();
  subsets_.Connect(id);
}

void LiveCluster::ConnectFor(const model::MetadataMatch* match) {
  const SubsetMap* const map = subsets_.map().get();
  if (match == nullptr || map == nullptr) return Connect();
  const auto connect = [&](const model::MetadataMatch& one) {
    const SubsetMap::Choice choice = map->Choose(one);
    if (choice.subset != nullptr) {
      ConnectSubset(choice.subset->id());
    } else if (choice.taker != SubsetMap::Taker::kNobody) {
      Connect();
    }
  };
  if (map->selection().obeys_fallback_list && !match->alternatives().empty()) {
    connect(match->alternatives().front());
  } else {
    connect(*match);
  }
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
  base_->Close(absl::UnavailableError(
      absl::StrCat("cluster \"", name(), "\": the mesh has been shut down")));
  subsets_.Close();
  RetireUnused();
  state_ = wire::ConnectionState::kFailing;
  successors_.Reset();
  health_ = nullptr;
  load_weights_ = nullptr;
  observers_.clear();
  context_ = nullptr;
}

void LiveCluster::Update(const model::ClusterConfig& config) {
  const bool first = shared_.policy == nullptr;
  const bool same_cluster = !first && config.cluster == shared_.config.cluster;
  const bool same = same_cluster && config.endpoints == shared_.config.endpoints &&
                    config.status == shared_.config.status;
  const bool same_local = config.local == shared_.config.local;
  shared_.config = config;  // the ambient error has no effect but to be shown
  if (!same_local) subsets_.MarkAllDue();
  if (same && !same_local) ScheduleTurn();
  if (same) return;
  if (!same_cluster) UpdateRules();
  UpdateDrops();
  const bool same_weighting = UpdateWeighting();
  // The subsets compare with the endpoints that were.
  base_->Update();
  // All calls are the base's from now on, whose endpoints are those that calls have used.
  const bool subsets_go = shared_.subsets != nullptr && shared_.rules.subsets == nullptr;
  if (subsets_go && table_.size() > 0) base_->ConnectKnown();
  subsets_.Update(base_->Sources(), same_cluster && same_weighting);
  shared_.subsets = subsets_.map();
  if (first) {
    Turn();  // so that the first pick already says why it fails
  } else {
    ScheduleTurn();
  }
}

void LiveCluster::UpdateRules() {
  const model::Cluster* const cluster = shared_.config.cluster.get();
  const model::LoadBalancing balancing =
      cluster == nullptr ? shared_.balancing : cluster->balancing;
  if (shared_.policy == nullptr || !(balancing == shared_.balancing)) {
    shared_.policy = balancer::NewPolicyBuilder(balancing, context_->seed);
    shared_.balancing = balancing;
  }
  UpdateLoadWeights();
  if (cluster == nullptr) return;
  table_.SetConnectionOptions(cluster->connections);
  limits_->Update(cluster->circuit_breakers);
  health_->Update(*cluster);
  LocalityRules& rules = shared_.rules;
  rules.knows_degraded = cluster->priority_rule == model::PriorityRule::kSpillOver;
  rules.degraded_takes_calls = rules.knows_degraded && !balancing.hashes();
  rules.scaled = balancing.slow_start.has_value();
  rules.weigh_endpoints = cluster->weigh_endpoints && load_weights_ == nullptr;
  rules.same_everywhere = balancing.hashes();
  rules.subsets = cluster->subsets;
  rules.scales_weight = cluster->subsets != nullptr && cluster->subsets->scale_locality_weight;
  rules.admitted = AdmittedBy(cluster->subsets.get());
  rules.in_order = balancing.policy == model::LbPolicy::kPickFirst && !balancing.pick_first.shuffle;
}

void LiveCluster::UpdateLoadWeights() {
  if (shared_.balancing.policy != model::LbPolicy::kClientSideWeightedRoundRobin) {
    load_weights_ = nullptr;
    shared_.load_look = {};
    return;
  }
  if (load_weights_ == nullptr) {
    load_weights_ = std::make_unique<LoadWeights>(LoadOptions(), &table_, [this] {
      shared_.load_look = load_weights_->look();
      subsets_.MarkAllDue();
      ScheduleTurn();
    });
  }
  load_weights_->Update(shared_.balancing.client_side_weighted_round_robin);
}

bool LiveCluster::UpdateWeighting() {
  const model::ClusterConfig& config = shared_.config;
  std::vector<std::vector<uint32_t>> weights;
  uint32_t overprovisioning = 0;
  bool weighted_health = false;
  if (config.endpoints != nullptr && config.status.ok()) {
    for (const auto& locality : config.endpoints->localities) {
      if (weights.size() <= locality->priority) weights.resize(locality->priority + 1);
      weights[locality->priority].push_back(locality->weight);
    }
    overprovisioning = config.endpoints->overprovisioning_factor;
    weighted_health = config.endpoints->weighted_priority_health;
  }
  std::vector<bool> by_weight;
  for (const std::vector<uint32_t>& of_priority : weights) {
    const auto rule = config.cluster->locality_weighting;
    by_weight.push_back(balancer::AreLocalitiesWeighted(rule == model::LocalityWeighting::kIgnored,
                                                        rule == model::LocalityWeighting::kByWeight,
                                                        of_priority));
  }
  const bool same = by_weight == shared_.by_weight && overprovisioning == overprovisioning_ &&
                    weighted_health == weighted_health_;
  shared_.by_weight = std::move(by_weight);
  overprovisioning_ = overprovisioning;
  weighted_health_ = weighted_health;
  return same;
}

void LiveCluster::UpdateDrops() {
  const model::ClusterLoadAssignment* const endpoints = shared_.config.endpoints.get();
  if (endpoints == nullptr || endpoints->drops.empty()) {
    shared_.drops = nullptr;
  } else if (shared_.drops == nullptr || shared_.drops->categories() != endpoints->drops) {
    shared_.drops = std::make_shared<const Drops>(endpoints->drops);
  }
}

void LiveCluster::ScheduleTurn() {
  if (turn_scheduled_ || context_ == nullptr) return;
  turn_scheduled_ = true;
  context_->options.serializer->Post([inbox = inbox_] {
    if (inbox->cluster() != nullptr) inbox->cluster()->Turn();
  });
}

void LiveCluster::ScheduleSuccessors() {
  if (successors_.pending()) return;
  context_->options.serializer->AssertHeld();
  successors_ = context_->options.serializer->After(EndpointTable::kGatherSuccessorsFor, [this] {
    table_.TakeSuccessors();
    ScheduleTurn();
  });
}

void LiveCluster::Turn() {
  turn_scheduled_ = false;
  // Until here calls see what there was before the updates since the last turn, which is whole. The
  // base publishes the map of the subsets with its own picker: so these come first.
  bool changed = subsets_.Turn();
  changed |= base_->Turn();
  subsets_.RetireGivenUp();
  RetireUnused();
  table_.PrepareSuccessors();
  state_ = StateNow();
  const bool connections_changed = std::exchange(connections_changed_, false);
  if (changed || (connections_changed && picks_by_connection())) {
    NotifyObservers(&Observer::OnPickerChanged);
  } else if (connections_changed) {
    NotifyObservers(&Observer::OnConnectionsChanged);
  }
}

bool LiveCluster::picks_by_connection() const {
  return base_->picks_by_connection() || subsets_.picks_by_connection();
}

void LiveCluster::RetireUnused() {
  const absl::Time now = context_->options.clock->Now();
  std::vector<Endpoint*> unused = table_.TakeUnused(now);
  ScheduleLingerEnd(now);
  if (unused.empty()) return;
  context_->options.epochs->Retire([unused = std::move(unused)] {
    for (Endpoint* endpoint : unused) endpoint->Retire();
  });
}

void LiveCluster::ScheduleLingerEnd(absl::Time now) {
  const absl::Time end = table_.linger_end();
  if (end == absl::InfiniteFuture()) return linger_end_.Reset();
  if (linger_end_.pending()) return;  // the ends come in order
  context_->options.serializer->AssertHeld();
  linger_end_ = context_->options.serializer->After(end - now, [this] { ScheduleTurn(); });
}

// Of what takes calls, the best: it is ready if some of them can be taken.
wire::ConnectionState LiveCluster::StateNow() const {
  using State = wire::ConnectionState;
  const State base = base_->state();
  if (base == State::kReady || subsets_.size() == 0) return base;
  const State subsets = subsets_.state();
  if (subsets == State::kReady) return subsets;
  for (const State state : {State::kConnecting, State::kIdle}) {
    if (base == state || subsets == state) return state;
  }
  return State::kFailing;
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

}  // namespace mesh::cluster
