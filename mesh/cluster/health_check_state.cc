#include "mesh/cluster/health_check_state.h"

#include <algorithm>

namespace mesh::cluster {
namespace {

// Of two checks of an endpoint, whatever is configured.
constexpr absl::Duration kShortestDelay = absl::Milliseconds(1);

absl::Duration Part(absl::Duration whole, Random* random) {
  return whole > absl::ZeroDuration() ? whole * random->NextDouble() : absl::ZeroDuration();
}

absl::Duration OrElse(absl::Duration configured, absl::Duration otherwise) {
  return configured > absl::ZeroDuration() ? configured : otherwise;
}

}  // namespace

void HealthCheckState::Count(const model::HealthCheck& check, wire::ProbeOutcome outcome) {
  passed_ = outcome == wire::ProbeOutcome::kSuccess;
  if (passed_) {
    CountSuccess(check);
  } else {
    CountFailure(check, wire::IsAnswer(outcome) && outcome != wire::ProbeOutcome::kRetriable);
  }
  checked_ = true;
}

void HealthCheckState::CountSuccess(const model::HealthCheck& check) {
  if (health_ != CheckedHealth::kHealthy && checked_ && ++against_ < check.healthy_threshold) {
    return;
  }
  health_ = CheckedHealth::kHealthy;
  against_ = 0;
}

void HealthCheckState::CountFailure(const model::HealthCheck& check, bool at_once) {
  if (health_ == CheckedHealth::kHealthy && !at_once && ++against_ < check.unhealthy_threshold) {
    return;
  }
  health_ = CheckedHealth::kUnhealthy;
  against_ = 0;
}

absl::Duration HealthCheckState::InitialDelay(const model::HealthCheck& check, Random* random) {
  return Part(check.initial_jitter, random);
}

absl::Duration HealthCheckState::NextDelay(const model::HealthCheck& check, bool had_calls,
                                           Random* random) const {
  absl::Duration base = check.interval;
  if (!had_calls) {
    base = check.no_traffic_interval;
    if (passed_) base = OrElse(check.no_traffic_healthy_interval, base);
  } else if (passed_) {
    if (against_ > 0) base = OrElse(check.healthy_edge_interval, check.interval);
  } else {
    base = OrElse(check.unhealthy_interval, check.interval);
    if (against_ > 0) base = OrElse(check.unhealthy_edge_interval, base);
  }
  // In this order, so that a seed gives the same delays with every compiler.
  absl::Duration delay = base + Part(base * check.interval_jitter_percent / 100, random);
  delay += Part(check.interval_jitter, random);
  return std::max(delay, kShortestDelay);
}

}  // namespace mesh::cluster
