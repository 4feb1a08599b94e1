// Subsets with scale_locality_weight, where a locality with so few endpoints in the subset that it
// has no weight is all that is left.

#include <memory>
#include <string>
#include <vector>

#include "tests/cluster/subset_fixture.h"

namespace mesh::cluster {
namespace {

using Addresses = std::vector<std::string>;

class ClusterSubsetWeightsTest : public SubsetTest {
 protected:
  // Of locality a one of four endpoints is in the subset, and of b all: their weights are 0 and 1.
  void Serve(model::LbPolicy policy,
             model::HealthStatus health_of_b = model::HealthStatus::kUnknown) {
    model::SubsetSelection selection;
    selection.selectors = {{{"version"}, std::nullopt, {}}};
    selection.scale_locality_weight = true;
    model::Cluster cluster = WithSubsets(selection);
    cluster.locality_weighting = model::LocalityWeighting::kByWeight;
    cluster.panic_threshold = 0;
    cluster.balancing.policy = policy;
    cluster.balancing.maglev.table_size = 251;
    std::vector<model::EndpointConfig> a = Numbered("other", 3);
    a.push_back(With("a0", {{"version", "1"}}));
    std::vector<model::EndpointConfig> b = {With("b0", {{"version", "1"}}),
                                            With("b1", {{"version", "1"}})};
    for (model::EndpointConfig& endpoint : b) endpoint.health = health_of_b;
    Apply(Config({{"a", a}, {"b", b}}, cluster));
    Connect();
  }
  void TakeAllOfB() {
    Become("b0", ConnectionState::kFailing);
    Become("b1", ConnectionState::kFailing);
  }
};

TEST_F(ClusterSubsetWeightsTest, ALocalityWithoutWeightTakesCallsWhenTheOthersFail) {
  Serve(model::LbPolicy::kRoundRobin);
  EXPECT_EQ(PicksOf({{"version", "1"}}), (Addresses{"b0", "b1"}));
  TakeAllOfB();
  EXPECT_EQ(PicksOf({{"version", "1"}}), (Addresses{"a0"}));
  Become("b1", ConnectionState::kReady);
  EXPECT_EQ(PicksOf({{"version", "1"}}), (Addresses{"b1"}));
}

TEST_F(ClusterSubsetWeightsTest, OrWhenTheyAreUnhealthy) {
  Serve(model::LbPolicy::kRoundRobin, model::HealthStatus::kUnhealthy);
  EXPECT_EQ(PicksOf({{"version", "1"}}), (Addresses{"a0"}));
}

TEST_F(ClusterSubsetWeightsTest, AndWhereThePolicyHashes) {
  Serve(model::LbPolicy::kMaglev);
  EXPECT_EQ(PicksOf({{"version", "1"}}), (Addresses{"b0", "b1"}));
  TakeAllOfB();
  EXPECT_EQ(PicksOf({{"version", "1"}}), (Addresses{"a0"}));
  Serve(model::LbPolicy::kMaglev, model::HealthStatus::kUnhealthy);
  EXPECT_EQ(PicksOf({{"version", "1"}}), (Addresses{"a0"}));
}

}  // namespace
}  // namespace mesh::cluster
