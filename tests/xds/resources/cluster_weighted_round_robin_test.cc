// The policy client_side_weighted_round_robin of a cluster (gRFC A58, A114).

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mesh/model/cluster.h"
#include "tests/xds/resources/cluster_policies_text.h"
#include "tests/xds/resources/cluster_text.h"
#include "tests/xds/resources/resource_text.h"

namespace mesh::xds {
namespace {

using model::LbPolicy;
using model::LocalityWeighting;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

model::ClientSideWeightedRoundRobin Rules(Profile profile, const std::string& fields) {
  const model::LoadBalancing balancing =
      Balancing(profile, List(ClientSideWeightedRoundRobin(fields)));
  EXPECT_EQ(balancing.policy, LbPolicy::kClientSideWeightedRoundRobin);
  return balancing.client_side_weighted_round_robin;
}

TEST(ClusterWeightedRoundRobinTest, Defaults) {
  for (const Profile profile : kAllProfiles) {
    const model::ClientSideWeightedRoundRobin rules = Rules(profile, "");
    EXPECT_EQ(rules.blackout_period, absl::Seconds(10));
    EXPECT_EQ(rules.weight_expiration_period, absl::Minutes(3));
    EXPECT_EQ(rules.weight_update_period, absl::Seconds(1));
    EXPECT_EQ(rules.error_utilization_penalty, 1);
    EXPECT_THAT(rules.metric_names_for_computing_utilization, IsEmpty());
  }
}

TEST(ClusterWeightedRoundRobinTest, Settings) {
  for (const Profile profile : kAllProfiles) {
    const model::ClientSideWeightedRoundRobin rules =
        Rules(profile,
              "blackout_period { } weight_expiration_period { seconds: 20 } weight_update_period { "
              "nanos: 500000000 } error_utilization_penalty { value: 0.5 } "
              "metric_names_for_computing_utilization: 'mem_utilization' "
              "metric_names_for_computing_utilization: 'named_metrics.queue'");
    EXPECT_EQ(rules.blackout_period, absl::ZeroDuration());
    EXPECT_EQ(rules.weight_expiration_period, absl::Seconds(20));
    EXPECT_EQ(rules.weight_update_period, absl::Milliseconds(500));
    EXPECT_EQ(rules.error_utilization_penalty, 0.5);
    if (profile == Profile::kGrpc) {
      EXPECT_THAT(rules.metric_names_for_computing_utilization, IsEmpty());
    } else {
      EXPECT_THAT(rules.metric_names_for_computing_utilization,
                  ElementsAre("mem_utilization", "named_metrics.queue"));
    }
    // No penalty is one; what is faster than 100 ms is 100 ms.
    EXPECT_EQ(Rules(profile, "error_utilization_penalty { }").error_utilization_penalty, 0);
    for (const char* fast :
         {"weight_update_period { }", "weight_update_period { nanos: 99000000 }"}) {
      EXPECT_EQ(Rules(profile, fast).weight_update_period, absl::Milliseconds(100)) << fast;
    }
  }
}

TEST(ClusterWeightedRoundRobinTest, SlowStart) {
  const std::string text =
      List(ClientSideWeightedRoundRobin("slow_start_config { slow_start_window { seconds: 60 } }"));
  for (const Profile profile : kNotGrpc) {
    const model::Cluster cluster = GoodCluster(profile, text);
    ASSERT_TRUE(cluster.balancing.slow_start.has_value());
    EXPECT_EQ(cluster.balancing.slow_start->window, absl::Minutes(1));
  }
  EXPECT_FALSE(GoodCluster(Profile::kGrpc, text).balancing.slow_start.has_value());
}

TEST(ClusterWeightedRoundRobinTest, WhatIsWrongIsRefusedByName) {
  const auto with = [](const std::string& fields) {
    return List(ClientSideWeightedRoundRobin(fields));
  };
  CheckClusters(
      kAllProfiles,
      {
          {"a blackout below 0", with("blackout_period { seconds: -1 }"),
           kConfig + ".blackout_period: negative"},
          {"an expiration below 0", with("weight_expiration_period { nanos: -1 }"),
           kConfig + ".weight_expiration_period: negative"},
          {"no nanoseconds", with("weight_update_period { nanos: 1000000000 }"),
           kConfig + ".weight_update_period: out of range"},
          {"more than a duration may be", with("blackout_period { seconds: 315576000001 }"),
           kConfig + ".blackout_period: out of range"},
          {"as much as it may be", with("weight_update_period { seconds: 315576000000 }"), ""},
          {"a reporting period below 0, though reports come with calls",
           with("oob_reporting_period { seconds: -1 }"),
           kConfig + ".oob_reporting_period: negative"},
          {"a reporting period that is none",
           with(
               "enable_oob_load_report { value: true } oob_reporting_period { nanos: 1000000000 }"),
           kConfig + ".oob_reporting_period: out of range"},
          {"a penalty below 0", with("error_utilization_penalty { value: -0.5 }"),
           kConfig + ".error_utilization_penalty: -0.5 is no number of 0 or more"},
          {"a penalty that is no number", with("error_utilization_penalty { value: nan }"),
           kConfig + ".error_utilization_penalty: nan is no number of 0 or more"},
          {"an infinite penalty", with("error_utilization_penalty { value: inf }"),
           kConfig + ".error_utilization_penalty: inf is no number of 0 or more"},
          {"after one that nobody knows", List(Unknown() + ClientSideWeightedRoundRobin()), ""},
      });
  std::string names;
  for (int i = 0; i < 101; ++i) names += "metric_names_for_computing_utilization: 'eps' ";
  CheckClusters(kNotGrpc,
                {{"too many names", with(names),
                  kConfig + ".metric_names_for_computing_utilization: 101 are more than 100"}});
}

TEST(ClusterWeightedRoundRobinTest, LocalitiesShareByWeightInWrrLocality) {
  for (const Profile profile : kAllProfiles) {
    const model::Cluster inner =
        GoodCluster(profile, List(WrrLocality(ClientSideWeightedRoundRobin())));
    EXPECT_EQ(inner.balancing.policy, LbPolicy::kClientSideWeightedRoundRobin);
    EXPECT_EQ(inner.locality_weighting, LocalityWeighting::kByWeight);
    EXPECT_EQ(GoodCluster(profile, List(ClientSideWeightedRoundRobin())).locality_weighting,
              profile == Profile::kMesh ? LocalityWeighting::kByWeightIfAny
                                        : LocalityWeighting::kIgnored);
  }
}

TEST(ClusterWeightedRoundRobinTest, OutOfBandReports) {
  for (const Profile profile : kAllProfiles) {
    const auto period = [profile](const std::string& fields) {
      return Rules(profile, fields).oob_reporting_period;
    };
    EXPECT_EQ(period(""), std::nullopt);
    EXPECT_EQ(period("enable_oob_load_report { }"), std::nullopt);
    EXPECT_EQ(period("oob_reporting_period { seconds: 5 }"), std::nullopt);
    EXPECT_EQ(period("enable_oob_load_report { value: true }"), absl::Seconds(10));
    EXPECT_EQ(period("enable_oob_load_report { value: true } oob_reporting_period { seconds: 5 }"),
              absl::Seconds(5));
    // The server's own period, as in gRPC.
    EXPECT_EQ(period("enable_oob_load_report { value: true } oob_reporting_period { }"),
              absl::ZeroDuration());
    EXPECT_THAT(GoodCluster(profile, List(ClientSideWeightedRoundRobin(
                                         "enable_oob_load_report { value: true } "
                                         "oob_reporting_period { seconds: 5 }")))
                    .ignored,
                IsEmpty());
  }
}

}  // namespace
}  // namespace mesh::xds
