// Clusters whose endpoints are not a resource of their own.

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/resolver/xds_world.h"

namespace mesh::testing {
namespace {

using Events = std::vector<std::string>;
using model::ClusterType;

// Routes to `a`.
class XdsClusterTypesTest : public ::testing::Test {
 protected:
  XdsClusterTypesTest() {
    world_.Listener("r");
    world_.Routes("r", {"a"});
    EXPECT_EQ(world_.Settle(), Events());
  }
  void Static(const std::string& name, const std::vector<std::string>& addresses) {
    model::Cluster cluster;
    cluster.name = name;
    cluster.type = ClusterType::kStatic;
    cluster.load_assignment = XdsWorld::AssignmentOf(name, addresses);
    world_.SetCluster(std::move(cluster));
  }

  XdsWorld world_;
};

TEST_F(XdsClusterTypesTest, AStaticClusterNeedsNoEndpoints) {
  Static("a", {"1.1.1.1:1", "1.1.1.1:2"});
  EXPECT_EQ(world_.SettleOne(), "a[1.1.1.1:1 1.1.1.1:2]");
  EXPECT_EQ(world_.Dependencies(), "l:l r:r c:a");
  const model::ClusterConfig& config = *world_.config().clusters[0];
  EXPECT_EQ(config.key, (model::ClusterKey{"top", "a", ""}));
  EXPECT_EQ(config.endpoints, config.cluster->load_assignment);
  Static("a", {});
  EXPECT_EQ(world_.SettleOne(), "a[]");
  world_.Delete('c', "a");
  EXPECT_EQ(world_.SettleOne(), "a!Cluster \"a\": does not exist");
}

TEST_F(XdsClusterTypesTest, AClusterMayBecomeStaticAndBack) {
  world_.Complete("a", "1.1.1.1:1");
  EXPECT_EQ(world_.SettleOne(), "a[1.1.1.1:1]");
  Static("a", {"2.2.2.2:2"});
  EXPECT_EQ(world_.SettleOne(), "a[2.2.2.2:2]");
  EXPECT_EQ(world_.Dependencies(), "l:l r:r c:a");
  // The endpoints have to come first; those before stay.
  world_.client().Forget(world_.type_url('e'), "a");
  world_.Cluster("a");
  EXPECT_EQ(world_.Settle(), Events());
  EXPECT_EQ(world_.Dependencies(), "l:l r:r c:a e:a");
  world_.Endpoints("a", {"3.3.3.3:3"});
  EXPECT_EQ(world_.SettleOne(), "a[3.3.3.3:3]");
}

TEST_F(XdsClusterTypesTest, AStaticClusterStaysWhileNewRoutesWait) {
  Static("a", {"1.1.1.1:1"});
  EXPECT_EQ(world_.SettleOne(), "a[1.1.1.1:1]");
  world_.Routes("r", {"b"});
  world_.Delete('c', "a");
  EXPECT_EQ(world_.SettleOne(), "a[1.1.1.1:1]~Cluster \"a\": does not exist");
  Static("b", {"2.2.2.2:2"});
  EXPECT_EQ(world_.SettleOne(), "b[2.2.2.2:2]");
  EXPECT_EQ(world_.Dependencies(), "l:l r:r c:b");
}

}  // namespace
}  // namespace mesh::testing
