#include "mesh/xds/resources/endpoint_decoder.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "mesh/xds/resources/common.h"
#include "mesh/xds/resources/metadata.h"
#include "mesh/xds/resources/parse_cost.h"
#include "mesh/xds/resources/usual_endpoint.h"

namespace mesh::xds {
namespace {

constexpr absl::string_view kHashKey = "hash_key";
constexpr uint32_t kMaxPort = 65535;
// Each may be connected at a time.
constexpr int kMostAdditional = 15;
constexpr size_t kMostNames = 31;  // one bit is left for all others
constexpr absl::string_view kOtherNames = "endpoints.lb_endpoints (more fields)";

bool HasOnlyKnown(const google::protobuf::Message& message) {
  return message.GetReflection()->GetUnknownFields(message).empty();
}

bool IsPlain(const proto::Metadata& metadata) {
  return HasOnlyKnown(metadata) &&
         std::all_of(metadata.filter_metadata().begin(), metadata.filter_metadata().end(),
                     [](const proto::FilterMetadata& entry) {
                       return HasOnlyKnown(entry) && IsUtf8(entry.key());
                     });
}

bool IsPlain(const proto::Endpoint::HealthCheckConfig& config) {
  return HasOnlyKnown(config) && IsUtf8(config.hostname());
}

// Whether no field can be found that is not honoured, and no text that is none. What most
// endpoints look like, and many times cheaper than to walk them.
bool IsPlain(const proto::LbEndpoint& endpoint, bool grpc) {
  const proto::Endpoint& inner = endpoint.endpoint();
  const proto::SocketAddress& address = inner.address().socket_address();
  return HasOnlyKnown(endpoint) && HasOnlyKnown(inner) && inner.additional_addresses().empty() &&
         inner.address().has_socket_address() && HasOnlyKnown(inner.address()) &&
         HasOnlyKnown(address) && HasOnlyKnown(endpoint.load_balancing_weight()) &&
         (!endpoint.has_metadata() || IsPlain(endpoint.metadata())) &&
         (inner.hostname().empty() || (!grpc && IsUtf8(inner.hostname()))) &&
         (!inner.has_health_check_config() || (!grpc && IsPlain(inner.health_check_config())));
}

model::HealthStatus DecodeHealth(int status, Decoding* decoding) {
  switch (status) {  // envoy.config.core.v3.HealthStatus
    case 0:
      return model::HealthStatus::kUnknown;
    case 1:
      return model::HealthStatus::kHealthy;
    case 2:
      return model::HealthStatus::kUnhealthy;
    case 3:
      return model::HealthStatus::kDraining;
    case 4:
      return model::HealthStatus::kTimeout;
    case 5:
      return model::HealthStatus::kDegraded;
  }
  if (!decoding->grpc()) {
    decoding->errors.Add("health_status", absl::StrCat("unknown value ", status));
  }
  return model::HealthStatus::kUnhealthy;  // gRPC does not use what it does not know
}

// How the endpoint is hashed, if it says so: by a text that is not empty (gRFC A76).
std::string HashKey(const proto::Struct& metadata) {
  std::string key;
  for (const proto::StructField& field : metadata.fields()) {
    if (field.key() == kHashKey) key = field.value().string_value();
  }
  return key;
}

void DecodeHealthCheckConfig(const proto::Endpoint::HealthCheckConfig& config,
                             model::EndpointExtras* extras, Decoding* decoding) {
  extras->health_check_port = config.port_value();
  if (config.port_value() > kMaxPort) {
    decoding->errors.Add("port_value",
                         absl::StrCat("port ", config.port_value(), " is out of range"));
  }
  extras->health_check_hostname = config.hostname();
  CheckHeaderText("hostname", config.hostname(), decoding);
  extras->disable_active_health_check = config.disable_active_health_check();
}

}  // namespace

uint32_t FieldNames::Bits(const std::vector<std::string>& names) {
  uint32_t bits = 0;
  for (const std::string& name : names) {
    const auto it = std::find(names_.begin(), names_.end(), name);
    const size_t index = it - names_.begin();
    if (index == names_.size() && index < kMostNames) names_.push_back(name);
    bits |= 1u << std::min(index, kMostNames);
  }
  return bits;
}

std::vector<std::string> FieldNames::Names(uint32_t bits) const {
  std::vector<std::string> names;
  for (size_t i = 0; i < names_.size(); ++i) {
    if (((bits >> i) & 1) != 0) names.push_back(names_[i]);
  }
  if (((bits >> kMostNames) & 1) != 0) names.emplace_back(kOtherNames);
  return names;
}

std::shared_ptr<const model::EndpointExtras> EndpointDecoder::DecodeExtras(
    const std::vector<std::string>& additional_addresses, Decoding* decoding) {
  model::EndpointExtras extras;
  extras.additional_addresses = additional_addresses;
  if (message_.has_metadata()) {
    const FieldErrors::Scope scope(&decoding->errors, "metadata");
    const proto::Struct metadata = DecodeBalancingMetadata(message_.metadata(), decoding);
    extras.hash_key = HashKey(metadata);
    extras.metadata = FieldsOf(metadata);
  }
  if (!decoding->grpc()) extras.hostname = message_.endpoint().hostname();
  if (message_.endpoint().has_health_check_config() && !decoding->grpc()) {
    const FieldErrors::Scope scope(&decoding->errors, "endpoint.health_check_config");
    DecodeHealthCheckConfig(message_.endpoint().health_check_config(), &extras, decoding);
  }
  if (extras == model::EndpointExtras()) return nullptr;
  if (extras_ == nullptr || !(*extras_ == extras)) {
    extras_ = std::make_shared<const model::EndpointExtras>(std::move(extras));
  }
  return extras_;
}

DecodedEndpoint EndpointDecoder::DecodeMessage(Decoding* decoding) {
  DecodedEndpoint result;
  FieldErrors& errors = decoding->errors;
  if (message_.has_endpoint()) {
    const FieldErrors::Scope scope(&errors, "endpoint");
    {
      const FieldErrors::Scope address(&errors, "address");
      result.config.address = DecodeAddress(message_.endpoint().address(), decoding);
    }
    const int count = message_.endpoint().additional_addresses_size();
    for (int i = 0; i < count; ++i) {
      const FieldErrors::Scope element(&errors, "additional_addresses", i);
      const FieldErrors::Scope address(&errors, "address");
      result.additional.push_back(
          DecodeAddress(message_.endpoint().additional_addresses(i).address(), decoding));
      if (model::IsNamed({result.additional.back()})) errors.Add("a name, not an address");
    }
    if (count > kMostAdditional) {
      errors.Add("additional_addresses", absl::StrCat(count, " are more than ", kMostAdditional));
    }
  } else {
    errors.Add("endpoint", "missing");
  }
  result.config.health = DecodeHealth(message_.health_status(), decoding);
  if (message_.has_load_balancing_weight()) {
    result.config.weight = message_.load_balancing_weight().value();
    if (result.config.weight == 0) errors.Add("load_balancing_weight", "zero");
  }
  if (message_.has_metadata() || message_.endpoint().has_health_check_config() ||
      !message_.endpoint().hostname().empty() || !result.additional.empty()) {
    result.config.extras = DecodeExtras(result.additional, decoding);
  }
  return result;
}

DecodedEndpoint EndpointDecoder::Decode(absl::string_view bytes, FieldErrors* errors) {
  if (std::optional<model::EndpointConfig> usual = DecodeUsualEndpoint(bytes)) {
    DecodedEndpoint result;
    result.config = *std::move(usual);
    return result;
  }
  if (IsTooCostly(message_.GetDescriptor(), bytes) ||
      !message_.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    errors->Add("the bytes are not an LbEndpoint");
    return {};
  }
  Decoding decoding(profile_, fields_);
  const FieldErrors::Scope scope(&decoding.errors, errors->path());
  if (!IsPlain(message_, decoding.grpc())) decoding.Check(message_);
  DecodedEndpoint result = DecodeMessage(&decoding);
  result.ignored = names_->Bits(decoding.ignored());
  errors->Merge(decoding.errors);
  return result;
}

}  // namespace mesh::xds
