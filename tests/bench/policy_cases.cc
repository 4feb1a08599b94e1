#include "tests/bench/policy_cases.h"

namespace mesh::bench {
namespace {

using model::LbPolicy;

model::LoadBalancing Of(LbPolicy policy, uint32_t hash_balance_factor = 0) {
  model::LoadBalancing balancing;
  balancing.policy = policy;
  balancing.hash_balance_factor = hash_balance_factor;
  return balancing;
}

model::Thresholds Unlimited() {
  model::Thresholds thresholds;
  thresholds.max_connections = thresholds.max_pending_requests = thresholds.max_requests =
      thresholds.max_retries = model::Thresholds::kNone;
  return thresholds;
}

}  // namespace

std::shared_ptr<const model::Cluster> PolicyCase::cluster() const {
  auto cluster = std::make_shared<model::Cluster>();
  cluster->balancing = balancing;
  cluster->circuit_breakers.normal = Unlimited();
  if (limited) cluster->circuit_breakers.normal.max_requests = 1024;
  return cluster;
}

std::vector<PolicyCase> PolicyCases() {
  constexpr bool kWeighted = true;
  constexpr uint32_t kBound = 150;  // percent of the average
  constexpr int kCalls = 3;
  return {
      {"round_robin", Of(LbPolicy::kRoundRobin)},
      {"round_robin_limited", Of(LbPolicy::kRoundRobin), false, 0, true},
      {"round_robin_weighted", Of(LbPolicy::kRoundRobin), kWeighted},
      {"client_side_weighted_round_robin", Of(LbPolicy::kClientSideWeightedRoundRobin)},
      {"random", Of(LbPolicy::kRandom)},
      {"random_weighted", Of(LbPolicy::kRandom), kWeighted},
      {"least_request", Of(LbPolicy::kLeastRequest)},
      {"least_request_loaded", Of(LbPolicy::kLeastRequest), false, kCalls},
      {"least_request_weighted", Of(LbPolicy::kLeastRequest), kWeighted},
      {"least_request_weighted_loaded", Of(LbPolicy::kLeastRequest), kWeighted, kCalls},
      {"ring_hash", Of(LbPolicy::kRingHash)},
      {"ring_hash_bounded", Of(LbPolicy::kRingHash, kBound)},
      {"ring_hash_bounded_loaded", Of(LbPolicy::kRingHash, kBound), false, kCalls},
      {"maglev", Of(LbPolicy::kMaglev)},
      {"maglev_bounded", Of(LbPolicy::kMaglev, kBound)},
      {"maglev_bounded_loaded", Of(LbPolicy::kMaglev, kBound), false, kCalls},
      {"pick_first", Of(LbPolicy::kPickFirst)},
  };
}

}  // namespace mesh::bench
