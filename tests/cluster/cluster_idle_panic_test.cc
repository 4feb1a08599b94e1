// A priority that panics while another one has all the load: that it is connected gets no call
// anywhere.

#include <string>
#include <vector>

#include "tests/cluster/cluster_fixture.h"

namespace mesh::cluster {
namespace {

using Health = model::HealthStatus;

class ClusterIdlePanicTest : public ClusterTest, public ::testing::WithParamInterface<Health> {
 protected:
  ClusterIdlePanicTest() { connector_.set_outcome(ConnectionState::kReady); }

  // The first priority has an endpoint that is healthy and one that is not.
  void Serve(Health second) {
    Apply(Config(
        {{"a", {{"a:1"}, {"a:2", 1, Health::kUnhealthy}}, 0}, {"b", {{"b:1", 1, second}}, 1}}));
    Connect();
  }
};

TEST_P(ClusterIdlePanicTest, NoCallWaitsForIt) {
  Serve(Health::kHealthy);
  EXPECT_EQ(Picks(100), (std::vector<std::string>{"a:1", "b:1"}));
  Serve(GetParam());
  EXPECT_EQ(Picks(100), (std::vector<std::string>{"a:1"}));
  Become("a:1", ConnectionState::kFailing);
  EXPECT_EQ(PickText(),
            "cluster \"c\": no endpoint is connected: 1 of 2 endpoints are failing: a:1: refused");
  Become("a:1", ConnectionState::kReady);
  EXPECT_EQ(PickText(), "a:1");
}

INSTANTIATE_TEST_SUITE_P(Healths, ClusterIdlePanicTest,
                         ::testing::Values(Health::kUnhealthy, Health::kDraining));

}  // namespace
}  // namespace mesh::cluster
