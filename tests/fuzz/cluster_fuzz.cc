// The decoder of clusters, by the rules of each profile.

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <variant>

#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "mesh/model/cluster.h"
#include "mesh/xds/resources/model_resource.h"
#include "tests/fuzz/decoder_rules.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/seed_resources.h"

namespace mesh::fuzz {
namespace {

bool IsPercent(double value) { return value >= 0 && value <= 100; }

// What the balancer may rely on.
void CheckBalancing(const model::Cluster& cluster) {
  const model::LoadBalancing& balancing = cluster.balancing;
  Require(balancing.least_request.choice_count >= 2, "two endpoints are compared at least");
  Require(balancing.least_request.active_request_bias >= 0, "a bias is a number");
  Require(balancing.ring_hash.minimum_size >= 1 &&
              balancing.ring_hash.minimum_size <= balancing.ring_hash.maximum_size &&
              balancing.ring_hash.maximum_size <= 8'388'608,
          "a ring has its size");
  Require(balancing.maglev.table_size >= 2 && balancing.maglev.table_size <= 5'000'011,
          "a table has its size");
  const model::ClientSideWeightedRoundRobin& weighted = balancing.client_side_weighted_round_robin;
  Require(weighted.weight_update_period >= absl::Milliseconds(100), "weights are looked at rarely");
  Require(weighted.blackout_period >= absl::ZeroDuration() &&
              weighted.weight_expiration_period >= absl::ZeroDuration() &&
              weighted.oob_reporting_period.value_or(absl::ZeroDuration()) >= absl::ZeroDuration(),
          "periods are not negative");
  Require(
      weighted.error_utilization_penalty >= 0 && std::isfinite(weighted.error_utilization_penalty),
      "a penalty is a number");
  Require(balancing.hash_balance_factor == 0 || balancing.hash_balance_factor >= 100,
          "the average may be reached");
  Require(IsPercent(cluster.panic_threshold), "a threshold is a percentage");
  if (!balancing.slow_start.has_value()) return;
  Require(balancing.slow_start->window > absl::ZeroDuration() &&
              balancing.slow_start->aggression > 0 && balancing.slow_start->min_weight >= 0 &&
              balancing.slow_start->min_weight <= 1,
          "a slow start can be computed");
}

// What whoever makes subsets may rely on.
void CheckSubsets(const model::SubsetSelection& subsets) {
  Require(subsets.selectors.size() <= 100, "selectors are few");
  for (const model::SubsetSelection::Selector& selector : subsets.selectors) {
    Require(!selector.keys.empty(), "a selector has keys");
    Require(std::adjacent_find(selector.keys.begin(), selector.keys.end(),
                               std::greater_equal<>()) == selector.keys.end(),
            "keys are sorted, each once");
    const std::vector<std::string>& fewer = selector.fallback_keys;
    Require(fewer.empty() || (fewer.size() < selector.keys.size() &&
                              std::includes(selector.keys.begin(), selector.keys.end(),
                                            fewer.begin(), fewer.end())),
            "a call that falls back has fewer keys each time");
  }
}

// What the outlier detector may rely on.
void CheckOutlierDetection(const model::OutlierDetection& detection) {
  Require(detection.interval > absl::ZeroDuration(), "an interval is above zero");
  Require(detection.base_ejection_time >= absl::ZeroDuration() &&
              detection.max_ejection_time >= detection.base_ejection_time &&
              detection.max_ejection_time_jitter >= absl::ZeroDuration(),
          "ejections have their times");
  for (const uint32_t percent :
       {detection.max_ejection_percent, detection.consecutive_5xx.enforcing,
        detection.consecutive_gateway_failure.enforcing,
        detection.consecutive_local_origin_failure.enforcing, detection.success_rate.enforcing,
        detection.success_rate.enforcing_local_origin, detection.failure_percentage.threshold,
        detection.failure_percentage.enforcing,
        detection.failure_percentage.enforcing_local_origin}) {
    Require(IsPercent(percent), "a percentage is one");
  }
}

void CheckLimits(const model::Cluster& cluster) {
  for (const model::Thresholds& thresholds :
       {cluster.circuit_breakers.normal, cluster.circuit_breakers.high}) {
    Require(
        !thresholds.retry_budget.has_value() || (thresholds.retry_budget->budget_percent >= 0 &&
                                                 thresholds.retry_budget->budget_percent <= 100),
        "a budget is a percentage");
  }
  Require(cluster.connections.max_duration > absl::ZeroDuration(), "a connection may be used");
  Require(cluster.connections.idle_timeout > absl::ZeroDuration(), "a connection may be idle");
  const auto& keepalive = cluster.connections.keepalive;
  Require(!keepalive.has_value() ||
              (keepalive->interval >= absl::Milliseconds(1) &&
               keepalive->timeout >= absl::Milliseconds(1) && IsPercent(keepalive->jitter_percent)),
          "pings take time");
}

// What the health checker may rely on.
void CheckHealthCheck(const model::HealthCheck& check) {
  Require(check.timeout > absl::ZeroDuration() && check.interval > absl::ZeroDuration() &&
              check.no_traffic_interval > absl::ZeroDuration(),
          "a check takes time");
  Require(check.unhealthy_threshold > 0 && check.healthy_threshold > 0, "thresholds are counted");
  const auto* http = std::get_if<model::HealthCheck::Http>(&check.kind);
  if (http == nullptr) return;
  Require(absl::StartsWith(http->path, "/"), "a path is one");
  Require((http->path + http->host).find_first_of("\r\n ") == std::string::npos,
          "a request has one line");
  Require(!http->expected.empty(), "some status is healthy");
}

}  // namespace

bool IsWireFormat() { return true; }

void RunInput(absl::string_view input) {
  for (const Profile profile : kProfiles) {
    const auto cluster =
        xds::ModelOf<model::Cluster>(CheckedDecode(*TypesOf(profile).cluster, input).resource);
    if (cluster == nullptr) continue;
    Require(cluster->eds_service_name.empty() == (cluster->type != model::ClusterType::kEds),
            "its endpoints have a name if they are a resource");
    Require(
        (cluster->load_assignment != nullptr) == (cluster->type != model::ClusterType::kEds &&
                                                  cluster->type != model::ClusterType::kAggregate),
        "its endpoints are there if they are no resource");
    Require(cluster->aggregated.empty() == (cluster->type != model::ClusterType::kAggregate),
            "an aggregate has clusters");
    Require(cluster->connections.connect_timeout > absl::ZeroDuration(), "a timeout is above zero");
    CheckBalancing(*cluster);
    CheckLimits(*cluster);
    if (cluster->subsets != nullptr) CheckSubsets(*cluster->subsets);
    for (const model::HealthCheck& check : cluster->health_checks) CheckHealthCheck(check);
    if (cluster->outlier_detection.has_value()) CheckOutlierDetection(*cluster->outlier_detection);
  }
}

std::vector<std::string> Seeds() { return ClusterSeeds(); }

}  // namespace mesh::fuzz
