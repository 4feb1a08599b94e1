#ifndef TESTS_MESH_MAIN_JOB_H_
#define TESTS_MESH_MAIN_JOB_H_

#include <functional>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "grpcpp/client_context.h"
#include "gtest/gtest.h"
#include "mesh/mesh.h"
#include "tests/testing/ads_server.h"
#include "tests/testing/echo.grpc.pb.h"
#include "tests/testing/echo_process.h"
#include "tests/testing/xds_resources.h"

namespace mesh {

// A control plane and three endpoints on loopback, and a mesh that is made when first asked for.
// Thread-compatible.
class MainJobTest : public ::testing::Test {
 protected:
  using Localities = std::vector<testing::ServiceResources::Locality>;

  MainJobTest() { service_.name = "echo"; }

  // A cluster that asks for what is not supported: field 24, transport_socket, is set.
  static std::string BadCluster() {
    return testing::ServiceResources::ClusterBytes("echo-cluster") +
           std::string("\xc2\x01\x03\x0a\x01x", 6);
  }
  // One locality with those endpoints.
  static Localities One(std::vector<std::string> addresses) {
    return {{"z", 1, 0, std::move(addresses)}};
  }
  void Serve(const Localities& localities) {
    testing::ServeService(service_, localities, &control_plane_);
  }

  std::string Bootstrap() const;
  Mesh& mesh();
  std::unique_ptr<testing::Echo::Stub> NewStub(const std::string& target = "xds:///echo");

  struct Outcome {
    grpc::Status status;
    std::string server;  // the name of the endpoint that answered
  };
  static Outcome Call(testing::Echo::Stub* stub, absl::Duration deadline = absl::Seconds(5),
                      bool wait_for_ready = false);
  // Calls until `enough` holds of an outcome, for 10 s at most. Returns whether it came to hold.
  static bool CallUntil(testing::Echo::Stub* stub,
                        const std::function<bool(const Outcome&)>& enough);
  // The same until the endpoint of that name answers.
  static bool CallUntilServedBy(testing::Echo::Stub* stub, const std::string& server);
  // The same; fails the test where a call fails before, or the endpoint does not answer.
  static void ExpectMoveWithoutLoss(testing::Echo::Stub* stub, const std::string& server);
  // The names of the endpoints that answer `count` calls; fails the test where one fails.
  static std::set<std::string> Answering(testing::Echo::Stub* stub, int count = 60);

  // Asks what the mesh makes of a call; the answer comes after `wait` at most.
  std::future<Explanation> Ask(absl::Duration wait, const std::string& path = "/s/m",
                               const std::string& target = "xds:///echo");
  // The answer, within 10 s.
  Explanation Explain(const std::string& path = "/s/m", const std::string& target = "xds:///echo");

  testing::AdsServer control_plane_;
  testing::EchoProcess a_{"a"};
  testing::EchoProcess b_{"b"};
  testing::EchoProcess c_{"c"};
  testing::ServiceResources service_;
  Options options_;
  std::unique_ptr<Mesh> mesh_;
};

}  // namespace mesh

#endif  // TESTS_MESH_MAIN_JOB_H_
