// What is refused of where the endpoints of a cluster come from, by type (envoy cluster.proto and
// upstream_impl.cc, gRFC A37, cases.md section 14).

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mesh/xds/proto/cluster.pb.h"
#include "mesh/xds/proto/endpoint.pb.h"
#include "tests/xds/resources/cluster_text.h"
#include "tests/xds/resources/cluster_types_text.h"
#include "tests/xds/resources/resource_text.h"

namespace mesh::xds {
namespace {

using ::testing::HasSubstr;

struct Row {
  std::string what;
  std::string text;
  std::string error;  // part of it
};

void ExpectRefused(const std::vector<Profile>& profiles, absl::Span<const Row> rows) {
  for (const Profile profile : profiles) {
    for (const Row& row : rows) {
      SCOPED_TRACE(row.what);
      EXPECT_THAT(Error(profile, row.text), HasSubstr(row.error));
    }
  }
}

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
  ExpectRefused(kNotGrpc, rows);
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
  ExpectRefused(kNotGrpc, rows);
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
  ExpectRefused(kAllProfiles, rows);
}

// A field that our definitions do not have.
TEST(ClusterTypesTest, ResolversOfTheirOwnAreRefused) {
  for (const Profile profile : kAllProfiles) {
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
  ExpectRefused(kAllProfiles, rows);
  for (const Profile profile : kNotGrpc) {
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
  for (const Profile profile : kAllProfiles) {
    EXPECT_EQ(Error(profile, "name: 'c' type: ORIGINAL_DST"),
              "cluster \"c\": type: ORIGINAL_DST is not supported");
  }
  for (const std::string text : {"name: 'c' type: STATIC ", "name: 'c' "}) {
    EXPECT_EQ(Error(Profile::kGrpc, text + kEds), "cluster \"c\": type: STATIC is not supported");
  }
  EXPECT_EQ(Error(Profile::kGrpc, "name: 'c' type: STRICT_DNS"),
            "cluster \"c\": type: STRICT_DNS is not supported");
}

}  // namespace
}  // namespace mesh::xds
