#include "mesh/xds/resources/declared_fields.h"

namespace mesh::xds {
namespace {

// In Profile::kGrpc none of these is looked at: a cluster's health_checks are advisory there.

constexpr absl::string_view kNoEvents = "events are not logged yet";

constexpr FieldDeclaration kHealthCheck[] = {
    Honoured(1, "timeout", "above 0"),
    Honoured(2, "interval", "above 0"),
    Honoured(3, "interval_jitter"),
    Honoured(4, "unhealthy_threshold", "0 is as 1"),
    Honoured(5, "healthy_threshold", "0 is as 1"),
    Advisory(6, "alt_port", "Envoy does not know it either; health_check_config names the port"),
    Advisory(7, "reuse_connection",
             "checks by gRPC use the endpoint's connection, others a new one each"),
    Honoured(8, "http_health_check"),
    Honoured(9, "tcp_health_check"),
    Honoured(11, "grpc_health_check"),
    Honoured(12, "no_traffic_interval", "absent: 60 s"),
    Refused(13, "custom_health_check", "checks are by gRPC, HTTP or TCP").AdvisoryInGrpc(),
    Honoured(14, "unhealthy_interval", "absent: interval"),
    Honoured(15, "unhealthy_edge_interval", "absent: unhealthy_interval"),
    Honoured(16, "healthy_edge_interval", "absent: interval"),
    Advisory(17, "event_log_path", kNoEvents),
    Honoured(18, "interval_jitter_percent"),
    Advisory(19, "always_log_health_check_failures", kNoEvents),
    Honoured(20, "initial_jitter"),
    Advisory(21, "tls_options", "checks are in plaintext"),
    Advisory(22, "event_service", kNoEvents),
    Advisory(23, "transport_socket_match_criteria", "checks are in plaintext"),
    Honoured(24, "no_traffic_healthy_interval", "absent: no_traffic_interval"),
    Advisory(25, "event_logger", kNoEvents),
    Advisory(26, "always_log_health_check_success", kNoEvents),
};

constexpr absl::string_view kHeaders =
    "1000 at most; formats, and headers that the request itself must have, are refused";

constexpr FieldDeclaration kHttpHealthCheck[] = {
    Honoured(1, "host", "absent: the cluster's name"),
    Honoured(2, "path", "begins with /"),
    Refused(3, "send", "requests have no body").AdvisoryInGrpc(),
    Refused(4, "receive", "the status is all that is looked at").AdvisoryInGrpc(),
    Honoured(6, "request_headers_to_add", kHeaders),
    Honoured(8, "request_headers_to_remove", "a check has `user-agent: mesh`"),
    Honoured(9, "expected_statuses", "within 100 to 599; absent: 200"),
    Honoured(10, "codec_client_type", "HTTP1; others are refused by name"),
    Refused(11, "service_name_matcher", "the status is all that is looked at").AdvisoryInGrpc(),
    Honoured(12, "retriable_statuses", "within 100 to 599"),
    Honoured(13, "method", "absent: GET; CONNECT is refused"),
    Advisory(14, "response_buffer_size", "the status is all that is looked at"),
};

constexpr FieldDeclaration kTcpHealthCheck[] = {
    Honoured(1, "send"),
    Honoured(2, "receive"),
    Refused(3, "proxy_protocol_config", "not there yet").AdvisoryInGrpc(),
};

constexpr FieldDeclaration kGrpcHealthCheck[] = {
    Honoured(1, "service_name"),
    Honoured(2, "authority", "absent: the cluster's name"),
    Honoured(3, "initial_metadata", kHeaders),
};

constexpr FieldDeclaration kHeaderValueOption[] = {
    Honoured(1, "header"),
    Honoured(2, "append", "not beside append_action"),
    Honoured(3, "append_action"),
    Honoured(4, "keep_empty_value", "absent: a header without a value is not added"),
};

constexpr FieldDeclaration kHeaderValue[] = {
    Honoured(1, "key"),
    Honoured(2, "value", "%% stands for %"),
    Honoured(3, "raw_value", "as value, and not beside it"),
};

constexpr FieldDeclaration kPayload[] = {
    Honoured(1, "text", "hexadecimal"),
    Honoured(2, "binary"),
};

constexpr FieldDeclaration kInt64Range[] = {
    Honoured(1, "start"),
    Honoured(2, "end"),
};

constexpr MessageDeclaration kMessages[] = {
    {"HealthCheck", "envoy.config.core.v3.HealthCheck", kHealthCheck},
    {"HealthCheck.HttpHealthCheck", "envoy.config.core.v3.HealthCheck.HttpHealthCheck",
     kHttpHealthCheck},
    {"HealthCheck.TcpHealthCheck", "envoy.config.core.v3.HealthCheck.TcpHealthCheck",
     kTcpHealthCheck},
    {"HealthCheck.GrpcHealthCheck", "envoy.config.core.v3.HealthCheck.GrpcHealthCheck",
     kGrpcHealthCheck},
    {"HealthCheck.Payload", "envoy.config.core.v3.HealthCheck.Payload", kPayload},
    {"HeaderValueOption", "envoy.config.core.v3.HeaderValueOption", kHeaderValueOption},
    {"HeaderValue", "envoy.config.core.v3.HeaderValue", kHeaderValue},
    {"Int64Range", "envoy.type.v3.Int64Range", kInt64Range},
};

}  // namespace

absl::Span<const MessageDeclaration> HealthCheckFields() { return kMessages; }

}  // namespace mesh::xds
