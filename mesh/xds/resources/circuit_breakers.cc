#include "mesh/xds/resources/circuit_breakers.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "mesh/xds/resources/common.h"

namespace mesh::xds {
namespace {

constexpr int kDefault = 0;  // envoy.config.core.v3.RoutingPriority
constexpr int kHigh = 1;

model::Thresholds::RetryBudget DecodeRetryBudget(
    const proto::CircuitBreakers::Thresholds::RetryBudget& budget, Decoding* decoding) {
  model::Thresholds::RetryBudget result;
  if (budget.has_budget_percent()) {
    const FieldErrors::Scope scope(&decoding->errors, "budget_percent");
    result.budget_percent = DecodePercent(budget.budget_percent(), decoding);
  }
  if (budget.has_min_retry_concurrency()) {
    result.min_retry_concurrency = budget.min_retry_concurrency().value();
  }
  return result;
}

model::Thresholds DecodeThresholds(const proto::CircuitBreakers::Thresholds& thresholds,
                                   model::Thresholds result, Decoding* decoding) {
  if (thresholds.has_max_requests()) result.max_requests = thresholds.max_requests().value();
  if (decoding->grpc()) return result;
  if (thresholds.has_max_connections()) {
    result.max_connections = thresholds.max_connections().value();
  }
  if (thresholds.has_max_pending_requests()) {
    result.max_pending_requests = thresholds.max_pending_requests().value();
  }
  if (thresholds.has_max_retries()) result.max_retries = thresholds.max_retries().value();
  if (thresholds.has_retry_budget()) {
    const FieldErrors::Scope scope(&decoding->errors, "retry_budget");
    result.retry_budget = DecodeRetryBudget(thresholds.retry_budget(), decoding);
  }
  return result;
}

// CB-01: what holds where nothing is said of a routing priority. In kMesh retries have no limit
// then: with Envoy's three, a retry policy saves three of the calls that a lost endpoint had in
// flight, and fails the others.
model::CircuitBreakers Unsaid(Profile profile) {
  model::CircuitBreakers result;
  if (profile == Profile::kMesh) {
    result.normal.max_retries = result.high.max_retries = model::Thresholds::kNone;
  }
  if (profile != Profile::kGrpc) return result;
  for (model::Thresholds* thresholds : {&result.normal, &result.high}) {
    thresholds->max_connections = model::Thresholds::kNone;
    thresholds->max_pending_requests = model::Thresholds::kNone;
    thresholds->max_retries = model::Thresholds::kNone;
  }
  result.high.max_requests = model::Thresholds::kNone;
  return result;
}

}  // namespace

model::CircuitBreakers DecodeCircuitBreakers(const proto::CircuitBreakers& config,
                                             Decoding* decoding) {
  model::CircuitBreakers result = Unsaid(decoding->profile());
  bool seen[] = {false, false};  // by routing priority: the first is taken
  for (int i = 0; i < config.thresholds_size(); ++i) {
    const FieldErrors::Scope scope(&decoding->errors, "thresholds", i);
    const proto::CircuitBreakers::Thresholds& thresholds = config.thresholds(i);
    const int priority = thresholds.priority();
    if (priority != kDefault && (priority != kHigh || decoding->grpc())) {
      if (decoding->grpc()) {
        decoding->Ignore("priority, other than DEFAULT");
      } else {
        decoding->errors.Add("priority", absl::StrCat("unknown value ", priority));
      }
    } else if (seen[priority]) {
      decoding->Ignore("priority, as before");
    } else {
      seen[priority] = true;
      model::Thresholds& target = priority == kDefault ? result.normal : result.high;
      if (!decoding->grpc()) target = model::Thresholds();
      target = DecodeThresholds(thresholds, target, decoding);
    }
  }
  return result;
}

uint32_t DecodeMaxConnectionsPerHost(const proto::CircuitBreakers& config, Decoding* decoding) {
  std::optional<uint32_t> result;
  const int size = decoding->grpc() ? 0 : config.per_host_thresholds_size();
  for (int i = 0; i < size; ++i) {
    const FieldErrors::Scope scope(&decoding->errors, "per_host_thresholds", i);
    const proto::CircuitBreakers::Thresholds& thresholds = config.per_host_thresholds(i);
    const auto refuse = [&](bool there, absl::string_view field) {
      if (there) decoding->errors.Add(field, "not a limit of hosts, which have max_connections");
    };
    refuse(thresholds.has_max_pending_requests(), "max_pending_requests");
    refuse(thresholds.has_max_requests(), "max_requests");
    refuse(thresholds.has_max_retries(), "max_retries");
    refuse(thresholds.has_retry_budget(), "retry_budget");
    if (thresholds.priority() == kHigh) {
      decoding->Ignore("priority, other than DEFAULT");
    } else if (thresholds.priority() != kDefault) {
      decoding->errors.Add("priority", absl::StrCat("unknown value ", thresholds.priority()));
    } else if (result.has_value()) {
      decoding->Ignore("priority, as before");
    } else if (thresholds.has_max_connections()) {
      result = std::max<uint32_t>(1, thresholds.max_connections().value());
    }
  }
  return result.value_or(0);
}

}  // namespace mesh::xds
