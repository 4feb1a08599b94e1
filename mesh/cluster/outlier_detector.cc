#include "mesh/cluster/outlier_detector.h"

#include <algorithm>
#include <utility>

namespace mesh::cluster {
namespace {

// Percent. With two endpoints and a factor of 1, the threshold is the lower one's own rate.
constexpr double kRounding = 1e-9;
constexpr absl::Duration kShortestInterval = absl::Milliseconds(1);

bool HasDetector(const model::OutlierDetection& config) {
  const bool split = config.split_local_origin;
  return config.consecutive_5xx.threshold > 0 || config.consecutive_gateway_failure.threshold > 0 ||
         (split && config.consecutive_local_origin_failure.threshold > 0) ||
         config.success_rate.on || config.failure_percentage.enforcing > 0 ||
         (split && config.failure_percentage.enforcing_local_origin > 0);
}

uint32_t EnforcingOf(const model::OutlierDetection& config, EjectionCause cause) {
  switch (cause) {
    case EjectionCause::kConsecutive5xx:
      return config.consecutive_5xx.enforcing;
    case EjectionCause::kConsecutiveGatewayFailure:
      return config.consecutive_gateway_failure.enforcing;
    case EjectionCause::kConsecutiveLocalOriginFailure:
      return config.consecutive_local_origin_failure.enforcing;
    case EjectionCause::kSuccessRate:
      return config.success_rate.enforcing;
    case EjectionCause::kSuccessRateLocalOrigin:
      return config.success_rate.enforcing_local_origin;
    case EjectionCause::kFailurePercentage:
      return config.failure_percentage.enforcing;
    case EjectionCause::kFailurePercentageLocalOrigin:
      return config.failure_percentage.enforcing_local_origin;
  }
  return 0;
}

}  // namespace

OutlierDetector::Changes OutlierDetector::Update(
    const std::optional<model::OutlierDetection>& config, absl::Time now) {
  if (!config.has_value() || !HasDetector(*config)) return TurnOff();
  const bool was_on = is_on();
  config_ = config;
  if (rules_->Update(config)) {
    // Counts that are past a new threshold would never reach it.
    for (Entry& entry : entries_) entry.counters->ResetAllConsecutive();
  }
  if (!was_on) interval_began_ = now;
  return {};
}

OutlierDetector::Changes OutlierDetector::TurnOff() {
  Changes changes;
  config_.reset();
  rules_->Update(std::nullopt);
  success_rates_.reset();
  for (Entry& entry : entries_) {
    entry.multiplier = 0;
    entry.counters->TakeVolume(/*local_origin=*/false);
    entry.counters->TakeVolume(/*local_origin=*/true);
    if (!entry.ejected) continue;
    Readmit(&entry);
    changes.readmitted.push_back(entry.endpoint);
  }
  return changes;
}

void OutlierDetector::Add(Endpoint* endpoint, OutlierCounters* counters) {
  index_.emplace(endpoint, entries_.size());
  Entry& entry = entries_.emplace_back();
  entry.endpoint = endpoint;
  entry.counters = counters;
}

void OutlierDetector::Replace(const Endpoint* endpoint, Endpoint* by, OutlierCounters* counters) {
  const auto found = index_.find(endpoint);
  const size_t i = found->second;
  index_.erase(found);
  index_.emplace(by, i);
  entries_[i].endpoint = by;
  entries_[i].counters = counters;
}

void OutlierDetector::Remove(const Endpoint* endpoint) {
  const auto found = index_.find(endpoint);
  if (found == index_.end()) return;
  const size_t i = found->second;
  index_.erase(found);
  if (entries_[i].ejected) --ejected_;
  if (i + 1 < entries_.size()) {
    entries_[i] = entries_.back();
    index_[entries_[i].endpoint] = i;
  }
  entries_.pop_back();
}

OutlierDetector::Entry* OutlierDetector::Find(const Endpoint* endpoint) {
  const auto found = index_.find(endpoint);
  return found == index_.end() ? nullptr : &entries_[found->second];
}

std::optional<OutlierDetector::Ejection> OutlierDetector::ejection(const Endpoint* endpoint) const {
  const auto found = index_.find(endpoint);
  if (found == index_.end() || !entries_[found->second].ejected) return std::nullopt;
  const Entry& entry = entries_[found->second];
  return Ejection{entry.cause, entry.ejected_at, EjectionTime(entry)};
}

EjectionDecision OutlierDetector::OnConsecutive(const Endpoint* endpoint, Crossings crossings,
                                                absl::Time now) {
  EjectionDecision decision = EjectionDecision::kIgnored;
  Entry* entry = Find(endpoint);
  if (entry == nullptr || !is_on()) return decision;
  // In the order in which Envoy asks.
  for (EjectionCause cause :
       {EjectionCause::kConsecutiveLocalOriginFailure, EjectionCause::kConsecutiveGatewayFailure,
        EjectionCause::kConsecutive5xx}) {
    if (!crossings.contains(cause) || entry->ejected) continue;
    decision = std::max(decision, TryEject(entry, cause, now));
    entry->counters->ResetConsecutive(cause);
  }
  return decision;
}

EjectionDecision OutlierDetector::TryEject(Entry* entry, EjectionCause cause, absl::Time now) {
  if (entry->ejected) return EjectionDecision::kIgnored;
  Counts& counts = counts_[static_cast<size_t>(cause)];
  ++counts.detected;
  if (!CapLeavesRoom()) {
    ++counts.over_cap;
    return EjectionDecision::kOverCap;
  }
  if (!DrawEnforces(cause)) return EjectionDecision::kNotEnforced;
  ++counts.enforced;
  ++ejected_;
  entry->ejected = true;
  entry->cause = cause;
  entry->ejected_at = now;
  const int64_t jitter_ms = absl::ToInt64Milliseconds(config_->max_ejection_time_jitter);
  entry->jitter = absl::ZeroDuration();
  if (jitter_ms > 0) {
    entry->jitter = absl::Milliseconds(
        static_cast<int64_t>(random_->NextBelow(static_cast<uint64_t>(jitter_ms) + 1)));
  }
  const absl::Duration base = config_->base_ejection_time;
  const absl::Duration longest = std::max(base, config_->max_ejection_time);
  // Once more than makes the time longer (envoy outlier_detection_impl, ejectHost).
  if (base * entry->multiplier < longest + base) ++entry->multiplier;
  return EjectionDecision::kEjected;
}

bool OutlierDetector::CapLeavesRoom() const {
  const uint64_t ejected = ejected_, all = entries_.size();
  const uint64_t most = std::min<uint32_t>(config_->max_ejection_percent, 100);
  if (!config_->cap_counts_the_next) return 100 * ejected < most * all;
  return 100 * (ejected + 1) <= most * all || (config_->always_eject_one && ejected == 0);
}

bool OutlierDetector::DrawEnforces(EjectionCause cause) {
  const uint32_t percent = EnforcingOf(*config_, cause);
  if (percent == 0 || percent >= 100) return percent != 0;
  return random_->NextBelow(100) < percent;
}

absl::Duration OutlierDetector::EjectionTime(const Entry& entry) const {
  const absl::Duration base = config_->base_ejection_time;
  return std::min(base * entry.multiplier, std::max(base, config_->max_ejection_time)) +
         entry.jitter;
}

void OutlierDetector::Readmit(Entry* entry) {
  --ejected_;
  entry->ejected = false;
  // Few new failures are not to eject it again because of old ones.
  entry->counters->ResetAllConsecutive();
}

bool OutlierDetector::ReadmitByActiveCheck(const Endpoint* endpoint) {
  Entry* entry = Find(endpoint);
  if (entry == nullptr || !entry->ejected || !config_->readmit_on_active_check) return false;
  Readmit(entry);
  return true;
}

absl::Time OutlierDetector::NextInterval() const {
  if (!is_on()) return absl::InfiniteFuture();
  return interval_began_ + std::max(config_->interval, kShortestInterval);
}

OutlierDetector::Changes OutlierDetector::OnInterval(absl::Time now) {
  Changes changes;
  if (!is_on()) return changes;
  interval_began_ = now;
  std::vector<Measured> all, local;
  for (Entry& entry : entries_) {
    const OutlierCounters::Volume volume = entry.counters->TakeVolume(/*local_origin=*/false);
    const OutlierCounters::Volume of_local = entry.counters->TakeVolume(/*local_origin=*/true);
    if (!entry.ejected) {
      all.push_back({&entry, volume});
      local.push_back({&entry, of_local});
    } else if (now - entry.ejected_at >= EjectionTime(entry)) {
      Readmit(&entry);
      changes.readmitted.push_back(entry.endpoint);
    }
  }
  success_rates_.reset();
  JudgeSuccessRates(all, /*local_origin=*/false, now, &changes);
  JudgeFailurePercentages(all, /*local_origin=*/false, now, &changes);
  if (config_->split_local_origin) {
    JudgeSuccessRates(local, /*local_origin=*/true, now, &changes);
    JudgeFailurePercentages(local, /*local_origin=*/true, now, &changes);
  }
  for (const Measured& measured : all) {
    if (!measured.entry->ejected && measured.entry->multiplier > 0) --measured.entry->multiplier;
  }
  return changes;
}

void OutlierDetector::JudgeSuccessRates(const std::vector<Measured>& measured, bool local_origin,
                                        absl::Time now, Changes* changes) {
  const model::OutlierDetection::SuccessRate& rule = config_->success_rate;
  if (!rule.on) return;
  std::vector<Measured> compared;
  std::vector<double> rates;
  for (const Measured& m : measured) {
    if (m.volume.total == 0 || m.volume.total < rule.request_volume) continue;
    compared.push_back(m);
    rates.push_back(m.rate());
  }
  if (compared.empty() || compared.size() < rule.minimum_hosts) return;
  const balancer::SuccessRates result =
      balancer::CompareSuccessRates(rates, rule.stdev_factor / 1000.0);
  if (!local_origin) success_rates_ = result;
  compared.erase(
      std::remove_if(compared.begin(), compared.end(),
                     [&](const Measured& m) { return m.rate() >= result.threshold - kRounding; }),
      compared.end());
  EjectWorstFirst(
      std::move(compared),
      local_origin ? EjectionCause::kSuccessRateLocalOrigin : EjectionCause::kSuccessRate, now,
      changes);
}

void OutlierDetector::JudgeFailurePercentages(const std::vector<Measured>& measured,
                                              bool local_origin, absl::Time now, Changes* changes) {
  const model::OutlierDetection::FailurePercentage& rule = config_->failure_percentage;
  size_t with_volume = 0;
  std::vector<Measured> outliers;
  for (const Measured& m : measured) {
    if (m.volume.total == 0 || m.volume.total < rule.request_volume) continue;
    ++with_volume;
    // Whole numbers, so that a rate equal to the threshold is.
    const uint64_t failures = uint64_t{100} * (m.volume.total - m.volume.success);
    const uint64_t threshold = uint64_t{rule.threshold} * m.volume.total;
    if (rule.or_equal ? failures >= threshold : failures > threshold) outliers.push_back(m);
  }
  if (with_volume < rule.minimum_hosts) return;
  EjectWorstFirst(std::move(outliers),
                  local_origin ? EjectionCause::kFailurePercentageLocalOrigin
                               : EjectionCause::kFailurePercentage,
                  now, changes);
}

void OutlierDetector::EjectWorstFirst(std::vector<Measured> outliers, EjectionCause cause,
                                      absl::Time now, Changes* changes) {
  std::stable_sort(outliers.begin(), outliers.end(),
                   [](const Measured& a, const Measured& b) { return a.rate() < b.rate(); });
  for (const Measured& outlier : outliers) {
    if (TryEject(outlier.entry, cause, now) == EjectionDecision::kEjected) {
      changes->ejected.push_back(outlier.entry->endpoint);
    }
  }
}

}  // namespace mesh::cluster
