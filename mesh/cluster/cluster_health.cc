#include "mesh/cluster/cluster_health.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "balancer/slow_start.h"

namespace mesh::cluster {
namespace {

using wire::ConnectionState;

constexpr uint32_t kWarm = 100;  // percent

HealthChecker::Options CheckerOptions(const ClusterHealth::Options& options) {
  HealthChecker::Options checker;
  checker.serializer = options.serializer;
  checker.clock = options.clock;
  checker.random = options.random;
  checker.prober = options.prober;
  checker.cluster_name = options.cluster_name;
  return checker;
}

}  // namespace

ClusterHealth::ClusterHealth(const Options& options, std::function<void()> changed)
    : options_(options),
      changed_(std::move(changed)),
      detector_(options.random),
      checker_(options.prober == nullptr
                   ? nullptr
                   : std::make_unique<HealthChecker>(CheckerOptions(options),
                                                     static_cast<HealthChecker::Owner*>(this))),
      guard_(
          {options.serializer, options.random, options.prober, options.table, options.cluster_name},
          [this](TableEndpoint& endpoint) { Judge(endpoint); }) {}

ClusterHealth::~ClusterHealth() = default;

void ClusterHealth::Update(const model::Cluster& cluster) {
  ignore_new_until_checked_ = cluster.ignore_new_until_checked;
  checks_ = checker_ != nullptr && !cluster.health_checks.empty();
  if (checker_ != nullptr) checker_->Update(cluster.health_checks);
  const OutlierDetector::Changes changes =
      detector_.Update(cluster.outlier_detection, options_.clock->Now());
  ScheduleInterval();
  slow_start_ = cluster.balancing.slow_start;
  Apply(changes);
  for (TableEndpoint* endpoint : options_.table->InOrder()) {
    if (checks_) checker_->Add(endpoint->endpoint()->address(), endpoint->extras());
    Judge(*endpoint);
    if (!slow_start_.has_value() && endpoint->warmth() != kWarm) {
      endpoint->SetWarmth(kWarm);
      changed_();
    }
  }
  if (!slow_start_.has_value()) warming_.clear();
  WarmAll();
}

void ClusterHealth::NoteCalls() {
  if (checker_ != nullptr) checker_->NoteCalls();
}

void ClusterHealth::OnNew(TableEndpoint& endpoint) {
  detector_.Add(endpoint.endpoint(), &endpoint.endpoint()->counters());
  if (checks_) checker_->Add(endpoint.endpoint()->address(), endpoint.extras());
  Judge(endpoint);
  Warm(endpoint);
}

void ClusterHealth::OnSucceeded(TableEndpoint& endpoint, Endpoint* former) {
  Endpoint* const object = endpoint.endpoint();
  const Crossings crossings = object->counters().TakeOver(&former->counters(), *rules());
  detector_.Replace(former, object, &object->counters());
  if (!crossings.empty()) OnFailuresInARow(object, crossings);
  const auto warming = warming_.find(former);
  if (warming != warming_.end()) {
    warming_[object] = warming->second;
    warming_.erase(former);
  }
  guard_.Forget(former);  // it is not the server's word, but the connection's
  Judge(endpoint);
}

void ClusterHealth::OnExtras(TableEndpoint& endpoint) {
  if (!checks_) return;
  checker_->Add(endpoint.endpoint()->address(), endpoint.extras());
  Judge(endpoint);
}

void ClusterHealth::OnConnection(TableEndpoint& endpoint) {
  if (checker_ != nullptr) {
    checker_->NoteConnection(endpoint.endpoint()->address(), endpoint.connection_state());
  }
  if (endpoint.connection_state() != ConnectionState::kReady) guard_.Forget(endpoint.endpoint());
}

void ClusterHealth::OnUnused(TableEndpoint& endpoint) {
  detector_.Remove(endpoint.endpoint());
  if (checker_ != nullptr) checker_->Remove(endpoint.endpoint()->address());
  warming_.erase(endpoint.endpoint());
  guard_.Forget(endpoint.endpoint());
}

void ClusterHealth::OnFailuresInARow(const Endpoint* endpoint, Crossings crossings) {
  if (detector_.OnConsecutive(endpoint, crossings, options_.clock->Now()) !=
      EjectionDecision::kEjected) {
    return;
  }
  if (TableEndpoint* const found = options_.table->Find(endpoint)) Judge(*found);
}

void ClusterHealth::OnStall(const Endpoint* endpoint) {
  if (options_.guards_against_stalls) guard_.Suspect(endpoint);
}

std::shared_ptr<wire::Connection> ClusterHealth::ConnectionTo(absl::string_view address) {
  const TableEndpoint* const endpoint = options_.table->Find(address);
  if (endpoint == nullptr || endpoint->share() == nullptr) return nullptr;
  return endpoint->share()->connection();
}

void ClusterHealth::OnHealth(absl::string_view address, CheckedHealth health) {
  TableEndpoint* const endpoint = options_.table->Find(address);
  if (endpoint == nullptr) return;
  Judge(*endpoint);
  if (health == CheckedHealth::kHealthy) Warm(*endpoint);  // it comes anew
}

void ClusterHealth::OnPassed(absl::string_view address) {
  TableEndpoint* const endpoint = options_.table->Find(address);
  if (endpoint == nullptr || !detector_.ReadmitByActiveCheck(endpoint->endpoint())) return;
  Judge(*endpoint);
}

void ClusterHealth::Judge(TableEndpoint& endpoint) {
  EndpointVerdict verdict;
  verdict.ejected = detector_.is_ejected(endpoint.endpoint());
  if (checks_) {
    const CheckedHealth health = checker_->health(endpoint.endpoint()->address());
    verdict.unhealthy = health != CheckedHealth::kHealthy;
    verdict.awaits_check = health == CheckedHealth::kPending;
    verdict.unchecked = ignore_new_until_checked_ && verdict.awaits_check;
  }
  verdict.stalled = guard_.is_stalled(endpoint.endpoint());
  endpoint.SetVerdict(verdict);
}

void ClusterHealth::Apply(const OutlierDetector::Changes& changes) {
  for (const std::vector<Endpoint*>* list : {&changes.ejected, &changes.readmitted}) {
    for (const Endpoint* endpoint : *list) {
      if (TableEndpoint* const found = options_.table->Find(endpoint)) Judge(*found);
    }
  }
}

void ClusterHealth::ScheduleInterval() {
  interval_.Reset();
  if (!detector_.is_on()) return;
  options_.serializer->AssertHeld();
  const absl::Duration wait =
      std::max(absl::ZeroDuration(), detector_.NextInterval() - options_.clock->Now());
  interval_ = options_.serializer->After(wait, [this] {
    Apply(detector_.OnInterval(options_.clock->Now()));
    ScheduleInterval();
  });
}

void ClusterHealth::Warm(TableEndpoint& endpoint) {
  if (!slow_start_.has_value()) return;
  warming_[endpoint.endpoint()] = options_.clock->Now();
  ScheduleWarmUp(SetWarmth(endpoint, absl::ZeroDuration()));
}

void ClusterHealth::WarmAll() {
  warm_up_.Reset();
  const absl::Time now = options_.clock->Now();
  absl::Duration next = absl::InfiniteDuration();
  for (auto entry = warming_.begin(); entry != warming_.end();) {
    TableEndpoint* const endpoint = options_.table->Find(entry->first);
    if (endpoint == nullptr) {
      entry = warming_.erase(entry);
      continue;
    }
    const absl::Duration step = SetWarmth(*endpoint, now - entry->second);
    next = std::min(next, step);
    entry = step == absl::InfiniteDuration() ? warming_.erase(entry) : std::next(entry);
  }
  ScheduleWarmUp(next);
}

absl::Duration ClusterHealth::SetWarmth(TableEndpoint& endpoint, absl::Duration age) {
  const double factor = balancer::SlowStartFactor(*slow_start_, age);
  const auto percent = static_cast<uint32_t>(std::lround(kWarm * factor));
  if (percent != endpoint.warmth()) {
    endpoint.SetWarmth(percent);
    changed_();
  }
  return balancer::NextSlowStartStep(*slow_start_, age);
}

void ClusterHealth::ScheduleWarmUp(absl::Duration wait) {
  if (wait == absl::InfiniteDuration()) return;
  const absl::Time due = options_.clock->Now() + wait;
  if (warm_up_.pending() && warm_up_due_ <= due) return;
  options_.serializer->AssertHeld();
  warm_up_due_ = due;
  warm_up_ = options_.serializer->After(wait, [this] { WarmAll(); });
}

std::string ClusterHealth::WhyNot(const TableEndpoint& endpoint) const {
  const EndpointVerdict& verdict = endpoint.verdict();
  if (verdict.ejected) {
    const auto ejection = detector_.ejection(endpoint.endpoint());
    return absl::StrCat("ejected by outlier detection: ", NameOf(ejection->cause), ", for ",
                        absl::FormatDuration(ejection->duration));
  }
  if (verdict.unchecked || verdict.unhealthy) {
    const std::string reason = checker_->reason(endpoint.endpoint()->address());
    return absl::StrCat(
        verdict.unchecked ? "no active check has passed yet" : "an active check does not pass",
        reason.empty() ? "" : ": ", reason);
  }
  if (verdict.stalled) {
    return "stalled: it takes calls and answers none (the default guard against frozen servers)";
  }
  return "";
}

}  // namespace mesh::cluster
