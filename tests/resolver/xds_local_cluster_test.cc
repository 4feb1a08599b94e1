// The cluster that the process is one of: watched beside those that calls go to, and told to them
// (envoy bootstrap.proto, local_cluster_name).

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "mesh/model/zone_aware.h"
#include "tests/resolver/xds_world.h"

namespace mesh::testing {
namespace {

using Events = std::vector<std::string>;

class XdsLocalClusterTest : public ::testing::Test {
 protected:
  XdsLocalClusterTest() {
    world_.Listener("r");
    world_.Routes("r", {"a"});
    Zoned("a");
    world_.Endpoints("a", {"1.1.1.1:1"});
  }
  void Zoned(const std::string& name) {
    model::Cluster cluster;
    cluster.name = name;
    cluster.eds_service_name = name;
    cluster.zone_aware.emplace();
    world_.SetCluster(std::move(cluster));
  }
  const model::LocalCluster* LocalOf(size_t cluster) {
    return world_.config().clusters[cluster]->local.get();
  }

  XdsWorld world_{"me"};
};

TEST_F(XdsLocalClusterTest, NobodyWaitsForIt) {
  EXPECT_EQ(world_.SettleOne(), "a[1.1.1.1:1]");
  EXPECT_EQ(LocalOf(0), nullptr);
  EXPECT_EQ(world_.Dependencies(), "l:l r:r c:a c:me e:a");
  Zoned("me");
  EXPECT_EQ(world_.Settle(), Events());
  world_.Endpoints("me", {"9.9.9.9:1", "9.9.9.9:2"});
  EXPECT_EQ(world_.SettleOne(), "a[1.1.1.1:1]");
  ASSERT_NE(LocalOf(0), nullptr);
  EXPECT_EQ(LocalOf(0)->own.zone, "here");
  EXPECT_EQ(LocalOf(0)->endpoints, 2u);
  EXPECT_EQ(world_.Dependencies(), "l:l r:r c:a c:me e:a e:me");
}

TEST_F(XdsLocalClusterTest, WhatDoesNotMatterIsNotTold) {
  world_.Complete("me", "9.9.9.9:1");
  EXPECT_EQ(world_.SettleOne(), "a[1.1.1.1:1]");
  const model::LocalCluster* const local = LocalOf(0);
  ASSERT_NE(local, nullptr);
  world_.Endpoints("me", {"9.9.9.9:7"});  // another, but as many
  EXPECT_EQ(world_.Settle(), Events());
  world_.Endpoints("me", {"9.9.9.9:7", "9.9.9.9:8"});
  EXPECT_EQ(world_.SettleOne(), "a[1.1.1.1:1]");
  EXPECT_EQ(LocalOf(0)->endpoints, 2u);
}

TEST_F(XdsLocalClusterTest, WhatWasKnownStaysWhenItGoes) {
  world_.Complete("me", "9.9.9.9:1");
  EXPECT_EQ(world_.SettleOne(), "a[1.1.1.1:1]");
  world_.Delete('c', "me");
  world_.Settle();
  ASSERT_NE(LocalOf(0), nullptr);
  EXPECT_EQ(LocalOf(0)->endpoints, 1u);
}

TEST_F(XdsLocalClusterTest, AlsoWhereCallsGoToIt) {
  world_.Complete("me", "9.9.9.9:1");
  world_.Routes("r", {"a", "me"});
  EXPECT_EQ(world_.SettleOne(), "a[1.1.1.1:1] me[9.9.9.9:1]");
  world_.Delete('c', "me");
  world_.Settle();
  ASSERT_NE(LocalOf(0), nullptr);
  world_.Endpoints("a", {"1.1.1.1:1", "1.1.1.1:2"});
  world_.Settle();
  ASSERT_NE(LocalOf(0), nullptr);
  EXPECT_EQ(LocalOf(0)->endpoints, 1u);
}

TEST_F(XdsLocalClusterTest, WhoTakesNoAccountOfItIsNotToldOfIt) {
  world_.Complete("b", "2.2.2.2:1");  // has no zones
  world_.Complete("me", "9.9.9.9:1");
  world_.Routes("r", {"b"});
  EXPECT_EQ(world_.SettleOne(), "b[2.2.2.2:1]");
  EXPECT_EQ(LocalOf(0), nullptr);
  world_.Endpoints("me", {"9.9.9.9:1", "9.9.9.9:2"});
  EXPECT_EQ(world_.Settle(), Events());
}

// As any other; but it is not compared with itself.
TEST_F(XdsLocalClusterTest, CallsMayGoToIt) {
  Zoned("me");
  world_.Endpoints("me", {"9.9.9.9:1"});
  world_.Routes("r", {"a", "me"});
  EXPECT_EQ(world_.SettleOne(), "a[1.1.1.1:1] me[9.9.9.9:1]");
  EXPECT_NE(LocalOf(0), nullptr);
  EXPECT_EQ(LocalOf(1), nullptr);
}

TEST_F(XdsLocalClusterTest, SeveralClustersShareWhatIsKnown) {
  world_.Complete("me", "9.9.9.9:1");
  Zoned("b");
  world_.Endpoints("b", {"2.2.2.2:1"});
  world_.Routes("r", {"a", "b"});
  EXPECT_EQ(world_.SettleOne(), "a[1.1.1.1:1] b[2.2.2.2:1]");
  ASSERT_NE(LocalOf(0), nullptr);
  EXPECT_EQ(LocalOf(0), LocalOf(1));
}

TEST(LocalClusterTest, CountsItsFirstPriority) {
  const auto locality = [](const std::string& zone, uint32_t priority,
                           const std::vector<model::HealthStatus>& health) {
    auto result = std::make_shared<model::LocalityEndpoints>();
    result->locality.zone = zone;
    result->priority = priority;
    std::vector<model::EndpointConfig> endpoints;
    for (const model::HealthStatus status : health) {
      endpoints.push_back({"1.1.1.1:" + std::to_string(endpoints.size()), 3, status});
    }
    result->endpoints = model::EndpointList::Of(std::move(endpoints));
    return result;
  };
  using Health = model::HealthStatus;
  model::ClusterLoadAssignment assignment;
  assignment.localities = {
      locality("x", 0, {Health::kHealthy, Health::kUnknown, Health::kUnhealthy}),
      locality("y", 0, {Health::kDegraded, Health::kDraining}),
      locality("z", 0, {}),
      locality("x", 0, {Health::kHealthy}),
      locality("y", 1, {Health::kHealthy}),
  };
  const auto local = model::LocalCluster::Of(&assignment, {"", "y", ""});
  EXPECT_EQ(local->own.zone, "y");
  EXPECT_EQ(local->endpoints, 6u);
  EXPECT_EQ(local->draining, 1u);
  EXPECT_EQ(local->usable, 4u);
  ASSERT_EQ(local->zones.size(), 2u);
  EXPECT_EQ(local->zones[0], (model::LocalCluster::Zone{{"", "x", ""}, 4, 3, 9}));
  EXPECT_EQ(local->zones[1], (model::LocalCluster::Zone{{"", "y", ""}, 2, 0, 0}));
  EXPECT_EQ(model::LocalCluster::Of(nullptr, {}), nullptr);
}

}  // namespace
}  // namespace mesh::testing
