#include "mesh/xds/resources/outlier_detection.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "mesh/xds/resources/common.h"

namespace mesh::xds {
namespace {

using google::protobuf::UInt32Value;

// What is shorter would keep the mesh's thread busy; Envoy's timers count in milliseconds, too.
constexpr absl::Duration kShortestInterval = absl::Milliseconds(1);

void SetNumber(bool there, const UInt32Value& value, uint32_t* number) {
  if (there) *number = value.value();
}

void SetPercent(absl::string_view field, bool there, const UInt32Value& value, uint32_t* percent,
                Decoding* decoding) {
  if (!there) return;
  *percent = value.value();
  if (*percent > 100) {
    decoding->errors.Add(field, absl::StrCat(*percent, " is more than 100 percent"));
  }
}

// OD-25; gRPC takes zero as well.
void SetTime(absl::string_view field, bool there, const google::protobuf::Duration& value,
             absl::Duration* time, Decoding* decoding) {
  if (!there) return;
  const FieldErrors::Scope scope(&decoding->errors, field);
  *time = DecodeDuration(value, decoding);
  if (*time == absl::ZeroDuration() && !decoding->grpc()) decoding->errors.Add("zero");
}

void SetTimes(const proto::OutlierDetection& config, model::OutlierDetection* result,
              Decoding* decoding) {
  SetTime("interval", config.has_interval(), config.interval(), &result->interval, decoding);
  SetTime("base_ejection_time", config.has_base_ejection_time(), config.base_ejection_time(),
          &result->base_ejection_time, decoding);
  SetTime("max_ejection_time", config.has_max_ejection_time(), config.max_ejection_time(),
          &result->max_ejection_time, decoding);
  if (config.has_max_ejection_time() && !decoding->grpc() &&
      result->max_ejection_time > absl::ZeroDuration() &&
      result->max_ejection_time < result->base_ejection_time) {
    decoding->errors.Add("max_ejection_time", "less than base_ejection_time");
  }
  result->interval = std::max(result->interval, kShortestInterval);
  result->max_ejection_time = std::max(result->max_ejection_time, result->base_ejection_time);
}

void SetRates(const proto::OutlierDetection& config, model::OutlierDetection* result,
              Decoding* decoding) {
  model::OutlierDetection::SuccessRate& success = result->success_rate;
  SetPercent("enforcing_success_rate", config.has_enforcing_success_rate(),
             config.enforcing_success_rate(), &success.enforcing, decoding);
  SetNumber(config.has_success_rate_minimum_hosts(), config.success_rate_minimum_hosts(),
            &success.minimum_hosts);
  SetNumber(config.has_success_rate_request_volume(), config.success_rate_request_volume(),
            &success.request_volume);
  SetNumber(config.has_success_rate_stdev_factor(), config.success_rate_stdev_factor(),
            &success.stdev_factor);
  model::OutlierDetection::FailurePercentage& failure = result->failure_percentage;
  SetPercent("failure_percentage_threshold", config.has_failure_percentage_threshold(),
             config.failure_percentage_threshold(), &failure.threshold, decoding);
  SetPercent("enforcing_failure_percentage", config.has_enforcing_failure_percentage(),
             config.enforcing_failure_percentage(), &failure.enforcing, decoding);
  SetNumber(config.has_failure_percentage_minimum_hosts(),
            config.failure_percentage_minimum_hosts(), &failure.minimum_hosts);
  SetNumber(config.has_failure_percentage_request_volume(),
            config.failure_percentage_request_volume(), &failure.request_volume);
}

// What gRPC does not read.
void SetEnvoysOwn(const proto::OutlierDetection& config, model::OutlierDetection* result,
                  Decoding* decoding) {
  SetNumber(config.has_consecutive_5xx(), config.consecutive_5xx(),
            &result->consecutive_5xx.threshold);
  SetPercent("enforcing_consecutive_5xx", config.has_enforcing_consecutive_5xx(),
             config.enforcing_consecutive_5xx(), &result->consecutive_5xx.enforcing, decoding);
  SetNumber(config.has_consecutive_gateway_failure(), config.consecutive_gateway_failure(),
            &result->consecutive_gateway_failure.threshold);
  SetPercent("enforcing_consecutive_gateway_failure",
             config.has_enforcing_consecutive_gateway_failure(),
             config.enforcing_consecutive_gateway_failure(),
             &result->consecutive_gateway_failure.enforcing, decoding);
  SetNumber(config.has_consecutive_local_origin_failure(),
            config.consecutive_local_origin_failure(),
            &result->consecutive_local_origin_failure.threshold);
  SetPercent("enforcing_consecutive_local_origin_failure",
             config.has_enforcing_consecutive_local_origin_failure(),
             config.enforcing_consecutive_local_origin_failure(),
             &result->consecutive_local_origin_failure.enforcing, decoding);
  SetPercent("enforcing_local_origin_success_rate",
             config.has_enforcing_local_origin_success_rate(),
             config.enforcing_local_origin_success_rate(),
             &result->success_rate.enforcing_local_origin, decoding);
  SetPercent("enforcing_failure_percentage_local_origin",
             config.has_enforcing_failure_percentage_local_origin(),
             config.enforcing_failure_percentage_local_origin(),
             &result->failure_percentage.enforcing_local_origin, decoding);
  result->split_local_origin = config.split_external_local_origin_errors();
  {
    const FieldErrors::Scope scope(&decoding->errors, "max_ejection_time_jitter");
    result->max_ejection_time_jitter = DecodeDuration(config.max_ejection_time_jitter(), decoding);
  }
  if (config.has_successful_active_health_check_uneject_host()) {
    result->readmit_on_active_check = config.successful_active_health_check_uneject_host().value();
  }
  result->always_eject_one = config.always_eject_one_host().value();
}

// gRFC A50; OD-16.
void ApplyGrpcRules(model::OutlierDetection* result) {
  result->consecutive_5xx.threshold = 0;
  result->consecutive_gateway_failure.threshold = 0;
  result->consecutive_local_origin_failure.threshold = 0;
  result->success_rate.on = result->success_rate.enforcing > 0;
  result->failure_percentage.or_equal = false;
  result->cap_counts_the_next = false;
  result->every_error_fails = true;
}

}  // namespace

model::OutlierDetection DecodeOutlierDetection(const proto::OutlierDetection& config,
                                               Decoding* decoding) {
  model::OutlierDetection result;
  SetTimes(config, &result, decoding);
  SetPercent("max_ejection_percent", config.has_max_ejection_percent(),
             config.max_ejection_percent(), &result.max_ejection_percent, decoding);
  SetRates(config, &result, decoding);
  if (decoding->grpc()) {
    ApplyGrpcRules(&result);
  } else {
    SetEnvoysOwn(config, &result, decoding);
  }
  return result;
}

}  // namespace mesh::xds
