#include "mesh/model/service_config.h"

#include "absl/strings/str_cat.h"

namespace mesh::model {

void AppendIgnored(const ClusterConfig& config, std::vector<std::string>* ignored) {
  if (config.cluster != nullptr) {
    for (const std::string& field : config.cluster->ignored) {
      ignored->push_back(absl::StrCat("Cluster \"", config.cluster->name, "\": ", field));
    }
  }
  if (config.endpoints != nullptr) {
    for (const std::string& field : config.endpoints->ignored) {
      ignored->push_back(
          absl::StrCat("ClusterLoadAssignment \"", config.endpoints->cluster_name, "\": ", field));
    }
  }
}

}  // namespace mesh::model
