// Whatever is wrong, a call says what: a clear error, no crash, no hang.

#include "gmock/gmock.h"
#include "tests/mesh/main_job.h"

namespace mesh {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST_F(MainJobTest, ABadTargetGivesAChannelWhoseCallsSayWhy) {
  const struct {
    const char* target;
    const char* text;
  } kCases[] = {
      {"foo:///x", "unknown scheme"},
      {"xds:///", "name"},
      {"", "target"},
      {"static:///", "name"},
      {"static:///1.2.3.4:99999", "99999"},
      {"xds://nobody/x", "authority \"nobody\""},
  };
  for (const auto& test : kCases) {
    const Outcome outcome = Call(NewStub(test.target).get());
    EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::UNAVAILABLE) << test.target;
    EXPECT_THAT(outcome.status.error_message(), HasSubstr(test.text)) << test.target;
    EXPECT_EQ(outcome.status.error_message().find("target \"", 1), std::string::npos)
        << "named once: " << outcome.status.error_message();
  }
}

TEST_F(MainJobTest, WithoutABootstrapOnlyXdsTargetsFail) {
  absl::StatusOr<std::unique_ptr<Mesh>> made = Mesh::Create(Options());
  ASSERT_TRUE(made.ok()) << made.status();
  mesh_ = *std::move(made);
  EXPECT_THAT(Call(NewStub("xds:///echo").get()).status.error_message(),
              HasSubstr("no xDS bootstrap"));
  EXPECT_TRUE(Call(NewStub("static:///" + a_.address()).get()).status.ok());
}

TEST(MeshCreate, ABadBootstrapIsAnErrorThatNamesThePlace) {
  const struct {
    const char* json;
    const char* text;
  } kCases[] = {
      {"{", "bootstrap"},
      {"{}", "$.xds_servers"},
      {R"({"xds_servers": [{"server_uri": "a:1"}]})", "$.xds_servers[0].channel_creds"},
      {R"({"xds_servers": [{"server_uri": "a:1", "channel_creds": [{"type": "magic"}]}]})",
       "magic"},
  };
  for (const auto& test : kCases) {
    Options options;
    options.bootstrap_json = test.json;
    const absl::StatusOr<std::unique_ptr<Mesh>> made = Mesh::Create(options);
    ASSERT_FALSE(made.ok()) << test.json;
    EXPECT_THAT(std::string(made.status().message()), HasSubstr(test.text)) << test.json;
  }
}

TEST(MeshCreate, ABootstrapFileThatIsNotThereIsAnErrorThatNamesIt) {
  Options options;
  options.bootstrap_path = "/nowhere/bootstrap.json";
  const absl::StatusOr<std::unique_ptr<Mesh>> made = Mesh::Create(options);
  ASSERT_FALSE(made.ok());
  EXPECT_THAT(std::string(made.status().message()), HasSubstr("/nowhere/bootstrap.json"));
}

// faults F04: others than those that wait for readiness fail as soon as it is known.
TEST_F(MainJobTest, AnUnreachableControlPlaneFailsCallsWithItsNameAndRecovers) {
  Serve(One({a_.address()}));
  control_plane_.Stop();
  const std::unique_ptr<testing::Echo::Stub> stub = NewStub();
  const Outcome outcome = Call(stub.get());
  EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(outcome.status.error_message(),
              AllOf(HasSubstr(control_plane_.address()), HasSubstr("test-node")));
  ASSERT_TRUE(control_plane_.Start());
  const Outcome patient = Call(stub.get(), absl::Seconds(10), /*wait_for_ready=*/true);
  EXPECT_TRUE(patient.status.ok()) << patient.status.error_message();
}

TEST_F(MainJobTest, EndpointsThatRefuseFailCallsSoonerThanTheirDeadline) {
  const std::string address = a_.address();
  a_.Kill();
  Serve(One({address}));
  const Outcome outcome = Call(NewStub().get(), absl::Seconds(30));
  EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(outcome.status.error_message(), HasSubstr("cluster \"echo-cluster\""));
}

TEST_F(MainJobTest, NoEndpointsAtAllIsSaid) {
  Serve({});
  const Outcome outcome = Call(NewStub().get(), absl::Seconds(30));
  EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(outcome.status.error_message(), HasSubstr("cluster \"echo-cluster\": no endpoints"));
}

TEST_F(MainJobTest, AClusterThatAsksForTlsIsRefusedNotServedInPlaintext) {
  Serve(One({a_.address()}));
  control_plane_.Set(testing::kClusterType, "echo-cluster", BadCluster());
  const Outcome outcome = Call(NewStub().get(), absl::Seconds(30));
  EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(outcome.status.error_message(),
              AllOf(HasSubstr("echo-cluster"), HasSubstr("transport_socket")));
  EXPECT_EQ(a_.calls(), 0);
}

}  // namespace
}  // namespace mesh
