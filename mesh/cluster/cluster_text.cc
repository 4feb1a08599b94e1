#include "mesh/cluster/cluster_text.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace mesh::cluster {

namespace {

// What says which endpoints a cluster has.
std::string SourceOf(const model::ClusterConfig& config) {
  switch (config.cluster->type) {
    case model::ClusterType::kStrictDns:
    case model::ClusterType::kLogicalDns:
      return "the DNS of its load_assignment";
    case model::ClusterType::kStatic:
    case model::ClusterType::kAggregate:
      return "its load_assignment";
    case model::ClusterType::kEds:
      break;
  }
  const model::ClusterKey& key = config.key;
  return absl::StrCat("ClusterLoadAssignment \"",
                      key.eds_service_name.empty() ? key.cluster : key.eds_service_name, "\"");
}

// ` in its localities a, b and 3 more`; empty if there are no localities.
std::string InLocalities(const model::ClusterLoadAssignment& assignment) {
  constexpr size_t kMostNamed = 5;
  const size_t count = assignment.localities.size();
  if (count == 0) return "";
  std::vector<std::string> names;
  for (size_t i = 0; i < std::min(count, kMostNamed); ++i) {
    names.push_back(assignment.localities[i]->locality.ToString());
  }
  return absl::StrCat(count == 1 ? " in its locality " : " in its localities ",
                      absl::StrJoin(names, ", "),
                      count > kMostNamed ? absl::StrCat(" and ", count - kMostNamed, " more") : "");
}

}  // namespace

absl::Status UnavailableCluster(absl::string_view label, const model::ClusterConfig& config,
                                const EndpointCounts& counts, absl::string_view last_error) {
  if (counts.configured == 0) {
    return absl::UnavailableError(
        absl::StrCat(label, ": no endpoints (", SourceOf(config), " has none",
                     config.endpoints == nullptr ? "" : InLocalities(*config.endpoints), ")"));
  }
  if (counts.usable == 0) {
    return absl::UnavailableError(
        absl::StrCat(label, ": none of its ", counts.configured,
                     counts.configured == 1 ? " endpoint" : " endpoints",
                     " may take calls: unhealthy, ejected, or in a locality without weight (",
                     SourceOf(config), ")"));
  }
  return absl::UnavailableError(
      absl::StrCat(label, ": no endpoint is connected: ", counts.failing, " of ", counts.usable,
                   counts.usable == 1 ? " endpoint is" : " endpoints are",
                   " failing: ", last_error.empty() ? "no error is known" : last_error));
}

absl::Status PanickingCluster(absl::string_view label) {
  return absl::UnavailableError(
      absl::StrCat(label,
                   ": too few endpoints of a priority are healthy, so that its calls fail "
                   "(zone_aware_lb_config.fail_traffic_on_panic)"));
}

absl::Status UnavailableSubset(absl::string_view label, const model::MetadataFields* default_subset,
                               size_t configured) {
  const std::string none = absl::StrCat(label, ": none of its ", configured,
                                        configured == 1 ? " endpoint " : " endpoints ");
  if (default_subset == nullptr) {
    return absl::UnavailableError(
        absl::StrCat(none, "takes calls that name no metadata (lb_subset_config, NO_FALLBACK)"));
  }
  return absl::UnavailableError(
      absl::StrCat(none, "is in the default subset (", model::ToString(*default_subset), ")"));
}

absl::Status NoSubset(absl::string_view cluster, const model::MetadataMatch& match,
                      bool is_complete, size_t most) {
  if (!is_complete) {
    return absl::UnavailableError(
        absl::StrCat("cluster \"", cluster, "\": its endpoints make more subsets than the ", most,
                     " that there may be, and none that there is has ", match.ToString()));
  }
  return absl::UnavailableError(absl::StrCat("cluster \"", cluster,
                                             "\": no endpoint is in a subset ", match.ToString(),
                                             ", which the route names (lb_subset_config, "
                                             "NO_FALLBACK)"));
}

absl::Status AsUnavailable(const absl::Status& status) {
  if (status.code() == absl::StatusCode::kUnavailable) return status;
  return absl::UnavailableError(status.message());
}

absl::string_view ToString(model::HealthStatus health) {
  switch (health) {
    case model::HealthStatus::kUnknown:
      return "unknown";
    case model::HealthStatus::kHealthy:
      return "healthy";
    case model::HealthStatus::kUnhealthy:
      return "unhealthy";
    case model::HealthStatus::kDraining:
      return "draining";
    case model::HealthStatus::kTimeout:
      return "timeout";
    case model::HealthStatus::kDegraded:
      return "degraded";
  }
  return "unknown";
}

}  // namespace mesh::cluster
