// What Mesh::Explain tells, with a real control plane and real endpoints.

#include <future>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "mesh/base/mutex.h"
#include "mesh/xds/proto/route.pb.h"
#include "tests/mesh/main_job.h"

namespace mesh {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class ExplainTest : public MainJobTest {
 protected:
  using Outcome = Explanation::Outcome;

  // Asks again until `enough` holds, for 10 s at most.
  template <typename Condition>
  Explanation ExplainUntil(Condition enough) {
    for (int i = 0;; ++i) {
      Explanation explanation = Explain();
      if (enough(explanation) || i == 1000) {
        EXPECT_LT(i, 1000) << "not told in 1000 tries";
        return explanation;
      }
    }
  }
  // Routes of virtual host `echo`, in order: exact `/s/Get` to get-cluster, a regular expression
  // to digits-cluster, all else to echo-cluster.
  static xds::proto::RouteConfiguration ThreeRoutes() {
    xds::proto::RouteConfiguration routes;
    routes.set_name("echo");
    auto* host = routes.add_virtual_hosts();
    host->set_name("echo");
    host->add_domains("echo");
    auto* exact = host->add_routes();
    exact->mutable_match()->set_path("/s/Get");
    exact->mutable_route()->set_cluster("get-cluster");
    auto* regex = host->add_routes();
    regex->mutable_match()->mutable_safe_regex()->set_regex("/s/[0-9]+");
    regex->mutable_route()->set_cluster("digits-cluster");
    auto* rest = host->add_routes();
    rest->mutable_match()->set_prefix("");
    rest->mutable_route()->set_cluster("echo-cluster");
    return routes;
  }
  void SetCluster(const std::string& name, const Localities& localities) {
    control_plane_.Set(testing::kClusterType, name, testing::ServiceResources::ClusterBytes(name));
    control_plane_.Set(testing::kClusterLoadAssignmentType, name,
                       testing::ServiceResources::AssignmentBytes(name, localities));
  }
  void SetRoutes(const xds::proto::RouteConfiguration& routes) {
    control_plane_.Set(testing::kRouteConfigurationType, "echo", routes.SerializeAsString());
  }
};

// Field `number` of `message`, which our own messages may not know.
void AddField(int number, google::protobuf::Message* message) {
  message->GetReflection()->MutableUnknownFields(message)->AddLengthDelimited(number, "\x0a\x01x");
}

TEST_F(ExplainTest, ACallThatWouldBeServed) {
  Serve({{"z", 3, 0, {a_.address(), b_.address()}}, {"y", 1, 0, {c_.address()}}});
  const Explanation explanation = Explain("/mesh.testing.Echo/Unary");
  EXPECT_EQ(explanation.outcome, Outcome::kServed);
  EXPECT_EQ(explanation.reason, "");
  EXPECT_TRUE(explanation.settled);
  EXPECT_EQ(explanation.target, "xds:///echo");
  EXPECT_EQ(explanation.node_id, "test-node");
  ASSERT_THAT(explanation.clusters, SizeIs(1));
  EXPECT_DOUBLE_EQ(explanation.ShareOf(0, 0, 0), 3.0 / 8);
  EXPECT_DOUBLE_EQ(explanation.ShareOf(0, 0, 1), 3.0 / 8);
  EXPECT_DOUBLE_EQ(explanation.ShareOf(0, 1, 0), 1.0 / 4);
  EXPECT_THAT(explanation.resources, SizeIs(4));
  EXPECT_THAT(explanation.held, IsEmpty());
  EXPECT_THAT(explanation.rejected, IsEmpty());
  EXPECT_THAT(explanation.missing, IsEmpty());
  EXPECT_EQ(a_.calls() + b_.calls() + c_.calls(), 0) << "no call is made";
}

TEST_F(ExplainTest, OnlyTheClustersOfTheRouteAreConnected) {
  Serve(One({a_.address()}));
  SetCluster("get-cluster", One({b_.address()}));
  SetCluster("digits-cluster", One({c_.address()}));
  SetRoutes(ThreeRoutes());
  for (const char* type : {testing::kClusterType, testing::kClusterLoadAssignmentType,
                           testing::kRouteConfigurationType}) {
    control_plane_.Push(type);
  }
  std::promise<void> connected;
  bool told = false;
  Snapshot last;
  Mutex mutex;
  const auto observation = mesh().Watch("xds:///echo", [&](const Snapshot& snapshot) {
    MutexLock lock(&mutex);
    last = snapshot;
    for (const Snapshot::Cluster& cluster : snapshot.clusters) {
      if (cluster.name == "digits-cluster" && cluster.state == "ready" && !told) {
        told = true;
        connected.set_value();
      }
    }
  });
  const Explanation explanation = Explain("/s/42");
  EXPECT_EQ(explanation.outcome, Outcome::kServed);
  EXPECT_EQ(explanation.route, 1u);
  EXPECT_EQ(explanation.routes[0].mismatch, "the path is another");
  EXPECT_EQ(explanation.clusters[0].cluster.localities[0].endpoints[0].address, c_.address());
  ASSERT_EQ(connected.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
  MutexLock lock(&mutex);
  for (const Snapshot::Cluster& cluster : last.clusters) {
    EXPECT_EQ(cluster.state, cluster.name == "digits-cluster" ? "ready" : "idle") << cluster.name;
  }
}

TEST_F(ExplainTest, NobodyServesTheDomain) {
  Serve(One({a_.address()}));
  xds::proto::RouteConfiguration routes = ThreeRoutes();
  routes.mutable_virtual_hosts(0)->set_domains(0, "*.example");
  SetRoutes(routes);
  const Explanation explanation = Explain();
  EXPECT_EQ(explanation.outcome, Outcome::kFails);
  EXPECT_THAT(explanation.reason, AllOf(HasSubstr("no virtual host serves \"echo\""),
                                        HasSubstr("their domains are *.example")));
}

TEST_F(ExplainTest, RoutesThatLookAtHeadersOrAFractionAreRejectedByName) {
  Serve(One({a_.address()}));
  const auto channel = mesh().Channel("xds:///echo");  // keeps the last good routes
  EXPECT_EQ(Explain().outcome, Outcome::kServed);
  for (const auto& [field, name] : {std::pair(6, "headers"), std::pair(9, "runtime_fraction")}) {
    xds::proto::RouteConfiguration routes = ThreeRoutes();
    AddField(field, routes.mutable_virtual_hosts(0)->mutable_routes(0)->mutable_match());
    SetRoutes(routes);
    control_plane_.Push(testing::kRouteConfigurationType);
    const Explanation explanation = ExplainUntil([name = name](const Explanation& e) {
      return e.rejected.size() == 1 && absl::StrContains(e.rejected[0], name);
    });
    EXPECT_EQ(explanation.outcome, Outcome::kServed) << "by the routes before";
    EXPECT_THAT(
        explanation.rejected,
        ElementsAre(MatchesRegex("RouteConfiguration \"echo\" version [0-9]+: rejected: .*")));
    EXPECT_THAT(explanation.held, ElementsAre(MatchesRegex("RouteConfiguration \"echo\" version "
                                                           "[0-9]+ stays in force: rejected: .*")));
  }
}

TEST_F(ExplainTest, ARejectedResourceWithoutAGoodOneBefore) {
  Serve(One({a_.address()}));
  control_plane_.Set(testing::kClusterType, "echo-cluster", BadCluster());
  const Explanation explanation = Explain();
  EXPECT_EQ(explanation.outcome, Outcome::kFails);
  EXPECT_TRUE(explanation.settled);
  EXPECT_THAT(explanation.reason, HasSubstr("transport_socket"));
  EXPECT_THAT(explanation.rejected, ElementsAre(HasSubstr("Cluster \"echo-cluster\"")));
  EXPECT_THAT(explanation.held, IsEmpty());
}

TEST_F(ExplainTest, AnEndpointThatRefusesConnectionsHasNoShare) {
  Serve(One({a_.address(), b_.address()}));
  b_.Kill();
  const Explanation explanation = Explain();
  EXPECT_EQ(explanation.outcome, Outcome::kServed);
  EXPECT_TRUE(explanation.settled) << "told of the failure, not of the end of the wait";
  EXPECT_DOUBLE_EQ(explanation.ShareOf(0, 0, 0), 1);
  const Snapshot::Endpoint& dead = explanation.clusters[0].cluster.localities[0].endpoints[1];
  EXPECT_EQ(dead.address, b_.address());
  EXPECT_EQ(dead.share.part, 0u);
  EXPECT_THAT(dead.excluded, HasSubstr("connection: "));
}

TEST_F(ExplainTest, WeightedClustersOfWhichOneCannotServe) {
  Serve(One({a_.address()}));
  SetCluster("none", {});
  service_.cluster_weights = {{"echo-cluster", 3}, {"none", 1}};
  control_plane_.Set(testing::kRouteConfigurationType, "echo", service_.RouteConfigurationBytes());
  const Explanation explanation = Explain();
  EXPECT_EQ(explanation.outcome, Outcome::kPartly);
  EXPECT_THAT(explanation.reason, HasSubstr("cluster \"none\": no endpoints"));
  EXPECT_DOUBLE_EQ(explanation.ShareOf(0, 0, 0), 0.75);
}

TEST_F(ExplainTest, WhatNeverComesIsToldWhenTheWaitIsOver) {
  control_plane_.set_mute(true);
  const Explanation explanation = Ask(absl::Milliseconds(50)).get();
  EXPECT_EQ(explanation.outcome, Outcome::kWaits);
  EXPECT_FALSE(explanation.settled);
  EXPECT_THAT(explanation.missing, ElementsAre("Listener \"echo\": not received yet"));
}

TEST_F(ExplainTest, NewRoutesWaitForTheirClusters) {
  Serve(One({a_.address()}));
  const auto channel = mesh().Channel("xds:///echo");
  EXPECT_EQ(Explain().outcome, Outcome::kServed);
  SetRoutes(ThreeRoutes());  // of the clusters that they name two are not there
  control_plane_.Push(testing::kRouteConfigurationType);
  Explanation explanation;
  for (int i = 0; i < 1000 && explanation.held.empty(); ++i) {
    explanation = Ask(absl::Milliseconds(10)).get();
  }
  EXPECT_EQ(explanation.outcome, Outcome::kServed) << "by the routes before";
  EXPECT_FALSE(explanation.settled);
  EXPECT_THAT(explanation.routes, SizeIs(1));
  EXPECT_THAT(explanation.held, UnorderedElementsAre(HasSubstr("Cluster \"digits-cluster\""),
                                                     HasSubstr("Cluster \"get-cluster\"")));
}

TEST_F(ExplainTest, AWaitOfZeroConnectsNothing) {
  Serve(One({a_.address()}));
  Explanation explanation;
  const auto channel = mesh().Channel("xds:///echo");
  for (int i = 0; i < 1000 && explanation.clusters.empty(); ++i) {
    explanation = Ask(absl::ZeroDuration()).get();
  }
  EXPECT_EQ(explanation.outcome, Outcome::kWaits);
  ASSERT_THAT(explanation.clusters, SizeIs(1));
  EXPECT_EQ(explanation.clusters[0].cluster.state, "idle");
}

TEST_F(ExplainTest, TargetsWithoutAControlPlane) {
  Explanation explanation = Explain("/s/m", "static:///" + a_.address());
  EXPECT_EQ(explanation.outcome, Outcome::kServed);
  EXPECT_DOUBLE_EQ(explanation.ShareOf(0, 0, 0), 1);
  explanation = Explain("/s/m", "foo:///x");
  EXPECT_EQ(explanation.outcome, Outcome::kFails);
  EXPECT_THAT(explanation.reason, HasSubstr("unknown scheme"));
}

TEST_F(ExplainTest, AMeshThatIsDestroyedAnswersFirst) {
  control_plane_.set_mute(true);
  std::future<Explanation> answer = Ask(absl::Minutes(10));
  mesh_.reset();
  ASSERT_EQ(answer.wait_for(std::chrono::seconds(0)), std::future_status::ready);
  const Explanation explanation = answer.get();
  EXPECT_EQ(explanation.outcome, Outcome::kFails);
  EXPECT_THAT(explanation.reason, HasSubstr("the mesh was destroyed"));
}

}  // namespace
}  // namespace mesh
