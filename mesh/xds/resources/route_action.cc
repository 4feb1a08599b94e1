#include "mesh/xds/resources/route_action.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "mesh/xds/resources/common.h"
#include "mesh/xds/resources/http_filters.h"
#include "mesh/xds/resources/metadata.h"
#include "mesh/xds/resources/retry_policy.h"

namespace mesh::xds {
namespace {

constexpr absl::Duration kEnvoyTimeout = absl::Seconds(15);  // of a route that gives none

// The metadata of a field metadata_match.
proto::Struct DecodeMatch(const proto::Metadata& match, Decoding* decoding) {
  if (decoding->grpc()) return {};
  const FieldErrors::Scope scope(&decoding->errors, "metadata_match");
  proto::Struct result = DecodeBalancingMetadata(match, decoding);
  CheckValues("filter_metadata[\"envoy.lb\"]", result, decoding);
  return result;
}

void AddCluster(const std::string& name, uint32_t weight,
                std::shared_ptr<const model::MetadataMatch> match, model::Route* route) {
  model::WeightedCluster cluster;
  cluster.cluster = name;
  cluster.weight = weight;
  cluster.match = std::move(match);
  route->clusters.push_back(std::move(cluster));
}

void DecodeWeightedClusters(const proto::WeightedCluster& weighted, const proto::Struct& match,
                            Decoding* decoding, model::Route* route) {
  uint64_t total = 0;
  for (int i = 0; i < weighted.clusters_size(); ++i) {
    const proto::WeightedCluster::ClusterWeight& cluster = weighted.clusters(i);
    const FieldErrors::Scope scope(&decoding->errors, "clusters", i);
    CheckPerFilterConfigs(cluster.typed_per_filter_config(), decoding);
    if (cluster.name().empty()) decoding->errors.Add("name", "empty");
    const proto::Struct here = DecodeMatch(cluster.metadata_match(), decoding);
    if (cluster.weight().value() == 0) continue;  // no calls
    total += cluster.weight().value();
    AddCluster(cluster.name(), cluster.weight().value(), MatchOf(match, here, decoding), route);
  }
  if (total == 0) {
    decoding->errors.Add("clusters", "no cluster with a weight");
  } else if (total > std::numeric_limits<uint32_t>::max()) {
    decoding->errors.Add("clusters",
                         absl::StrCat("the sum of weights, ", total, ", is out of range"));
  }
}

// gRFC A31: grpc_timeout_header_max before max_stream_duration; zero is no limit.
absl::Duration DecodeMaxStreamDuration(const proto::RouteAction::MaxStreamDuration& limits,
                                       Decoding* decoding) {
  absl::Duration limit = absl::ZeroDuration();
  if (limits.has_max_stream_duration()) {
    const FieldErrors::Scope scope(&decoding->errors, "max_stream_duration");
    limit = DecodeDuration(limits.max_stream_duration(), decoding);
  }
  if (limits.has_grpc_timeout_header_max()) {
    const FieldErrors::Scope scope(&decoding->errors, "grpc_timeout_header_max");
    limit = DecodeDuration(limits.grpc_timeout_header_max(), decoding);
  }
  return limit;
}

// Zero if there is none.
absl::Duration DecodeTimeout(const proto::RouteAction& action, Decoding* decoding) {
  // Envoy switches the route's timeout off where max_stream_duration is there; gRPC never reads
  // it (gRFC A31).
  if (action.has_max_stream_duration()) {
    if (action.has_timeout() && !decoding->grpc()) decoding->Ignore("timeout");
    const FieldErrors::Scope scope(&decoding->errors, "max_stream_duration");
    return DecodeMaxStreamDuration(action.max_stream_duration(), decoding);
  }
  if (decoding->grpc()) return absl::ZeroDuration();
  if (action.has_timeout()) {
    const FieldErrors::Scope scope(&decoding->errors, "timeout");
    return DecodeDuration(action.timeout(), decoding);
  }
  return decoding->profile() == Profile::kEnvoy ? kEnvoyTimeout : absl::ZeroDuration();
}

// False if the route is to be skipped.
bool DecodeClusters(const proto::RouteAction& action, const std::set<std::string>& plugins,
                    Decoding* decoding, model::Route* route) {
  FieldErrors& errors = decoding->errors;
  const proto::Struct match = DecodeMatch(action.metadata_match(), decoding);
  switch (action.cluster_specifier_case()) {
    case proto::RouteAction::kCluster:
      if (action.cluster().empty()) errors.Add("cluster", "empty");
      AddCluster(action.cluster(), 1, MatchOf(match, {}, decoding), route);
      return true;
    case proto::RouteAction::kWeightedClusters: {
      const FieldErrors::Scope scope(&errors, "weighted_clusters");
      DecodeWeightedClusters(action.weighted_clusters(), match, decoding, route);
      return true;
    }
    case proto::RouteAction::kClusterSpecifierPlugin:
      if (plugins.count(action.cluster_specifier_plugin()) == 0) {
        errors.Add("cluster_specifier_plugin",
                   absl::StrCat("\"", action.cluster_specifier_plugin(), "\" is not declared"));
      }
      return false;
    case proto::RouteAction::kClusterHeader:
    case proto::RouteAction::kInlineClusterSpecifierPlugin:
      return false;
    case proto::RouteAction::CLUSTER_SPECIFIER_NOT_SET:
      errors.Add("no cluster");
      return true;
  }
  return true;
}

}  // namespace

bool DecodeRouteAction(const proto::RouteAction& action, const std::set<std::string>& plugins,
                       Decoding* decoding, model::Route* route) {
  if (!DecodeClusters(action, plugins, decoding, route)) return false;
  const absl::Duration timeout = DecodeTimeout(action, decoding);
  if (timeout > absl::ZeroDuration()) route->timeout = timeout;
  if (action.priority() == 1 && !decoding->grpc()) {
    route->priority = model::RoutingPriority::kHigh;
  } else if (action.priority() != 0 && !decoding->grpc()) {
    decoding->errors.Add("priority", absl::StrCat("unknown value ", action.priority()));
  }
  if (action.has_retry_policy()) {
    const FieldErrors::Scope scope(&decoding->errors, "retry_policy");
    route->retry = DecodeRetryPolicy(action.retry_policy(), decoding);
  }
  return true;
}

}  // namespace mesh::xds
