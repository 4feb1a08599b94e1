// Ring hash and Maglev take the localities of a priority together, and leave degraded endpoints
// out; the priority is chosen by the same hash.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "balancer/ring_hash.h"
#include "mesh/base/hash64.h"
#include "tests/cluster/cluster_fixture.h"

namespace mesh::cluster {
namespace {

using model::HealthStatus;

class HashedLocalitiesTest : public ClusterTest,
                             public ::testing::WithParamInterface<model::LbPolicy> {
 protected:
  HashedLocalitiesTest() : ClusterTest(/*max_connected=*/0) {
    connector_.set_outcome(ConnectionState::kReady);
    cluster_model_.balancing.policy = GetParam();
    cluster_model_.locality_weighting = model::LocalityWeighting::kByWeight;
  }

  void ApplyAndConnect(const std::vector<TestLocality>& localities) {
    Apply(Config(localities, cluster_model_));
    Connect();
  }
  // Who gets a call of that hash.
  std::string PickHash(uint64_t hash) {
    PickRequest request;
    request.hash = hash;
    const PickResult result = Pick(request);
    const auto* picked = std::get_if<Picked>(&result);
    return picked == nullptr ? "" : picked->permit.endpoint()->address();
  }
  // The share of each zone, of which addresses begin with the name, in percent.
  std::map<std::string, double> ByZone() {
    std::map<std::string, double> shares;
    for (int i = 0; i < 10000; ++i) {
      const std::string address = PickHash(Hash64(std::to_string(i)));
      shares[address.substr(0, address.find(':'))] += 0.01;
    }
    return shares;
  }

  model::Cluster cluster_model_;
};

TEST_P(HashedLocalitiesTest, EndpointsShareTheWeightOfTheirLocality) {
  ApplyAndConnect({{"x", Numbered("x:", 1), 0, 1}, {"y", Numbered("y:", 9), 0, 1}});
  EXPECT_NEAR(ByZone()["x"], 50, 7);
}

TEST_P(HashedLocalitiesTest, TheyDoInFixedPointToo) {  // gRFC A113
  cluster_model_.hashed_weights = model::HashedWeights::kInFixedPoint;
  ApplyAndConnect({{"x", Numbered("x:", 1), 0, 1}, {"y", Numbered("y:", 9), 0, 1}});
  EXPECT_NEAR(ByZone()["x"], 50, 7);
}

// In gRPC, where weights are shared out before the ill endpoints are left out.
TEST_P(HashedLocalitiesTest, InFixedPointEndpointsThatAreOutKeepTheirShareFromTheOthers) {
  cluster_model_.hashed_weights = model::HashedWeights::kInFixedPoint;
  std::vector<model::EndpointConfig> x = Numbered("x:", 4);
  ApplyAndConnect({{"x", x, 0, 1}, {"y", Numbered("y:", 2), 0, 1}});
  EXPECT_NEAR(ByZone()["x"], 50, 7);
  for (int i = 0; i < 3; ++i) x[i].health = HealthStatus::kUnhealthy;
  Apply(Config({{"x", x, 0, 1}, {"y", Numbered("y:", 2), 0, 1}}, cluster_model_));
  EXPECT_NEAR(ByZone()["x"], 20, 5);
  // They go, and leave the locality to the one that is well.
  Apply(Config({{"x", {x[3]}, 0, 1}, {"y", Numbered("y:", 2), 0, 1}}, cluster_model_));
  EXPECT_NEAR(ByZone()["x"], 50, 7);
  // They come again, though nothing is connected by that.
  Apply(Config({{"x", x, 0, 1}, {"y", Numbered("y:", 2), 0, 1}}, cluster_model_));
  EXPECT_NEAR(ByZone()["x"], 20, 5);
}

TEST_P(HashedLocalitiesTest, IgnoredWeightsDoNotCount) {
  cluster_model_.locality_weighting = model::LocalityWeighting::kIgnored;
  ApplyAndConnect({{"x", Numbered("x:", 1), 0, 200}, {"y", Numbered("y:", 9), 0, 1}});
  EXPECT_NEAR(ByZone()["x"], 10, 4);
}

TEST_P(HashedLocalitiesTest, ALocalityWhoseEndpointsAreOutLeavesTheOthersTheirProportion) {
  std::vector<model::EndpointConfig> out = Numbered("z:", 2);
  for (model::EndpointConfig& endpoint : out) endpoint.health = HealthStatus::kUnhealthy;
  ApplyAndConnect({{"x", Numbered("x:", 4), 0, 1}, {"y", Numbered("y:", 4), 0, 3}, {"z", out, 0}});
  EXPECT_NEAR(ByZone()["x"], 25, 6);
}

TEST_P(HashedLocalitiesTest, TheHashChoosesThePriority) {
  std::vector<model::EndpointConfig> two_of_three = Numbered("p0:", 3);
  two_of_three[2].health = HealthStatus::kUnhealthy;
  ApplyAndConnect({{"x", two_of_three, 0}, {"y", Numbered("p1:", 2), 1}});
  for (uint64_t hash = 0; hash < 1000; ++hash) {
    EXPECT_EQ(PickHash(hash).substr(0, 2), hash % 100 < 93 ? "p0" : "p1") << hash;
  }
}

// 35 for the healthy endpoint of priority 0 and 46 for that of 1; the degraded ones of 0 have the
// rest, which the healthy one takes.
TEST_P(HashedLocalitiesTest, HealthyEndpointsTakeWhatIsForDegradedOnes) {
  std::vector<model::EndpointConfig> first = Numbered("p0:", 4);
  for (size_t i = 1; i < 4; ++i) first[i].health = HealthStatus::kDegraded;
  std::vector<model::EndpointConfig> second = Numbered("p1:", 3);
  for (size_t i = 1; i < 3; ++i) second[i].health = HealthStatus::kUnhealthy;
  ApplyAndConnect({{"x", first, 0}, {"y", second, 1}});
  for (uint64_t hash = 0; hash < 1000; ++hash) {
    const bool is_first = hash % 100 < 35 || hash % 100 >= 81;
    EXPECT_EQ(PickHash(hash), is_first ? "p0:0" : "p1:0") << hash;
  }
}

// The endpoint of a hash is waited for, while others are connected, and whoever waits hears of it.
TEST_P(HashedLocalitiesTest, ThoseThatWaitPickAgainWhenTheirEndpointConnectsOrFails) {
  struct Changes final : Cluster::Observer {
    void OnPickerChanged() override { ++count; }
    int count = 0;
  } changes;
  connector_.set_outcome(ConnectionState::kConnecting);
  ApplyAndConnect({{"x", Numbered("x:", 3), 0}});
  On([&] { cluster_->AddObserver(&changes); });
  std::map<std::string, uint64_t> hashes;  // one for each endpoint
  Become("x:0", ConnectionState::kReady);
  EXPECT_EQ(changes.count, 1);
  for (uint64_t i = 0; i < 100; ++i) {
    const uint64_t hash = Hash64(std::to_string(i));
    hashes[PickHash(hash)] = hash;
  }
  ASSERT_EQ(hashes.size(), 2u) << "x:0, or none yet";
  const uint64_t waits = hashes[""];
  Become("x:1", ConnectionState::kReady);
  EXPECT_EQ(changes.count, 2);
  const bool was_it = !PickHash(waits).empty();
  Become("x:2", ConnectionState::kFailing);
  EXPECT_EQ(changes.count, 3);
  EXPECT_NE(PickHash(waits), "") << (was_it ? "x:1 came" : "x:2 failed");
  On([&] { cluster_->RemoveObserver(&changes); });
}

TEST_P(HashedLocalitiesTest, DegradedEndpointsAloneServeNothing) {
  std::vector<model::EndpointConfig> endpoints = Numbered("x:", 2);
  for (model::EndpointConfig& endpoint : endpoints) endpoint.health = HealthStatus::kDegraded;
  ApplyAndConnect({{"x", endpoints, 0}});
  EXPECT_EQ(
      PickText(),
      "cluster \"c\": none of its 2 endpoints may take calls: unhealthy, ejected, or in a locality "
      "without weight (ClusterLoadAssignment \"eds\")");
}

INSTANTIATE_TEST_SUITE_P(Policies, HashedLocalitiesTest,
                         ::testing::Values(model::LbPolicy::kRingHash, model::LbPolicy::kMaglev),
                         [](const ::testing::TestParamInfo<model::LbPolicy>& info) {
                           return info.param == model::LbPolicy::kRingHash ? "RingHash" : "Maglev";
                         });

class HashedRingTest : public HashedLocalitiesTest {};

// Against Envoy's arithmetic, written out: localities by name, weight * part / sum.
TEST_P(HashedRingTest, IsEnvoys) {
  std::vector<model::EndpointConfig> x = Numbered("x:", 3);
  x[0].weight = 7;
  x[2].weight = 3;
  std::vector<model::EndpointConfig> y = Numbered("y:", 2);
  y[1].weight = 5;
  ApplyAndConnect({{"y", y, 0, 4}, {"x", x, 0, 9}});
  const double part_x = 9.0 / 13;
  const double part_y = 4.0 / 13;
  const std::vector<balancer::KeyedPlace> places = {{"x:0", 7 * part_x / 11},
                                                    {"x:1", 1 * part_x / 11},
                                                    {"x:2", 3 * part_x / 11},
                                                    {"y:0", 1 * part_y / 6},
                                                    {"y:1", 5 * part_y / 6}};
  const balancer::HashRing ring(places, cluster_model_.balancing.ring_hash);
  for (int i = 0; i < 5000; ++i) {
    const uint64_t hash = Hash64(std::to_string(i));
    const balancer::HashRing::Entry& entry = ring.entries()[ring.Find(hash)];
    ASSERT_EQ(PickHash(hash), places[entry.place()].key) << i;
  }
}

// Against gRPC's, written out: fractions of 2^31, rounded down; in the order of the keys.
TEST_P(HashedRingTest, IsGrpcsInFixedPoint) {
  cluster_model_.hashed_weights = model::HashedWeights::kInFixedPoint;
  std::vector<model::EndpointConfig> x = Numbered("x:", 3);
  x[0].weight = 7;
  x[1].health = HealthStatus::kUnhealthy;
  x[2].weight = 3;
  std::vector<model::EndpointConfig> y = Numbered("y:", 2);
  y[1].weight = 5;
  std::swap(y[0], y[1]);
  ApplyAndConnect({{"y", y, 0, 4}, {"x", x, 0, 9}});
  const uint64_t one = uint64_t{1} << 31;
  const uint64_t part_x = 9 * one / 13;
  const uint64_t part_y = 4 * one / 13;
  std::vector<balancer::KeyedPlace> places;
  for (const auto& [key, part] :
       std::vector<std::pair<const char*, uint64_t>>{{"x:0", (7 * one / 11) * part_x / one},
                                                     {"x:2", (3 * one / 11) * part_x / one},
                                                     {"y:0", (1 * one / 6) * part_y / one},
                                                     {"y:1", (5 * one / 6) * part_y / one}}) {
    places.push_back({key, static_cast<double>(part)});
  }
  const balancer::HashRing ring(balancer::Normalized(places), cluster_model_.balancing.ring_hash);
  for (int i = 0; i < 5000; ++i) {
    const uint64_t hash = Hash64(std::to_string(i));
    const balancer::HashRing::Entry& entry = ring.entries()[ring.Find(hash)];
    ASSERT_EQ(PickHash(hash), places[entry.place()].key) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Policies, HashedRingTest, ::testing::Values(model::LbPolicy::kRingHash));

}  // namespace
}  // namespace mesh::cluster
