#include "mesh/xds/resources/declared_fields.h"

namespace mesh::xds {
namespace {

constexpr absl::string_view kGrpcs = "the endpoint connections have gRPC's settings";
constexpr absl::string_view kProxies = "for proxies only";

constexpr FieldDeclaration kHttpProtocolOptions[] = {
    Honoured(1, "idle_timeout", "of connections besides the first; absent: 1 h; 0: none"),
    Advisory(2, "max_headers_count", kGrpcs),
    Honoured(3, "max_connection_duration", "absent or 0: as long as it lasts"),
    Advisory(4, "max_stream_duration", "a route says how long calls may last"),
    Advisory(5, "headers_with_underscores_action", kGrpcs),
    Honoured(6, "max_requests_per_connection", "0: none"),
    Advisory(7, "max_response_headers_kb", kGrpcs),
};

constexpr FieldDeclaration kKeepaliveSettings[] = {
    Honoured(1, "interval", "1 ms or more, in effect 1 s; absent: 5.5 min, only with calls"),
    Honoured(2, "timeout", "must be there; 1 ms or more"),
    Honoured(3, "interval_jitter", "absent: 15; drawn once for each connection"),
    Advisory(4, "connection_idle_interval",
             "no ping before a call; what is not acknowledged within timeout ends the connection"),
};

constexpr FieldDeclaration kHttp2ProtocolOptions[] = {
    Advisory(1, "hpack_table_size", kGrpcs),
    Honoured(2, "max_concurrent_streams", "absent: an endpoint has one connection"),
    Advisory(3, "initial_stream_window_size", kGrpcs),
    Advisory(4, "initial_connection_window_size", kGrpcs),
    Advisory(5, "allow_connect", kProxies),
    Advisory(6, "allow_metadata", kProxies),
    Advisory(7, "max_outbound_frames", kGrpcs),
    Advisory(8, "max_outbound_control_frames", kGrpcs),
    Advisory(9, "max_consecutive_inbound_frames_with_empty_payload", kGrpcs),
    Advisory(10, "max_inbound_priority_frames_per_stream", kGrpcs),
    Advisory(11, "max_inbound_window_update_frames_per_data_frame_sent", kGrpcs),
    Advisory(12, "stream_error_on_invalid_http_messaging", kGrpcs),
    Advisory(13, "custom_settings_parameters", kGrpcs),
    Advisory(14, "override_stream_error_on_invalid_http_message", kGrpcs),
    Honoured(15, "connection_keepalive", "absent: a ping every 5.5 min, only with calls"),
    Advisory(16, "use_oghttp2_codec", kGrpcs),
    Advisory(17, "max_metadata_size", kProxies),
    Advisory(18, "enable_huffman_encoding", kGrpcs),
};

constexpr absl::string_view kHttp2 = "calls are HTTP/2, always";

constexpr FieldDeclaration kExplicitHttpConfig[] = {
    Advisory(1, "http_protocol_options", kHttp2),
    Honoured(2, "http2_protocol_options"),
    Advisory(3, "http3_protocol_options", kHttp2),
};

constexpr FieldDeclaration kUseDownstreamHttpConfig[] = {
    Advisory(1, "http_protocol_options", kHttp2),
    Honoured(2, "http2_protocol_options"),
    Advisory(3, "http3_protocol_options", kHttp2),
};

constexpr FieldDeclaration kAutoHttpConfig[] = {
    Advisory(1, "http_protocol_options", kHttp2),
    Honoured(2, "http2_protocol_options"),
    Advisory(3, "http3_protocol_options", kHttp2),
    Advisory(4, "alternate_protocols_cache_options", kHttp2),
};

constexpr FieldDeclaration kUpstreamHttpProtocolOptions[] = {
    Honoured(1, "common_http_protocol_options"),
    Advisory(2, "upstream_http_protocol_options", kGrpcs),
    Honoured(3, "explicit_http_config"),
    Honoured(4, "use_downstream_protocol_config"),
    Honoured(5, "auto_config"),
    Refused(6, "http_filters", "filters below the router are not there yet"),
    Advisory(7, "header_validation_config", "for proxies only"),
    Advisory(8, "outlier_detection", "failures are known by their gRPC status"),
    Advisory(9, "request_mirror_policies", "mirroring is not there yet"),
    Advisory(10, "hash_policy", "a route says what is hashed"),
    Advisory(11, "retry_policy", "a route says what is retried"),
};

constexpr FieldDeclaration kExtensionProtocolOptions[] = {
    Honoured(1, "key"),
    Honoured(2, "value", "an HttpProtocolOptions; others are listed"),
};

constexpr MessageDeclaration kMessages[] = {
    {"HttpProtocolOptions", "envoy.config.core.v3.HttpProtocolOptions", kHttpProtocolOptions},
    {"KeepaliveSettings", "envoy.config.core.v3.KeepaliveSettings", kKeepaliveSettings},
    {"Http2ProtocolOptions", "envoy.config.core.v3.Http2ProtocolOptions", kHttp2ProtocolOptions},
    {"UpstreamHttpProtocolOptions.ExplicitHttpConfig",
     "envoy.extensions.upstreams.http.v3.HttpProtocolOptions.ExplicitHttpConfig",
     kExplicitHttpConfig},
    {"UpstreamHttpProtocolOptions.UseDownstreamHttpConfig",
     "envoy.extensions.upstreams.http.v3.HttpProtocolOptions.UseDownstreamHttpConfig",
     kUseDownstreamHttpConfig},
    {"UpstreamHttpProtocolOptions.AutoHttpConfig",
     "envoy.extensions.upstreams.http.v3.HttpProtocolOptions.AutoHttpConfig", kAutoHttpConfig},
    {"UpstreamHttpProtocolOptions", "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
     kUpstreamHttpProtocolOptions},
    {"ExtensionProtocolOptions", "", kExtensionProtocolOptions},
};

}  // namespace

absl::Span<const MessageDeclaration> ConnectionFields() { return kMessages; }

}  // namespace mesh::xds
