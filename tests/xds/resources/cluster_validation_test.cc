// Which clusters are accepted, and what they become: the corpus of grpc-go's
// unmarshal_cds_test.go, as far as it is about what is here. How endpoints are chosen is in
// cluster_balancing_test.cc, what they may be asked and when they are left in
// cluster_limits_test.cc.

#include <string>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mesh/model/cluster.h"
#include "mesh/xds/proto/cluster.pb.h"
#include "tests/xds/resources/resource_text.h"

namespace mesh::xds {
namespace {

using model::LbPolicy;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr Profile kAll[] = {Profile::kMesh, Profile::kEnvoy, Profile::kGrpc};
const std::string kEds = "name: 'c' type: EDS eds_cluster_config { eds_config { ads { } } } ";

DecodeResult Decode(Profile profile, const std::string& text) {
  return DecodeBytes(*NewResourceTypes(profile).cluster, Serialized<proto::Cluster>(text));
}

model::Cluster Good(Profile profile, const std::string& text) {
  const DecodeResult result = Decode(profile, text);
  EXPECT_TRUE(result.error.ok()) << result.error << " in " << text;
  return result.resource == nullptr ? model::Cluster() : *ModelOf<model::Cluster>(result.resource);
}

TEST(ClusterValidationTest, AGoodResource) {
  const model::Cluster cluster =
      Good(Profile::kMesh,
           "name: 'c' type: EDS eds_cluster_config { service_name: 's' eds_config { "
           "self { } resource_api_version: 2 } } connect_timeout { nanos: 250000000 }");
  EXPECT_EQ(cluster.name, "c");
  EXPECT_EQ(cluster.eds_service_name, "s");
  EXPECT_EQ(cluster.balancing.policy, LbPolicy::kRoundRobin);
  EXPECT_EQ(cluster.connections.connect_timeout, absl::Milliseconds(250));
  EXPECT_EQ(cluster.max_connected_endpoints, 0u);
  EXPECT_THAT(cluster.ignored, IsEmpty());
}

TEST(ClusterValidationTest, Defaults) {
  for (const Profile profile : kAll) {
    const model::Cluster cluster = Good(profile, kEds);
    EXPECT_EQ(cluster.eds_service_name, "c");
    EXPECT_EQ(cluster.balancing.policy, LbPolicy::kRoundRobin);
    EXPECT_EQ(cluster.connections.connect_timeout,
              absl::Seconds(profile == Profile::kGrpc ? 20 : 5));
  }
}

struct Row {
  std::string what;
  std::string text;
  std::string error;  // part of it; empty: accepted
};

TEST(ClusterValidationTest, InEveryProfile) {
  const std::string eds = "eds_cluster_config { eds_config { ads { } } } ";
  const Row rows[] = {
      {"no name", "type: EDS " + eds, "cluster: name: empty"},
      {"no eds config", "name: 'c' type: EDS", "eds_cluster_config.eds_config: missing"},
      {"no source", "name: 'c' type: EDS eds_cluster_config { service_name: 's' }",
       "eds_cluster_config.eds_config: missing"},
      {"source neither ads nor self", "name: 'c' type: EDS eds_cluster_config { eds_config { } }",
       "eds_cluster_config.eds_config: neither ads nor self"},
      {"federated without service name", "name: 'xdstp://a/b/c' type: EDS " + eds,
       "eds_cluster_config.service_name: empty"},  // NAM-10
      {"federated with service name",
       "name: 'xdstp://a/b/c' type: EDS eds_cluster_config { eds_config { ads { } } service_name: "
       "'s' }",
       ""},
      {"lrs self", kEds + "lrs_server { self { } }", ""},
      {"lrs not self", kEds + "lrs_server { ads { } }", "lrs_server: not self"},
  };
  for (const Profile profile : kAll) {
    for (const Row& row : rows) {
      SCOPED_TRACE(row.what);
      const DecodeResult result = Decode(profile, row.text);
      if (row.error.empty()) {
        EXPECT_TRUE(result.error.ok()) << result.error;
        EXPECT_NE(result.resource, nullptr);
      } else {
        EXPECT_THAT(std::string(result.error.message()), HasSubstr(row.error));
        EXPECT_EQ(result.resource, nullptr);
      }
    }
  }
}

TEST(ClusterValidationTest, NumbersThatNoNameStandsFor) {
  proto::Cluster cluster;
  ASSERT_TRUE(cluster.ParseFromString(Serialized<proto::Cluster>(kEds)));
  cluster.set_lb_policy(static_cast<proto::Cluster::LbPolicy>(99));
  cluster.set_type(static_cast<proto::Cluster::DiscoveryType>(77));
  const DecodeResult result =
      DecodeBytes(*NewResourceTypes(Profile::kMesh).cluster, cluster.SerializeAsString());
  EXPECT_THAT(std::string(result.error.message()),
              HasSubstr("type: unknown value 77 is not supported; lb_policy: unknown "
                        "value 99 is not supported"));
}

// Never plaintext in place of TLS.
TEST(ClusterValidationTest, TransportSockets) {
  struct {
    int field;
    std::string name;
  } const rows[] = {
      {24, "transport_socket"}, {43, "transport_socket_matches"}, {59, "transport_socket_matcher"}};
  for (const Profile profile : kAll) {
    for (const auto& row : rows) {
      proto::Cluster cluster;
      ASSERT_TRUE(cluster.ParseFromString(Serialized<proto::Cluster>(kEds)));
      cluster.GetReflection()
          ->MutableUnknownFields(&cluster)
          ->AddLengthDelimited(row.field)
          ->assign("");
      const DecodeResult result =
          DecodeBytes(*NewResourceTypes(profile).cluster, cluster.SerializeAsString());
      EXPECT_THAT(std::string(result.error.message()),
                  HasSubstr("cluster \"c\": " + row.name + ": not supported"));
    }
  }
}

TEST(ClusterValidationTest, ValuesThatOnlyEnvoyMinds) {
  const std::string texts[] = {
      kEds + "connect_timeout { }",
      "name: 'c' type: EDS eds_cluster_config { eds_config { ads { } resource_api_version: 1 } }",
  };
  for (const std::string& text : texts) {
    EXPECT_FALSE(Decode(Profile::kMesh, text).error.ok());
    EXPECT_FALSE(Decode(Profile::kEnvoy, text).error.ok());
    EXPECT_TRUE(Decode(Profile::kGrpc, text).error.ok());
  }
}

}  // namespace
}  // namespace mesh::xds
