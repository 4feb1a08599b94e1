#include "mesh/xds/resources/declared_fields.h"

namespace mesh::xds {
namespace {

constexpr FieldDeclaration kCluster[] = {
    Honoured(1, "name"),
    Honoured(
        2, "type",
        "EDS, STATIC, STRICT_DNS, LOGICAL_DNS (grpc: EDS, LOGICAL_DNS); ORIGINAL_DST is refused"),
    Honoured(3, "eds_cluster_config"),
    Honoured(4, "connect_timeout", "absent: 5 s").AdvisoryInGrpc("20 s, always"),
    Advisory(5, "per_connection_buffer_limit_bytes",
             "the endpoint connections have gRPC's settings"),
    Honoured(
        6, "lb_policy",
        "ROUND_ROBIN, LEAST_REQUEST, RING_HASH, MAGLEV, RANDOM (grpc: the first three); others "
        "are refused by name"),
    Honoured(8, "health_checks", "16 at most (envoy: one)").AdvisoryInGrpc(),
    Honoured(9, "max_requests_per_connection",
             "where common_http_protocol_options has none; 0: none")
        .AdvisoryInGrpc(),
    Honoured(10, "circuit_breakers"),
    Advisory(13, "http_protocol_options", "the endpoint connections have gRPC's settings"),
    Honoured(14, "http2_protocol_options",
             "not beside HttpProtocolOptions in typed_extension_protocol_options")
        .AdvisoryInGrpc(),
    Honoured(16, "dns_refresh_rate", "of endpoints that have names; 1 s at least; absent: 5 s")
        .AdvisoryInGrpc("30 s, always"),
    Honoured(17, "dns_lookup_family", "of endpoints that have names")
        .AdvisoryInGrpc("addresses of both kinds, always"),
    Advisory(18, "dns_resolvers", "the system's DNS servers are asked"),
    Honoured(19, "outlier_detection"),
    Advisory(20, "cleanup_interval", "for ORIGINAL_DST"),
    Advisory(21, "upstream_bind_config", "the endpoint connections have gRPC's settings"),
    Honoured(22, "lb_subset_config", "refused together with load_balancing_policy")
        .AdvisoryInGrpc(),
    Honoured(23, "ring_hash_lb_config", "of RING_HASH"),
    Refused(24, "transport_socket",
            "TLS is not there yet, and calls never go out in plaintext instead"),
    Advisory(25, "metadata", "nothing reads it yet"),
    Advisory(26, "protocol_selection", "the endpoint connections have gRPC's settings"),
    Honoured(27, "common_lb_config"),
    Advisory(28, "alt_stat_name", "statistics carry the cluster's name"),
    Honoured(29, "common_http_protocol_options",
             "not beside HttpProtocolOptions in typed_extension_protocol_options")
        .AdvisoryInGrpc(),
    Advisory(30, "upstream_connection_options",
             "gRPC makes the sockets; instead of tcp_keepalive, connection_keepalive"),
    Advisory(31, "close_connections_on_host_health_failure", "not there yet"),
    Advisory(32, "ignore_health_on_host_removal",
             "an endpoint that is removed takes no more calls"),
    Honoured(33, "load_assignment", "of STATIC, STRICT_DNS and LOGICAL_DNS"),
    Advisory(34, "original_dst_lb_config", "for ORIGINAL_DST"),
    Honoured(36, "typed_extension_protocol_options", "HttpProtocolOptions; others are listed")
        .AdvisoryInGrpc(),
    Honoured(37, "least_request_lb_config", "of LEAST_REQUEST"),
    Honoured(38, "cluster_type",
             "envoy.clusters.aggregate, whose clusters have all other fields; others are refused"),
    Honoured(39, "respect_dns_ttl", "of endpoints that have names")
        .AdvisoryInGrpc("asked for every 30 s, always"),
    Refused(40, "filters", "network filters are not there yet").AdvisoryInGrpc(),
    Honoured(
        41, "load_balancing_policy",
        "the first that is known (gRFC A52): round_robin, least_request, ring_hash, pick_first, "
        "wrr_locality, client_side_weighted_round_robin, maglev, random, subset (grpc: all but the "
        "last three)"),
    Advisory(42, "lrs_server", "checked; load reports are not there yet"),
    Refused(43, "transport_socket_matches",
            "TLS is not there yet, and calls never go out in plaintext instead"),
    Honoured(44, "dns_failure_refresh_rate", "of endpoints that have names; 1 s at least")
        .AdvisoryInGrpc("1 s to 120 s, always"),
    Advisory(45, "use_tcp_for_dns_lookups", "the system's DNS configuration decides"),
    Advisory(46, "upstream_http_protocol_options", "the endpoint connections have gRPC's settings"),
    Advisory(47, "track_timeout_budgets", "not there yet"),
    Refused(48, "upstream_config", "connections are made one way").AdvisoryInGrpc(),
    Advisory(49, "track_cluster_stats", "not there yet"),
    Advisory(50, "preconnect_policy", "the endpoint connections have gRPC's settings"),
    Advisory(51, "connection_pool_per_downstream_connection",
             "the endpoint connections have gRPC's settings"),
    Honoured(52, "maglev_lb_config", "of MAGLEV").AdvisoryInGrpc("MAGLEV is refused"),
    Advisory(53, "dns_resolution_config", "the system's DNS servers are asked"),
    Advisory(54, "wait_for_warm_on_init", "a route waits for its clusters, always"),
    Advisory(55, "typed_dns_resolver_config", "the system's DNS servers are asked"),
    Honoured(56, "round_robin_lb_config", "of ROUND_ROBIN").AdvisoryInGrpc(),
    Advisory(57, "lrs_report_endpoint_metrics", "load reports are not there yet"),
    Honoured(58, "dns_jitter", "of endpoints that have names")
        .AdvisoryInGrpc("asked for every 30 s, always"),
    Refused(59, "transport_socket_matcher",
            "TLS is not there yet, and calls never go out in plaintext instead"),
};

constexpr FieldDeclaration kClusterCustomClusterType[] = {
    Honoured(1, "name"),
    Honoured(2, "typed_config"),
};

constexpr FieldDeclaration kClusterRefreshRate[] = {
    Honoured(1, "base_interval"),
    Honoured(2, "max_interval", "absent: 10 times the base"),
};

constexpr FieldDeclaration kAggregateClusterConfig[] = {
    Honoured(1, "clusters"),
};

constexpr FieldDeclaration kClusterEdsClusterConfig[] = {
    Honoured(1, "eds_config"),
    Honoured(2, "service_name"),
};

constexpr MessageDeclaration kMessages[] = {
    {"Cluster", "envoy.config.cluster.v3.Cluster", kCluster},
    {"Cluster.CustomClusterType", "envoy.config.cluster.v3.Cluster.CustomClusterType",
     kClusterCustomClusterType},
    {"Cluster.RefreshRate", "envoy.config.cluster.v3.Cluster.RefreshRate", kClusterRefreshRate},
    {"AggregateClusterConfig", "envoy.extensions.clusters.aggregate.v3.ClusterConfig",
     kAggregateClusterConfig},
    {"Cluster.EdsClusterConfig", "envoy.config.cluster.v3.Cluster.EdsClusterConfig",
     kClusterEdsClusterConfig},
};

}  // namespace

absl::Span<const MessageDeclaration> ClusterFields() { return kMessages; }

}  // namespace mesh::xds
