// Endpoints with several addresses, of which not all are there (gRFC A61).

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_split.h"
#include "mesh/xds/proto/endpoint.pb.h"
#include "tests/mesh/main_job.h"
#include "tests/wire/silent_listener.h"

namespace mesh {
namespace {

class EndpointAddressesTest : public MainJobTest {
 protected:
  // One endpoint, with all of them.
  void ServeAt(const std::vector<std::string>& addresses) {
    Serve(One({addresses[0]}));
    xds::proto::ClusterLoadAssignment assignment;
    assignment.set_cluster_name("echo-cluster");
    auto* const locality = assignment.add_endpoints();
    locality->mutable_locality()->set_zone("z");
    locality->mutable_load_balancing_weight()->set_value(1);
    auto* const endpoint = locality->add_lb_endpoints()->mutable_endpoint();
    SetAddress(addresses[0], endpoint->mutable_address());
    for (size_t i = 1; i < addresses.size(); ++i) {
      SetAddress(addresses[i], endpoint->add_additional_addresses()->mutable_address());
    }
    control_plane_.Set(testing::kClusterLoadAssignmentType, "echo-cluster",
                       assignment.SerializeAsString());
    control_plane_.Push(testing::kClusterLoadAssignmentType);
  }

 private:
  static void SetAddress(const std::string& text, xds::proto::Address* address) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(text, ':');
    address->mutable_socket_address()->set_address(parts.first);
    address->mutable_socket_address()->set_port_value(
        static_cast<uint32_t>(std::stoul(parts.second)));
  }
};

TEST_F(EndpointAddressesTest, ASilentAddressDoesNotHoldCallsBack) {
  const testing::SilentListener silent;
  if (silent.address().empty()) GTEST_SKIP() << "no silent socket to be had";
  ServeAt({silent.address(), b_.address()});
  const auto stub = NewStub();
  // Its own connect_timeout is 5 s.
  const Outcome outcome = Call(stub.get(), absl::Seconds(4));
  EXPECT_TRUE(outcome.status.ok()) << outcome.status.error_message();
  EXPECT_EQ(outcome.server, "b");
  EXPECT_EQ(Answering(stub.get()), (std::set<std::string>{"b"}));
}

TEST_F(EndpointAddressesTest, AnAddressThatIsLostIsReplacedByAnother) {
  ServeAt({a_.address(), b_.address(), c_.address()});
  const auto stub = NewStub();
  EXPECT_EQ(Answering(stub.get()), (std::set<std::string>{"a"}));
  a_.Kill();
  EXPECT_TRUE(CallUntilServedBy(stub.get(), "b"));
  EXPECT_EQ(Answering(stub.get()), (std::set<std::string>{"b"}));
  b_.Kill();
  EXPECT_TRUE(CallUntilServedBy(stub.get(), "c"));
}

TEST_F(EndpointAddressesTest, AnUpdateMovesCallsWithoutLoss) {
  ServeAt({a_.address(), c_.address()});
  const auto stub = NewStub();
  EXPECT_EQ(Answering(stub.get()), (std::set<std::string>{"a"}));
  // The same endpoint, with another second address: nobody notices.
  ServeAt({a_.address(), b_.address()});
  EXPECT_EQ(Answering(stub.get(), 500), (std::set<std::string>{"a"}));
  a_.Kill();
  EXPECT_TRUE(CallUntilServedBy(stub.get(), "b"));
}

}  // namespace
}  // namespace mesh
