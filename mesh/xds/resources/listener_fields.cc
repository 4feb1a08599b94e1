#include "mesh/xds/resources/declared_fields.h"

namespace mesh::xds {
namespace {

constexpr FieldDeclaration kListener[] = {
    Honoured(1, "name"),
    Advisory(2, "address", "for servers only"),
    Advisory(3, "filter_chains", "for servers only"),
    Advisory(4, "use_original_dst", "for servers only"),
    Advisory(5, "per_connection_buffer_limit_bytes", "for servers only"),
    Advisory(6, "metadata", "nothing reads it yet"),
    Advisory(7, "deprecated_v1", "for servers only"),
    Advisory(8, "drain_type", "for servers only"),
    Advisory(9, "listener_filters", "for servers only"),
    Advisory(10, "transparent", "for servers only"),
    Advisory(11, "freebind", "for servers only"),
    Advisory(12, "tcp_fast_open_queue_length", "for servers only"),
    Advisory(13, "socket_options", "for servers only"),
    Advisory(15, "listener_filters_timeout", "for servers only"),
    Advisory(16, "traffic_direction", "for servers only"),
    Advisory(17, "continue_on_listener_filters_timeout", "for servers only"),
    Advisory(18, "udp_listener_config", "for servers only"),
    Honoured(19, "api_listener"),
    Advisory(20, "connection_balance_config", "for servers only"),
    Advisory(21, "reuse_port", "for servers only"),
    Advisory(22, "access_log", "for servers only"),
    Advisory(24, "tcp_backlog_size", "for servers only"),
    Advisory(25, "default_filter_chain", "for servers only"),
    Advisory(26, "bind_to_port", "for servers only"),
    Advisory(27, "internal_listener", "for servers only"),
    Advisory(28, "stat_prefix", "for servers only"),
    Advisory(29, "enable_reuse_port", "for servers only"),
    Advisory(30, "enable_mptcp", "for servers only"),
    Advisory(31, "ignore_global_conn_limit", "for servers only"),
    Advisory(32, "filter_chain_matcher", "for servers only"),
    Advisory(33, "additional_addresses", "for servers only"),
    Advisory(34, "max_connections_to_accept_per_socket_event", "for servers only"),
    Advisory(35, "bypass_overload_manager", "for servers only"),
    Advisory(36, "fcds_config", "for servers only"),
};

constexpr FieldDeclaration kApiListener[] = {
    Honoured(1, "api_listener", "an HttpConnectionManager"),
};

constexpr FieldDeclaration kHttpConnectionManager[] = {
    Advisory(1, "codec_type", "calls are HTTP/2, always"),
    Advisory(2, "stat_prefix", "for proxies only"),
    Honoured(3, "rds"),
    Honoured(4, "route_config"),
    Honoured(
        5, "http_filters",
        "the router, and a fault filter without faults; an unknown one is refused unless optional"),
    Advisory(6, "add_user_agent", "for proxies only"),
    Advisory(7, "tracing", "tracing is not there yet"),
    Advisory(8, "http_protocol_options", "for proxies only"),
    Advisory(9, "http2_protocol_options", "the endpoint connections have gRPC's settings"),
    Advisory(10, "server_name", "for proxies only"),
    Advisory(12, "drain_timeout", "for proxies only"),
    Advisory(13, "access_log", "access logs are not there yet"),
    Advisory(14, "use_remote_address", "for proxies only"),
    Advisory(15, "generate_request_id", "for proxies only"),
    Advisory(16, "forward_client_cert_details", "for proxies only"),
    Advisory(17, "set_current_client_cert_details", "for proxies only"),
    Advisory(18, "proxy_100_continue", "for proxies only"),
    Refused(19, "xff_num_trusted_hops", "must be 0, gRFC A41"),
    Advisory(20, "represent_ipv4_remote_address_as_ipv4_mapped_ipv6", "for proxies only"),
    Advisory(21, "skip_xff_append", "for proxies only"),
    Advisory(22, "via", "for proxies only"),
    Advisory(23, "upgrade_configs", "for proxies only"),
    Advisory(24, "stream_idle_timeout", "calls end with their deadline"),
    Advisory(25, "internal_address_config", "for proxies only"),
    Advisory(26, "delayed_close_timeout", "for proxies only"),
    Advisory(28, "request_timeout", "calls end with their deadline"),
    Advisory(29, "max_request_headers_kb", "for proxies only"),
    Advisory(30, "normalize_path", "for proxies only"),
    Refused(31, "scoped_routes", "scoped routes are not there yet"),
    Advisory(32, "preserve_external_request_id", "for proxies only"),
    Advisory(33, "merge_slashes", "for proxies only"),
    Advisory(34, "server_header_transformation", "for proxies only"),
    Advisory(35, "common_http_protocol_options", "limits of connections are not there yet"),
    Advisory(36, "request_id_extension", "for proxies only"),
    Advisory(37, "always_set_request_id_in_response", "for proxies only"),
    Advisory(38, "local_reply_config", "for proxies only"),
    Advisory(39, "strip_matching_host_port", "for proxies only"),
    Advisory(40, "stream_error_on_invalid_http_message", "for proxies only"),
    Advisory(41, "request_headers_timeout", "calls end with their deadline"),
    Advisory(42, "strip_any_host_port", "for proxies only"),
    Advisory(43, "path_normalization_options", "for proxies only"),
    Advisory(44, "http3_protocol_options", "for proxies only"),
    Advisory(45, "path_with_escaped_slashes_action", "for proxies only"),
    Refused(46, "original_ip_detection_extensions", "must be empty, gRFC A41"),
    Advisory(47, "strip_trailing_host_dot", "for proxies only"),
    Advisory(48, "scheme_header_transformation", "for proxies only"),
    Advisory(49, "proxy_status_config", "for proxies only"),
    Advisory(50, "typed_header_validation_config", "for proxies only"),
    Advisory(51, "append_x_forwarded_port", "for proxies only"),
    Advisory(52, "early_header_mutation_extensions", "headers are not changed yet"),
    Advisory(53, "add_proxy_protocol_connection_state", "for proxies only"),
    Advisory(54, "access_log_flush_interval", "for proxies only"),
    Advisory(55, "flush_access_log_on_new_request", "for proxies only"),
    Advisory(56, "access_log_options", "for proxies only"),
    Advisory(57, "append_local_overload", "for proxies only"),
    Advisory(58, "http1_safe_max_connection_duration", "for proxies only"),
    Advisory(59, "stream_flush_timeout", "for proxies only"),
    Advisory(60, "forward_client_cert_matcher", "for proxies only"),
};

constexpr FieldDeclaration kRds[] = {
    Honoured(1, "config_source"),
    Honoured(2, "route_config_name"),
};

constexpr FieldDeclaration kHttpFilter[] = {
    Honoured(1, "name"),
    Honoured(4, "typed_config"),
    Refused(5, "config_discovery", "the configuration must be in the listener"),
    Honoured(6, "is_optional"),
    Honoured(7, "disabled", "of the router: refused (grpc: no effect)"),
};

constexpr FieldDeclaration kRouter[] = {
    Advisory(1, "dynamic_stats", "statistics are per cluster, always"),
    Advisory(2, "start_child_span", "tracing is not there yet"),
    Advisory(3, "upstream_log", "access logs are not there yet"),
    Advisory(4, "suppress_envoy_headers", "for proxies only"),
    Advisory(5, "strict_check_headers", "for proxies only"),
    Advisory(6, "respect_expected_rq_timeout", "for proxies only"),
    Advisory(7, "suppress_grpc_request_failure_code_stats", "for proxies only"),
    Refused(8, "upstream_http_filters", "filters below the router are not there yet")
        .AdvisoryInGrpc(),
    Advisory(9, "upstream_log_options", "access logs are not there yet"),
};

constexpr MessageDeclaration kMessages[] = {
    {"Listener", "envoy.config.listener.v3.Listener", kListener},
    {"ApiListener", "envoy.config.listener.v3.ApiListener", kApiListener},
    {"HttpConnectionManager",
     "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
     kHttpConnectionManager},
    {"Rds", "envoy.extensions.filters.network.http_connection_manager.v3.Rds", kRds},
    {"HttpFilter", "envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter",
     kHttpFilter},
    {"Router", "envoy.extensions.filters.http.router.v3.Router", kRouter},
};

}  // namespace

absl::Span<const MessageDeclaration> ListenerFields() { return kMessages; }

}  // namespace mesh::xds
