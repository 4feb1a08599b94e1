#include "mesh/xds/resources/retry_policy.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "mesh/xds/resources/common.h"

namespace mesh::xds {
namespace {

constexpr uint32_t kMostRetriesInGrpc = 4;  // gRFC A44: five attempts
constexpr absl::Duration kShortestInterval = absl::Milliseconds(1);

struct Condition {
  absl::string_view name;
  int code;  // of gRPC
};
constexpr Condition kConditions[] = {
    {"cancelled", 1},          {"deadline-exceeded", 4}, {"internal", 13},
    {"resource-exhausted", 8}, {"unavailable", 14},
};

model::StatusCodeSet DecodeConditions(absl::string_view retry_on, Decoding* decoding) {
  model::StatusCodeSet codes;
  for (absl::string_view name : absl::StrSplit(retry_on, ',')) {
    name = absl::StripAsciiWhitespace(name);
    if (name.empty()) continue;
    const auto* known = std::find_if(std::begin(kConditions), std::end(kConditions),
                                     [&](const Condition& c) { return c.name == name; });
    if (known == std::end(kConditions)) {
      decoding->Ignore(absl::StrCat("retry_on \"", name, "\""));
    } else {
      codes.insert(known->code);
    }
  }
  return codes;
}

// Back-off does nothing yet, but what is wrong with it is wrong today.
void CheckBackOff(const proto::RetryPolicy::RetryBackOff& back_off, Decoding* decoding) {
  absl::Duration base = kShortestInterval;
  if (back_off.has_base_interval()) {
    const FieldErrors::Scope scope(&decoding->errors, "base_interval");
    base = DecodeDuration(back_off.base_interval(), decoding);
    if (base == absl::ZeroDuration()) decoding->errors.Add("zero");
    base = std::max(base, kShortestInterval);
  }
  if (back_off.has_max_interval()) {
    const FieldErrors::Scope scope(&decoding->errors, "max_interval");
    const absl::Duration most = DecodeDuration(back_off.max_interval(), decoding);
    if (most == absl::ZeroDuration()) {
      decoding->errors.Add("zero");
    } else if (most > absl::ZeroDuration() && std::max(most, kShortestInterval) < base) {
      decoding->errors.Add("less than base_interval");
    }
  }
}

}  // namespace

std::optional<model::RetryPolicy> DecodeRetryPolicy(const proto::RetryPolicy& policy,
                                                    Decoding* decoding) {
  model::RetryPolicy result;
  result.retry_on = DecodeConditions(policy.retry_on(), decoding);
  if (policy.has_num_retries()) {
    result.num_retries = policy.num_retries().value();
    if (result.num_retries == 0) decoding->errors.Add("num_retries", "zero");
    if (decoding->grpc()) result.num_retries = std::min(result.num_retries, kMostRetriesInGrpc);
  }
  if (policy.has_retry_back_off()) {
    const FieldErrors::Scope scope(&decoding->errors, "retry_back_off");
    CheckBackOff(policy.retry_back_off(), decoding);
  }
  if (result.retry_on.empty()) return std::nullopt;
  return result;
}

}  // namespace mesh::xds
