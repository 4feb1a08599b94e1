#include "mesh/xds/resources/cluster.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "mesh/model/cluster.h"
#include "mesh/xds/proto/cluster.pb.h"
#include "mesh/xds/resources/circuit_breakers.h"
#include "mesh/xds/resources/cluster_balancing.h"
#include "mesh/xds/resources/cluster_discovery.h"
#include "mesh/xds/resources/common.h"
#include "mesh/xds/resources/health_checks.h"
#include "mesh/xds/resources/http_protocol_options.h"
#include "mesh/xds/resources/outlier_detection.h"
#include "mesh/xds/resources/whole_resource.h"

namespace mesh::xds {
namespace {

constexpr absl::Duration kGrpcConnectTimeout = absl::Seconds(20);

model::Cluster DecodeCluster(const proto::Cluster& cluster, Decoding* decoding) {
  model::Cluster result;
  result.name = cluster.name();
  DecodeDiscovery(cluster, decoding, &result);
  // Its clusters have all else.
  if (result.type == model::ClusterType::kAggregate) return result;

  DecodeClusterBalancing(cluster, decoding, &result);
  BalanceByType(&result);
  if (decoding->grpc()) {
    result.connections.connect_timeout = kGrpcConnectTimeout;
  } else if (cluster.has_connect_timeout()) {
    const FieldErrors::Scope scope(&decoding->errors, "connect_timeout");
    result.connections.connect_timeout = DecodeDuration(cluster.connect_timeout(), decoding);
    if (result.connections.connect_timeout == absl::ZeroDuration()) decoding->errors.Add("zero");
  }
  if (cluster.has_outlier_detection()) {
    const FieldErrors::Scope scope(&decoding->errors, "outlier_detection");
    result.outlier_detection = DecodeOutlierDetection(cluster.outlier_detection(), decoding);
  }
  {
    const FieldErrors::Scope scope(&decoding->errors, "circuit_breakers");
    result.circuit_breakers = DecodeCircuitBreakers(cluster.circuit_breakers(), decoding);
    result.connections.max_connections =
        DecodeMaxConnectionsPerHost(cluster.circuit_breakers(), decoding);
  }
  if (!decoding->grpc()) {
    result.health_checks = DecodeHealthChecks(cluster.health_checks(), decoding);
    DecodeHttpProtocolOptions(cluster, decoding, &result.connections);
  }
  if (cluster.has_lrs_server() && !cluster.lrs_server().has_self()) {
    decoding->errors.Add("lrs_server", "not self");
  }
  return result;
}

class ClusterType final : public ResourceType {
 public:
  explicit ClusterType(Profile profile)
      : profile_(profile),
        fields_({ClusterFields(), BalancingFields(), LimitFields(), ConnectionFields(),
                 HealthCheckFields(), EndpointFields(), CoreFields()}) {}

  absl::string_view type_url() const override {
    return "type.googleapis.com/envoy.config.cluster.v3.Cluster";
  }
  bool absence_is_deletion() const override { return true; }
  DecodeResult Decode(absl::string_view bytes, Previous previous) const override {
    return DecodeWhole<model::Cluster, proto::Cluster>("cluster", bytes, previous,
                                                       Decoding(profile_, &fields_), DecodeCluster);
  }

 private:
  const Profile profile_;
  const FieldTable fields_;
};

}  // namespace

std::unique_ptr<const ResourceType> NewClusterType(Profile profile) {
  return std::make_unique<const ClusterType>(profile);
}

}  // namespace mesh::xds
