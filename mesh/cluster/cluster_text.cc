#include "mesh/cluster/cluster_text.h"

#include "absl/strings/str_cat.h"

namespace mesh::cluster {

absl::Status UnavailableCluster(absl::string_view label, absl::string_view assignment,
                                const EndpointCounts& counts, absl::string_view last_error) {
  if (counts.configured == 0) {
    return absl::UnavailableError(absl::StrCat(label, ": no endpoints (ClusterLoadAssignment \"",
                                               assignment, "\" has none)"));
  }
  if (counts.usable == 0) {
    return absl::UnavailableError(absl::StrCat(
        label, ": none of its ", counts.configured,
        counts.configured == 1 ? " endpoint" : " endpoints",
        " may take calls: unhealthy, or in a locality without weight (ClusterLoadAssignment \"",
        assignment, "\")"));
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
