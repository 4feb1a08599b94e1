#include "mesh/call/snapshot_routes.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace mesh::call {
namespace {

constexpr int kCodes = 17;

std::string RetryText(const model::RetryPolicy& retry) {
  std::vector<std::string> codes;
  for (int code = 0; code < kCodes; ++code) {
    if (retry.retry_on.contains(code)) codes.push_back(StatusCodeName(code));
  }
  if (codes.empty() || retry.num_retries == 0) return "";
  return absl::StrCat(absl::StrJoin(codes, ","), ", at most ", retry.num_retries,
                      retry.num_retries == 1 ? " retry" : " retries");
}

}  // namespace

std::string StatusCodeName(int code) {
  if (code < 0 || code >= kCodes) return absl::StrCat(code);
  return absl::StatusCodeToString(static_cast<absl::StatusCode>(code));
}

std::vector<Snapshot::Route> SnapshotRoutes(const model::VirtualHost& virtual_host) {
  std::vector<Snapshot::Route> routes;
  for (const model::Route& from : virtual_host.routes) {
    Snapshot::Route route;
    route.name = from.name;
    route.match = from.path.ToString();
    for (const model::WeightedCluster& cluster : from.clusters) {
      route.clusters.push_back({cluster.cluster, cluster.weight,
                                cluster.match == nullptr ? "" : cluster.match->ToString()});
    }
    if (from.retry.has_value()) route.retry = RetryText(*from.retry);
    if (from.timeout != absl::InfiniteDuration()) {
      route.timeout = absl::FormatDuration(from.timeout);
    }
    routes.push_back(std::move(route));
  }
  return routes;
}

}  // namespace mesh::call
