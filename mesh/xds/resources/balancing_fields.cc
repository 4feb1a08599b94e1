#include "mesh/xds/resources/declared_fields.h"

namespace mesh::xds {
namespace {

constexpr FieldDeclaration kCommonLbConfig[] = {
    Honoured(1, "healthy_panic_threshold", "cut to whole percents; absent: 50; 0: no panic")
        .AdvisoryInGrpc("gRPC has no panic"),
    Honoured(2, "zone_aware_lb_config").AdvisoryInGrpc(),
    Honoured(3, "locality_weighted_lb_config",
             "localities share by weight; refused together with load_balancing_policy")
        .AdvisoryInGrpc("localities share by weight, but for LEAST_REQUEST"),
    Advisory(4, "update_merge_window", "updates apply at once"),
    Honoured(5, "ignore_new_hosts_until_first_hc").AdvisoryInGrpc(),
    Advisory(6, "close_connections_on_host_set_change",
             "connections of endpoints that stay are kept"),
    Honoured(7, "consistent_hashing_lb_config",
             "of RING_HASH and MAGLEV; refused together with load_balancing_policy")
        .AdvisoryInGrpc(),
    Advisory(8, "override_host_status", "not there yet"),
};

// With Options::local_cluster, and where localities do not share by weight.
constexpr FieldDeclaration kZoneAware[] = {
    Honoured(1, "routing_enabled", "rounded to whole percents; absent: 100").AdvisoryInGrpc(),
    Honoured(2, "min_cluster_size", "absent: 6").AdvisoryInGrpc(),
    Honoured(3, "fail_traffic_on_panic", "of policies that do not hash"),
    Honoured(4, "force_locality_direct_routing", "as force_local_zone, which replaces it")
        .AdvisoryInGrpc(),
    Honoured(5, "force_local_zone").AdvisoryInGrpc(),
    Honoured(6, "locality_basis", "HEALTHY_HOSTS_NUM or HEALTHY_HOSTS_WEIGHT").AdvisoryInGrpc(),
};

constexpr FieldDeclaration kForceLocalZone[] = {
    Honoured(1, "min_size", "absent: 1"),
};

constexpr FieldDeclaration kClusterConsistentHashing[] = {
    Honoured(1, "use_hostname_for_hashing",
             "where an endpoint has a hostname and no hash_key (envoy: STRICT_DNS only)"),
    Honoured(2, "hash_balance_factor", "100 or more"),
};

constexpr FieldDeclaration kSlowStartConfig[] = {
    Honoured(1, "slow_start_window", "absent or 0: no slow start"),
    Honoured(2, "aggression", "above 0; absent: 1"),
    Honoured(3, "min_weight_percent", "absent: 10"),
};

constexpr FieldDeclaration kRoundRobinLbConfig[] = {
    Honoured(1, "slow_start_config"),
};

constexpr FieldDeclaration kLeastRequestLbConfig[] = {
    Honoured(1, "choice_count", "2 or more (grpc: up to 10)"),
    Honoured(2, "active_request_bias", "absent: 1").AdvisoryInGrpc(),
    Honoured(3, "slow_start_config").AdvisoryInGrpc(),
};

constexpr absl::string_view kMinimumRing =
    "1 to 8388608; absent: 1024; rings have up to 1048576 entries (envoy: 8388608; grpc: 4096)";
constexpr absl::string_view kMaximumRing =
    "not below the minimum; rings have up to 1048576 entries (envoy: 8388608; grpc: 4096)";

constexpr FieldDeclaration kRingHashLbConfig[] = {
    Honoured(1, "minimum_ring_size", kMinimumRing),
    Honoured(3, "hash_function", "XX_HASH; others are refused by name"),
    Honoured(4, "maximum_ring_size", kMaximumRing),
};

constexpr FieldDeclaration kMaglevLbConfig[] = {
    Honoured(1, "table_size", "prime, up to 5000011; absent: 65537"),
};

constexpr FieldDeclaration kLoadBalancingPolicy[] = {
    Honoured(1, "policies"),
};

constexpr FieldDeclaration kLoadBalancingPolicyPolicy[] = {
    Honoured(4, "typed_extension_config"),
};

constexpr FieldDeclaration kRoundRobin[] = {
    Honoured(1, "slow_start_config").AdvisoryInGrpc(),
    Honoured(2, "locality_lb_config").AdvisoryInGrpc("wrr_locality is read"),
};

constexpr FieldDeclaration kRandom[] = {
    Honoured(1, "locality_lb_config").AdvisoryInGrpc("wrr_locality is read"),
};

constexpr FieldDeclaration kLeastRequest[] = {
    Honoured(1, "choice_count", "2 or more (grpc: up to 10)"),
    Honoured(2, "active_request_bias", "absent: 1").AdvisoryInGrpc(),
    Honoured(3, "slow_start_config").AdvisoryInGrpc(),
    Honoured(4, "locality_lb_config").AdvisoryInGrpc("wrr_locality is read"),
    Honoured(5, "enable_full_scan").AdvisoryInGrpc(),
    Honoured(6, "selection_method").AdvisoryInGrpc(),
};

constexpr FieldDeclaration kRingHash[] = {
    Honoured(1, "hash_function", "XX_HASH; others are refused by name"),
    Honoured(2, "minimum_ring_size", kMinimumRing),
    Honoured(3, "maximum_ring_size", kMaximumRing),
    Honoured(4, "use_hostname_for_hashing",
             "where an endpoint has a hostname and no hash_key; "
             "consistent_hashing_lb_config replaces it")
        .AdvisoryInGrpc(),
    Honoured(5, "hash_balance_factor", "100 or more; consistent_hashing_lb_config replaces it")
        .AdvisoryInGrpc(),
    Honoured(6, "consistent_hashing_lb_config").AdvisoryInGrpc(),
    Honoured(7, "locality_weighted_lb_config")
        .AdvisoryInGrpc("localities share the ring by weight, always"),
};

constexpr FieldDeclaration kMaglev[] = {
    Honoured(1, "table_size", "prime, up to 5000011; absent: 65537"),
    Honoured(2, "consistent_hashing_lb_config"),
    Honoured(3, "locality_weighted_lb_config"),
};

constexpr FieldDeclaration kConsistentHashing[] = {
    Honoured(1, "use_hostname_for_hashing", "where an endpoint has a hostname and no hash_key"),
    Honoured(2, "hash_balance_factor", "100 or more"),
    Advisory(3, "hash_policy", "a route says what is hashed"),
};

constexpr FieldDeclaration kPickFirst[] = {
    Honoured(1, "shuffle_address_list"),
};

constexpr FieldDeclaration kClientSideWeightedRoundRobin[] = {
    Honoured(1, "enable_oob_load_report", "absent: the reports that come with calls count"),
    Honoured(2, "oob_reporting_period", "absent: 10 s; 0: as often as the server reports"),
    Honoured(3, "blackout_period", "absent: 10 s"),
    Honoured(4, "weight_expiration_period", "absent: 3 min"),
    Honoured(5, "weight_update_period", "100 ms or more; absent: 1 s"),
    Honoured(6, "error_utilization_penalty", "0 or more; absent: 1"),
    Honoured(7, "metric_names_for_computing_utilization", "100 at most").AdvisoryInGrpc(),
    Honoured(8, "slow_start_config").AdvisoryInGrpc(),
};

constexpr FieldDeclaration kWrrLocality[] = {
    Honoured(1, "endpoint_picking_policy"),
};

constexpr FieldDeclaration kLocalityLbConfig[] = {
    Honoured(1, "zone_aware_lb_config"),
    Honoured(2, "locality_weighted_lb_config"),
};

// In Profile::kGrpc none of these is looked at.
constexpr FieldDeclaration kSubset[] = {
    Honoured(1, "fallback_policy"),
    Honoured(2, "default_subset"),
    Honoured(3, "subset_selectors", "100 at most; of those with the same keys the first counts"),
    Honoured(4, "locality_weight_aware",
             "absent: localities share as the policy in the subsets says (envoy: without weights)"),
    Honoured(5, "scale_locality_weight", "where localities share by weight"),
    Honoured(6, "panic_mode_any"),
    Honoured(7, "list_as_any"),
    Honoured(8, "metadata_fallback_policy", "FALLBACK_LIST: 32 alternatives at most"),
    Honoured(9, "subset_lb_policy"),
    Honoured(10, "allow_redundant_keys"),
};

constexpr FieldDeclaration kLbSubsetSelector[] = {
    Honoured(1, "keys", "in any order; a selector without keys selects nothing"),
    Honoured(2, "fallback_policy"),
    Honoured(3, "fallback_keys_subset", "some of the keys, not all; only with KEYS_SUBSET"),
    Honoured(4, "single_host_per_subset",
             "at each priority the first endpoint by address takes the calls"),
};

constexpr MessageDeclaration kMessages[] = {
    {"CommonLbConfig", "envoy.config.cluster.v3.Cluster.CommonLbConfig", kCommonLbConfig},
    {"RoundRobinLbConfig", "envoy.config.cluster.v3.Cluster.RoundRobinLbConfig",
     kRoundRobinLbConfig},
    {"LeastRequestLbConfig", "envoy.config.cluster.v3.Cluster.LeastRequestLbConfig",
     kLeastRequestLbConfig},
    {"RingHashLbConfig", "envoy.config.cluster.v3.Cluster.RingHashLbConfig", kRingHashLbConfig},
    {"MaglevLbConfig", "envoy.config.cluster.v3.Cluster.MaglevLbConfig", kMaglevLbConfig},
    {"LoadBalancingPolicy", "envoy.config.cluster.v3.LoadBalancingPolicy", kLoadBalancingPolicy},
    {"LoadBalancingPolicy.Policy", "envoy.config.cluster.v3.LoadBalancingPolicy.Policy",
     kLoadBalancingPolicyPolicy},
    {"RoundRobin", "envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin",
     kRoundRobin},
    {"Random", "envoy.extensions.load_balancing_policies.random.v3.Random", kRandom},
    {"LeastRequest", "envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest",
     kLeastRequest},
    {"RingHash", "envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash", kRingHash},
    {"Maglev", "envoy.extensions.load_balancing_policies.maglev.v3.Maglev", kMaglev},
    {"PickFirst", "envoy.extensions.load_balancing_policies.pick_first.v3.PickFirst", kPickFirst},
    {"ClientSideWeightedRoundRobin",
     "envoy.extensions.load_balancing_policies.client_side_weighted_round_robin.v3."
     "ClientSideWeightedRoundRobin",
     kClientSideWeightedRoundRobin},
    {"WrrLocality", "envoy.extensions.load_balancing_policies.wrr_locality.v3.WrrLocality",
     kWrrLocality},
    {"Subset", "envoy.extensions.load_balancing_policies.subset.v3.Subset", kSubset},
    {"LbSubsetSelector",
     "envoy.extensions.load_balancing_policies.subset.v3.Subset.LbSubsetSelector",
     kLbSubsetSelector},
    {"LbSubsetConfig", "envoy.config.cluster.v3.Cluster.LbSubsetConfig",
     absl::MakeConstSpan(kSubset, 8)},
    {"LbSubsetSelector", "envoy.config.cluster.v3.Cluster.LbSubsetConfig.LbSubsetSelector",
     kLbSubsetSelector},
    {"LocalityLbConfig", "envoy.extensions.load_balancing_policies.common.v3.LocalityLbConfig",
     kLocalityLbConfig},
    {"LocalityLbConfig.ZoneAwareLbConfig",
     "envoy.extensions.load_balancing_policies.common.v3.LocalityLbConfig.ZoneAwareLbConfig",
     kZoneAware},
    {"LocalityLbConfig.ZoneAwareLbConfig.ForceLocalZone",
     "envoy.extensions.load_balancing_policies.common.v3.LocalityLbConfig.ZoneAwareLbConfig."
     "ForceLocalZone",
     kForceLocalZone},
    {"LocalityLbConfig.ZoneAwareLbConfig",
     "envoy.config.cluster.v3.Cluster.CommonLbConfig.ZoneAwareLbConfig",
     absl::MakeConstSpan(kZoneAware, 3)},
    {"LocalityLbConfig.LocalityWeightedLbConfig",
     "envoy.extensions.load_balancing_policies.common.v3.LocalityLbConfig.LocalityWeightedLbConfig",
     {}},
    {"ConsistentHashingLbConfig",
     "envoy.extensions.load_balancing_policies.common.v3.ConsistentHashingLbConfig",
     kConsistentHashing},
    // Where one message of ours stands for two official ones, the first of the two is obeyed.
    {"ConsistentHashingLbConfig",
     "envoy.config.cluster.v3.Cluster.CommonLbConfig.ConsistentHashingLbConfig",
     kClusterConsistentHashing},
    {"SlowStartConfig", "envoy.extensions.load_balancing_policies.common.v3.SlowStartConfig",
     kSlowStartConfig},
    {"SlowStartConfig", "envoy.config.cluster.v3.Cluster.SlowStartConfig", kSlowStartConfig},
};

}  // namespace

absl::Span<const MessageDeclaration> BalancingFields() { return kMessages; }

}  // namespace mesh::xds
