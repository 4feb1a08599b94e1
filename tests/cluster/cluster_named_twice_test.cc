// Addresses that are there twice, and may take calls at one of their places only.

#include <string>
#include <vector>

#include "tests/cluster/subset_fixture.h"

namespace mesh::cluster {
namespace {

using Health = model::HealthStatus;

class ClusterNamedTwiceTest : public ClusterTest,
                              public ::testing::WithParamInterface<model::LbPolicy> {
 protected:
  ClusterNamedTwiceTest() { connector_.set_outcome(ConnectionState::kReady); }
};

TEST_P(ClusterNamedTwiceTest, ALocalityHasTheSharesOfItsPlaces) {
  model::Cluster cluster;
  cluster.balancing.policy = GetParam();
  cluster.balancing.maglev.table_size = 251;
  std::vector<model::EndpointConfig> x = Endpoints({"x:1", "both:1"});
  const std::vector<model::EndpointConfig> y = Endpoints({"y:1", "both:1"});
  Apply(Config({{"x", x}, {"y", y}}, cluster));
  Connect();
  // It has a connection, which stays.
  x[1].health = Health::kUnhealthy;
  Apply(Config({{"x", x}, {"y", y}}, cluster));
  const Snapshot::Cluster snapshot = SnapshotNow();
  ASSERT_EQ(snapshot.localities.size(), 2u);
  const double of_x = snapshot.localities[0].share.value();
  EXPECT_NEAR(of_x + snapshot.localities[1].share.value(), 1, 1e-6);
  EXPECT_EQ(snapshot.localities[0].endpoints[0].share.value(), 1);
  EXPECT_EQ(snapshot.localities[0].endpoints[1].excluded,
            "the control plane says that it is unhealthy");
}

INSTANTIATE_TEST_SUITE_P(Policies, ClusterNamedTwiceTest,
                         ::testing::Values(model::LbPolicy::kRoundRobin, model::LbPolicy::kRingHash,
                                           model::LbPolicy::kMaglev));

using ClusterNamedTwiceInSubsetTest = SubsetTest;

// Of a subset of one endpoint.
TEST_F(ClusterNamedTwiceInSubsetTest, OneThatCanTakeCallsGoesBeforeTheSameThatCannot) {
  model::SubsetSelection selection;
  selection.selectors = {{{"s"}, std::nullopt, {}, /*single_host_per_subset=*/true}};
  model::Cluster cluster = WithSubsets(selection);
  cluster.panic_threshold = 0;
  // Where each place lies in memory is chance.
  for (int i = 0; i < 20; ++i) {
    std::vector<model::EndpointConfig> endpoints;
    for (int place = 0; place < 6; ++place) {
      endpoints.push_back(With("a:1", {{"number", std::to_string(i)}, {"s", "1"}}));
      endpoints.back().health = place == i % 6 ? Health::kHealthy : Health::kUnhealthy;
    }
    Apply(Config(endpoints, cluster));
    Connect();
    ASSERT_EQ(PicksOf({{"s", "1"}}), (std::vector<std::string>{"a:1"})) << i;
  }
}

}  // namespace
}  // namespace mesh::cluster
