// Where the endpoints of a cluster come from: each type, and what goes with it (envoy
// cluster.proto and upstream_impl.cc, gRFC A37, cases.md section 14).

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mesh/model/cluster.h"
#include "mesh/xds/proto/cluster.pb.h"
#include "mesh/xds/proto/endpoint.pb.h"
#include "tests/xds/resources/cluster_text.h"
#include "tests/xds/resources/cluster_types_text.h"
#include "tests/xds/resources/resource_text.h"

namespace mesh::xds {
namespace {

using model::ClusterType;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

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
  for (const Profile profile : kNotGrpc) {
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
  for (const Profile profile : kNotGrpc) {
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

TEST(ClusterTypesTest, StrictDnsHasNamesAndAddresses) {
  for (const Profile profile : kNotGrpc) {
    const auto cluster = Good(
        profile, Dns("STRICT_DNS", "endpoints { " + Endpoint("a.example", 80) +
                                       Endpoint("10.0.0.1", 81) + "} endpoints { priority: 1 " +
                                       Endpoint("b_1.example.", 82, "health_status: 2") + "}"));
    EXPECT_EQ(cluster->type, ClusterType::kStrictDns);
    EXPECT_EQ(cluster->eds_service_name, "");
    EXPECT_THAT(Lines(*cluster->load_assignment),
                ElementsAre("0// 0: a.example:80*1 10.0.0.1:81*1", "1// 0: b_1.example.:82*1"));
    EXPECT_EQ(cluster->balancing.policy, model::LbPolicy::kRoundRobin);
    EXPECT_EQ(cluster->dns, model::DnsOptions());
    EXPECT_EQ(cluster->dns.refresh_rate, absl::Seconds(5));
    EXPECT_EQ(Good(profile, "name: 'c' type: STRICT_DNS")->load_assignment->endpoint_count(), 0u);
  }
}

// gRFC A37; one connection at a time, whatever policy is named.
TEST(ClusterTypesTest, LogicalDnsIsOneEndpoint) {
  for (const Profile profile : kAllProfiles) {
    const auto cluster =
        Good(profile, Dns("LOGICAL_DNS", "endpoints { " + Endpoint("a.example", 443) + "}",
                          "lb_policy: RING_HASH"));
    EXPECT_EQ(cluster->type, ClusterType::kLogicalDns);
    EXPECT_THAT(Lines(*cluster->load_assignment), ElementsAre("0// 0: a.example:443*1"));
    EXPECT_EQ(cluster->balancing.policy, model::LbPolicy::kPickFirst);
    EXPECT_EQ(cluster->locality_weighting, model::LocalityWeighting::kIgnored);
  }
}

TEST(ClusterTypesTest, WhenHostsAreAskedFor) {
  using Family = model::DnsOptions::Family;
  const auto options = [](const std::string& fields) {
    return Good(Profile::kMesh,
                Dns("LOGICAL_DNS", "endpoints { " + Endpoint("a.example", 80) + "}", fields))
        ->dns;
  };
  model::DnsOptions dns = options(
      "dns_refresh_rate { seconds: 7 } respect_dns_ttl: true dns_jitter { nanos: 500000000 } "
      "dns_failure_refresh_rate { base_interval { seconds: 2 } max_interval { seconds: 3 } }");
  EXPECT_EQ(dns.family, Family::kAuto);
  EXPECT_EQ(dns.refresh_rate, absl::Seconds(7));
  EXPECT_TRUE(dns.respect_ttl);
  EXPECT_EQ(dns.jitter, absl::Milliseconds(500));
  EXPECT_EQ(dns.failure_refresh_rate, absl::Seconds(2));
  EXPECT_EQ(dns.max_failure_refresh_rate, absl::Seconds(3));
  // Absent: the refresh rate; the most is ten times the base.
  dns = options("dns_refresh_rate { seconds: 7 }");
  EXPECT_FALSE(dns.respect_ttl);
  EXPECT_EQ(dns.failure_refresh_rate, absl::Seconds(7));
  EXPECT_EQ(dns.max_failure_refresh_rate, absl::Seconds(7));
  dns = options("dns_failure_refresh_rate { base_interval { seconds: 2 } }");
  EXPECT_EQ(dns.max_failure_refresh_rate, absl::Seconds(20));
  EXPECT_EQ(options("dns_lookup_family: V4_ONLY").family, Family::kV4Only);
  EXPECT_EQ(options("dns_lookup_family: V6_ONLY").family, Family::kV6Only);
  EXPECT_EQ(options("dns_lookup_family: V4_PREFERRED").family, Family::kV4Preferred);
  EXPECT_EQ(options("dns_lookup_family: ALL").family, Family::kAll);
}

// An endpoint of EDS may have a name, too.
TEST(ClusterTypesTest, EdsHasDnsOptions) {
  const std::string text =
      "name: 'c' type: EDS " + kEds + "dns_refresh_rate { seconds: 7 } respect_dns_ttl: true";
  for (const Profile profile : kNotGrpc) {
    const auto cluster = Good(profile, text);
    EXPECT_EQ(cluster->dns.refresh_rate, absl::Seconds(7));
    EXPECT_TRUE(cluster->dns.respect_ttl);
    EXPECT_THAT(cluster->ignored, IsEmpty());
  }
  const auto cluster = Good(Profile::kGrpc, text);
  EXPECT_EQ(cluster->dns.refresh_rate, absl::Seconds(30));
  EXPECT_THAT(cluster->ignored, ElementsAre("dns_refresh_rate", "respect_dns_ttl"));
}

// gRPC does not read them, and asks at most every 30 s.
TEST(ClusterTypesTest, GrpcAsksAsItsOwnResolverDoes) {
  const auto cluster = Good(
      Profile::kGrpc, Dns("LOGICAL_DNS", "endpoints { " + Endpoint("a.example", 80) + "}",
                          "dns_refresh_rate { } dns_lookup_family: V4_ONLY respect_dns_ttl: true "
                          "dns_failure_refresh_rate { } dns_jitter { seconds: -1 }"));
  EXPECT_EQ(cluster->dns.refresh_rate, absl::Seconds(30));
  EXPECT_EQ(cluster->dns.failure_refresh_rate, absl::Seconds(1));
  EXPECT_EQ(cluster->dns.max_failure_refresh_rate, absl::Seconds(120));
  EXPECT_EQ(cluster->dns.family, model::DnsOptions::Family::kAll);
  EXPECT_THAT(cluster->ignored,
              ElementsAre("dns_failure_refresh_rate", "dns_jitter", "dns_lookup_family",
                          "dns_refresh_rate", "respect_dns_ttl"));
}

TEST(ClusterTypesTest, AnAggregateNamesClusters) {
  for (const Profile profile : kAllProfiles) {
    const auto cluster = Good(profile, Aggregate({"a", "xdstp://x/y/b", "a"}));
    EXPECT_EQ(cluster->type, ClusterType::kAggregate);
    EXPECT_THAT(cluster->aggregated, ElementsAre("a", "xdstp://x/y/b", "a"));
    EXPECT_EQ(cluster->eds_service_name, "");
    EXPECT_EQ(cluster->load_assignment, nullptr);
    EXPECT_THAT(cluster->ignored, IsEmpty());
  }
  // Envoy alone insists on the policy (gRFC A75 does not).
  EXPECT_EQ(Good(Profile::kMesh, Aggregate({"a"}, ""))->type, ClusterType::kAggregate);
  EXPECT_EQ(Good(Profile::kGrpc, Aggregate({"a"}, ""))->type, ClusterType::kAggregate);
  EXPECT_EQ(Error(Profile::kEnvoy, Aggregate({"a"}, "")),
            "cluster \"c\": lb_policy: not CLUSTER_PROVIDED, in an aggregate");
  // In gRPC a cycle is no fault of the resource.
  EXPECT_THAT(Good(Profile::kGrpc, Aggregate({"c"}))->aggregated, ElementsAre("c"));
}

TEST(ClusterTypesTest, WhatDoesNothingForATypeIsListed) {
  for (const Profile profile : kAllProfiles) {
    EXPECT_THAT(
        Good(profile, "name: 'c' type: EDS " + kEds + LoadAssignment("cluster_name: 'c'"))->ignored,
        ElementsAre("load_assignment"));
    EXPECT_THAT(
        Good(profile, Aggregate({"a"},
                                "lb_policy: CLUSTER_PROVIDED connect_timeout { seconds: 1 } "
                                "dns_lookup_family: ALL outlier_detection { } " +
                                    LoadAssignment("cluster_name: 'c'")))
            ->ignored,
        ElementsAre("connect_timeout", "dns_lookup_family", "load_assignment",
                    "outlier_detection"));
  }
  EXPECT_THAT(Good(Profile::kMesh, Static("") + "dns_lookup_family: ALL dns_jitter { }")->ignored,
              ElementsAre("dns_jitter", "dns_lookup_family"));
  EXPECT_THAT(Good(Profile::kGrpc, Aggregate({"a"}, kEds))->ignored,
              ElementsAre("eds_cluster_config"));
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
