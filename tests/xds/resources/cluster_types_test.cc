// Where the endpoints of a cluster come from: each type, and what goes with it (envoy
// cluster.proto and upstream_impl.cc, gRFC A37, cases.md section 14).

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mesh/model/cluster.h"
#include "mesh/xds/proto/cluster.pb.h"
#include "mesh/xds/proto/endpoint.pb.h"
#include "tests/xds/resources/resource_text.h"

namespace mesh::xds {
namespace {

using model::ClusterType;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr Profile kAll[] = {Profile::kMesh, Profile::kEnvoy, Profile::kGrpc};
constexpr Profile kOurs[] = {Profile::kMesh, Profile::kEnvoy};
const std::string kEds = "eds_cluster_config { eds_config { ads { } } } ";

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

// The field of a cluster, from the text of its message.
std::string LoadAssignment(const std::string& text) {
  return absl::StrCat("load_assignment: '",
                      absl::CEscape(Serialized<proto::ClusterLoadAssignment>(text)), "' ");
}

// An LbEndpoint, within `endpoints { }`.
std::string Endpoint(const std::string& host, int port, const std::string& more = "") {
  return absl::StrCat("lb_endpoints { endpoint { address { socket_address { address: '", host,
                      "' port_value: ", port, " } } } ", more, " } ");
}

std::string Static(const std::string& assignment) {
  return "name: 'c' type: STATIC " + LoadAssignment("cluster_name: 'c' " + assignment);
}

// `priority/locality weight: address*weight ...` for each locality.
std::vector<std::string> Lines(const model::ClusterLoadAssignment& assignment) {
  std::vector<std::string> lines;
  for (const auto& locality : assignment.localities) {
    std::string line =
        absl::StrCat(locality->priority, locality->locality.ToString(), " ", locality->weight, ":");
    locality->endpoints.ForEach([&](const model::EndpointConfig& endpoint) {
      absl::StrAppend(&line, " ", endpoint.address, "*", endpoint.weight);
    });
    lines.push_back(std::move(line));
  }
  return lines;
}

TEST(ClusterTypesTest, StaticHasItsOwnEndpoints) {
  for (const Profile profile : kOurs) {
    const auto cluster = Good(
        profile,
        Static("endpoints { " + Endpoint("10.0.0.1", 80) +
               Endpoint("2001:db8::1", 81, "load_balancing_weight { value: 3 } health_status: 3") +
               "} endpoints { locality { zone: 'z' } priority: 1 load_balancing_weight { value: 7 "
               "} lb_endpoints { endpoint { address { pipe { path: '/p' } } } } } policy { "
               "overprovisioning_factor { value: 120 } }"));
    EXPECT_EQ(cluster->type, ClusterType::kStatic);
    EXPECT_EQ(cluster->eds_service_name, "");
    ASSERT_NE(cluster->load_assignment, nullptr);
    EXPECT_THAT(Lines(*cluster->load_assignment),
                ElementsAre("0// 0: 10.0.0.1:80*1 [2001:db8::1]:81*3", "1/z/ 7: unix:/p*1"));
    EXPECT_EQ(cluster->load_assignment->overprovisioning_factor, 120u);
    EXPECT_EQ(cluster->load_assignment->cluster_name, "c");
  }
}

TEST(ClusterTypesTest, StaticWithoutEndpoints) {
  for (const Profile profile : kOurs) {
    for (const std::string text : {"name: 'c' type: STATIC", "name: 'c'"}) {  // the first of all
      const auto cluster = Good(profile, text);
      EXPECT_EQ(cluster->type, ClusterType::kStatic);
      ASSERT_NE(cluster->load_assignment, nullptr);
      EXPECT_EQ(cluster->load_assignment->endpoint_count(), 0u);
    }
  }
}

TEST(ClusterTypesTest, LocalitiesOfAClusterNeedNoName) {
  EXPECT_THAT(Lines(*Good(Profile::kMesh, Static("endpoints { " + Endpoint("1.1.1.1", 1) +
                                                 "} endpoints { " + Endpoint("1.1.1.2", 1) + "}"))
                         ->load_assignment),
              ElementsAre("0// 0: 1.1.1.1:1*1", "0// 0: 1.1.1.2:1*1"));
}

TEST(ClusterTypesTest, FieldsWithinTheAssignmentAreListedWithTheirPath) {
  proto::ClusterLoadAssignment assignment;
  assignment.set_cluster_name("c");
  auto* locality = assignment.add_endpoints();
  locality->GetReflection()->MutableUnknownFields(locality)->AddVarint(6, 1);  // proximity
  proto::Cluster cluster;
  cluster.set_name("c");
  cluster.set_type(proto::Cluster::STATIC);
  cluster.set_load_assignment(assignment.SerializeAsString());
  const DecodeResult result =
      DecodeBytes(*NewResourceTypes(Profile::kMesh).cluster, cluster.SerializeAsString());
  ASSERT_TRUE(result.error.ok()) << result.error;
  EXPECT_THAT(ModelOf<model::Cluster>(result.resource)->ignored,
              ElementsAre("load_assignment.endpoints.proximity"));
}

TEST(ClusterTypesTest, WhatDoesNothingForATypeIsListed) {
  for (const Profile profile : kAll) {
    EXPECT_THAT(
        Good(profile, "name: 'c' type: EDS " + kEds + LoadAssignment("cluster_name: 'c'"))->ignored,
        ElementsAre("load_assignment"));
  }
}

struct Row {
  std::string what;
  std::string text;
  std::string error;  // part of it
};

TEST(ClusterTypesTest, RefusedInMeshAndEnvoy) {
  const std::string good = "endpoints { " + Endpoint("10.0.0.1", 80) + "}";
  const std::string in = "cluster \"c\": load_assignment.";
  const Row rows[] = {
      {"EDS configuration", Static(good) + kEds,
       "eds_cluster_config: set in a cluster of type STATIC"},
      {"a name",
       Static("endpoints { " + Endpoint("10.0.0.1", 80) + Endpoint("localhost", 80) + "}"),
       in + "endpoints[0].lb_endpoints[1].endpoint.address.socket_address.address: \"localhost\" "
            "is no IP address; clusters of type STRICT_DNS and LOGICAL_DNS have names"},
      {"a numeric name", Static("endpoints { " + Endpoint("10.0.0.256", 80) + "}"),
       "\"10.0.0.256\" is no IP address"},
      {"no name of the assignment", "name: 'c' type: STATIC " + LoadAssignment(good),
       in + "cluster_name: empty"},
      {"bad bytes", "name: 'c' type: STATIC load_assignment: '\\377'",
       "cluster \"c\": load_assignment: the bytes are not a message of its type"},
      {"bad bytes of a locality", "name: 'c' type: STATIC load_assignment: '\\022\\001\\377'",
       in + "endpoints[0]: the bytes are not a LocalityLbEndpoints"},
      {"a port out of range", Static("endpoints { " + Endpoint("10.0.0.1", 70000) + "}"),
       in +
           "endpoints[0].lb_endpoints[0].endpoint.address.socket_address.port_value: port 70000 is "
           "out of range"},
      {"a weight of zero",
       Static("endpoints { " + Endpoint("10.0.0.1", 80, "load_balancing_weight { }") + "}"),
       in + "endpoints[0].lb_endpoints[0].load_balancing_weight: zero"},
      {"a gap between priorities", Static(good + "endpoints { priority: 2 }"),
       in + "endpoints: priority 1 is empty, but 2 is not"},
      {"a gap before the first", Static("endpoints { priority: 1 }"),
       in + "endpoints: priority 0 is empty, but 1 is not"},
      {"zero overprovisioning", Static("policy { overprovisioning_factor { } }"),
       in + "policy.overprovisioning_factor: zero"},
      {"no address", Static("endpoints { lb_endpoints { endpoint { } } }"),
       in + "endpoints[0].lb_endpoints[0].endpoint.address: neither a socket_address nor a pipe"},
  };
  for (const Profile profile : kOurs) {
    for (const Row& row : rows) {
      SCOPED_TRACE(row.what);
      EXPECT_THAT(Error(profile, row.text), HasSubstr(row.error));
    }
  }
}

// EDS-20, cases.md section 14 (CDS).
TEST(ClusterTypesTest, RefusedByName) {
  for (const Profile profile : kAll) {
    EXPECT_EQ(Error(profile, "name: 'c' type: ORIGINAL_DST"),
              "cluster \"c\": type: ORIGINAL_DST is not supported");
  }
  for (const std::string text : {"name: 'c' type: STATIC ", "name: 'c' "}) {
    EXPECT_EQ(Error(Profile::kGrpc, text + kEds), "cluster \"c\": type: STATIC is not supported");
  }
}

// Another version of a cluster with the same bytes is the same cluster.
TEST(ClusterTypesTest, TheSameBytesAreTheSameValue) {
  const ResourceTypes types = NewResourceTypes(Profile::kMesh);
  const std::string bytes =
      Serialized<proto::Cluster>(Static("endpoints { " + Endpoint("10.0.0.1", 80) + "}"));
  const DecodeResult first = DecodeBytes(*types.cluster, bytes);
  EXPECT_EQ(DecodeBytes(*types.cluster, bytes, first.resource).resource, first.resource);
}

}  // namespace
}  // namespace mesh::xds
