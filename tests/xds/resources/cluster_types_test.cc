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

std::string Dns(const std::string& type, const std::string& assignment,
                const std::string& more = "") {
  return "name: 'c' type: " + type + " " + LoadAssignment("cluster_name: 'c' " + assignment) + more;
}

// A cluster that aggregates `clusters`.
std::string Aggregate(const std::vector<std::string>& clusters,
                      const std::string& more = "lb_policy: CLUSTER_PROVIDED") {
  std::string config;
  for (const std::string& cluster : clusters) {
    absl::StrAppend(&config, "clusters: '", cluster, "' ");
  }
  return absl::StrCat("name: 'c' cluster_type { name: 'envoy.clusters.aggregate' typed_config ",
                      AnyText("envoy.extensions.clusters.aggregate.v3.ClusterConfig",
                              Serialized<proto::AggregateClusterConfig>(config)),
                      " } ", more);
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

TEST(ClusterTypesTest, StrictDnsHasNamesAndAddresses) {
  for (const Profile profile : kOurs) {
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
  for (const Profile profile : kAll) {
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
  for (const Profile profile : kOurs) {
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
  for (const Profile profile : kAll) {
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
  for (const Profile profile : kAll) {
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

TEST(ClusterTypesTest, DnsIsRefusedInMeshAndEnvoy) {
  const std::string good = "endpoints { " + Endpoint("a.example", 80) + "}";
  const std::string address = "load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.";
  const auto options = [&good](const std::string& fields) {
    return Dns("STRICT_DNS", good, fields);
  };
  const Row rows[] = {
      {"EDS configuration", Dns("STRICT_DNS", good, kEds),
       "eds_cluster_config: set in a cluster of type STRICT_DNS"},
      {"a name without port", Dns("STRICT_DNS", "endpoints { " + Endpoint("a.example", 0) + "}"),
       address + "socket_address.port_value: missing"},
      {"an address without port", Dns("STRICT_DNS", "endpoints { " + Endpoint("::1", 0) + "}"),
       address + "socket_address.port_value: missing"},
      {"neither a name nor an address",
       Dns("STRICT_DNS", "endpoints { " + Endpoint("10.0.0.256", 80) + "}"),
       address + "socket_address.address: \"10.0.0.256\" is neither an IP address nor a name"},
      {"a path",
       Dns("STRICT_DNS",
           "endpoints { lb_endpoints { endpoint { address { pipe { path: '/p' } } } } }"),
       address + "pipe: in a cluster of type STRICT_DNS"},
      {"a gap between priorities", Dns("STRICT_DNS", good + "endpoints { priority: 2 }"),
       "load_assignment.endpoints: priority 1 is empty, but 2 is not"},
      {"no rate", options("dns_refresh_rate { }"), "dns_refresh_rate: not more than 1 ms"},
      {"a tiny rate", options("dns_refresh_rate { nanos: 1000000 }"),
       "dns_refresh_rate: not more than 1 ms"},
      {"a negative rate", options("dns_refresh_rate { seconds: -1 }"),
       "cluster \"c\": dns_refresh_rate: negative"},
      {"a negative jitter", options("dns_jitter { nanos: -1 }"), "dns_jitter: negative"},
      {"no base", options("dns_failure_refresh_rate { max_interval { seconds: 9 } }"),
       "dns_failure_refresh_rate.base_interval: missing"},
      {"a base of nothing", options("dns_failure_refresh_rate { base_interval { } }"),
       "dns_failure_refresh_rate.base_interval: not more than 1 ms"},
      {"most below base",
       options("dns_failure_refresh_rate { base_interval { seconds: 9 } max_interval { seconds: 8 "
               "} }"),
       "dns_failure_refresh_rate.max_interval: less than base_interval"},
  };
  for (const Profile profile : kOurs) {
    for (const Row& row : rows) {
      SCOPED_TRACE(row.what);
      EXPECT_THAT(Error(profile, row.text), HasSubstr(row.error));
    }
  }
}

TEST(ClusterTypesTest, SoManyNames) {
  for (const int count : {1000, 1001}) {
    std::string endpoints;
    for (int i = 0; i < count; ++i) {
      // The same name at another port is one.
      for (const int port : {80, 81}) endpoints += Endpoint(absl::StrCat("n", i), port);
    }
    EXPECT_EQ(
        Error(Profile::kMesh, Dns("STRICT_DNS", "endpoints { " + endpoints + "}")),
        count == 1000 ? "" : "cluster \"c\": load_assignment.endpoints: more than 1000 names");
  }
}

// grpc-go unmarshal_cds_test.go, "logical_dns"; envoy logical_dns_cluster.cc.
TEST(ClusterTypesTest, LogicalDnsWithOtherThanOneEndpointIsRefused) {
  const std::string one = Endpoint("a.example", 80);
  const Row rows[] = {
      {"none", "name: 'c' type: LOGICAL_DNS", "cluster \"c\": load_assignment: missing"},
      {"no locality", Dns("LOGICAL_DNS", ""),
       "load_assignment.endpoints: 0 localities, but LOGICAL_DNS has one"},
      {"two localities", Dns("LOGICAL_DNS", "endpoints { " + one + "} endpoints { " + one + "}"),
       "load_assignment.endpoints: 2 localities, but LOGICAL_DNS has one"},
      {"no endpoint", Dns("LOGICAL_DNS", "endpoints { }"),
       "load_assignment.endpoints[0].lb_endpoints: 0 endpoints, but LOGICAL_DNS has one"},
      {"two endpoints", Dns("LOGICAL_DNS", "endpoints { " + one + one + "}"),
       "load_assignment.endpoints[0].lb_endpoints: 2 endpoints, but LOGICAL_DNS has one"},
      {"no port", Dns("LOGICAL_DNS", "endpoints { " + Endpoint("a.example", 0) + "}"),
       "socket_address.port_value: missing"},
      {"no address", Dns("LOGICAL_DNS", "endpoints { lb_endpoints { endpoint { address { } } } }"),
       "endpoint.address: neither a socket_address nor a pipe"},
      {"no host", Dns("LOGICAL_DNS", "endpoints { " + Endpoint("", 80) + "}"),
       "socket_address.address: empty"},
      {"a path",
       Dns("LOGICAL_DNS",
           "endpoints { lb_endpoints { endpoint { address { pipe { path: '/p' } } } } }"),
       "endpoint.address.pipe: in a cluster of type LOGICAL_DNS"},
  };
  for (const Profile profile : kAll) {
    for (const Row& row : rows) {
      SCOPED_TRACE(row.what);
      EXPECT_THAT(Error(profile, row.text), HasSubstr(row.error));
    }
  }
}

// A field that our definitions do not have.
TEST(ClusterTypesTest, ResolversOfTheirOwnAreRefused) {
  for (const Profile profile : kAll) {
    proto::ClusterLoadAssignment assignment;
    assignment.set_cluster_name("c");
    auto* address = assignment.add_endpoints()
                        ->add_lb_endpoints()
                        ->mutable_endpoint()
                        ->mutable_address()
                        ->mutable_socket_address();
    address->set_address("a.example");
    address->set_port_value(80);
    address->GetReflection()->MutableUnknownFields(address)->AddLengthDelimited(5)->assign("r");
    proto::Cluster cluster;
    cluster.set_name("c");
    cluster.set_type(proto::Cluster::LOGICAL_DNS);
    cluster.set_load_assignment(assignment.SerializeAsString());
    EXPECT_THAT(
        std::string(DecodeBytes(*NewResourceTypes(profile).cluster, cluster.SerializeAsString())
                        .error.message()),
        ::testing::ContainsRegex("socket_address.resolver_name: not supported"));
  }
}

TEST(ClusterTypesTest, BadAggregates) {
  const std::string type = "cluster \"c\": cluster_type.typed_config.clusters";
  const auto any = [](const std::string& of, const std::string& bytes) {
    return "name: 'c' lb_policy: CLUSTER_PROVIDED cluster_type { name: 'x' typed_config " +
           AnyText(of, bytes) + "}";
  };
  const std::string config = "envoy.extensions.clusters.aggregate.v3.ClusterConfig";
  const Row rows[] = {
      {"an empty list", Aggregate({}), type + ": empty"},
      {"an empty name", Aggregate({"a", ""}), type + "[1]: empty"},
      {"too many", Aggregate(std::vector<std::string>(1001, "a")), type + ": more than 1000"},
      {"bad bytes", any(config, "\xff"),
       "cluster_type.typed_config: the bytes are not a " + config},
      {"bad text", any(config, "\x0a\x01\xff"), type + "[0]: not UTF-8"},
      {"another type", any("envoy.clusters.redis.RedisClusterConfig", ""),
       "cluster \"c\": cluster_type: \"envoy.clusters.redis.RedisClusterConfig\" is not supported, "
       "only \"" +
           config + "\""},
      {"no configuration",
       "name: 'c' lb_policy: CLUSTER_PROVIDED cluster_type { name: 'envoy.clusters.aggregate' }",
       "cluster \"c\": cluster_type: \"\" is not supported"},
  };
  for (const Profile profile : kAll) {
    for (const Row& row : rows) {
      SCOPED_TRACE(row.what);
      EXPECT_THAT(Error(profile, row.text), HasSubstr(row.error));
    }
  }
  for (const Profile profile : kOurs) {
    EXPECT_EQ(Error(profile, Aggregate({"a", "c"})), type + "[1]: the cluster itself");
    EXPECT_THAT(Error(profile, Aggregate({"a"}, kEds + "lb_policy: CLUSTER_PROVIDED")),
                HasSubstr("eds_cluster_config: set in a cluster of type aggregate"));
  }
}

TEST(ClusterTypesTest, UnknownFamily) {
  proto::Cluster cluster;
  cluster.set_name("c");
  cluster.set_type(proto::Cluster::STRICT_DNS);
  cluster.set_dns_lookup_family(static_cast<proto::Cluster::DnsLookupFamily>(9));
  EXPECT_EQ(DecodeBytes(*NewResourceTypes(Profile::kMesh).cluster, cluster.SerializeAsString())
                .error.message(),
            "cluster \"c\": dns_lookup_family: unknown value 9");
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
  EXPECT_EQ(Error(Profile::kGrpc, "name: 'c' type: STRICT_DNS"),
            "cluster \"c\": type: STRICT_DNS is not supported");
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
