#include "mesh/cluster/live_cluster.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "balancer/policy_builders.h"

namespace mesh::cluster {

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
              [this](TableEndpoint& endpoint) { health_->OnUnused(endpoint); }}) {
  shared_.name = key.cluster;
  shared_.assignment = key.eds_service_name.empty() ? key.cluster : key.eds_service_name;
  shared_.serializer = context->options.serializer;
  shared_.random = context->options.random;
  shared_.table = &table_;
  shared_.health = health_.get();
  shared_.seed = context->seed;
  shared_.max_connected = context->options.max_connected_endpoints;
  shared_.guards_against_stalls = context->options.guards_against_stalls;
  base_.emplace(&shared_, &picker_, [this] { ScheduleTurn(); });
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
  if (endpoint.connection_state() == wire::ConnectionState::kFailing) {
    shared_.last_error = std::string(endpoint.reason().message());
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
  base_.reset();
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
  if (context_ == nullptr || base_->asked()) return;
  base_->Connect();
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
  base_->Close(absl::UnavailableError(
      absl::StrCat("cluster \"", name(), "\": the mesh has been shut down")));
  RetireUnused();
  health_ = nullptr;
  observers_.clear();
  context_ = nullptr;
}

void LiveCluster::Update(const model::ClusterConfig& config) {
  const bool first = shared_.policy == nullptr;
  const bool same_cluster = !first && config.cluster == shared_.config.cluster;
  const bool same = same_cluster && config.endpoints == shared_.config.endpoints &&
                    config.status == shared_.config.status;
  shared_.config = config;  // the ambient error has no effect but to be shown
  if (same) return;
  if (!same_cluster) UpdateRules();
  UpdateDrops();
  base_->Update();
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
  if (cluster == nullptr) return;
  wire::ConnectionKey key;
  key.options = cluster->connections;
  table_.set_connection_key(key);
  limits_->Update(cluster->circuit_breakers);
  health_->Update(*cluster);
  LocalityRules& rules = shared_.rules;
  rules.knows_degraded = cluster->priority_rule == model::PriorityRule::kSpillOver;
  rules.degraded_takes_calls = rules.knows_degraded && !balancing.hashes();
  rules.scaled =
      balancing.slow_start.has_value() && (balancing.policy == model::LbPolicy::kRoundRobin ||
                                           balancing.policy == model::LbPolicy::kLeastRequest);
  rules.weigh_endpoints = cluster->weigh_endpoints;
  rules.same_everywhere = balancing.hashes();
  rules.subsets = cluster->subsets;
  rules.in_order = balancing.policy == model::LbPolicy::kPickFirst && !balancing.pick_first.shuffle;
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

void LiveCluster::Turn() {
  turn_scheduled_ = false;
  const bool changed = base_->Turn();
  if (changed) LogFailure();
  RetireUnused();
  const bool connections_changed = std::exchange(connections_changed_, false);
  if (changed || (connections_changed && base_->picks_by_connection())) {
    NotifyObservers(&Observer::OnPickerChanged);
  } else if (connections_changed) {
    NotifyObservers(&Observer::OnConnectionsChanged);
  }
}

void LiveCluster::LogFailure() const {
  const auto* failed = std::get_if<Failed>(&base_->picker().state());
  if (failed != nullptr && context_->options.log) {
    context_->options.log(LogSeverity::kWarning, failed->status.message());
  }
}

void LiveCluster::RetireUnused() {
  std::vector<Endpoint*> unused = table_.TakeUnused();
  if (unused.empty()) return;
  context_->options.epochs->Retire([unused = std::move(unused)] {
    for (Endpoint* endpoint : unused) endpoint->Retire();
  });
}

wire::ConnectionState LiveCluster::state() const { return base_->state(); }

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
