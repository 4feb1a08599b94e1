// `meshctl explain`, the real binary, against a control plane and endpoints on loopback.

#include <sys/wait.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "tests/mesh/main_job.h"

namespace mesh {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class MeshctlExplainTest : public MainJobTest {
 protected:
  struct Result {
    int code = -1;
    std::string output;
  };

  MeshctlExplainTest() : bootstrap_(absl::StrCat(::testing::TempDir(), "/bootstrap.json")) {
    std::ofstream(bootstrap_) << Bootstrap();
  }

  Result Meshctl(const std::string& arguments) {
    const std::string command = absl::StrCat("mesh/tools/meshctl ", arguments, " --bootstrap '",
                                             bootstrap_, "' 2>&1 </dev/null");
    Result result;
    FILE* pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) return result;
    char buffer[4096];
    for (size_t n; (n = fread(buffer, 1, sizeof(buffer), pipe)) > 0;) {
      result.output.append(buffer, n);
    }
    const int status = pclose(pipe);
    if (WIFEXITED(status)) result.code = WEXITSTATUS(status);
    return result;
  }

  const std::string bootstrap_;
};

TEST_F(MeshctlExplainTest, ServedIsExitCode0) {
  Serve({{"z", 3, 0, {a_.address()}}, {"y", 1, 0, {b_.address()}}});
  const Result result = Meshctl("explain xds:///echo mesh.testing.Echo/Unary -H user:me");
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.output,
              AllOf(StartsWith("target   xds:///echo\ncall     /mesh.testing.Echo/Unary\n"),
                    HasSubstr("\noutcome  served\n"),
                    HasSubstr("*  0  prefix \"\"    takes the call to echo-cluster (1)"),
                    HasSubstr(absl::StrCat(a_.address(), "  75.00 %  ready  unknown  weight 1\n")),
                    HasSubstr(absl::StrCat(b_.address(), "  25.00 %  ready  unknown  weight 1\n")),
                    HasSubstr("ClusterLoadAssignment  \"echo-cluster\"")));
  EXPECT_EQ(a_.calls() + b_.calls(), 0);
}

TEST_F(MeshctlExplainTest, JsonIsOneLine) {
  Serve(One({a_.address()}));
  const Result result = Meshctl("explain xds:///echo /s/m --json");
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(
      result.output,
      AllOf(StartsWith("{\"target\":\"xds:///echo\",\"node_id\":\"test-node\","),
            HasSubstr("\"outcome\":\"served\",\"reason\":\"\",\"settled\":true,"),
            HasSubstr(absl::StrCat("\"address\":\"", a_.address(), "\",\"share\":1.000000000}]"))));
  EXPECT_EQ(result.output.find('\n'), result.output.size() - 1);
}

TEST_F(MeshctlExplainTest, ARejectedClusterIsExitCode1) {
  Serve(One({a_.address()}));
  control_plane_.Set(testing::kClusterType, "echo-cluster", BadCluster());
  const Result result = Meshctl("explain xds:///echo /s/m");
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.output,
              AllOf(HasSubstr("\noutcome  fails\n"), HasSubstr("\nrejected\n  Cluster \"echo-"),
                    HasSubstr("transport_socket")));
}

TEST_F(MeshctlExplainTest, WhatDoesNotComeIsToldAfterTheWait) {
  control_plane_.set_mute(true);
  const Result result = Meshctl("explain xds:///echo /s/m --wait 200ms");
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.output, AllOf(HasSubstr("outcome  waits (not settled yet)\n"),
                                   HasSubstr("missing\n  Listener \"echo\": not received yet\n")));
}

TEST_F(MeshctlExplainTest, ADeadControlPlaneIsExitCode1AtOnce) {
  control_plane_.Stop();
  const Result result = Meshctl("explain xds:///echo /s/m --wait 60");
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.output,
              AllOf(HasSubstr("outcome  fails\n"), HasSubstr(control_plane_.address())));
}

TEST_F(MeshctlExplainTest, ABadCommandLineIsExitCode2) {
  const Result result = Meshctl("explain xds:///echo");
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.output, HasSubstr("argument \"METHOD\": missing"));
}

}  // namespace
}  // namespace mesh
