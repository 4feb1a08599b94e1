// Which policy of a list is taken, and what a list may not have (gRFC A52).

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mesh/model/cluster.h"
#include "tests/xds/resources/cluster_policies_text.h"
#include "tests/xds/resources/cluster_text.h"
#include "tests/xds/resources/resource_text.h"

namespace mesh::xds {
namespace {

using model::LbPolicy;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ClusterBalancingTest, ListsOfPolicies) {
  std::string deep = RoundRobin();
  for (int i = 0; i < 15; ++i) deep = WrrLocality(deep);
  CheckClusters(
      kAllProfiles,
      {
          {"the list wins over lb_policy", List(RoundRobin()) + "lb_policy: CLUSTER_PROVIDED", ""},
          {"an empty list", "load_balancing_policy { }",
           "load_balancing_policy.policies: none of them is known"},
          {"nothing known", List(Unknown() + Unknown()),
           "load_balancing_policy.policies: none of them is known"},
          {"the name of a policy in another package", List(Policy(AnyText("x.RoundRobin", ""))),
           "load_balancing_policy.policies: none of them is known"},
          {"nothing known inside", List(WrrLocality(Unknown()) + RoundRobin()),
           kConfig + ".endpoint_picking_policy.policies: none of them is known"},
          {"bad bytes of a known one",
           List(Policy(AnyText(kPolicies + "round_robin.v3.RoundRobin", "\xff"))),
           kConfig + ": the bytes are not a " + kPolicies + "round_robin.v3.RoundRobin"},
          {"sixteen deep", List(deep), ""},
          {"seventeen deep", List(WrrLocality(deep)),
           "load_balancing_policy.policies[0].typed_extension_config.typed_config."},
      });
  for (const Profile profile : kAllProfiles) {
    EXPECT_THAT(std::string(DecodeCluster(profile, List(WrrLocality(deep))).error.message()),
                HasSubstr("more than 16 policies in each other"));
    EXPECT_EQ(Balancing(profile, List(LeastRequest())).policy, LbPolicy::kLeastRequest);
    EXPECT_EQ(Balancing(profile, List(RingHash())).policy, LbPolicy::kRingHash);
    EXPECT_EQ(Balancing(profile, List(WrrLocality(LeastRequest()))).policy,
              LbPolicy::kLeastRequest);
    const model::LoadBalancing first =
        Balancing(profile, List(PickFirst("shuffle_address_list: true")));
    EXPECT_EQ(first.policy, LbPolicy::kPickFirst);
    EXPECT_TRUE(first.pick_first.shuffle);
    EXPECT_FALSE(Balancing(profile, List(PickFirst())).pick_first.shuffle);
  }
}

TEST(ClusterBalancingTest, PoliciesThatGrpcDoesNotKnowAreSkippedThere) {
  for (const std::string& policy : {Random(), Maglev()}) {
    EXPECT_EQ(Balancing(Profile::kGrpc, List(policy + RoundRobin())).policy, LbPolicy::kRoundRobin);
    CheckClusters({Profile::kGrpc}, {{"it alone", List(policy),
                                      "load_balancing_policy.policies: none of them is known"}});
  }
  for (const Profile profile : kNotGrpc) {
    EXPECT_EQ(Balancing(profile, List(Random() + RoundRobin())).policy, LbPolicy::kRandom);
    EXPECT_EQ(Balancing(profile, List(Maglev() + RoundRobin())).policy, LbPolicy::kMaglev);
  }
}

TEST(ClusterBalancingTest, TheFirstKnownPolicyIsTakenAndThoseBeforeItAreListed) {
  const model::Cluster cluster =
      GoodCluster(Profile::kMesh, List(Unknown() + Random() + RoundRobin()));
  EXPECT_EQ(cluster.balancing.policy, LbPolicy::kRandom);
  EXPECT_THAT(
      cluster.ignored,
      ElementsAre(
          "load_balancing_policy.policies.typed_extension_config.typed_config.\"example.Policy\""));
}

// Envoy's upstream_impl.cc: what one says would silently undo what the other says.
TEST(ClusterBalancingTest, WhatIsSaidTwiceIsRefused) {
  const std::string weighted = "common_lb_config { locality_weighted_lb_config { } } ";
  const std::string hashing = "common_lb_config { consistent_hashing_lb_config { } } ";
  CheckClusters(
      kNotGrpc,
      {
          {"weights", List(RoundRobin()) + weighted,
           "common_lb_config.locality_weighted_lb_config: not together with load_balancing_policy"},
          {"hashing", List(RingHash()) + hashing,
           "common_lb_config.consistent_hashing_lb_config: not together with "
           "load_balancing_policy"},
          {"panic", List(RoundRobin()) + "common_lb_config { healthy_panic_threshold { } }", ""},
      });
  CheckClusters({Profile::kGrpc}, {{"weights", List(RoundRobin()) + weighted, ""},
                                   {"hashing", List(RingHash()) + hashing, ""}});
}

}  // namespace
}  // namespace mesh::xds
