// Which endpoints are connected where not all may be, and some are degraded.

#include <string>
#include <vector>

#include "tests/cluster/cluster_fixture.h"

namespace mesh::cluster {
namespace {

using Health = model::HealthStatus;

class ClusterFewConnectedTest : public ClusterTest {
 protected:
  ClusterFewConnectedTest() { connector_.set_outcome(ConnectionState::kReady); }
  // Those of `healthy` are, the others are degraded.
  void Serve(const std::vector<bool>& healthy) {
    model::Cluster cluster;
    cluster.max_connected_endpoints = 1;
    std::vector<model::EndpointConfig> endpoints = Numbered("a:", 4);
    for (size_t i = 0; i < endpoints.size(); ++i) {
      if (!healthy[i]) endpoints[i].health = Health::kDegraded;
    }
    Apply(Config(endpoints, cluster));
    Connect();
  }
};

TEST_F(ClusterFewConnectedTest, HealthyOnesComeFirst) {
  for (size_t i = 0; i < 4; ++i) {
    std::vector<bool> healthy(4, true);
    healthy[i] = false;
    Serve(healthy);
    const std::vector<std::string> picks = Picks(10);
    ASSERT_EQ(picks.size(), 1u);
    EXPECT_NE(picks[0], "a:" + std::to_string(i));
    EXPECT_NE(picks[0], "pending");
  }
}

TEST_F(ClusterFewConnectedTest, DegradedOnesWhereTheyFail) {
  Serve({true, false, false, false});
  EXPECT_EQ(Picks(10), (std::vector<std::string>{"a:0"}));
  Become("a:0", ConnectionState::kFailing);
  const std::vector<std::string> picks = Picks(10);
  ASSERT_EQ(picks.size(), 1u);
  EXPECT_NE(picks[0], "a:0");
  EXPECT_EQ(Wanted().size(), 2u);
  Become("a:0", ConnectionState::kReady);
  EXPECT_EQ(Picks(10), (std::vector<std::string>{"a:0"}));
}

}  // namespace
}  // namespace mesh::cluster
