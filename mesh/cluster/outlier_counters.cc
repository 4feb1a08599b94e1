#include "mesh/cluster/outlier_counters.h"

namespace mesh::cluster {
namespace {

constexpr EjectionCause kInARow[] = {EjectionCause::kConsecutive5xx,
                                     EjectionCause::kConsecutiveGatewayFailure,
                                     EjectionCause::kConsecutiveLocalOriginFailure};

// gRPC's codes.
constexpr int kOk = 0;
constexpr int kCancelled = 1;
constexpr int kUnknown = 2;
constexpr int kDeadlineExceeded = 4;
constexpr int kUnimplemented = 12;
constexpr int kInternal = 13;
constexpr int kUnavailable = 14;
constexpr int kDataLoss = 15;

size_t IndexOf(EjectionCause cause) { return static_cast<size_t>(cause); }

bool Set(std::atomic<uint32_t>* word, uint32_t value) {
  return word->exchange(value, std::memory_order_relaxed) != value;
}

}  // namespace

AttemptVerdict JudgeAttempt(int status_code, bool delivered, bool every_error_fails) {
  if (status_code == kOk) return AttemptVerdict::kSuccess;
  if (!delivered) {
    // What else keeps an attempt from a transport is of the caller's own making: its deadline was
    // over, its credentials failed.
    return status_code == kUnavailable ? AttemptVerdict::kLocalError : AttemptVerdict::kNothing;
  }
  const auto mild = [every_error_fails](AttemptVerdict verdict) {
    return every_error_fails ? AttemptVerdict::kServerError : verdict;
  };
  switch (status_code) {
    case kCancelled:
      return mild(AttemptVerdict::kNothing);
    case kDeadlineExceeded:
      return AttemptVerdict::kLocalError;
    case kUnavailable:
      return AttemptVerdict::kGatewayError;
    case kUnknown:
    case kUnimplemented:
    case kInternal:
    case kDataLoss:
      return AttemptVerdict::kServerError;
    default:
      return mild(AttemptVerdict::kSuccess);
  }
}

absl::string_view NameOf(EjectionCause cause) {
  switch (cause) {
    case EjectionCause::kConsecutive5xx:
      return "consecutive_5xx";
    case EjectionCause::kConsecutiveGatewayFailure:
      return "consecutive_gateway_failure";
    case EjectionCause::kConsecutiveLocalOriginFailure:
      return "consecutive_local_origin_failure";
    case EjectionCause::kSuccessRate:
      return "success_rate";
    case EjectionCause::kSuccessRateLocalOrigin:
      return "local_origin_success_rate";
    case EjectionCause::kFailurePercentage:
      return "failure_percentage";
    case EjectionCause::kFailurePercentageLocalOrigin:
      return "local_origin_failure_percentage";
  }
  return "";
}

bool OutlierRules::Update(const std::optional<model::OutlierDetection>& config) {
  const bool split = config.has_value() && config->split_local_origin;
  const uint32_t thresholds[] = {
      config.has_value() ? config->consecutive_5xx.threshold : 0,
      config.has_value() ? config->consecutive_gateway_failure.threshold : 0,
      split ? config->consecutive_local_origin_failure.threshold : 0,
  };
  const bool every_error = config.has_value() && config->every_error_fails;
  bool changed = every_error_fails_.exchange(every_error, std::memory_order_relaxed) != every_error;
  for (EjectionCause cause : kInARow) {
    changed |= Set(&thresholds_[IndexOf(cause)], thresholds[IndexOf(cause)]);
  }
  changed |= split_local_origin_.exchange(split, std::memory_order_relaxed) != split;
  changed |= on_.exchange(config.has_value(), std::memory_order_relaxed) != config.has_value();
  return changed;
}

Crossings OutlierCounters::Record(AttemptVerdict verdict, const OutlierRules& rules) {
  Crossings crossings;
  if (verdict == AttemptVerdict::kNothing || !rules.on_.load(std::memory_order_relaxed)) {
    return crossings;
  }
  const bool split = rules.split_local_origin_.load(std::memory_order_relaxed);
  if (split) {
    const bool answered = verdict != AttemptVerdict::kLocalError;
    Count(/*local_origin=*/true, answered);
    if (!answered) {
      Fail(EjectionCause::kConsecutiveLocalOriginFailure, rules, &crossings);
      return crossings;
    }
    Succeed(EjectionCause::kConsecutiveLocalOriginFailure);
  }
  Count(/*local_origin=*/false, verdict == AttemptVerdict::kSuccess);
  if (verdict == AttemptVerdict::kSuccess) {
    Succeed(EjectionCause::kConsecutiveGatewayFailure);
    Succeed(EjectionCause::kConsecutive5xx);
    return crossings;
  }
  if (verdict == AttemptVerdict::kServerError) {
    Succeed(EjectionCause::kConsecutiveGatewayFailure);
  } else {
    Fail(EjectionCause::kConsecutiveGatewayFailure, rules, &crossings);
  }
  Fail(EjectionCause::kConsecutive5xx, rules, &crossings);
  return crossings;
}

Crossings OutlierCounters::Record(int status_code, bool delivered, const OutlierRules& rules) {
  return Record(JudgeAttempt(status_code, delivered,
                             rules.every_error_fails_.load(std::memory_order_relaxed)),
                rules);
}

void OutlierCounters::Count(bool local_origin, bool success) {
  volumes_[local_origin ? 1 : 0].fetch_add((uint64_t{1} << 32) | (success ? 1 : 0),
                                           std::memory_order_relaxed);
}

void OutlierCounters::Succeed(EjectionCause cause) {
  // Looks first: usually there is nothing to set back, and so nothing to write.
  std::atomic<uint32_t>& count = consecutive_[IndexOf(cause)];
  if (count.load(std::memory_order_relaxed) != 0) count.store(0, std::memory_order_relaxed);
}

void OutlierCounters::Fail(EjectionCause cause, const OutlierRules& rules, Crossings* crossings) {
  const uint32_t threshold = rules.thresholds_[IndexOf(cause)].load(std::memory_order_relaxed);
  if (threshold == 0) return;
  // The results of additions differ, so one thread gets the threshold.
  const uint32_t count = consecutive_[IndexOf(cause)].fetch_add(1, std::memory_order_relaxed) + 1;
  if (count == threshold) crossings->insert(cause);
}

OutlierCounters::Volume OutlierCounters::TakeVolume(bool local_origin) {
  const uint64_t volume = volumes_[local_origin ? 1 : 0].exchange(0, std::memory_order_relaxed);
  return {static_cast<uint32_t>(volume), static_cast<uint32_t>(volume >> 32)};
}

void OutlierCounters::ResetConsecutive(EjectionCause cause) {
  consecutive_[IndexOf(cause)].store(0, std::memory_order_relaxed);
}

void OutlierCounters::ResetAllConsecutive() {
  for (EjectionCause cause : kInARow) ResetConsecutive(cause);
}

Crossings OutlierCounters::TakeOver(OutlierCounters* other, const OutlierRules& rules) {
  Crossings crossings;
  for (EjectionCause cause : kInARow) {
    const size_t i = IndexOf(cause);
    const uint32_t count = other->consecutive_[i].exchange(0, std::memory_order_relaxed);
    const uint32_t threshold = rules.thresholds_[i].load(std::memory_order_relaxed);
    if (threshold > 0 && count >= threshold) crossings.insert(cause);
    consecutive_[i].store(count, std::memory_order_relaxed);
  }
  for (size_t i = 0; i < volumes_.size(); ++i) {
    volumes_[i].store(other->volumes_[i].exchange(0, std::memory_order_relaxed),
                      std::memory_order_relaxed);
  }
  return crossings;
}

}  // namespace mesh::cluster
