#include "mesh/xds/resources/health_checks.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "mesh/xds/resources/common.h"
#include "mesh/xds/resources/header_options.h"

namespace mesh::xds {
namespace {

using model::HealthCheck;

// Each is made for every endpoint.
constexpr int kMostChecks = 16;
// envoy http_health_check: the statuses that there are.
constexpr int64_t kFirstStatus = 100;
constexpr int64_t kEndOfStatuses = 600;

HealthCheck::Grpc DecodeGrpc(const proto::HealthCheck::GrpcHealthCheck& config,
                             Decoding* decoding) {
  CheckHeaderText("authority", config.authority(), decoding);
  HealthCheck::Grpc result;
  result.service_name = config.service_name();
  result.authority = config.authority();
  AddHeaders("initial_metadata", config.initial_metadata(), HeadersOf::kGrpc, &result.metadata,
             decoding);
  return result;
}

std::pair<uint32_t, uint32_t> DecodeRange(const proto::Int64Range& range, Decoding* decoding) {
  if (range.start() < kFirstStatus || range.end() > kEndOfStatuses) {
    decoding->errors.Add(absl::StrCat("[", range.start(), ", ", range.end(), ") is not within [",
                                      kFirstStatus, ", ", kEndOfStatuses, ")"));
  } else if (range.start() >= range.end()) {
    decoding->errors.Add(absl::StrCat("[", range.start(), ", ", range.end(), ") is empty"));
  }
  return {static_cast<uint32_t>(range.start()), static_cast<uint32_t>(range.end())};
}

HealthCheck::Ranges DecodeStatuses(
    absl::string_view field, const google::protobuf::RepeatedPtrField<proto::Int64Range>& ranges,
    Decoding* decoding) {
  HealthCheck::Ranges result;
  for (int i = 0; i < ranges.size(); ++i) {
    const FieldErrors::Scope scope(&decoding->errors, field, i);
    result.push_back(DecodeRange(ranges[i], decoding));
  }
  return result;
}

HealthCheck::Http DecodeHttp(const proto::HealthCheck::HttpHealthCheck& config,
                             Decoding* decoding) {
  using Config = proto::HealthCheck::HttpHealthCheck;
  HealthCheck::Http result;
  result.path = config.path();
  if (result.path.empty() || result.path[0] != '/') {
    decoding->errors.Add("path", "does not begin with /");
  }
  CheckHeaderText("path", result.path, decoding);
  result.host = config.host();
  CheckHeaderText("host", result.host, decoding);
  if (config.codec_client_type() != Config::HTTP1) {
    decoding->errors.Add("codec_client_type",
                         NotSupported(config.codec_client_type(),
                                      Config::CodecClientType_Name(config.codec_client_type())));
  }
  const std::string& method = Config::RequestMethod_Name(config.method());
  if (method.empty() || config.method() == Config::CONNECT) {
    decoding->errors.Add("method", NotSupported(config.method(), method));
  } else if (config.method() != Config::METHOD_UNSPECIFIED) {
    result.method = method;
  }
  RemoveHeaders("request_headers_to_remove", config.request_headers_to_remove(), &result.headers,
                decoding);
  AddHeaders("request_headers_to_add", config.request_headers_to_add(), HeadersOf::kHttp1,
             &result.headers, decoding);
  if (config.expected_statuses_size() > 0) {
    result.expected = DecodeStatuses("expected_statuses", config.expected_statuses(), decoding);
  }
  result.retriable = DecodeStatuses("retriable_statuses", config.retriable_statuses(), decoding);
  return result;
}

std::string DecodePayload(const proto::HealthCheck::Payload& payload, Decoding* decoding) {
  switch (payload.payload_case()) {
    case proto::HealthCheck::Payload::kText: {
      const std::string& text = payload.text();
      const bool hexadecimal = std::all_of(text.begin(), text.end(), [](char c) {
        return absl::ascii_isxdigit(static_cast<unsigned char>(c));
      });
      if (!text.empty() && text.size() % 2 == 0 && hexadecimal) {
        return absl::HexStringToBytes(text);
      }
      decoding->errors.Add("text", "not hexadecimal");
      break;
    }
    case proto::HealthCheck::Payload::kBinary:
      return payload.binary();
    case proto::HealthCheck::Payload::PAYLOAD_NOT_SET:
      decoding->errors.Add("neither text nor binary");
      break;
  }
  return std::string();
}

HealthCheck::Tcp DecodeTcp(const proto::HealthCheck::TcpHealthCheck& config, Decoding* decoding) {
  HealthCheck::Tcp result;
  if (config.has_send()) {
    const FieldErrors::Scope scope(&decoding->errors, "send");
    result.send = DecodePayload(config.send(), decoding);
  }
  for (int i = 0; i < config.receive_size(); ++i) {
    const FieldErrors::Scope scope(&decoding->errors, "receive", i);
    result.receive.push_back(DecodePayload(config.receive(i), decoding));
  }
  return result;
}

void SetTime(absl::string_view field, bool there, const google::protobuf::Duration& value,
             absl::Duration* time, Decoding* decoding) {
  if (!there) return;
  const FieldErrors::Scope scope(&decoding->errors, field);
  *time = DecodeDuration(value, decoding);
  if (*time == absl::ZeroDuration()) decoding->errors.Add("zero");
}

void SetThreshold(absl::string_view field, bool there, const google::protobuf::UInt32Value& value,
                  uint32_t* threshold, Decoding* decoding) {
  if (!there) {
    decoding->errors.Add(field, "missing");
  } else {
    *threshold = std::max(value.value(), 1u);
  }
}

absl::Duration DecodeJitter(absl::string_view field, const google::protobuf::Duration& value,
                            Decoding* decoding) {
  const FieldErrors::Scope scope(&decoding->errors, field);
  return DecodeDuration(value, decoding);
}

void SetIntervals(const proto::HealthCheck& check, HealthCheck* result, Decoding* decoding) {
  if (!check.has_timeout()) decoding->errors.Add("timeout", "missing");
  SetTime("timeout", check.has_timeout(), check.timeout(), &result->timeout, decoding);
  if (!check.has_interval()) decoding->errors.Add("interval", "missing");
  SetTime("interval", check.has_interval(), check.interval(), &result->interval, decoding);
  SetTime("no_traffic_interval", check.has_no_traffic_interval(), check.no_traffic_interval(),
          &result->no_traffic_interval, decoding);
  SetTime("no_traffic_healthy_interval", check.has_no_traffic_healthy_interval(),
          check.no_traffic_healthy_interval(), &result->no_traffic_healthy_interval, decoding);
  SetTime("unhealthy_interval", check.has_unhealthy_interval(), check.unhealthy_interval(),
          &result->unhealthy_interval, decoding);
  SetTime("unhealthy_edge_interval", check.has_unhealthy_edge_interval(),
          check.unhealthy_edge_interval(), &result->unhealthy_edge_interval, decoding);
  SetTime("healthy_edge_interval", check.has_healthy_edge_interval(), check.healthy_edge_interval(),
          &result->healthy_edge_interval, decoding);
  result->initial_jitter = DecodeJitter("initial_jitter", check.initial_jitter(), decoding);
  result->interval_jitter = DecodeJitter("interval_jitter", check.interval_jitter(), decoding);
  result->interval_jitter_percent = check.interval_jitter_percent();
}

HealthCheck DecodeHealthCheck(const proto::HealthCheck& check, Decoding* decoding) {
  HealthCheck result;
  SetIntervals(check, &result, decoding);
  SetThreshold("unhealthy_threshold", check.has_unhealthy_threshold(), check.unhealthy_threshold(),
               &result.unhealthy_threshold, decoding);
  SetThreshold("healthy_threshold", check.has_healthy_threshold(), check.healthy_threshold(),
               &result.healthy_threshold, decoding);
  switch (check.health_checker_case()) {
    case proto::HealthCheck::kGrpcHealthCheck: {
      const FieldErrors::Scope scope(&decoding->errors, "grpc_health_check");
      result.kind = DecodeGrpc(check.grpc_health_check(), decoding);
      break;
    }
    case proto::HealthCheck::kHttpHealthCheck: {
      const FieldErrors::Scope scope(&decoding->errors, "http_health_check");
      result.kind = DecodeHttp(check.http_health_check(), decoding);
      break;
    }
    case proto::HealthCheck::kTcpHealthCheck: {
      const FieldErrors::Scope scope(&decoding->errors, "tcp_health_check");
      result.kind = DecodeTcp(check.tcp_health_check(), decoding);
      break;
    }
    case proto::HealthCheck::HEALTH_CHECKER_NOT_SET:
      decoding->errors.Add("none of grpc_health_check, http_health_check, tcp_health_check");
      break;
  }
  return result;
}

}  // namespace

std::vector<HealthCheck> DecodeHealthChecks(
    const google::protobuf::RepeatedPtrField<proto::HealthCheck>& checks, Decoding* decoding) {
  // envoy cluster_factory_impl.cc
  const int most = decoding->profile() == Profile::kEnvoy ? 1 : kMostChecks;
  if (checks.size() > most) {
    decoding->errors.Add("health_checks", absl::StrCat(checks.size(), " are more than ", most));
    return {};
  }
  std::vector<HealthCheck> result;
  for (int i = 0; i < checks.size(); ++i) {
    const FieldErrors::Scope scope(&decoding->errors, "health_checks", i);
    result.push_back(DecodeHealthCheck(checks[i], decoding));
  }
  return result;
}

}  // namespace mesh::xds
