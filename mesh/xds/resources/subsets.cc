#include "mesh/xds/resources/subsets.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "mesh/xds/resources/common.h"
#include "mesh/xds/resources/metadata.h"

namespace mesh::xds {
namespace {

using model::SubsetSelection;

// Every endpoint is in a subset of each.
constexpr int kMostSelectors = 100;

SubsetSelection::Fallback DecodeFallback(proto::LbSubsetConfig::FallbackPolicy policy,
                                         Decoding* decoding) {
  switch (policy) {
    case proto::LbSubsetConfig::NO_FALLBACK:
      return SubsetSelection::Fallback::kNone;
    case proto::LbSubsetConfig::ANY_ENDPOINT:
      return SubsetSelection::Fallback::kAnyEndpoint;
    case proto::LbSubsetConfig::DEFAULT_SUBSET:
      return SubsetSelection::Fallback::kDefaultSubset;
    default:  // the enum is open
      decoding->errors.Add("fallback_policy", NotSupported(policy, ""));
      return SubsetSelection::Fallback::kNone;
  }
}

std::optional<SubsetSelection::Fallback> DecodeSelectorFallback(
    proto::LbSubsetSelector::FallbackPolicy policy, Decoding* decoding) {
  switch (policy) {
    case proto::LbSubsetSelector::NOT_DEFINED:
      return std::nullopt;
    case proto::LbSubsetSelector::NO_FALLBACK:
      return SubsetSelection::Fallback::kNone;
    case proto::LbSubsetSelector::ANY_ENDPOINT:
      return SubsetSelection::Fallback::kAnyEndpoint;
    case proto::LbSubsetSelector::DEFAULT_SUBSET:
      return SubsetSelection::Fallback::kDefaultSubset;
    default:  // KEYS_SUBSET, and the enum is open
      decoding->errors.Add(
          "fallback_policy",
          NotSupported(policy, proto::LbSubsetSelector::FallbackPolicy_Name(policy)));
      return std::nullopt;
  }
}

SubsetSelection::Selector DecodeSelector(const proto::LbSubsetSelector& selector,
                                         Decoding* decoding) {
  SubsetSelection::Selector result;
  result.keys.assign(selector.keys().begin(), selector.keys().end());
  std::sort(result.keys.begin(), result.keys.end());
  result.keys.erase(std::unique(result.keys.begin(), result.keys.end()), result.keys.end());
  result.fallback = DecodeSelectorFallback(selector.fallback_policy(), decoding);
  return result;
}

// What could not be compared would make the subset larger than it says.
void CheckComparable(const proto::Struct& subset, Decoding* decoding) {
  for (int i = 0; i < subset.fields_size(); ++i) {
    if (subset.fields(i).value().kind_case() != proto::Value::KIND_NOT_SET) continue;
    const FieldErrors::Scope scope(&decoding->errors, "default_subset.fields", i);
    decoding->errors.Add("value", "neither text nor a number nor true or false");
  }
}

// `Message` is LbSubsetConfig or Subset.
template <typename Message>
std::shared_ptr<const SubsetSelection> Decode(const Message& config, Decoding* decoding) {
  auto result = std::make_shared<SubsetSelection>();
  result->fallback = DecodeFallback(config.fallback_policy(), decoding);
  CheckComparable(config.default_subset(), decoding);
  result->default_subset = TextOf(config.default_subset());
  const int size = config.subset_selectors_size();
  if (size > kMostSelectors) {
    decoding->errors.Add("subset_selectors", absl::StrCat(size, " are more than ", kMostSelectors));
    return result;
  }
  for (int i = 0; i < size; ++i) {
    const FieldErrors::Scope scope(&decoding->errors, "subset_selectors", i);
    SubsetSelection::Selector selector = DecodeSelector(config.subset_selectors(i), decoding);
    if (!selector.keys.empty()) result->selectors.push_back(std::move(selector));
  }
  return result;
}

}  // namespace

std::shared_ptr<const SubsetSelection> DecodeSubsets(const proto::LbSubsetConfig& config,
                                                     Decoding* decoding) {
  return Decode(config, decoding);
}

std::shared_ptr<const SubsetSelection> DecodeSubsets(const proto::Subset& config,
                                                     Decoding* decoding) {
  return Decode(config, decoding);
}

model::LocalityWeighting WeightingInSubsets(model::LocalityWeighting whole, bool weight_aware,
                                            const Decoding& decoding) {
  const bool counts = weight_aware || decoding.profile() != Profile::kEnvoy;
  return counts ? whole : model::LocalityWeighting::kIgnored;
}

}  // namespace mesh::xds
