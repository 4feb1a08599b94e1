#include "mesh/model/service_config.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace mesh::model {

void AppendIgnored(const ClusterConfig& config, std::vector<std::string>* ignored) {
  const auto append = [ignored](std::string field) {
    if (std::find(ignored->begin(), ignored->end(), field) != ignored->end()) return;
    ignored->push_back(std::move(field));
  };
  if (config.cluster != nullptr) {
    for (const std::string& field : config.cluster->ignored) {
      append(absl::StrCat("Cluster \"", config.cluster->name, "\": ", field));
    }
  }
  if (config.endpoints != nullptr) {
    for (const std::string& field : config.endpoints->ignored) {
      append(
          absl::StrCat("ClusterLoadAssignment \"", config.endpoints->cluster_name, "\": ", field));
    }
  }
  for (const std::shared_ptr<const ClusterConfig>& child : config.children) {
    AppendIgnored(*child, ignored);
  }
}

}  // namespace mesh::model
