// Zone-aware routing where nothing can be told from the callers' cluster (envoy load_balancer_impl,
// isHostSetInPanic).

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "mesh/model/zone_aware.h"
#include "tests/cluster/cluster_fixture.h"

namespace mesh::cluster {
namespace {

using Health = model::HealthStatus;

// The caller is in zone `x`, and so are a third of the endpoints.
class ClusterCallersTest : public ClusterTest {
 protected:
  ClusterCallersTest() {
    connector_.set_outcome(ConnectionState::kReady);
    cluster_config_.zone_aware.emplace();
    cluster_config_.locality_weighting = model::LocalityWeighting::kIgnored;
  }
  // One caller in x and one in y.
  void Serve(Health health) {
    const auto caller = [health](const std::string& address) {
      return std::vector<model::EndpointConfig>{{address, 1, health}};
    };
    model::ClusterConfig config =
        Config({{"x", Numbered("x", 2)}, {"y", Numbered("y", 4)}}, cluster_config_);
    config.local = model::LocalCluster::Of(
        Assignment({{"x", caller("me")}, {"y", caller("you")}}).get(), {"", "x", ""});
    Apply(config);
    Connect();
  }
  std::string Text() {
    Shares(1);
    return SnapshotNow().zone_routing;
  }

  model::Cluster cluster_config_;
};

TEST_F(ClusterCallersTest, AllOfThemDrain) {
  Serve(Health::kHealthy);
  EXPECT_EQ(Text(), "residual: 66.66 % stay");
  Serve(Health::kDraining);
  EXPECT_EQ(Text(), "off: too few endpoints of the local cluster are healthy");
  EXPECT_EQ(Picks(60).size(), 6u);
  cluster_config_.panic_threshold = 0;
  Serve(Health::kDraining);
  EXPECT_EQ(Text(), "direct");
}

}  // namespace
}  // namespace mesh::cluster
