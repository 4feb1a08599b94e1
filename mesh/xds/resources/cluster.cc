#include "mesh/xds/resources/cluster.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "mesh/model/cluster.h"
#include "mesh/xds/proto/cluster.pb.h"
#include "mesh/xds/resources/cluster_balancing.h"
#include "mesh/xds/resources/cluster_discovery.h"
#include "mesh/xds/resources/common.h"
#include "mesh/xds/resources/whole_resource.h"

namespace mesh::xds {
namespace {

constexpr absl::Duration kGrpcConnectTimeout = absl::Seconds(20);

// Outlier detection does nothing yet, but what is wrong with it is wrong today (gRFC A50).
void CheckOutlierDetection(const proto::OutlierDetection& outlier, Decoding* decoding) {
  const auto duration = [&](absl::string_view field, const google::protobuf::Duration& value) {
    const FieldErrors::Scope scope(&decoding->errors, field);
    DecodeDuration(value, decoding);
  };
  const auto percent = [&](absl::string_view field, const google::protobuf::UInt32Value& value) {
    if (value.value() <= 100) return;
    decoding->errors.Add(field, absl::StrCat(value.value(), " is more than 100 percent"));
  };
  duration("interval", outlier.interval());
  duration("base_ejection_time", outlier.base_ejection_time());
  duration("max_ejection_time", outlier.max_ejection_time());
  percent("max_ejection_percent", outlier.max_ejection_percent());
  percent("enforcing_consecutive_5xx", outlier.enforcing_consecutive_5xx());
  percent("enforcing_success_rate", outlier.enforcing_success_rate());
  percent("enforcing_consecutive_gateway_failure", outlier.enforcing_consecutive_gateway_failure());
  percent("enforcing_consecutive_local_origin_failure",
          outlier.enforcing_consecutive_local_origin_failure());
  percent("enforcing_local_origin_success_rate", outlier.enforcing_local_origin_success_rate());
  percent("failure_percentage_threshold", outlier.failure_percentage_threshold());
  percent("enforcing_failure_percentage", outlier.enforcing_failure_percentage());
  percent("enforcing_failure_percentage_local_origin",
          outlier.enforcing_failure_percentage_local_origin());
}

model::Cluster DecodeCluster(const proto::Cluster& cluster, Decoding* decoding) {
  model::Cluster result;
  result.name = cluster.name();
  DecodeDiscovery(cluster, decoding, &result);

  DecodeClusterBalancing(cluster, decoding, &result);
  if (decoding->grpc()) {
    result.connect_timeout = kGrpcConnectTimeout;
  } else if (cluster.has_connect_timeout()) {
    const FieldErrors::Scope scope(&decoding->errors, "connect_timeout");
    result.connect_timeout = DecodeDuration(cluster.connect_timeout(), decoding);
    if (result.connect_timeout == absl::ZeroDuration()) decoding->errors.Add("zero");
  }
  if (cluster.has_outlier_detection()) {
    const FieldErrors::Scope scope(&decoding->errors, "outlier_detection");
    CheckOutlierDetection(cluster.outlier_detection(), decoding);
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
        fields_({ClusterFields(), BalancingFields(), EndpointFields(), CoreFields()}) {}

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
