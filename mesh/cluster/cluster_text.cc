#include "mesh/cluster/cluster_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace mesh::cluster {

absl::Status UnavailableCluster(absl::string_view cluster, absl::string_view assignment,
                                const EndpointCounts& counts, absl::string_view last_error) {
  if (counts.configured == 0) {
    return absl::UnavailableError(absl::StrCat("cluster \"", cluster,
                                               "\": no endpoints (ClusterLoadAssignment \"",
                                               assignment, "\" has none)"));
  }
  if (counts.usable == 0) {
    return absl::UnavailableError(absl::StrCat(
        "cluster \"", cluster, "\": none of its ", counts.configured,
        counts.configured == 1 ? " endpoint" : " endpoints",
        " may take calls: unhealthy, or in a locality without weight (ClusterLoadAssignment \"",
        assignment, "\")"));
  }
  return absl::UnavailableError(
      absl::StrCat("cluster \"", cluster, "\": no endpoint is connected: ", counts.failing, " of ",
                   counts.usable, counts.usable == 1 ? " endpoint is" : " endpoints are",
                   " failing: ", last_error.empty() ? "no error is known" : last_error));
}

absl::Status UnavailableSubset(absl::string_view cluster, const model::SubsetSelection& subsets,
                               size_t configured) {
  const std::string none = absl::StrCat("cluster \"", cluster, "\": none of its ", configured,
                                        configured == 1 ? " endpoint " : " endpoints ");
  if (subsets.fallback == model::SubsetSelection::Fallback::kNone) {
    return absl::UnavailableError(
        absl::StrCat(none, "takes calls that name no metadata (lb_subset_config, NO_FALLBACK)"));
  }
  return absl::UnavailableError(
      absl::StrCat(none, "is in the default subset (",
                   absl::StrJoin(subsets.default_subset, ", ", absl::PairFormatter("=")), ")"));
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
