// How the localities of a priority share the calls.

#include <map>
#include <string>
#include <vector>

#include "tests/cluster/cluster_fixture.h"

namespace mesh::cluster {
namespace {

class LocalityWeightingTest : public ClusterTest {
 protected:
  LocalityWeightingTest() : ClusterTest(/*max_connected=*/0) {
    connector_.set_outcome(ConnectionState::kReady);
  }
  // Calls by the address's part before the colon.
  std::map<std::string, int> ByName(int n) {
    std::map<std::string, int> names;
    for (const auto& [address, count] : Shares(n)) {
      names[address.substr(0, address.find(':'))] += count;
    }
    return names;
  }
  static model::Cluster With(model::LocalityWeighting weighting) {
    model::Cluster cluster;
    cluster.locality_weighting = weighting;
    return cluster;
  }
};

TEST_F(LocalityWeightingTest, WeightsDecideWhateverTheNumberOfEndpoints) {  // LOC-11
  Apply(Config({{"x", Numbered("x:", 8), 0, 2}, {"y", Numbered("y:", 2), 0, 8}}));
  Connect();
  EXPECT_EQ(ByName(3000), (std::map<std::string, int>{{"x", 600}, {"y", 2400}}));
  // Within a locality, in turn.
  EXPECT_EQ(Shares(80)["y:0"], 32);
}

TEST_F(LocalityWeightingTest, LargeWeightsDoNotOverflow) {  // LOC-12
  const uint32_t third = 0xffffffff / 3;
  Apply(Config({{"x", Numbered("x:", 3), 0, third},
                {"y", Numbered("y:", 3), 0, third},
                {"z", Numbered("z:", 3), 0, third - 1}}));
  Connect();
  std::map<std::string, int> shares = ByName(3000);
  for (const char* name : {"x", "y", "z"}) EXPECT_NEAR(shares[name], 1000, 3) << name;
}

TEST_F(LocalityWeightingTest, ALocalityWithoutWeightTakesNoCallsBesideOneThatHas) {
  Apply(Config({{"x", Numbered("x:", 3), 0, 0}, {"y", Numbered("y:", 1), 0, 1}}));
  Connect();
  EXPECT_EQ(ByName(10), (std::map<std::string, int>{{"y", 10}}));
  EXPECT_EQ(Wanted().size(), 1u);
  // It gets one, and the other loses its own.
  Apply(Config({{"x", Numbered("x:", 3), 0, 1}, {"y", Numbered("y:", 1), 0, 0}}));
  EXPECT_EQ(ByName(10), (std::map<std::string, int>{{"x", 10}}));
  EXPECT_EQ(connector_.live(), 3);
}

TEST_F(LocalityWeightingTest, WithoutAnyWeightAllEndpointsCountAlike) {
  Apply(Config({{"x", Numbered("x:", 3), 0, 0}, {"y", Numbered("y:", 1), 0, 0}}));
  Connect();
  for (const auto& [address, count] : Shares(400)) EXPECT_EQ(count, 100) << address;
}

TEST_F(LocalityWeightingTest, WithoutAnyWeightNothingServesIfWeightsAreRequired) {  // LOC-04
  Apply(Config({{"x", Numbered("x:", 3), 0, 0}}, With(model::LocalityWeighting::kByWeight)));
  Connect();
  EXPECT_EQ(
      PickText(),
      "cluster \"c\": none of its 3 endpoints may take calls: unhealthy, ejected, or in a locality "
      "without weight (ClusterLoadAssignment \"eds\")");
}

TEST_F(LocalityWeightingTest, IgnoredWeightsDoNotCount) {
  Apply(Config({{"x", Numbered("x:", 3), 0, 100}, {"y", Numbered("y:", 1), 0, 1}},
               With(model::LocalityWeighting::kIgnored)));
  Connect();
  for (const auto& [address, count] : Shares(400)) EXPECT_EQ(count, 100) << address;
}

TEST_F(LocalityWeightingTest, EndpointWeightsStayWithinTheLocality) {  // LOC-14
  std::vector<model::EndpointConfig> heavy = Numbered("x:", 2);
  heavy[0].weight = 300;
  heavy[1].weight = 100;
  Apply(Config({{"x", heavy, 0, 1}, {"empty", {}, 0, 5}, {"y", Numbered("y:", 1), 0, 1}}));
  Connect();
  EXPECT_EQ(Shares(4000), (std::map<std::string, int>{{"x:0", 1500}, {"x:1", 500}, {"y:0", 2000}}));
}

TEST_F(LocalityWeightingTest, EndpointsCountAlikeIfTheyAreNotWeighed) {  // as in gRPC
  std::vector<model::EndpointConfig> heavy = Numbered("x:", 2);
  heavy[0].weight = 300;
  heavy[1].weight = 100;
  model::Cluster cluster;
  cluster.weigh_endpoints = false;
  Apply(Config({{"x", heavy, 0, 1}, {"y", Numbered("y:", 1), 0, 2}}, cluster));
  Connect();
  EXPECT_EQ(Shares(3000), (std::map<std::string, int>{{"x:0", 500}, {"x:1", 500}, {"y:0", 2000}}));
  heavy[1].weight = 7;
  Apply(Config({{"x", heavy, 0, 1}, {"y", Numbered("y:", 1), 0, 2}}, cluster));
  EXPECT_EQ(Shares(3000), (std::map<std::string, int>{{"x:0", 500}, {"x:1", 500}, {"y:0", 2000}}));
  // All endpoints of the priority together, by their number.
  cluster.locality_weighting = model::LocalityWeighting::kIgnored;
  Apply(Config({{"x", heavy, 0, 1}, {"y", Numbered("y:", 1), 0, 2}}, cluster));
  for (const auto& [address, count] : Shares(3000)) EXPECT_EQ(count, 1000) << address;
}

TEST_F(LocalityWeightingTest, FiftyLocalitiesEachGetTheirShare) {  // LOC-14
  std::vector<TestLocality> localities;
  for (int i = 0; i < 50; ++i) {
    localities.push_back({std::to_string(i), Numbered("l" + std::to_string(i) + ":", 20), 0, 1});
  }
  Apply(Config(localities));
  Connect();
  const std::map<std::string, int> shares = Shares(5000);
  EXPECT_EQ(shares.size(), 1000u);
  for (const auto& [address, count] : shares) EXPECT_EQ(count, 5) << address;
}

TEST_F(LocalityWeightingTest, ALocalityThatIsNotReadyLeavesItsShareToTheOthers) {
  connector_.set_outcome("y:0", ConnectionState::kConnecting);
  Apply(Config({{"x", Numbered("x:", 1), 0, 1},
                {"y", Numbered("y:", 1), 0, 8},
                {"z", Numbered("z:", 1), 0, 1}}));
  Connect();
  EXPECT_EQ(ByName(10), (std::map<std::string, int>{{"x", 5}, {"z", 5}}));
  Become("y:0", ConnectionState::kReady);
  EXPECT_EQ(ByName(10), (std::map<std::string, int>{{"x", 1}, {"y", 8}, {"z", 1}}));
}

TEST_F(LocalityWeightingTest, FollowsChangesOfWeights) {  // LOC-13
  const auto apply = [this](uint32_t x, uint32_t y, uint32_t z) {
    Apply(Config({{"x", Numbered("x:", 1), 0, x},
                  {"y", Numbered("y:", 2), 0, y},
                  {"z", Numbered("z:", 3), 0, z}}));
  };
  apply(2, 3, 4);
  Connect();
  EXPECT_EQ(ByName(900), (std::map<std::string, int>{{"x", 200}, {"y", 300}, {"z", 400}}));
  apply(3, 2, 6);
  EXPECT_EQ(ByName(1100), (std::map<std::string, int>{{"x", 300}, {"y", 200}, {"z", 600}}));
}

TEST_F(LocalityWeightingTest, RandomPolicyPicksByWeightWithoutAnOrder) {
  model::Cluster cluster;
  cluster.balancing.policy = model::LbPolicy::kRandom;
  std::vector<model::EndpointConfig> endpoints = Numbered("x:", 3);
  endpoints[0].weight = 2;
  Apply(Config(endpoints, cluster));
  Connect();
  std::map<std::string, int> shares = Shares(20000);
  EXPECT_NEAR(shares["x:0"], 10000, 500);
  EXPECT_NEAR(shares["x:1"], 5000, 400);
  // Round robin would give exactly this.
  EXPECT_FALSE(shares["x:0"] == 10000 && shares["x:1"] == 5000);
  // Another policy takes over with the next update.
  Apply(Config(endpoints));
  shares = Shares(20000);
  EXPECT_EQ(shares["x:0"], 10000);
}

}  // namespace
}  // namespace mesh::cluster
