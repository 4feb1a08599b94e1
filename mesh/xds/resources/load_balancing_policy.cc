#include "mesh/xds/resources/load_balancing_policy.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "mesh/xds/resources/common.h"
#include "mesh/xds/resources/policy_settings.h"
#include "mesh/xds/resources/subsets.h"

namespace mesh::xds {
namespace {

using model::LbPolicy;
using model::LocalityWeighting;

constexpr int kMaxDepth = 16;  // gRFC A52
// Each level of policies is held while those in it are read.
constexpr size_t kMostConfigBytes = 64 << 10;

constexpr absl::string_view kPolicies = "envoy.extensions.load_balancing_policies.";

Balancing DecodeList(const proto::LoadBalancingPolicy& list, int depth, Decoding* decoding);

// How localities share: by weight where the policy's configuration says so.
LocalityWeighting Weighting(bool weighted, const Decoding& decoding) {
  if (decoding.grpc()) return LocalityWeighting::kIgnored;  // wrr_locality says it there
  if (weighted) return LocalityWeighting::kByWeight;
  return decoding.profile() == Profile::kMesh ? LocalityWeighting::kByWeightIfAny
                                              : LocalityWeighting::kIgnored;
}

void DecodeLocalities(const proto::LocalityLbConfig& config, Balancing* result,
                      Decoding* decoding) {
  const FieldErrors::Scope scope(&decoding->errors, "locality_lb_config");
  result->weighting = Weighting(config.has_locality_weighted_lb_config(), *decoding);
  if (config.has_zone_aware_lb_config()) {
    result->zone_aware = DecodeZoneAware(config.zone_aware_lb_config(), decoding);
  }
  result->fail_traffic_on_panic = config.zone_aware_lb_config().fail_traffic_on_panic();
}

void DecodeSlowStartOf(const proto::SlowStartConfig& config, Balancing* result,
                       Decoding* decoding) {
  if (decoding->grpc()) return;
  const FieldErrors::Scope scope(&decoding->errors, "slow_start_config");
  result->policy.slow_start = DecodeSlowStart(config, decoding);
}

Balancing Decode(const proto::RoundRobin& message, Decoding* decoding) {
  Balancing result;
  DecodeLocalities(message.locality_lb_config(), &result, decoding);
  DecodeSlowStartOf(message.slow_start_config(), &result, decoding);
  return result;
}

Balancing Decode(const proto::Random& message, Decoding* decoding) {
  Balancing result;
  result.policy.policy = LbPolicy::kRandom;
  DecodeLocalities(message.locality_lb_config(), &result, decoding);
  return result;
}

Balancing Decode(const proto::LeastRequest& message, Decoding* decoding) {
  Balancing result;
  result.policy.policy = LbPolicy::kLeastRequest;
  result.policy.least_request = DecodeLeastRequest(message, decoding);
  DecodeLocalities(message.locality_lb_config(), &result, decoding);
  DecodeSlowStartOf(message.slow_start_config(), &result, decoding);
  return result;
}

Balancing Decode(const proto::RingHash& message, Decoding* decoding) {
  Balancing result;
  result.policy.policy = LbPolicy::kRingHash;
  result.policy.ring_hash = DecodeRingHash(message, decoding);
  // In gRPC, all of a priority is on one ring, by the weight of locality and endpoint (gRFC A113).
  result.weighting = decoding->grpc()
                         ? LocalityWeighting::kByWeight
                         : Weighting(message.has_locality_weighted_lb_config(), *decoding);
  if (decoding->grpc()) return result;
  if (message.has_consistent_hashing_lb_config()) {
    const FieldErrors::Scope scope(&decoding->errors, "consistent_hashing_lb_config");
    DecodeConsistentHashing(message.consistent_hashing_lb_config(), &result.policy, decoding);
    return result;
  }
  result.policy.hashes_hostname = message.use_hostname_for_hashing();
  if (message.has_hash_balance_factor()) {
    result.policy.hash_balance_factor =
        DecodeHashBalanceFactor(message.hash_balance_factor(), decoding);
  }
  return result;
}

Balancing Decode(const proto::Maglev& message, Decoding* decoding) {
  Balancing result;
  result.policy.policy = LbPolicy::kMaglev;
  result.policy.maglev = DecodeMaglev(message, decoding);
  result.weighting = Weighting(message.has_locality_weighted_lb_config(), *decoding);
  const FieldErrors::Scope scope(&decoding->errors, "consistent_hashing_lb_config");
  DecodeConsistentHashing(message.consistent_hashing_lb_config(), &result.policy, decoding);
  return result;
}

// A list of endpoints that is tried in its order, whatever their localities.
Balancing Decode(const proto::PickFirst& message, Decoding*) {
  Balancing result;
  result.policy.policy = LbPolicy::kPickFirst;
  result.policy.pick_first.shuffle = message.shuffle_address_list();
  return result;
}

Balancing Decode(const proto::ClientSideWeightedRoundRobin& message, Decoding* decoding) {
  Balancing result;
  result.policy.policy = LbPolicy::kClientSideWeightedRoundRobin;
  result.policy.client_side_weighted_round_robin =
      DecodeClientSideWeightedRoundRobin(message, decoding);
  result.weighting = Weighting(false, *decoding);
  DecodeSlowStartOf(message.slow_start_config(), &result, decoding);
  return result;
}

// Of a policy that picks endpoints, whose configuration is a `Message`.
template <typename Message>
Balancing DecodeLeaf(const proto::Any& config, int, Decoding* decoding) {
  Message message;
  if (!ParseAny(config, &message, decoding)) return {};
  decoding->Check(message);
  return Decode(message, decoding);
}

Balancing DecodeWrrLocality(const proto::Any& config, int depth, Decoding* decoding) {
  proto::WrrLocality message;
  if (!ParseAny(config, &message, decoding)) return {};
  decoding->Check(message);
  const FieldErrors::Scope scope(&decoding->errors, "endpoint_picking_policy");
  Balancing result = DecodeList(message.endpoint_picking_policy(), depth + 1, decoding);
  result.weighting = LocalityWeighting::kByWeight;
  return result;
}

Balancing DecodeSubsetPolicy(const proto::Any& config, int depth, Decoding* decoding) {
  proto::Subset message;
  if (!ParseAny(config, &message, decoding)) return {};
  decoding->Check(message);
  std::shared_ptr<const model::SubsetSelection> subsets = DecodeSubsets(message, decoding);
  const FieldErrors::Scope scope(&decoding->errors, "subset_lb_policy");
  Balancing result = DecodeList(message.subset_lb_policy(), depth + 1, decoding);
  if (result.subsets != nullptr) decoding->errors.Add("subsets of subsets are not supported");
  result.subsets = std::move(subsets);
  result.weighting =
      WeightingInSubsets(result.weighting, message.locality_weight_aware(), *decoding);
  return result;
}

struct KnownPolicy {
  absl::string_view type;  // after kPolicies
  bool in_grpc;
  Balancing (*decode)(const proto::Any& config, int depth, Decoding* decoding);
};
constexpr KnownPolicy kKnown[] = {
    {"round_robin.v3.RoundRobin", true, DecodeLeaf<proto::RoundRobin>},
    {"random.v3.Random", false, DecodeLeaf<proto::Random>},
    {"least_request.v3.LeastRequest", true, DecodeLeaf<proto::LeastRequest>},
    {"ring_hash.v3.RingHash", true, DecodeLeaf<proto::RingHash>},
    {"maglev.v3.Maglev", false, DecodeLeaf<proto::Maglev>},
    {"pick_first.v3.PickFirst", true, DecodeLeaf<proto::PickFirst>},
    {"client_side_weighted_round_robin.v3.ClientSideWeightedRoundRobin", true,
     DecodeLeaf<proto::ClientSideWeightedRoundRobin>},
    {"wrr_locality.v3.WrrLocality", true, DecodeWrrLocality},
    {"subset.v3.Subset", false, DecodeSubsetPolicy},
};

const KnownPolicy* FindPolicy(absl::string_view type, const Decoding& decoding) {
  if (!absl::ConsumePrefix(&type, kPolicies)) return nullptr;
  for (const KnownPolicy& policy : kKnown) {
    if (policy.type == type) return policy.in_grpc || !decoding.grpc() ? &policy : nullptr;
  }
  return nullptr;
}

Balancing DecodeList(const proto::LoadBalancingPolicy& list, int depth, Decoding* decoding) {
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
    const KnownPolicy* known = FindPolicy(TypeName(config), *decoding);
    if (known != nullptr) return known->decode(config, depth, decoding);
    decoding->Ignore(absl::StrCat("\"", TypeName(config), "\""));
  }
  decoding->errors.Add("policies", "none of them is known");
  return {};
}

}  // namespace

Balancing DecodeLoadBalancingPolicy(const proto::LoadBalancingPolicy& list, Decoding* decoding) {
  return DecodeList(list, 1, decoding);
}

}  // namespace mesh::xds
