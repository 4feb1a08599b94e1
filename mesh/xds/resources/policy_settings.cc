#include "mesh/xds/resources/policy_settings.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "mesh/xds/resources/common.h"

namespace mesh::xds {
namespace {

constexpr uint32_t kLeastChoices = 2;          // envoy least_request.proto, gRFC A48
constexpr uint32_t kMostChoicesInGrpc = 10;    // gRFC A48
constexpr uint64_t kLargestRing = 8'388'608;   // envoy ring_hash.proto
constexpr uint64_t kLargestRingInGrpc = 4096;  // gRFC A42
// An entry costs 12 bytes, so this ring 12 MB, for each version of a priority's endpoints.
constexpr uint64_t kLargestRingInMesh = 1'048'576;
constexpr uint64_t kLargestTable = 5'000'011;                   // envoy maglev.proto
constexpr absl::Duration kReportingPeriod = absl::Seconds(10);  // envoy, gRFC A58
constexpr int kMostMetricNames = 100;                           // each is looked for in each report
constexpr uint32_t kLeastHashBalanceFactor = 100;               // envoy common.proto

// What Envoy does without is as if it were not there.
double DecodeBias(const proto::RuntimeDouble& bias, Decoding* decoding) {
  const double value = bias.default_value();
  if (value >= 0 && std::isfinite(value)) return value;
  decoding->Ignore("default_value, below 0 or no number");
  return model::LeastRequest().active_request_bias;
}

// `Message` is LeastRequestLbConfig or LeastRequest.
template <typename Message>
model::LeastRequest DecodeChoices(const Message& config, Decoding* decoding) {
  model::LeastRequest result;
  if (config.has_choice_count()) {
    result.choice_count = config.choice_count().value();
    if (result.choice_count < kLeastChoices) {
      decoding->errors.Add("choice_count", absl::StrCat(result.choice_count, " is less than 2"));
    }
  }
  if (decoding->grpc()) {
    result.choice_count = std::min(result.choice_count, kMostChoicesInGrpc);
  } else if (config.has_active_request_bias()) {
    const FieldErrors::Scope scope(&decoding->errors, "active_request_bias");
    result.active_request_bias = DecodeBias(config.active_request_bias(), decoding);
  }
  return result;
}

uint64_t DecodeRingSize(absl::string_view field, const google::protobuf::UInt64Value& size,
                        Decoding* decoding) {
  if (size.value() < 1 || size.value() > kLargestRing) {
    decoding->errors.Add(field, absl::StrCat(size.value(), " is not within 1 to ", kLargestRing));
  }
  return size.value();
}

// Larger ones are cut to it.
uint64_t LargestRing(Profile profile) {
  switch (profile) {
    case Profile::kMesh:
      return kLargestRingInMesh;
    case Profile::kGrpc:
      return kLargestRingInGrpc;
    case Profile::kEnvoy:
      break;
  }
  return kLargestRing;
}

// `Message` is RingHashLbConfig or RingHash.
template <typename Message>
model::RingHash DecodeRing(const Message& config, Decoding* decoding) {
  model::RingHash result;
  const size_t errors = decoding->errors.size();
  if (config.has_minimum_ring_size()) {
    result.minimum_size = DecodeRingSize("minimum_ring_size", config.minimum_ring_size(), decoding);
  }
  if (config.has_maximum_ring_size()) {
    result.maximum_size = DecodeRingSize("maximum_ring_size", config.maximum_ring_size(), decoding);
  }
  if (result.minimum_size > result.maximum_size && errors == decoding->errors.size()) {
    decoding->errors.Add("minimum_ring_size",
                         absl::StrCat(result.minimum_size, " is more than the maximum_ring_size, ",
                                      result.maximum_size));
  }
  const uint64_t largest = LargestRing(decoding->profile());
  result.minimum_size = std::min(result.minimum_size, largest);
  result.maximum_size = std::min(result.maximum_size, largest);
  return result;
}

bool IsPrime(uint64_t number) {
  if (number < 4) return number > 1;
  if (number % 2 == 0) return false;
  for (uint64_t divisor = 3; divisor * divisor <= number; divisor += 2) {
    if (number % divisor == 0) return false;
  }
  return true;
}

// `Message` is MaglevLbConfig or Maglev.
template <typename Message>
model::Maglev DecodeTable(const Message& config, Decoding* decoding) {
  model::Maglev result;
  if (!config.has_table_size()) return result;
  const uint64_t size = config.table_size().value();
  if (size > kLargestTable) {
    decoding->errors.Add("table_size", absl::StrCat(size, " is more than ", kLargestTable));
  } else if (!IsPrime(size)) {
    decoding->errors.Add("table_size", absl::StrCat(size, " is not prime"));
  } else {
    result.table_size = static_cast<uint32_t>(size);
  }
  return result;
}

}  // namespace

model::LeastRequest DecodeLeastRequest(const proto::LeastRequestLbConfig& config,
                                       Decoding* decoding) {
  return DecodeChoices(config, decoding);
}

model::LeastRequest DecodeLeastRequest(const proto::LeastRequest& config, Decoding* decoding) {
  model::LeastRequest result = DecodeChoices(config, decoding);
  if (decoding->grpc()) return result;
  result.full_scan = config.selection_method() == proto::LeastRequest::FULL_SCAN ||
                     config.enable_full_scan().value();
  if (!proto::LeastRequest::SelectionMethod_IsValid(config.selection_method())) {
    decoding->errors.Add(
        "selection_method",
        absl::StrCat("unknown value ", static_cast<int>(config.selection_method())));
  }
  return result;
}

model::RingHash DecodeRingHash(const proto::RingHashLbConfig& config, Decoding* decoding) {
  if (config.hash_function() != proto::RingHashLbConfig::XX_HASH) {
    decoding->errors.Add(
        "hash_function",
        NotSupported(config.hash_function(),
                     proto::RingHashLbConfig::HashFunction_Name(config.hash_function())));
  }
  return DecodeRing(config, decoding);
}

model::RingHash DecodeRingHash(const proto::RingHash& config, Decoding* decoding) {
  if (config.hash_function() != proto::RingHash::DEFAULT_HASH &&
      config.hash_function() != proto::RingHash::XX_HASH) {
    decoding->errors.Add("hash_function",
                         NotSupported(config.hash_function(),
                                      proto::RingHash::HashFunction_Name(config.hash_function())));
  }
  return DecodeRing(config, decoding);
}

model::Maglev DecodeMaglev(const proto::MaglevLbConfig& config, Decoding* decoding) {
  return DecodeTable(config, decoding);
}

model::Maglev DecodeMaglev(const proto::Maglev& config, Decoding* decoding) {
  return DecodeTable(config, decoding);
}

model::ClientSideWeightedRoundRobin DecodeClientSideWeightedRoundRobin(
    const proto::ClientSideWeightedRoundRobin& config, Decoding* decoding) {
  using Result = model::ClientSideWeightedRoundRobin;
  Result result;
  const auto decode = [&](absl::string_view field, bool there,
                          const google::protobuf::Duration& duration, absl::Duration* period) {
    const FieldErrors::Scope scope(&decoding->errors, field);
    if (there) *period = DecodeDuration(duration, decoding);
  };
  absl::Duration reporting_period = kReportingPeriod;
  decode("oob_reporting_period", config.has_oob_reporting_period(), config.oob_reporting_period(),
         &reporting_period);
  if (config.enable_oob_load_report().value()) result.oob_reporting_period = reporting_period;
  decode("blackout_period", config.has_blackout_period(), config.blackout_period(),
         &result.blackout_period);
  decode("weight_expiration_period", config.has_weight_expiration_period(),
         config.weight_expiration_period(), &result.weight_expiration_period);
  decode("weight_update_period", config.has_weight_update_period(), config.weight_update_period(),
         &result.weight_update_period);
  result.weight_update_period = std::max(result.weight_update_period, Result::kLeastUpdatePeriod);
  if (config.has_error_utilization_penalty()) {
    const float penalty = config.error_utilization_penalty().value();
    if (!(penalty >= 0) || !std::isfinite(penalty)) {
      decoding->errors.Add("error_utilization_penalty",
                           absl::StrCat(penalty, " is no number of 0 or more"));
    }
    result.error_utilization_penalty = penalty;
  }
  if (decoding->grpc()) return result;
  const auto& names = config.metric_names_for_computing_utilization();
  if (names.size() > kMostMetricNames) {
    decoding->errors.Add("metric_names_for_computing_utilization",
                         absl::StrCat(names.size(), " are more than ", kMostMetricNames));
  } else {
    result.metric_names_for_computing_utilization.assign(names.begin(), names.end());
  }
  return result;
}

std::optional<model::SlowStart> DecodeSlowStart(const proto::SlowStartConfig& config,
                                                Decoding* decoding) {
  model::SlowStart result;
  {
    const FieldErrors::Scope scope(&decoding->errors, "slow_start_window");
    result.window = DecodeDuration(config.slow_start_window(), decoding);
  }
  if (config.has_aggression()) {
    result.aggression = config.aggression().default_value();
    if (!(result.aggression > 0) || !std::isfinite(result.aggression)) {
      decoding->errors.Add("aggression.default_value",
                           absl::StrCat(result.aggression, " is no number above 0"));
    }
  }
  if (config.has_min_weight_percent()) {
    const FieldErrors::Scope scope(&decoding->errors, "min_weight_percent");
    result.min_weight = DecodePercent(config.min_weight_percent(), decoding) / 100;
  }
  if (result.window == absl::ZeroDuration()) return std::nullopt;
  return result;
}

model::ZoneAware DecodeZoneAware(const proto::LocalityLbConfig::ZoneAwareLbConfig& config,
                                 Decoding* decoding) {
  using Config = proto::LocalityLbConfig::ZoneAwareLbConfig;
  model::ZoneAware result;
  if (decoding->grpc()) return result;
  const FieldErrors::Scope zone_aware(&decoding->errors, "zone_aware_lb_config");
  result.asked = true;
  if (config.has_routing_enabled()) {
    const FieldErrors::Scope scope(&decoding->errors, "routing_enabled");
    const double percent = DecodePercent(config.routing_enabled(), decoding);
    if (decoding->errors.ok()) {
      result.routing_enabled = static_cast<uint32_t>(std::lround(percent));
    }
  }
  if (config.has_min_cluster_size()) result.min_cluster_size = config.min_cluster_size().value();
  if (config.has_force_local_zone()) {
    const auto& force = config.force_local_zone();
    result.force_local_zone = force.has_min_size() ? force.min_size().value() : 1;
  } else if (config.force_locality_direct_routing()) {
    result.force_local_zone = 1;
  }
  if (!Config::LocalityBasis_IsValid(config.locality_basis())) {
    decoding->errors.Add("locality_basis", NotSupported(config.locality_basis(), ""));
  }
  result.by_weight = config.locality_basis() == Config::HEALTHY_HOSTS_WEIGHT;
  return result;
}

void DecodeConsistentHashing(const proto::ConsistentHashingLbConfig& config,
                             model::LoadBalancing* result, Decoding* decoding) {
  result->hashes_hostname = config.use_hostname_for_hashing();
  if (config.has_hash_balance_factor()) {
    result->hash_balance_factor = DecodeHashBalanceFactor(config.hash_balance_factor(), decoding);
  }
}

uint32_t DecodeHashBalanceFactor(const google::protobuf::UInt32Value& factor, Decoding* decoding) {
  if (factor.value() < kLeastHashBalanceFactor) {
    decoding->errors.Add("hash_balance_factor", absl::StrCat(factor.value(), " is less than 100"));
  }
  return factor.value();
}

}  // namespace mesh::xds
