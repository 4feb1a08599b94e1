// Subsets of a cluster's endpoints that routes choose by metadata, with real sockets.

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "mesh/xds/proto/cluster.pb.h"
#include "mesh/xds/proto/endpoint.pb.h"
#include "mesh/xds/proto/metadata.pb.h"
#include "mesh/xds/proto/route.pb.h"
#include "tests/mesh/main_job.h"

namespace mesh {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using xds::proto::Metadata;

class SubsetsTest : public MainJobTest {
 protected:
  // Endpoints a, b and c have versions 1, 2 and 2; c is the canary. There are subsets by version,
  // and by version and canary.
  SubsetsTest() {
    Serve(One({a_.address(), b_.address(), c_.address()}));
    xds::proto::ClusterLoadAssignment assignment;
    EXPECT_TRUE(assignment.ParseFromString(testing::ServiceResources::AssignmentBytes(
        "echo-cluster", One({a_.address(), b_.address(), c_.address()}))));
    auto* locality = assignment.mutable_endpoints(0);
    *locality->mutable_lb_endpoints(0)->mutable_metadata() = With({{"version", "1"}});
    *locality->mutable_lb_endpoints(1)->mutable_metadata() = With({{"version", "2"}});
    *locality->mutable_lb_endpoints(2)->mutable_metadata() =
        With({{"version", "2"}, {"stage", "canary"}});
    xds::proto::Cluster cluster;
    EXPECT_TRUE(cluster.ParseFromString(testing::ServiceResources::ClusterBytes("echo-cluster")));
    auto* subsets = cluster.mutable_lb_subset_config();
    subsets->add_subset_selectors()->add_keys("version");
    auto* both = subsets->add_subset_selectors();
    both->add_keys("version");
    both->add_keys("stage");
    control_plane_.Set(testing::kClusterType, "echo-cluster", cluster.SerializeAsString());
    control_plane_.Set(testing::kClusterLoadAssignmentType, "echo-cluster",
                       assignment.SerializeAsString());
  }

  static Metadata With(const std::vector<std::pair<std::string, std::string>>& fields) {
    xds::proto::Struct values;
    for (const auto& [key, value] : fields) {
      auto* field = values.add_fields();
      field->set_key(key);
      field->mutable_value()->set_string_value(value);
    }
    Metadata metadata;
    auto* entry = metadata.add_filter_metadata();
    entry->set_key("envoy.lb");
    entry->set_value(values.SerializeAsString());
    return metadata;
  }
  // All calls to the cluster, in equal shares for each of `matches`; the route names `route`.
  void Route(const Metadata& route, const std::vector<Metadata>& matches) {
    xds::proto::RouteConfiguration routes;
    routes.set_name("echo");
    auto* host = routes.add_virtual_hosts();
    host->set_name("echo");
    host->add_domains("echo");
    auto* rule = host->add_routes();
    rule->mutable_match()->set_prefix("");
    *rule->mutable_route()->mutable_metadata_match() = route;
    for (const Metadata& match : matches) {
      auto* cluster = rule->mutable_route()->mutable_weighted_clusters()->add_clusters();
      cluster->set_name("echo-cluster");
      cluster->mutable_weight()->set_value(1);
      *cluster->mutable_metadata_match() = match;
    }
    control_plane_.Set(testing::kRouteConfigurationType, "echo", routes.SerializeAsString());
    control_plane_.Push(testing::kRouteConfigurationType);
  }
};

TEST_F(SubsetsTest, TwoVersionsShareTheCalls) {
  Route(With({}), {With({{"version", "1"}}), With({{"version", "2"}, {"stage", "canary"}})});
  const auto stub = NewStub();
  EXPECT_TRUE(CallUntilServedBy(stub.get(), "a"));
  EXPECT_TRUE(CallUntilServedBy(stub.get(), "c"));
  EXPECT_THAT(Answering(stub.get()), ElementsAre("a", "c"));
  EXPECT_EQ(b_.calls(), 0);
}

TEST_F(SubsetsTest, ARouteMovesItsCalls) {
  Route(With({{"version", "1"}}), {With({})});
  const auto stub = NewStub();
  EXPECT_TRUE(CallUntilServedBy(stub.get(), "a"));
  EXPECT_THAT(Answering(stub.get()), ElementsAre("a"));
  Route(With({{"version", "1"}}), {With({{"version", "2"}})});
  ExpectMoveWithoutLoss(stub.get(), "b");
  EXPECT_TRUE(CallUntilServedBy(stub.get(), "c"));
  EXPECT_THAT(Answering(stub.get()), ElementsAre("b", "c"));
}

TEST_F(SubsetsTest, AChannelConnectsWhatItsRoutesName) {
  Route(With({{"version", "1"}}), {With({})});
  const auto channel = mesh().Channel("xds:///echo");
  EXPECT_TRUE(
      channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(10)));
}

TEST_F(SubsetsTest, NobodyHasWhatTheRouteNames) {
  Route(With({{"version", "3"}}), {With({})});
  const auto stub = NewStub();
  const Outcome outcome = Call(stub.get());
  EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(outcome.status.error_message(),
              HasSubstr("cluster \"echo-cluster\": no endpoint is in a subset version=\"3\", which "
                        "the route names (lb_subset_config, NO_FALLBACK)"));
}

TEST_F(SubsetsTest, ExplainTellsOfTheSubset) {
  Route(With({{"version", "2"}}), {With({}), With({{"version", "3"}})});
  const Explanation explanation = Explain();
  EXPECT_EQ(explanation.outcome, Explanation::Outcome::kPartly);
  EXPECT_THAT(explanation.reason, HasSubstr("no endpoint is in a subset version=\"3\""));
  ASSERT_EQ(explanation.routes[0].route.clusters.size(), 2u);
  EXPECT_EQ(explanation.routes[0].route.clusters[0].metadata, "version=\"2\"");
  ASSERT_EQ(explanation.clusters.size(), 2u);
  const Snapshot::Cluster& taken = explanation.clusters[0].cluster;
  EXPECT_EQ(taken.named, "version=\"2\"");
  EXPECT_EQ(taken.subset, "version=\"2\"");
  ASSERT_EQ(taken.localities.size(), 1u);
  ASSERT_EQ(taken.localities[0].endpoints.size(), 2u);
  EXPECT_DOUBLE_EQ(explanation.ShareOf(0, 0, 0), 0.25);
  EXPECT_DOUBLE_EQ(explanation.ShareOf(0, 0, 1), 0.25);
  const Snapshot::Cluster& failing = explanation.clusters[1].cluster;
  EXPECT_EQ(failing.named, "version=\"3\"");
  EXPECT_EQ(failing.state, "failing");
  EXPECT_EQ(taken.subset_count, 3u);
}

}  // namespace
}  // namespace mesh
