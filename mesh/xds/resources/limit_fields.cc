#include "mesh/xds/resources/declared_fields.h"

namespace mesh::xds {
namespace {

constexpr absl::string_view kNotInGrpc = "gRPC has the rates only (gRFC A50)";

constexpr FieldDeclaration kOutlierDetection[] = {
    Honoured(1, "consecutive_5xx", "absent: 5; 0: off").AdvisoryInGrpc(kNotInGrpc),
    Honoured(2, "interval", "1 ms or more; absent: 10 s"),
    Honoured(3, "base_ejection_time", "absent: 30 s"),
    Honoured(4, "max_ejection_percent", "absent: 10"),
    Honoured(5, "enforcing_consecutive_5xx", "absent: 100").AdvisoryInGrpc(kNotInGrpc),
    Honoured(6, "enforcing_success_rate", "absent: 100 (grpc: 0 switches it off)"),
    Honoured(7, "success_rate_minimum_hosts", "absent: 5"),
    Honoured(8, "success_rate_request_volume", "absent: 100"),
    Honoured(9, "success_rate_stdev_factor", "absent: 1900"),
    Honoured(10, "consecutive_gateway_failure", "absent: 5; 0: off").AdvisoryInGrpc(kNotInGrpc),
    Honoured(11, "enforcing_consecutive_gateway_failure", "absent: 0").AdvisoryInGrpc(kNotInGrpc),
    Honoured(12, "split_external_local_origin_errors").AdvisoryInGrpc(kNotInGrpc),
    Honoured(13, "consecutive_local_origin_failure", "absent: 5; 0: off")
        .AdvisoryInGrpc(kNotInGrpc),
    Honoured(14, "enforcing_consecutive_local_origin_failure", "absent: 100")
        .AdvisoryInGrpc(kNotInGrpc),
    Honoured(15, "enforcing_local_origin_success_rate", "absent: 100").AdvisoryInGrpc(kNotInGrpc),
    Honoured(16, "failure_percentage_threshold",
             "absent: 85; a rate that is equal is ejected too (grpc: it is not)"),
    Honoured(17, "enforcing_failure_percentage", "absent: 0"),
    Honoured(18, "enforcing_failure_percentage_local_origin", "absent: 0")
        .AdvisoryInGrpc(kNotInGrpc),
    Honoured(19, "failure_percentage_minimum_hosts", "absent: 5"),
    Honoured(20, "failure_percentage_request_volume", "absent: 50"),
    Honoured(21, "max_ejection_time", "absent: 300 s, or base_ejection_time if that is more"),
    Honoured(22, "max_ejection_time_jitter", "absent: 0").AdvisoryInGrpc(kNotInGrpc),
    Honoured(23, "successful_active_health_check_uneject_host", "absent: true")
        .AdvisoryInGrpc(kNotInGrpc),
    Advisory(24, "monitors", "monitors by extensions are not there yet"),
    Honoured(25, "always_eject_one_host", "absent: false")
        .AdvisoryInGrpc("one is ejected, always (gRFC A50)"),
};

constexpr absl::string_view kRequestsOnly = "gRPC limits requests only (gRFC A32)";

constexpr FieldDeclaration kCircuitBreakers[] = {
    Honoured(1, "thresholds", "the first of a routing priority"),
    Honoured(2, "per_host_thresholds",
             "max_connections of priority DEFAULT, 1 at least; any other limit is refused")
        .AdvisoryInGrpc(kRequestsOnly),
};

constexpr FieldDeclaration kThresholds[] = {
    Honoured(1, "priority", "DEFAULT or HIGH (grpc: others than DEFAULT are ignored)"),
    Honoured(2, "max_connections", "absent: 1024").AdvisoryInGrpc(kRequestsOnly),
    Honoured(3, "max_pending_requests", "absent: 1024").AdvisoryInGrpc(kRequestsOnly),
    Honoured(4, "max_requests", "absent: 1024"),
    Honoured(5, "max_retries",
             "absent: 3, or none in kMesh where no thresholds are set; retry_budget replaces it")
        .AdvisoryInGrpc(kRequestsOnly),
    Advisory(6, "track_remaining", "statistics are the same, always"),
    Advisory(7, "max_connection_pools", "there are none"),
    Honoured(8, "retry_budget").AdvisoryInGrpc(kRequestsOnly),
};

constexpr FieldDeclaration kRetryBudget[] = {
    Honoured(1, "budget_percent", "absent: 20"),
    Honoured(2, "min_retry_concurrency", "absent: 3"),
};

constexpr MessageDeclaration kMessages[] = {
    {"OutlierDetection", "envoy.config.cluster.v3.OutlierDetection", kOutlierDetection},
    {"CircuitBreakers", "envoy.config.cluster.v3.CircuitBreakers", kCircuitBreakers},
    {"CircuitBreakers.Thresholds", "envoy.config.cluster.v3.CircuitBreakers.Thresholds",
     kThresholds},
    {"CircuitBreakers.Thresholds.RetryBudget",
     "envoy.config.cluster.v3.CircuitBreakers.Thresholds.RetryBudget", kRetryBudget},
};

}  // namespace

absl::Span<const MessageDeclaration> LimitFields() { return kMessages; }

}  // namespace mesh::xds
