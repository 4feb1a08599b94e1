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
    case proto::LbSubsetSelector::KEYS_SUBSET:
      return SubsetSelection::Fallback::kFewerKeys;
    default:  // the enum is open
      decoding->errors.Add("fallback_policy", NotSupported(policy, ""));
      return std::nullopt;
  }
}

template <typename Keys>
std::vector<std::string> DecodeKeys(const Keys& keys) {
  std::vector<std::string> result(keys.begin(), keys.end());
  std::sort(result.begin(), result.end());
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

// Envoy refuses the same (subset_lb_config.cc).
void CheckFallbackKeys(const SubsetSelection::Selector& selector, Decoding* decoding) {
  const std::vector<std::string>& keys = selector.fallback_keys;
  if (selector.fallback != SubsetSelection::Fallback::kFewerKeys) {
    if (!keys.empty()) decoding->errors.Add("fallback_keys_subset", "without KEYS_SUBSET");
  } else if (keys.empty()) {
    decoding->errors.Add("fallback_keys_subset", "empty");
  } else if (!std::includes(selector.keys.begin(), selector.keys.end(), keys.begin(), keys.end())) {
    decoding->errors.Add("fallback_keys_subset", "not all of them are among the keys");
  } else if (keys.size() == selector.keys.size()) {
    decoding->errors.Add("fallback_keys_subset", "the same as the keys");
  }
}

SubsetSelection::Selector DecodeSelector(const proto::LbSubsetSelector& selector,
                                         Decoding* decoding) {
  SubsetSelection::Selector result;
  result.keys = DecodeKeys(selector.keys());
  if (result.keys.size() > model::MetadataMatch::kMostFields) {
    decoding->errors.Add("keys", absl::StrCat(result.keys.size(), " are more than ",
                                              model::MetadataMatch::kMostFields));
  }
  result.fallback = DecodeSelectorFallback(selector.fallback_policy(), decoding);
  result.fallback_keys = DecodeKeys(selector.fallback_keys_subset());
  CheckFallbackKeys(result, decoding);
  result.single_host_per_subset = selector.single_host_per_subset();
  return result;
}

bool ObeysFallbackList(proto::LbSubsetConfig::MetadataFallbackPolicy policy, Decoding* decoding) {
  switch (policy) {
    case proto::LbSubsetConfig::METADATA_NO_FALLBACK:
      return false;
    case proto::LbSubsetConfig::FALLBACK_LIST:
      return true;
    default:  // the enum is open
      decoding->errors.Add("metadata_fallback_policy", NotSupported(policy, ""));
      return false;
  }
}

// `Message` is LbSubsetConfig or Subset.
template <typename Message>
std::shared_ptr<SubsetSelection> Decode(const Message& config, Decoding* decoding) {
  auto result = std::make_shared<SubsetSelection>();
  result->fallback = DecodeFallback(config.fallback_policy(), decoding);
  // What could not be compared would make the subset larger than it says.
  CheckValues("default_subset", config.default_subset(), decoding);
  result->default_subset = FieldsOf(config.default_subset());
  result->scale_locality_weight = config.scale_locality_weight();
  result->list_as_any = config.list_as_any();
  result->panic_mode_any = config.panic_mode_any();
  result->obeys_fallback_list = ObeysFallbackList(config.metadata_fallback_policy(), decoding);
  const int size = config.subset_selectors_size();
  if (size > kMostSelectors) {
    decoding->errors.Add("subset_selectors", absl::StrCat(size, " are more than ", kMostSelectors));
    return result;
  }
  for (int i = 0; i < size; ++i) {
    const FieldErrors::Scope scope(&decoding->errors, "subset_selectors", i);
    SubsetSelection::Selector selector = DecodeSelector(config.subset_selectors(i), decoding);
    const bool is_known =
        std::any_of(result->selectors.begin(), result->selectors.end(),
                    [&](const auto& known) { return known.keys == selector.keys; });
    if (!selector.keys.empty() && !is_known) result->selectors.push_back(std::move(selector));
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
  std::shared_ptr<SubsetSelection> result = Decode(config, decoding);
  result->allow_redundant_keys = config.allow_redundant_keys();
  return result;
}

model::LocalityWeighting WeightingInSubsets(model::LocalityWeighting whole, bool weight_aware,
                                            const Decoding& decoding) {
  const bool counts = weight_aware || decoding.profile() != Profile::kEnvoy;
  return counts ? whole : model::LocalityWeighting::kIgnored;
}

}  // namespace mesh::xds
