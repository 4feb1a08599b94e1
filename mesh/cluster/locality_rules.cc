#include "mesh/cluster/locality_rules.h"

#include <algorithm>
#include <string>
#include <vector>

namespace mesh::cluster {

bool LocalityRules::Admits(const model::EndpointConfig& config) const {
  if (admitted == Admitted::kAll) return true;
  if (admitted == Admitted::kNone) return false;
  const model::MetadataFields& wanted = subsets->default_subset;
  if (wanted.empty()) return true;
  if (config.extras == nullptr) return false;
  const model::MetadataFields& metadata = config.extras->metadata;
  const auto key_is_less = [](const auto& a, const auto& b) { return a.first < b.first; };
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& field) {
    const auto found = std::lower_bound(metadata.begin(), metadata.end(), field, key_is_less);
    if (found == metadata.end() || found->first != field.first) return false;
    if (found->second == field.second) return true;
    if (!subsets->list_as_any) return false;
    const std::vector<std::string> any = model::ElementsOf(found->second).values;
    return std::find(any.begin(), any.end(), field.second) != any.end();
  });
}

}  // namespace mesh::cluster
