// Which route takes a path, and which of its clusters a call goes to.

#include "mesh/call/call_config.h"

#include <map>
#include <string>

#include "gtest/gtest.h"
#include "tests/call/fake_cluster.h"

namespace mesh::call {
namespace {

ClustersByName Clusters(const std::vector<std::string>& names) {
  ClustersByName clusters;
  for (const std::string& name : names) {
    clusters.emplace(name, std::make_shared<testing::FakeCluster>(name));
  }
  return clusters;
}

model::Route RouteTo(const std::vector<model::WeightedCluster>& clusters) {
  model::Route route;
  route.clusters = clusters;
  return route;
}

// How many of all places in [0, total weight), each once, lead to each cluster.
std::map<std::string, int> Shares(const CallRoute& route, uint64_t total) {
  std::map<std::string, int> shares;
  for (uint64_t place = 0; place < total; ++place) ++shares[route.Choose(place).cluster->name()];
  return shares;
}

std::unique_ptr<const CallConfig> Compile(const std::vector<model::WeightedCluster>& shares,
                                          const std::vector<std::string>& known) {
  model::VirtualHost host;
  host.routes.push_back(RouteTo(shares));
  return CompileCallConfig(host, Clusters(known));
}

TEST(CallConfigTest, SharesAreExact) {
  const auto config = Compile({{"a", 1}, {"b", 90}, {"c", 9}}, {"a", "b", "c"});
  EXPECT_EQ(Shares(config->routes[0], 100),
            (std::map<std::string, int>{{"a", 1}, {"b", 90}, {"c", 9}}));
  // Larger numbers go round.
  EXPECT_EQ(config->routes[0].Choose(100).cluster->name(), "a");
  EXPECT_EQ(config->routes[0].Choose(101).cluster->name(), "b");
}

TEST(CallConfigTest, AClusterOfWeightZeroTakesNothing) {
  const auto config = Compile({{"a", 0}, {"b", 3}, {"c", 0}}, {"a", "b", "c"});
  EXPECT_EQ(Shares(config->routes[0], 30), (std::map<std::string, int>{{"b", 30}}));
}

TEST(CallConfigTest, WeightsBeyond32BitsInSum) {
  const uint32_t most = 0xffffffff;
  const auto config = Compile({{"a", most}, {"b", most}}, {"a", "b"});
  const CallRoute& route = config->routes[0];
  EXPECT_EQ(route.Choose(most - 1).cluster->name(), "a");
  EXPECT_EQ(route.Choose(most).cluster->name(), "b");
  EXPECT_EQ(route.Choose(uint64_t{2} * most - 1).cluster->name(), "b");
}

TEST(CallConfigTest, AnUnknownClusterLeavesItsShareToTheOthers) {
  const auto config = Compile({{"a", 50}, {"gone", 50}}, {"a"});
  EXPECT_EQ(Shares(config->routes[0], 50), (std::map<std::string, int>{{"a", 50}}));
}

TEST(CallConfigTest, ARouteThatLeadsNowhereStillTakesItsPaths) {
  model::VirtualHost host;
  host.routes.push_back(RouteTo({{"gone", 1}}));
  host.routes.push_back(RouteTo({{"a", 1}}));
  const auto config = CompileCallConfig(host, Clusters({"a"}));
  ASSERT_NE(config->Find("/x/y"), nullptr);
  EXPECT_TRUE(config->Find("/x/y")->shares.empty());
}

}  // namespace
}  // namespace mesh::call
