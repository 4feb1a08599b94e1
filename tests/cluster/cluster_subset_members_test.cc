// How the members of a subset share its calls: localities in proportion to them, or one for all
// (envoy cluster.proto, LbSubsetConfig.scale_locality_weight and
// LbSubsetSelector.single_host_per_subset).

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/cluster/subset_fixture.h"

namespace mesh::cluster {
namespace {

using Addresses = std::vector<std::string>;
using Counts = std::map<std::string, int>;

class SubsetMembersTest : public SubsetTest {
 protected:
  // Endpoints `zone`0, ... of which the first `members` are of version 1, and the others of none.
  static TestLocality Zone(const std::string& zone, int members, int others, uint32_t weight,
                           uint32_t priority = 0) {
    TestLocality locality{zone, {}, priority, weight};
    for (int i = 0; i < members + others; ++i) {
      locality.endpoints.push_back(
          With(zone + std::to_string(i), i < members ? kVersion1 : model::MetadataFields()));
    }
    return locality;
  }
  static model::SubsetSelection Selection(bool scale, bool single) {
    model::SubsetSelection selection;
    selection.selectors = {{{"version"}, std::nullopt, {}}};
    selection.selectors[0].single_host_per_subset = single;
    selection.scale_locality_weight = scale;
    return selection;
  }
  model::Cluster ByWeight(bool scale) const {
    model::Cluster cluster = WithSubsets(Selection(scale, false));
    cluster.locality_weighting = model::LocalityWeighting::kByWeight;
    cluster.balancing.policy = policy_;
    return cluster;
  }
  // Of 1,200 calls, what each zone gets.
  Counts ZonesOf(const model::MetadataFields& fields) {
    PicksOf(fields);
    const model::MetadataMatch match(fields);
    Counts shares;
    for (uint64_t i = 0; i < 1200; ++i) {
      PickRequest request;
      request.metadata = &match;
      request.hash = i * 0x9e3779b97f4a7c15;
      const PickResult result = Pick(request);
      ++shares[std::get<Picked>(result).permit.endpoint()->address().substr(0, 1)];
    }
    return shares;
  }

  static inline const model::MetadataFields kVersion1 = {{"version", "1"}};
  model::LbPolicy policy_ = model::LbPolicy::kRoundRobin;
};

TEST_F(SubsetMembersTest, LocalitiesShareInProportionToTheirMembers) {
  const std::vector<TestLocality> zones = {Zone("x", 1, 3, 20), Zone("y", 2, 2, 20)};
  Apply(Config(zones, ByWeight(false)));
  Connect();
  EXPECT_EQ(ZonesOf(kVersion1), (Counts{{"x", 600}, {"y", 600}}));
  Apply(Config(zones, ByWeight(true)));
  EXPECT_EQ(ZonesOf(kVersion1), (Counts{{"x", 400}, {"y", 800}}));
  // Another member; and other endpoints, of no subset.
  Apply(Config({Zone("x", 2, 2, 20), Zone("y", 2, 2, 20)}, ByWeight(true)));
  EXPECT_EQ(ZonesOf(kVersion1), (Counts{{"x", 600}, {"y", 600}}));
  Apply(Config({Zone("x", 2, 8, 20), Zone("y", 2, 2, 20)}, ByWeight(true)));
  EXPECT_NEAR(ZonesOf(kVersion1)["x"], 1200 * 4 / 14, 2);
}

TEST_F(SubsetMembersTest, WeightsAreRoundedToWholeOnes) {
  // A quarter of 1, which is 0, and a half of 1, which is 1.
  Apply(Config({Zone("x", 1, 3, 1), Zone("y", 1, 1, 1)}, ByWeight(true)));
  Connect();
  EXPECT_EQ(ZonesOf(kVersion1), (Counts{{"y", 1200}}));
  // Where all are 0 nothing is left to share by.
  Apply(Config({Zone("x", 1, 3, 1), Zone("y", 2, 6, 1)}, ByWeight(true)));
  EXPECT_EQ(ZonesOf(kVersion1), (Counts{{"x", 400}, {"y", 800}}));
}

TEST_F(SubsetMembersTest, SoDoPoliciesThatHash) {
  policy_ = model::LbPolicy::kMaglev;
  Apply(Config({Zone("x", 1, 3, 20), Zone("y", 2, 2, 20)}, ByWeight(true)));
  Connect();
  EXPECT_NEAR(ZonesOf(kVersion1)["x"], 400, 40);
  Apply(Config({Zone("x", 1, 3, 1), Zone("y", 1, 1, 1)}, ByWeight(true)));
  EXPECT_EQ(ZonesOf(kVersion1), (Counts{{"y", 1200}}));
  Apply(Config({Zone("x", 1, 3, 1), Zone("y", 2, 6, 1)}, ByWeight(true)));
  EXPECT_NEAR(ZonesOf(kVersion1)["x"], 400, 40);
}

TEST_F(SubsetMembersTest, OneTakesTheCalls) {
  const auto serve = [this](const std::vector<model::EndpointConfig>& endpoints) {
    Serve(endpoints, Selection(false, true));
  };
  const model::EndpointConfig other = With("z:0", {{"version", "2"}});
  serve({With("c:0", kVersion1), With("b:0", kVersion1), other});
  EXPECT_EQ(PicksOf(kVersion1), (Addresses{"b:0"}));
  EXPECT_EQ(PicksOf({{"version", "2"}}), (Addresses{"z:0"}));
  serve({With("c:0", kVersion1), With("b:0", kVersion1), With("a:0", kVersion1), other});
  EXPECT_EQ(PicksOf(kVersion1), (Addresses{"a:0"}));
  // It leaves the subset, the next one the cluster.
  serve({With("c:0", kVersion1), With("b:0", kVersion1), With("a:0", {{"version", "2"}}), other});
  EXPECT_EQ(PicksOf(kVersion1), (Addresses{"b:0"}));
  EXPECT_EQ(PicksOf({{"version", "2"}}), (Addresses{"a:0"}));
  serve({With("c:0", kVersion1), other});
  EXPECT_EQ(PicksOf(kVersion1), (Addresses{"c:0"}));
  // The same, but that it weighs more.
  model::EndpointConfig heavy = With("c:0", kVersion1);
  heavy.weight = 5;
  serve({heavy, other});
  EXPECT_EQ(PicksOf(kVersion1), (Addresses{"c:0"}));
  serve({other});
  EXPECT_EQ(Outcome(kVersion1), "fails");
  // All of them again.
  Serve({With("c:0", kVersion1), With("b:0", kVersion1)}, Selection(false, false));
  EXPECT_EQ(PicksOf(kVersion1), (Addresses{"b:0", "c:0"}));
}

TEST_F(SubsetMembersTest, OneOfEachPriority) {
  const auto zones = [](const std::vector<std::string>& first) {
    TestLocality x{"x", {}, 0};
    for (const std::string& address : first) x.endpoints.push_back(With(address, kVersion1));
    return std::vector<TestLocality>{x,
                                     {"y", {With("b:0", kVersion1), With("c:0", kVersion1)}, 0},
                                     {"z", {With("e:0", kVersion1), With("d:0", kVersion1)}, 1}};
  };
  Serve(zones({"f:0", "a:0"}), Selection(false, true));
  EXPECT_EQ(PicksOf(kVersion1), (Addresses{"a:0"}));
  Become("a:0", ConnectionState::kFailing);
  EXPECT_EQ(PicksOf(kVersion1), (Addresses{"d:0"})) << "not b:0, which is of the same priority";
  Serve(zones({"f:0"}), Selection(false, true));
  EXPECT_EQ(PicksOf(kVersion1), (Addresses{"b:0"})) << "of another locality of that";
}

// Where the order counts, the members are told anew with each update.
TEST_F(SubsetMembersTest, OneTakesTheCallsOfPickFirst) {
  model::Cluster cluster = WithSubsets(Selection(false, true));
  cluster.balancing.policy = model::LbPolicy::kPickFirst;
  Apply(Config({With("c:0", kVersion1), With("b:0", kVersion1)}, cluster));
  Connect();
  EXPECT_EQ(PicksOf(kVersion1), (Addresses{"b:0"}));
  Become("b:0", ConnectionState::kFailing);
  EXPECT_EQ(Outcome(kVersion1), "fails");
}

}  // namespace
}  // namespace mesh::cluster
