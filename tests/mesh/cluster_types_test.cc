// Clusters whose endpoints do not come by EDS, with real sockets: STATIC, names that DNS (here the
// hosts file) resolves, and aggregates.

#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "mesh/xds/proto/cluster.pb.h"
#include "mesh/xds/proto/endpoint.pb.h"
#include "tests/mesh/main_job.h"

namespace mesh {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using xds::proto::Cluster;

class ClusterTypesTest : public MainJobTest {
 protected:
  ClusterTypesTest() { Serve({}); }

  // `host` in place of the loopback address of an endpoint; empty: that.
  static std::string Bytes(const std::string& name, Cluster::DiscoveryType type,
                           const std::vector<std::string>& addresses,
                           const std::string& host = "") {
    xds::proto::ClusterLoadAssignment assignment;
    assignment.set_cluster_name(name);
    auto* locality = assignment.add_endpoints();
    for (const std::string& address : addresses) {
      const size_t colon = address.rfind(':');
      uint32_t port = 0;
      EXPECT_TRUE(absl::SimpleAtoi(address.substr(colon + 1), &port));
      auto* socket = locality->add_lb_endpoints()
                         ->mutable_endpoint()
                         ->mutable_address()
                         ->mutable_socket_address();
      socket->set_address(host.empty() ? address.substr(0, colon) : host);
      socket->set_port_value(port);
    }
    Cluster cluster;
    cluster.set_name(name);
    cluster.set_type(type);
    cluster.set_load_assignment(assignment.SerializeAsString());
    cluster.set_dns_lookup_family(Cluster::V4_ONLY);
    return cluster.SerializeAsString();
  }
  static std::string AggregateBytes(const std::string& name,
                                    const std::vector<std::string>& clusters) {
    xds::proto::AggregateClusterConfig config;
    for (const std::string& cluster : clusters) config.add_clusters(cluster);
    Cluster cluster;
    cluster.set_name(name);
    cluster.set_lb_policy(Cluster::CLUSTER_PROVIDED);
    auto* type = cluster.mutable_cluster_type();
    type->set_name("envoy.clusters.aggregate");
    type->mutable_typed_config()->set_type_url(
        "type.googleapis.com/envoy.extensions.clusters.aggregate.v3.ClusterConfig");
    type->mutable_typed_config()->set_value(config.SerializeAsString());
    return cluster.SerializeAsString();
  }
  void Set(const std::string& name, const std::string& bytes) {
    control_plane_.Set(testing::kClusterType, name, bytes);
    control_plane_.Push(testing::kClusterType);
  }
};

TEST_F(ClusterTypesTest, StaticEndpointsComeWithTheCluster) {
  Set("echo-cluster", Bytes("echo-cluster", Cluster::STATIC, {a_.address(), b_.address()}));
  const auto stub = NewStub();
  EXPECT_TRUE(CallUntilServedBy(stub.get(), "a"));
  EXPECT_TRUE(CallUntilServedBy(stub.get(), "b"));
  // Another version, without loss.
  Set("echo-cluster", Bytes("echo-cluster", Cluster::STATIC, {c_.address()}));
  ExpectMoveWithoutLoss(stub.get(), "c");
}

TEST_F(ClusterTypesTest, EveryAddressOfANameIsAnEndpoint) {
  Set("echo-cluster",
      Bytes("echo-cluster", Cluster::STRICT_DNS, {a_.address(), b_.address()}, "localhost"));
  const auto stub = NewStub();
  const Outcome outcome = Call(stub.get());
  EXPECT_TRUE(outcome.status.ok()) << outcome.status.error_message();
  EXPECT_TRUE(CallUntilServedBy(stub.get(), "a"));
  EXPECT_TRUE(CallUntilServedBy(stub.get(), "b"));
  EXPECT_THAT(Answering(stub.get()), ElementsAre("a", "b"));
}

// The same as the endpoint of EDS, beside an address.
TEST_F(ClusterTypesTest, EndpointsOfEdsMayHaveNames) {
  xds::proto::ClusterLoadAssignment assignment;
  ASSERT_TRUE(assignment.ParseFromString(testing::ServiceResources::AssignmentBytes(
      "echo-cluster", One({a_.address(), b_.address()}))));
  assignment.mutable_endpoints(0)
      ->mutable_lb_endpoints(0)
      ->mutable_endpoint()
      ->mutable_address()
      ->mutable_socket_address()
      ->set_address("localhost");
  Cluster cluster;
  ASSERT_TRUE(cluster.ParseFromString(testing::ServiceResources::ClusterBytes("echo-cluster")));
  cluster.set_dns_lookup_family(Cluster::V4_ONLY);
  control_plane_.Set(testing::kClusterLoadAssignmentType, "echo-cluster",
                     assignment.SerializeAsString());
  Set("echo-cluster", cluster.SerializeAsString());
  const auto stub = NewStub();
  EXPECT_TRUE(CallUntilServedBy(stub.get(), "a"));
  EXPECT_TRUE(CallUntilServedBy(stub.get(), "b"));
  EXPECT_THAT(Answering(stub.get()), ElementsAre("a", "b"));
}

// Whichever of its addresses can be connected: nobody listens on the IPv6 one, if there is one.
TEST_F(ClusterTypesTest, ALogicalNameIsOneEndpoint) {
  Cluster cluster;
  ASSERT_TRUE(cluster.ParseFromString(
      Bytes("echo-cluster", Cluster::LOGICAL_DNS, {a_.address()}, "localhost")));
  cluster.set_dns_lookup_family(Cluster::ALL);
  Set("echo-cluster", cluster.SerializeAsString());
  const auto stub = NewStub();
  EXPECT_THAT(Answering(stub.get(), 20), ElementsAre("a"));
}

TEST_F(ClusterTypesTest, LogicalNamesInTheGrpcProfile) {
  options_.profile = Profile::kGrpc;
  Set("echo-cluster", Bytes("echo-cluster", Cluster::LOGICAL_DNS, {a_.address()}, "localhost"));
  EXPECT_THAT(Answering(NewStub().get(), 20), ElementsAre("a"));
}

TEST_F(ClusterTypesTest, AnAggregateFailsOverAndBack) {
  control_plane_.Set(testing::kClusterLoadAssignmentType, "second",
                     testing::ServiceResources::AssignmentBytes("second", One({b_.address()})));
  control_plane_.Set(testing::kClusterType, "second",
                     testing::ServiceResources::ClusterBytes("second"));
  control_plane_.Set(testing::kClusterType, "third",
                     Bytes("third", Cluster::STRICT_DNS, {c_.address()}, "localhost"));
  control_plane_.Set(testing::kClusterType, "others",
                     AggregateBytes("others", {"second", "third"}));
  control_plane_.Set(testing::kClusterType, "first",
                     Bytes("first", Cluster::STATIC, {a_.address()}));
  Set("echo-cluster", AggregateBytes("echo-cluster", {"first", "others"}));
  const auto stub = NewStub();
  EXPECT_THAT(Answering(stub.get(), 20), ElementsAre("a"));
  // 1. Each in its turn; nothing goes to those after it.
  a_.Kill();
  EXPECT_TRUE(CallUntilServedBy(stub.get(), "b"));
  EXPECT_THAT(Answering(stub.get(), 20), ElementsAre("b"));
  EXPECT_EQ(c_.calls(), 0);
  b_.Kill();
  EXPECT_TRUE(CallUntilServedBy(stub.get(), "c"));
  // 2. An explanation has all of it.
  const Explanation explanation = Explain();
  EXPECT_EQ(explanation.outcome, Explanation::Outcome::kServed);
  ASSERT_EQ(explanation.clusters.size(), 1u);
  const Snapshot::Cluster& cluster = explanation.clusters[0].cluster;
  std::vector<std::string> children;
  for (const Snapshot::Child& child : cluster.children) {
    children.push_back(absl::StrCat(child.name, " ", child.state));
  }
  EXPECT_THAT(children, ElementsAre("first failing", "second failing", "third ready"));
  ASSERT_EQ(cluster.localities.size(), 3u);
  EXPECT_EQ(cluster.localities[2].cluster, "third");
  EXPECT_EQ(cluster.localities[2].endpoints[0].address, c_.address());
  EXPECT_DOUBLE_EQ(explanation.ShareOf(0, 2, 0), 1);
  EXPECT_EQ(explanation.resources.size(), 8u) << "listener, routes, five clusters, an assignment";
  // 3. Back to the first.
  ASSERT_TRUE(a_.Start());
  EXPECT_TRUE(CallUntilServedBy(stub.get(), "a"));
  EXPECT_THAT(Answering(stub.get(), 20), ElementsAre("a"));
}

TEST_F(ClusterTypesTest, ACycleOfAggregatesIsSaid) {
  control_plane_.Set(testing::kClusterType, "other", AggregateBytes("other", {"echo-cluster"}));
  Set("echo-cluster", AggregateBytes("echo-cluster", {"other"}));
  const Outcome outcome = Call(NewStub().get());
  EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(outcome.status.error_message(),
              HasSubstr("cluster \"echo-cluster\": clusters aggregate each other: echo-cluster > "
                        "other > echo-cluster"));
}

}  // namespace
}  // namespace mesh
