#include "tests/resolver/recording_observer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace mesh::testing {

void RecordingObserver::OnConfig(std::shared_ptr<const model::ServiceConfig> config) {
  configs.push_back(std::move(config));
  error = absl::OkStatus();
  events_.push_back(Describe(*configs.back()));
}

void RecordingObserver::OnError(const absl::Status& status) {
  error = status;
  events_.push_back(absl::StrCat("error: ", status.message()));
}

std::vector<std::string> RecordingObserver::Take() { return std::exchange(events_, {}); }

std::string RecordingObserver::Describe(const model::ServiceConfig& config) {
  std::vector<std::string> parts = Describe(config.clusters);
  if (!config.ambient_errors.empty()) {
    parts.push_back(absl::StrCat("| ", absl::StrJoin(config.ambient_errors, ", ")));
  }
  return absl::StrJoin(parts, " ");
}

std::vector<std::string> RecordingObserver::Describe(
    const std::vector<std::shared_ptr<const model::ClusterConfig>>& clusters) {
  std::vector<std::string> parts;
  for (const auto& cluster : clusters) {
    std::string part = cluster->key.cluster;
    if (!cluster->status.ok()) {
      absl::StrAppend(&part, "!", cluster->status.message());
    } else if (cluster->endpoints != nullptr) {
      std::vector<std::string> addresses;
      for (const auto& locality : cluster->endpoints->localities) {
        locality->endpoints.ForEach(
            [&](const model::EndpointConfig& endpoint) { addresses.push_back(endpoint.address); });
      }
      absl::StrAppend(&part, "[", absl::StrJoin(addresses, " "), "]");
    } else {
      absl::StrAppend(&part, "{", absl::StrJoin(Describe(cluster->children), " "), "}");
    }
    if (!cluster->ambient.ok()) absl::StrAppend(&part, "~", cluster->ambient.message());
    parts.push_back(std::move(part));
  }
  return parts;
}

}  // namespace mesh::testing
