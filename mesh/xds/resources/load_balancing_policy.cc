#include "mesh/xds/resources/load_balancing_policy.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "mesh/xds/resources/common.h"

namespace mesh::xds {
namespace {

constexpr int kMaxDepth = 16;  // gRFC A52
// Each level of policies is held while those in it are read.
constexpr size_t kMostConfigBytes = 64 << 10;

constexpr absl::string_view kRoundRobin =
    "envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin";
constexpr absl::string_view kRandom = "envoy.extensions.load_balancing_policies.random.v3.Random";
constexpr absl::string_view kWrrLocality =
    "envoy.extensions.load_balancing_policies.wrr_locality.v3.WrrLocality";

LoadBalancing DecodeList(const proto::LoadBalancingPolicy& list, int depth, Decoding* decoding);

// How localities share where the policy's own configuration does not say.
model::LocalityWeighting DefaultWeighting(Profile profile) {
  return profile == Profile::kMesh ? model::LocalityWeighting::kByWeightIfAny
                                   : model::LocalityWeighting::kIgnored;
}

// Of a policy that picks endpoints: `Message` is RoundRobin or Random.
template <typename Message>
LoadBalancing DecodeLeaf(model::LbPolicy policy, const proto::Any& config, Decoding* decoding) {
  LoadBalancing result{policy, DefaultWeighting(decoding->profile())};
  Message message;
  if (!ParseAny(config, &message, decoding)) return result;
  decoding->Check(message);
  if (!decoding->grpc() && message.locality_lb_config().has_locality_weighted_lb_config()) {
    result.weighting = model::LocalityWeighting::kByWeight;
  }
  return result;
}

LoadBalancing DecodeWrrLocality(const proto::Any& config, int depth, Decoding* decoding) {
  proto::WrrLocality message;
  if (!ParseAny(config, &message, decoding)) return {};
  decoding->Check(message);
  const FieldErrors::Scope scope(&decoding->errors, "endpoint_picking_policy");
  LoadBalancing result = DecodeList(message.endpoint_picking_policy(), depth + 1, decoding);
  result.weighting = model::LocalityWeighting::kByWeight;
  return result;
}

// Nothing if the policy is not known.
std::optional<LoadBalancing> DecodePolicy(const proto::Any& config, int depth, Decoding* decoding) {
  const absl::string_view type = TypeName(config);
  if (type == kRoundRobin) {
    return DecodeLeaf<proto::RoundRobin>(model::LbPolicy::kRoundRobin, config, decoding);
  }
  if (type == kRandom && !decoding->grpc()) {  // gRPC has no such policy
    return DecodeLeaf<proto::Random>(model::LbPolicy::kRandom, config, decoding);
  }
  if (type == kWrrLocality) return DecodeWrrLocality(config, depth, decoding);
  return std::nullopt;
}

LoadBalancing DecodeList(const proto::LoadBalancingPolicy& list, int depth, Decoding* decoding) {
  if (depth > kMaxDepth) {
    decoding->errors.Add(absl::StrCat("more than ", kMaxDepth, " policies in each other"));
    return {};
  }
  for (int i = 0; i < list.policies_size(); ++i) {
    const FieldErrors::Scope policy(&decoding->errors, "policies", i);
    const proto::Any& config = list.policies(i).typed_extension_config().typed_config();
    const FieldErrors::Scope scope(&decoding->errors, "typed_extension_config.typed_config");
    if (config.value().size() > kMostConfigBytes) {
      decoding->errors.Add(absl::StrCat("more than ", kMostConfigBytes, " bytes"));
      return {};
    }
    const std::optional<LoadBalancing> result = DecodePolicy(config, depth, decoding);
    if (result.has_value()) return *result;
    decoding->Ignore(absl::StrCat("\"", TypeName(config), "\""));
  }
  decoding->errors.Add("policies", "none of them is known");
  return {};
}

}  // namespace

LoadBalancing DecodeLoadBalancingPolicy(const proto::LoadBalancingPolicy& list,
                                        Decoding* decoding) {
  return DecodeList(list, 1, decoding);
}

}  // namespace mesh::xds
