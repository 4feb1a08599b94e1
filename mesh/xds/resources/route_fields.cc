#include "mesh/xds/resources/declared_fields.h"

namespace mesh::xds {
namespace {

constexpr FieldDeclaration kRouteConfiguration[] = {
    Honoured(1, "name"),
    Honoured(2, "virtual_hosts"),
    Advisory(3, "internal_only_headers", "for proxies only"),
    Advisory(4, "response_headers_to_add", "headers are not changed yet"),
    Advisory(5, "response_headers_to_remove", "headers are not changed yet"),
    Advisory(6, "request_headers_to_add", "headers are not changed yet"),
    Advisory(7, "validate_clusters", "a cluster that is not there fails the calls that need it"),
    Advisory(8, "request_headers_to_remove", "headers are not changed yet"),
    Refused(9, "vhds", "virtual hosts on demand are not there yet").AdvisoryInGrpc(),
    Advisory(10, "most_specific_header_mutations_wins", "headers are not changed yet"),
    Advisory(11, "max_direct_response_body_size_bytes", "for proxies only"),
    Honoured(12, "cluster_specifier_plugins", "none is known: refused unless optional"),
    Advisory(13, "request_mirror_policies", "mirroring is not there yet"),
    Advisory(14, "ignore_port_in_host_matching", "the target's name is compared whole"),
    Advisory(15, "ignore_path_parameters_in_path_matching", "paths of calls have no parameters"),
    Honoured(16, "typed_per_filter_config",
             "filters that are known; an unknown one is refused unless optional")
        .AdvisoryInGrpc(),
    Advisory(17, "metadata", "nothing reads it yet"),
    Refused(18, "vhost_header", "the target's name chooses the virtual host").AdvisoryInGrpc(),
};

constexpr FieldDeclaration kVirtualHost[] = {
    Honoured(1, "name"),
    Honoured(2, "domains"),
    Honoured(3, "routes"),
    Advisory(4, "require_tls", "for servers only"),
    Advisory(5, "virtual_clusters", "statistics are per cluster, always"),
    Advisory(6, "rate_limits", "rate limits are not there yet"),
    Advisory(7, "request_headers_to_add", "headers are not changed yet"),
    Advisory(8, "cors", "for browsers"),
    Advisory(10, "response_headers_to_add", "headers are not changed yet"),
    Advisory(11, "response_headers_to_remove", "headers are not changed yet"),
    Advisory(13, "request_headers_to_remove", "headers are not changed yet"),
    Advisory(14, "include_request_attempt_count", "for proxies only"),
    Honoured(15, "typed_per_filter_config",
             "filters that are known; an unknown one is refused unless optional"),
    Honoured(16, "retry_policy"),
    Advisory(17, "hedge_policy", "hedging is not there yet"),
    Advisory(18, "per_request_buffer_limit_bytes", "for proxies only"),
    Advisory(19, "include_attempt_count_in_response", "for proxies only"),
    Advisory(20, "retry_policy_typed_config", "retry_policy is read"),
    Refused(21, "matcher", "routes are a list").AdvisoryInGrpc(),
    Advisory(22, "request_mirror_policies", "mirroring is not there yet"),
    Advisory(23, "include_is_timeout_retry_header", "for proxies only"),
    Advisory(24, "metadata", "nothing reads it yet"),
    Advisory(25, "request_body_buffer_limit", "for proxies only"),
};

constexpr FieldDeclaration kRoute[] = {
    Honoured(1, "match"),
    Honoured(2, "route"),
    Refused(3, "redirect", "a call cannot be redirected"),
    Advisory(4, "metadata", "nothing reads it yet"),
    Advisory(5, "decorator", "tracing is not there yet"),
    Refused(7, "direct_response", "direct responses are not there yet"),
    Advisory(9, "request_headers_to_add", "headers are not changed yet"),
    Advisory(10, "response_headers_to_add", "headers are not changed yet"),
    Advisory(11, "response_headers_to_remove", "headers are not changed yet"),
    Advisory(12, "request_headers_to_remove", "headers are not changed yet"),
    Honoured(13, "typed_per_filter_config",
             "filters that are known; an unknown one is refused unless optional"),
    Honoured(14, "name", "for explanations"),
    Advisory(15, "tracing", "tracing is not there yet"),
    Advisory(16, "per_request_buffer_limit_bytes", "for proxies only"),
    Refused(17, "filter_action", "a route must name a cluster"),
    Refused(18, "non_forwarding_action", "for servers only"),
    Advisory(19, "stat_prefix", "statistics are per cluster, always"),
    Advisory(20, "request_body_buffer_limit", "for proxies only"),
};

constexpr FieldDeclaration kRouteMatch[] = {
    Honoured(1, "prefix"),
    Honoured(2, "path"),
    Honoured(4, "case_sensitive"),
    Refused(6, "headers", "header matchers are not there yet"),
    Advisory(7, "query_parameters", "a call has none: the route is skipped"),
    Honoured(8, "grpc", "every call is a gRPC call"),
    Refused(9, "runtime_fraction", "fractions of calls are not there yet"),
    Honoured(10, "safe_regex", "RE2, of the whole path"),
    Refused(11, "tls_context", "for servers only").AdvisoryInGrpc(),
    Refused(12, "connect_matcher", "a call is no CONNECT request"),
    Refused(13, "dynamic_metadata", "no filter sets it").AdvisoryInGrpc(),
    Refused(14, "path_separated_prefix", "not there yet"),
    Refused(15, "path_match_policy", "not there yet"),
    Refused(16, "filter_state", "no filter sets it").AdvisoryInGrpc(),
};

constexpr FieldDeclaration kRegexMatcher[] = {
    Advisory(1, "google_re2", "RE2 is all there is"),
    Honoured(2, "regex"),
};

constexpr FieldDeclaration kRouteAction[] = {
    Honoured(1, "cluster"),
    Advisory(2, "cluster_header", "not there yet: the route is skipped"),
    Honoured(3, "weighted_clusters"),
    Honoured(4, "metadata_match", "envoy.lb, 32 keys at most").AdvisoryInGrpc(),
    Refused(5, "prefix_rewrite", "paths are not rewritten: the call would run another method")
        .AdvisoryInGrpc(),
    Advisory(6, "host_rewrite_literal", "the authority is not rewritten yet"),
    Advisory(7, "auto_host_rewrite", "the authority is not rewritten yet"),
    Honoured(8, "timeout",
             "of the whole call; max_stream_duration replaces it; absent: none (envoy: 15 s)")
        .AdvisoryInGrpc("has no effect in gRPC (gRFC A31)"),
    Honoured(9, "retry_policy"),
    Honoured(11, "priority", "whose circuit breakers apply").AdvisoryInGrpc(),
    Advisory(13, "rate_limits", "rate limits are not there yet"),
    Advisory(14, "include_vh_rate_limits", "rate limits are not there yet"),
    Advisory(15, "hash_policy", "policies that hash are not there yet"),
    Advisory(17, "cors", "for browsers"),
    Advisory(20, "cluster_not_found_response_code", "UNAVAILABLE, always"),
    Advisory(23, "max_grpc_timeout", "max_stream_duration is read"),
    Advisory(24, "idle_timeout", "calls end with their deadline"),
    Advisory(25, "upgrade_configs", "calls are HTTP/2, always"),
    Advisory(26, "internal_redirect_action", "a call cannot be redirected"),
    Advisory(27, "hedge_policy", "hedging is not there yet"),
    Advisory(28, "grpc_timeout_offset", "max_stream_duration is read"),
    Advisory(29, "host_rewrite_header", "the authority is not rewritten yet"),
    Advisory(30, "request_mirror_policies", "mirroring is not there yet"),
    Advisory(31, "max_internal_redirects", "a call cannot be redirected"),
    Refused(32, "regex_rewrite", "paths are not rewritten: the call would run another method")
        .AdvisoryInGrpc(),
    Advisory(33, "retry_policy_typed_config", "retry_policy is read"),
    Advisory(34, "internal_redirect_policy", "a call cannot be redirected"),
    Advisory(35, "host_rewrite_path_regex", "the authority is not rewritten yet"),
    Honoured(36, "max_stream_duration"),
    Advisory(37, "cluster_specifier_plugin", "checked; none is known: the route is skipped"),
    Advisory(38, "append_x_forwarded_host", "for proxies only"),
    Advisory(39, "inline_cluster_specifier_plugin", "none is known: the route is skipped"),
    Advisory(40, "early_data_policy", "for proxies only"),
    Refused(41, "path_rewrite_policy", "paths are not rewritten: the call would run another method")
        .AdvisoryInGrpc(),
    Advisory(42, "flush_timeout", "calls end with their deadline"),
    Advisory(44, "host_rewrite", "the authority is not rewritten yet"),
    Refused(45, "path_rewrite", "paths are not rewritten: the call would run another method")
        .AdvisoryInGrpc(),
};

constexpr FieldDeclaration kRouteActionMaxStreamDuration[] = {
    Honoured(1, "max_stream_duration"),
    Honoured(2, "grpc_timeout_header_max", "preferred to max_stream_duration (gRFC A31)"),
    Advisory(3, "grpc_timeout_header_offset", "not there yet"),
};

constexpr FieldDeclaration kWeightedCluster[] = {
    Honoured(1, "clusters"),
    Advisory(2, "runtime_key_prefix", "there is no runtime layer"),
    Advisory(3, "total_weight", "weights are relative to their sum"),
    Advisory(4, "header_name", "the choice is random"),
    Advisory(5, "use_hash_policy", "the choice is random"),
};

constexpr FieldDeclaration kWeightedClusterClusterWeight[] = {
    Honoured(1, "name"),
    Honoured(2, "weight", "absent or 0: no calls"),
    Honoured(3, "metadata_match", "its keys replace those of the route").AdvisoryInGrpc(),
    Advisory(4, "request_headers_to_add", "headers are not changed yet"),
    Advisory(5, "response_headers_to_add", "headers are not changed yet"),
    Advisory(6, "response_headers_to_remove", "headers are not changed yet"),
    Advisory(9, "request_headers_to_remove", "headers are not changed yet"),
    Honoured(10, "typed_per_filter_config",
             "filters that are known; an unknown one is refused unless optional"),
    Advisory(11, "host_rewrite_literal", "the authority is not rewritten yet"),
    Refused(12, "cluster_header", "not there yet").AdvisoryInGrpc(),
};

constexpr FieldDeclaration kRetryPolicy[] = {
    Honoured(1, "retry_on",
             "cancelled, deadline-exceeded, internal, resource-exhausted, unavailable; others are "
             "listed"),
    Honoured(2, "num_retries", "1 to 2^32-1; absent: 1 (grpc: 4 at most)"),
    Advisory(3, "per_try_timeout", "tries have no timeout of their own yet"),
    Advisory(4, "retry_priority", "not there yet"),
    Advisory(5, "retry_host_predicate", "not there yet"),
    Advisory(6, "host_selection_retry_max_attempts", "not there yet"),
    Advisory(7, "retriable_status_codes", "codes of HTTP"),
    Advisory(8, "retry_back_off", "checked; retries do not wait yet"),
    Advisory(9, "retriable_headers", "not there yet"),
    Advisory(10, "retriable_request_headers", "not there yet"),
    Advisory(11, "rate_limited_retry_back_off", "retries do not wait yet"),
    Advisory(12, "retry_options_predicates", "not there yet"),
    Advisory(13, "per_try_idle_timeout", "tries have no timeout of their own yet"),
};

constexpr FieldDeclaration kClusterSpecifierPlugin[] = {
    Honoured(1, "extension"),
    Honoured(2, "is_optional"),
};

constexpr FieldDeclaration kPerFilterConfig[] = {
    Honoured(1, "key"),
    Honoured(2, "value"),
};

constexpr FieldDeclaration kFilterConfig[] = {
    Honoured(1, "config"),
    Honoured(2, "is_optional"),
    Advisory(3, "disabled", "no filter can be switched off yet"),
};

constexpr MessageDeclaration kMessages[] = {
    {"RouteConfiguration", "envoy.config.route.v3.RouteConfiguration", kRouteConfiguration},
    {"VirtualHost", "envoy.config.route.v3.VirtualHost", kVirtualHost},
    {"Route", "envoy.config.route.v3.Route", kRoute},
    {"RouteMatch", "envoy.config.route.v3.RouteMatch", kRouteMatch},
    {"RouteMatch.GrpcRouteMatchOptions",
     "envoy.config.route.v3.RouteMatch.GrpcRouteMatchOptions",
     {}},
    {"RegexMatcher", "envoy.type.matcher.v3.RegexMatcher", kRegexMatcher},
    {"RouteAction", "envoy.config.route.v3.RouteAction", kRouteAction},
    {"RouteAction.MaxStreamDuration", "envoy.config.route.v3.RouteAction.MaxStreamDuration",
     kRouteActionMaxStreamDuration},
    {"WeightedCluster", "envoy.config.route.v3.WeightedCluster", kWeightedCluster},
    {"WeightedCluster.ClusterWeight", "envoy.config.route.v3.WeightedCluster.ClusterWeight",
     kWeightedClusterClusterWeight},
    {"RetryPolicy", "envoy.config.route.v3.RetryPolicy", kRetryPolicy},
    {"ClusterSpecifierPlugin", "envoy.config.route.v3.ClusterSpecifierPlugin",
     kClusterSpecifierPlugin},
    {"PerFilterConfig", "", kPerFilterConfig},
    {"FilterConfig", "envoy.config.route.v3.FilterConfig", kFilterConfig},
};

}  // namespace

absl::Span<const MessageDeclaration> RouteFields() { return kMessages; }

}  // namespace mesh::xds
