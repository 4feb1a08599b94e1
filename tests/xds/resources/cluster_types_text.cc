#include "tests/xds/resources/cluster_types_text.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "mesh/xds/proto/cluster.pb.h"
#include "mesh/xds/proto/endpoint.pb.h"
#include "tests/xds/resources/resource_text.h"

namespace mesh::xds {

DecodeResult Decode(Profile profile, const std::string& text) {
  return DecodeBytes(*NewResourceTypes(profile).cluster, Serialized<proto::Cluster>(text));
}

std::shared_ptr<const model::Cluster> Good(Profile profile, const std::string& text) {
  const DecodeResult result = Decode(profile, text);
  EXPECT_TRUE(result.error.ok()) << result.error << " in " << text;
  return result.error.ok() ? ModelOf<model::Cluster>(result.resource)
                           : std::make_shared<const model::Cluster>();
}

std::string Error(Profile profile, const std::string& text) {
  return std::string(Decode(profile, text).error.message());
}

std::string LoadAssignment(const std::string& text) {
  return absl::StrCat("load_assignment: '",
                      absl::CEscape(Serialized<proto::ClusterLoadAssignment>(text)), "' ");
}

std::string Endpoint(const std::string& host, int port, const std::string& more) {
  return absl::StrCat("lb_endpoints { endpoint { address { socket_address { address: '", host,
                      "' port_value: ", port, " } } } ", more, " } ");
}

std::string Static(const std::string& assignment) {
  return "name: 'c' type: STATIC " + LoadAssignment("cluster_name: 'c' " + assignment);
}

std::string Dns(const std::string& type, const std::string& assignment, const std::string& more) {
  return "name: 'c' type: " + type + " " + LoadAssignment("cluster_name: 'c' " + assignment) + more;
}

std::string Aggregate(const std::vector<std::string>& clusters, const std::string& more) {
  std::string config;
  for (const std::string& cluster : clusters) {
    absl::StrAppend(&config, "clusters: '", cluster, "' ");
  }
  return absl::StrCat("name: 'c' cluster_type { name: 'envoy.clusters.aggregate' typed_config ",
                      AnyText("envoy.extensions.clusters.aggregate.v3.ClusterConfig",
                              Serialized<proto::AggregateClusterConfig>(config)),
                      " } ", more);
}

}  // namespace mesh::xds
