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
    cluster.max_connected_endpoints = max_connected_;
    std::vector<model::EndpointConfig> a = Numbered("other", 3);
    a.push_back(With("a0", {{"version", "1"}}));
    std::vector<model::EndpointConfig> b = {With("b0", {{"version", "1"}}),
                                            With("b1", {{"version", "1"}})};
    for (model::EndpointConfig& endpoint : b) endpoint.health = health_of_b;
    Apply(Config({{"a", a}, {"b", b}}, cluster));
    Connect();
  }
  void TakeAllOfB() {
    for (const char* address : {"b0", "b1"}) {
      connector_.set_outcome(address, ConnectionState::kFailing);
      bool is_there = false;
      On([&] { is_there = connector_.connection(address) != nullptr; });
      if (is_there) Become(address, ConnectionState::kFailing);
    }
  }

  uint32_t max_connected_ = 0;  // all
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

TEST_F(ClusterSubsetWeightsTest, AndWhereFewAreConnected) {
  max_connected_ = 1;
  Serve(model::LbPolicy::kRoundRobin);
  EXPECT_EQ(PicksOf({{"version", "1"}}).size(), 1u);
  EXPECT_EQ(Wanted().size(), 1u);
  TakeAllOfB();
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
