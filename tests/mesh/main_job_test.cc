// The main job through the public door: a control plane drives the calls of a generated stub.

#include "tests/mesh/main_job.h"

#include "gmock/gmock.h"

namespace mesh {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ServiceResources;

TEST_F(MainJobTest, TheFirstCallWaitsForConfigurationAndConnection) {
  Serve(One({a_.address()}));
  const std::unique_ptr<testing::Echo::Stub> stub = NewStub();
  const Outcome outcome = Call(stub.get());
  EXPECT_TRUE(outcome.status.ok()) << outcome.status.error_message();
  EXPECT_EQ(outcome.server, "a");
}

TEST_F(MainJobTest, CallsGoToEveryEndpointAndFollowAnUpdateWithoutLoss) {
  Serve(One({a_.address(), b_.address()}));
  const std::unique_ptr<testing::Echo::Stub> stub = NewStub();
  EXPECT_TRUE(CallUntilServedBy(stub.get(), "a"));
  EXPECT_TRUE(CallUntilServedBy(stub.get(), "b"));
  EXPECT_THAT(Answering(stub.get()), ElementsAre("a", "b"));
  Serve(One({b_.address(), c_.address()}));
  ExpectMoveWithoutLoss(stub.get(), "c");
  EXPECT_THAT(Answering(stub.get()), ElementsAre("b", "c"));
}

TEST_F(MainJobTest, AListenerThatIsDeletedFailsCallsByNameAndHeals) {
  Serve(One({a_.address()}));
  const std::unique_ptr<testing::Echo::Stub> stub = NewStub();
  EXPECT_TRUE(Call(stub.get()).status.ok());
  control_plane_.Remove(testing::kListenerType, "echo");
  control_plane_.Push(testing::kListenerType);
  grpc::Status failure;
  EXPECT_TRUE(CallUntil(stub.get(), [&](const Outcome& o) {
    failure = o.status;
    return !o.status.ok();
  }));
  EXPECT_EQ(failure.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(failure.error_message(),
              AllOf(HasSubstr("target \"xds:///echo\""), HasSubstr("Listener \"echo\""),
                    HasSubstr("test-node"), HasSubstr(control_plane_.address())));
  Serve(One({a_.address()}));
  EXPECT_TRUE(CallUntil(stub.get(), [](const Outcome& o) { return o.status.ok(); }));
}

TEST_F(MainJobTest, ARejectedUpdateLeavesTheLastGoodOneInForce) {  // EDS-17
  Serve(One({a_.address()}));
  const std::unique_ptr<testing::Echo::Stub> stub = NewStub();
  EXPECT_TRUE(Call(stub.get()).status.ok());
  control_plane_.Set(testing::kClusterType, "echo-cluster", BadCluster());
  control_plane_.Push(testing::kClusterType);
  ASSERT_TRUE(control_plane_.WaitForRequests([](const auto& requests) {
    return !requests.empty() && requests.back().error.find("echo-cluster") != std::string::npos;
  })) << "no NACK that names the cluster";
  EXPECT_THAT(Answering(stub.get(), 10), ElementsAre("a"));
}

TEST_F(MainJobTest, WeightedClustersShareByWeight) {
  service_.cluster_weights = {{"c1", 3}, {"c2", 1}};
  control_plane_.Set(testing::kListenerType, "echo", service_.ListenerBytes());
  control_plane_.Set(testing::kRouteConfigurationType, "echo", service_.RouteConfigurationBytes());
  for (const auto& [cluster, address] :
       {std::make_pair("c1", a_.address()), std::make_pair("c2", b_.address())}) {
    control_plane_.Set(testing::kClusterType, cluster, ServiceResources::ClusterBytes(cluster));
    control_plane_.Set(testing::kClusterLoadAssignmentType, cluster,
                       ServiceResources::AssignmentBytes(cluster, One({address})));
  }
  const std::unique_ptr<testing::Echo::Stub> stub = NewStub();
  EXPECT_TRUE(CallUntilServedBy(stub.get(), "b"));
  const int before = b_.calls();
  for (int i = 0; i < 400; ++i) EXPECT_TRUE(Call(stub.get()).status.ok());
  EXPECT_NEAR(b_.calls() - before, 100, 50) << "5.8 standard deviations";
}

TEST_F(MainJobTest, TheControlPlaneRestartsWithoutALostCallOrANewConnection) {  // EDS-14
  Serve(One({a_.address(), b_.address()}));
  const std::unique_ptr<testing::Echo::Stub> stub = NewStub();
  EXPECT_TRUE(CallUntilServedBy(stub.get(), "a"));
  EXPECT_TRUE(CallUntilServedBy(stub.get(), "b"));
  control_plane_.Stop();
  EXPECT_THAT(Answering(stub.get()), ElementsAre("a", "b"));
  const size_t requests = control_plane_.requests().size();
  ASSERT_TRUE(control_plane_.Start());
  ASSERT_TRUE(control_plane_.WaitForRequests([&](const auto& all) {
    return all.size() >= requests + 4;
  })) << "the four types are subscribed to again";
  EXPECT_THAT(Answering(stub.get()), ElementsAre("a", "b"));
  EXPECT_EQ(a_.connections(), 1u);
  EXPECT_EQ(b_.connections(), 1u);
}

TEST_F(MainJobTest, ADeadEndpointLosesNoCallOfARouteThatRetries) {
  service_.retry_on = "unavailable";
  Serve(One({a_.address(), b_.address()}));
  const std::unique_ptr<testing::Echo::Stub> stub = NewStub();
  EXPECT_TRUE(CallUntilServedBy(stub.get(), "a"));
  EXPECT_TRUE(CallUntilServedBy(stub.get(), "b"));
  a_.Kill();
  EXPECT_THAT(Answering(stub.get(), 200), ElementsAre("b"));
  ASSERT_TRUE(a_.Start());
  EXPECT_TRUE(CallUntilServedBy(stub.get(), "a"));
}

// An idle process: nobody but the pump looks at sockets.
TEST_F(MainJobTest, AnIdleApplicationIsToldOfAnUpdate) {
  Serve(One({a_.address()}));
  const std::unique_ptr<testing::Echo::Stub> stub = NewStub();
  EXPECT_TRUE(Call(stub.get()).status.ok());
  Serve(One({b_.address()}));
  ASSERT_TRUE(control_plane_.WaitForRequests([](const auto& requests) {
    int accepted = 0;  // of the second version or later
    for (const auto& request : requests) {
      if (request.type_url == testing::kClusterLoadAssignmentType && request.error.empty() &&
          !request.nonce.empty()) {
        ++accepted;
      }
    }
    return accepted >= 2;
  }));
}

TEST_F(MainJobTest, StaticAndDnsTargetsServeToo) {
  absl::StatusOr<std::unique_ptr<Mesh>> made = Mesh::Create(Options());
  ASSERT_TRUE(made.ok()) << made.status();
  mesh_ = *std::move(made);
  const std::unique_ptr<testing::Echo::Stub> fixed =
      NewStub("static:///" + a_.address() + "," + b_.address());
  EXPECT_TRUE(CallUntilServedBy(fixed.get(), "a"));
  EXPECT_TRUE(CallUntilServedBy(fixed.get(), "b"));
  const std::unique_ptr<testing::Echo::Stub> dns = NewStub("dns:///" + c_.address());
  EXPECT_EQ(Call(dns.get()).server, "c");
}

}  // namespace
}  // namespace mesh
