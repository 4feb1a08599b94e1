#include "mesh/cluster/live_cluster.h"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "balancer/locality_choice.h"
#include "balancer/policy_builders.h"
#include "balancer/subset.h"

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

size_t LiveCluster::Priority::usable() const {
  size_t sum = 0;
  for (const Locality* locality : localities) sum += locality->usable();
  return sum;
}

size_t LiveCluster::Priority::count(ConnectionState state) const {
  size_t sum = 0;
  for (const Locality* locality : localities) sum += locality->count(state);
  return sum;
}

LiveCluster::LiveCluster(const Context* context, const model::ClusterKey& key)
    : context_(context),
      key_(key),
      inbox_(std::make_shared<ClusterInbox>(context->mailbox, this)),
      picker_(context->options.epochs),
      table_({context->pool, context->options.reaper, inbox_,
              [this](const TableEndpoint& endpoint) {
                if (endpoint.state() == ConnectionState::kFailing) {
                  last_error_ = std::string(endpoint.reason().message());
                }
                connections_changed_ = true;
                ScheduleTurn();
              }}),
      cursors_(std::make_shared<const balancer::Cursors>(7, context->options.random)) {
  picker_.Publish(std::make_unique<const BalancedPicker>(BalancedPicker::Idle{}));
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
  if (picker->is_idle()) inbox_->AskForConnections();
  return picker->Pick(request);
}

void LiveCluster::Connect() {
  if (asked_) return;
  asked_ = true;
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
  observers_.clear();
  context_ = nullptr;
}

void LiveCluster::Update(const model::ClusterConfig& config) {
  const bool first = policy_ == nullptr;
  const bool same = !first && config.cluster == config_.cluster &&
                    config.endpoints == config_.endpoints && config.status == config_.status;
  config_ = config;  // the ambient error has no effect but to be shown
  if (same) return;
  if (config_.cluster != nullptr) {
    const model::LoadBalancing& balancing = config_.cluster->balancing;
    if (policy_ == nullptr || !(balancing == balancing_)) {
      policy_ = balancer::NewPolicyBuilder(balancing);
      balancing_ = balancing;
    }
    table_.set_connect_timeout(config_.cluster->connect_timeout);
  } else if (first) {
    policy_ = balancer::NewPolicyBuilder(balancing_);
  }
  UpdateLocalities();
  UpdatePriorities();
  if (first) {
    Turn();  // so that the first pick already says why it fails
  } else {
    ScheduleTurn();
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
    locality->Update(endpoints);
    localities_.push_back(std::move(locality));
  }
}

void LiveCluster::UpdatePriorities() {
  for (Priority& priority : priorities_) priority.localities.clear();
  size_t count = 0;
  for (const std::unique_ptr<Locality>& locality : localities_) {
    const size_t priority = locality->endpoints()->priority;
    count = std::max(count, priority + 1);
    if (priorities_.size() < count) priorities_.resize(count);
    priorities_[priority].localities.push_back(locality.get());
  }
  priorities_.resize(count);
  for (Priority& priority : priorities_) {
    std::vector<Locality*>& all = priority.localities;
    priority.by_weight = AreWeighted(config_.cluster->locality_weighting, all);
    if (!priority.by_weight) continue;
    const auto idle = std::stable_partition(all.begin(), all.end(), [](Locality* locality) {
      return locality->endpoints()->weight > 0;
    });
    std::for_each(idle, all.end(), [](Locality* locality) { locality->Stop(); });
    all.erase(idle, all.end());
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
  chosen_.reset();
  if (asked_) {
    chosen_ = Choose();
    StopUnstarted();
    Retain(chosen_);
  }
  Publish(NextState(chosen_));
}

std::optional<size_t> LiveCluster::Choose() {
  for (;;) {
    std::vector<balancer::PriorityView> views;
    for (Priority& priority : priorities_) {
      if (priority.started) {
        Select(&priority);
        Observe(&priority);
      }
      views.push_back({priority.usable(), priority.count(ConnectionState::kReady), priority.started,
                       priority.failing, priority.overdue});
    }
    const balancer::PriorityChoice choice = balancer::ChoosePriority(views);
    if (!choice.start) return choice.chosen;
    priorities_[*choice.start].started = true;
  }
}

void LiveCluster::StopUnstarted() {
  for (Priority& priority : priorities_) {
    if (priority.started) continue;
    for (Locality* locality : priority.localities) {
      if (locality->has_connections()) locality->Stop();
    }
  }
}

uint64_t LiveCluster::ConnectionCap() const {
  uint64_t cap = config_.cluster->max_connected_endpoints;
  if (cap == 0) cap = context_->options.max_connected_endpoints;
  return cap == 0 ? std::numeric_limits<uint64_t>::max() : cap;
}

void LiveCluster::Select(Priority* priority) {
  if (std::none_of(priority->localities.begin(), priority->localities.end(),
                   [](const Locality* locality) { return locality->needs_selection(); })) {
    return;
  }
  const uint64_t cap = ConnectionCap();
  std::vector<balancer::SubsetView> views;
  for (const Locality* locality : priority->localities) {
    const uint64_t usable = locality->usable();
    views.push_back({usable, priority->by_weight ? locality->endpoints()->weight : usable});
  }
  const bool all = priority->usable() <= cap;
  const std::vector<uint64_t> quotas =
      all ? std::vector<uint64_t>() : balancer::SplitSubset(cap, views);
  for (size_t i = 0; i < priority->localities.size(); ++i) {
    priority->localities[i]->Select(all ? views[i].size : quotas[i]);
  }
}

void LiveCluster::Observe(Priority* priority) {
  const size_t ready = priority->count(ConnectionState::kReady);
  const size_t failing = priority->count(ConnectionState::kFailing);
  const size_t connecting =
      priority->count(ConnectionState::kConnecting) + priority->count(ConnectionState::kIdle);
  if (ready > 0) {
    priority->failing = false;
    priority->overdue = false;
  } else if (failing == 0) {
    priority->failing = false;
  } else if (connecting == 0) {
    priority->failing = true;
  }
  if (ready > 0 || priority->failing || priority->usable() == 0) {
    priority->failover.Reset();
  } else if (!priority->overdue && !priority->failover.pending()) {
    context_->options.serializer->AssertHeld();
    priority->failover = context_->options.serializer->After(
        kFailoverAfter, [this, number = priority - priorities_.data()] {
          priorities_[number].overdue = true;
          ScheduleTurn();
        });
  }
}

void LiveCluster::Retain(std::optional<size_t> chosen) {
  const bool served = chosen && priorities_[*chosen].count(ConnectionState::kReady) > 0;
  for (size_t i = 0; i < priorities_.size(); ++i) {
    Priority& priority = priorities_[i];
    if (!served || i <= *chosen) {
      priority.retention.Reset();
    } else if (priority.started && !priority.retention.pending()) {
      context_->options.serializer->AssertHeld();
      priority.retention = context_->options.serializer->After(kRetainFor, [this, i] {
        Priority& unneeded = priorities_[i];
        unneeded.started = unneeded.failing = unneeded.overdue = false;
        unneeded.failover.Reset();
        for (Locality* locality : unneeded.localities) locality->Stop();
        ScheduleTurn();
      });
    }
  }
}

EndpointCounts LiveCluster::Counts() const {
  EndpointCounts counts;
  counts.configured = config_.endpoints == nullptr ? 0 : config_.endpoints->endpoint_count();
  for (const Priority& priority : priorities_) {
    counts.usable += priority.usable();
    counts.failing += priority.count(ConnectionState::kFailing);
  }
  return counts;
}

BalancedPicker::State LiveCluster::NextState(std::optional<size_t> chosen) {
  if (!config_.status.ok()) return Failed{AsUnavailable(config_.status)};
  const EndpointCounts counts = Counts();
  if (counts.usable > 0) {
    if (!asked_) return BalancedPicker::Idle{};
    if (chosen && priorities_[*chosen].count(ConnectionState::kReady) > 0) {
      return Serve(priorities_[*chosen]);
    }
    if (chosen) return Pending{};
  }
  const std::string& assignment =
      key_.eds_service_name.empty() ? key_.cluster : key_.eds_service_name;
  return Failed{UnavailableCluster(name(), assignment, counts, last_error_)};
}

BalancedPicker::Serving LiveCluster::Serve(const Priority& priority) {
  std::vector<balancer::LocalityView> views;
  for (const Locality* locality : priority.localities) {
    views.push_back({locality->endpoints()->weight, locality->ready_weight()});
  }
  const std::vector<uint64_t> shares = balancer::LocalityShares(priority.by_weight, views);
  BalancedPicker::Serving serving;
  for (size_t i = 0; i < shares.size(); ++i) {
    if (shares[i] == 0) continue;
    serving.parts.push_back(priority.localities[i]->Part(*policy_));
    serving.shares.push_back(shares[i]);
  }
  if (cursors_->count() < serving.parts.size() + 1) {
    cursors_ = std::make_shared<const balancer::Cursors>(2 * serving.parts.size() + 1,
                                                         context_->options.random);
  }
  serving.cursors = cursors_;
  return serving;
}

void LiveCluster::Publish(BalancedPicker::State state) {
  const bool changed = !picker_.writer_view()->IsLike(state);
  if (changed) {
    const auto* failed = std::get_if<Failed>(&state);
    if (failed != nullptr && context_->options.log) {
      context_->options.log(LogSeverity::kWarning, failed->status.message());
    }
    picker_.Publish(std::make_unique<const BalancedPicker>(std::move(state)));
  }
  RetireUnused();
  const bool connections_changed = std::exchange(connections_changed_, false);
  if (changed) {
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
