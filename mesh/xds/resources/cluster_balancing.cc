#include "mesh/xds/resources/cluster_balancing.h"

#include <memory>
#include <utility>

#include "mesh/xds/resources/common.h"
#include "mesh/xds/resources/load_balancing_policy.h"
#include "mesh/xds/resources/policy_settings.h"
#include "mesh/xds/resources/subsets.h"

namespace mesh::xds {
namespace {

using model::LbPolicy;
using model::LocalityWeighting;

LocalityWeighting Weighting(const proto::Cluster& cluster, const Decoding& decoding) {
  if (decoding.grpc()) {
    // There least_request is no child of wrr_locality, so it knows no weights (gRFC A48).
    return cluster.lb_policy() == proto::Cluster::LEAST_REQUEST ? LocalityWeighting::kIgnored
                                                                : LocalityWeighting::kByWeight;
  }
  if (cluster.common_lb_config().has_locality_weighted_lb_config()) {
    return LocalityWeighting::kByWeight;
  }
  return decoding.profile() == Profile::kMesh ? LocalityWeighting::kByWeightIfAny
                                              : LocalityWeighting::kIgnored;
}

template <typename Config>
void DecodeSlowStartOf(const Config& config, model::LoadBalancing* result, Decoding* decoding) {
  if (decoding->grpc()) return;
  const FieldErrors::Scope scope(&decoding->errors, "slow_start_config");
  result->slow_start = DecodeSlowStart(config.slow_start_config(), decoding);
}

// The policy that lb_policy names, with the configuration that stands beside it.
model::LoadBalancing DecodeNamedPolicy(const proto::Cluster& cluster, Decoding* decoding) {
  FieldErrors& errors = decoding->errors;
  const proto::Cluster::LbPolicy named = cluster.lb_policy();
  model::LoadBalancing result;
  if (named == proto::Cluster::ROUND_ROBIN) {
    const FieldErrors::Scope scope(&errors, "round_robin_lb_config");
    DecodeSlowStartOf(cluster.round_robin_lb_config(), &result, decoding);
  } else if (named == proto::Cluster::LEAST_REQUEST) {
    const FieldErrors::Scope scope(&errors, "least_request_lb_config");
    result.policy = LbPolicy::kLeastRequest;
    result.least_request = DecodeLeastRequest(cluster.least_request_lb_config(), decoding);
    DecodeSlowStartOf(cluster.least_request_lb_config(), &result, decoding);
  } else if (named == proto::Cluster::RING_HASH) {
    const FieldErrors::Scope scope(&errors, "ring_hash_lb_config");
    result.policy = LbPolicy::kRingHash;
    result.ring_hash = DecodeRingHash(cluster.ring_hash_lb_config(), decoding);
  } else if (named == proto::Cluster::MAGLEV && !decoding->grpc()) {
    const FieldErrors::Scope scope(&errors, "maglev_lb_config");
    result.policy = LbPolicy::kMaglev;
    result.maglev = DecodeMaglev(cluster.maglev_lb_config(), decoding);
  } else if (named == proto::Cluster::RANDOM && !decoding->grpc()) {
    result.policy = LbPolicy::kRandom;
  } else {
    errors.Add("lb_policy", NotSupported(named, proto::Cluster::LbPolicy_Name(named)));
  }
  if (result.hashes() && !decoding->grpc()) {
    const FieldErrors::Scope scope(&errors, "common_lb_config.consistent_hashing_lb_config");
    DecodeConsistentHashing(cluster.common_lb_config().consistent_hashing_lb_config(), &result,
                            decoding);
    // envoy upstream_impl.cc
    if (result.hashes_hostname && decoding->profile() == Profile::kEnvoy &&
        cluster.type() != proto::Cluster::STRICT_DNS) {
      errors.Add("use_hostname_for_hashing", "only of a cluster of type STRICT_DNS");
    }
  }
  return result;
}

// What load_balancing_policy says in its own way must not be said in the old one, too, as that
// would do nothing (envoy cluster.proto; Envoy refuses it).
void CheckSaidOnce(const proto::Cluster& cluster, Decoding* decoding) {
  const auto check = [&](absl::string_view field, bool there) {
    if (there) decoding->errors.Add(field, "not together with load_balancing_policy");
  };
  check("lb_subset_config", cluster.has_lb_subset_config());
  const FieldErrors::Scope scope(&decoding->errors, "common_lb_config");
  const proto::CommonLbConfig& common = cluster.common_lb_config();
  check("locality_weighted_lb_config", common.has_locality_weighted_lb_config());
  check("consistent_hashing_lb_config", common.has_consistent_hashing_lb_config());
  check("zone_aware_lb_config", common.has_zone_aware_lb_config());
}

void DecodeSubsetsOf(const proto::Cluster& cluster, Balancing* result, Decoding* decoding) {
  const proto::LbSubsetConfig& config = cluster.lb_subset_config();
  const FieldErrors::Scope scope(&decoding->errors, "lb_subset_config");
  if (config.locality_weight_aware() &&
      !cluster.common_lb_config().has_locality_weighted_lb_config()) {
    // envoy upstream_impl.cc
    decoding->errors.Add("locality_weight_aware", "without locality_weighted_lb_config");
  }
  std::shared_ptr<const model::SubsetSelection> subsets = DecodeSubsets(config, decoding);
  if (config.subset_selectors().empty()) return;  // then Envoy has no subsets
  result->subsets = std::move(subsets);
  result->weighting =
      WeightingInSubsets(result->weighting, config.locality_weight_aware(), *decoding);
}

Balancing DecodeBalancing(const proto::Cluster& cluster, Decoding* decoding) {
  if (!cluster.has_load_balancing_policy()) {
    Balancing result;
    result.policy = DecodeNamedPolicy(cluster, decoding);
    result.weighting = Weighting(cluster, *decoding);
    if (cluster.common_lb_config().has_zone_aware_lb_config()) {
      const FieldErrors::Scope scope(&decoding->errors, "common_lb_config");
      const auto& config = cluster.common_lb_config().zone_aware_lb_config();
      result.zone_aware = DecodeZoneAware(config, decoding);
      result.fail_traffic_on_panic = config.fail_traffic_on_panic();
    }
    if (cluster.has_lb_subset_config() && !decoding->grpc()) {
      DecodeSubsetsOf(cluster, &result, decoding);
    }
    return result;
  }
  if (!decoding->grpc()) CheckSaidOnce(cluster, decoding);
  const FieldErrors::Scope scope(&decoding->errors, "load_balancing_policy");
  return DecodeLoadBalancingPolicy(cluster.load_balancing_policy(), decoding);
}

}  // namespace

void DecodeClusterBalancing(const proto::Cluster& cluster, Decoding* decoding,
                            model::Cluster* result) {
  const Balancing balancing = DecodeBalancing(cluster, decoding);
  result->balancing = balancing.policy;
  result->locality_weighting = balancing.weighting;
  result->subsets = balancing.subsets;
  if (decoding->grpc()) {
    result->weigh_localities_by_availability = false;
    result->weigh_endpoints = false;  // gRFC A42 gives them a meaning for ring_hash alone
    result->hashed_weights = model::HashedWeights::kInFixedPoint;
    result->priority_rule = model::PriorityRule::kFailover;  // gRFC A56
    result->panic_threshold = 0;
    return;
  }
  const proto::CommonLbConfig& common = cluster.common_lb_config();
  if (common.has_healthy_panic_threshold()) {
    const FieldErrors::Scope scope(&decoding->errors, "common_lb_config.healthy_panic_threshold");
    const double percent = DecodePercent(common.healthy_panic_threshold(), decoding);
    // Cut to whole percents, as the field's comment says.
    if (decoding->errors.ok()) result->panic_threshold = static_cast<uint32_t>(percent);
  }
  result->fail_traffic_on_panic = balancing.fail_traffic_on_panic && !balancing.policy.hashes();
  if (!balancing.policy.hashes() && balancing.policy.policy != model::LbPolicy::kPickFirst) {
    result->zone_aware = balancing.zone_aware;
  }
  result->ignore_new_until_checked = common.ignore_new_hosts_until_first_hc();
}

}  // namespace mesh::xds
