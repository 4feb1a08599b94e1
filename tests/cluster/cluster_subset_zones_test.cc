// Subsets whose localities share calls by zone, as the callers' cluster and the endpoints change
// together.

#include <memory>
#include <string>
#include <vector>

#include "mesh/model/zone_aware.h"
#include "tests/cluster/subset_fixture.h"

namespace mesh::cluster {
namespace {

using Addresses = std::vector<std::string>;

// The caller is in zone `x`. There is a subset for each version.
class ClusterSubsetZonesTest : public SubsetTest {
 protected:
  ClusterSubsetZonesTest() {
    model::SubsetSelection selection;
    selection.selectors = {{{"version"}, std::nullopt, {}}};
    model::Cluster cluster;
    cluster.subsets = std::make_shared<const model::SubsetSelection>(selection);
    cluster.zone_aware.emplace();
    cluster.zone_aware->min_cluster_size = 2;
    cluster.locality_weighting = model::LocalityWeighting::kIgnored;
    config_ = Config(std::vector<TestLocality>{}, cluster);
  }

  // Zones x and y have an endpoint of version 1 each, and `more` of version 2.
  static std::shared_ptr<const model::ClusterLoadAssignment> Endpoints(int more) {
    std::vector<TestLocality> localities;
    for (const std::string zone : {"x", "y"}) {
      localities.push_back({zone, {With(zone, {{"version", "1"}})}});
      for (int i = 0; i < more; ++i) {
        localities.back().endpoints.push_back(With(zone + std::to_string(i), {{"version", "2"}}));
      }
    }
    return Assignment(localities);
  }
  static std::shared_ptr<const model::LocalCluster> Callers() {
    return model::LocalCluster::Of(
        Assignment({{"x", Numbered("caller-x", 1)}, {"y", Numbered("caller-y", 1)}}).get(),
        {"", "x", ""});
  }

  model::ClusterConfig config_;
};

// Updates that come together are one (see XdsResolver).
TEST_F(ClusterSubsetZonesTest, CallersComeAndGoWithOtherEndpoints) {
  config_.endpoints = Endpoints(1);
  Apply(config_);
  Connect();
  EXPECT_EQ(PicksOf({{"version", "1"}}), (Addresses{"x", "y"}));
  config_.endpoints = Endpoints(2);
  config_.local = Callers();
  Apply(config_);
  EXPECT_EQ(PicksOf({{"version", "1"}}), (Addresses{"x"}));
  config_.endpoints = Endpoints(1);
  config_.local = nullptr;
  Apply(config_);
  EXPECT_EQ(PicksOf({{"version", "1"}}), (Addresses{"x", "y"}));
}

}  // namespace
}  // namespace mesh::cluster
