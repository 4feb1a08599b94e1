// How the endpoints of a cluster are chosen: lb_policy and what stands beside it, and each policy
// of a list. Which one of a list is taken is in cluster_policy_lists_test.cc. From envoy's
// cluster.proto and load_balancing_policies, gRFC A42 and A48, and grpc-go's unmarshal_cds_test.go.

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mesh/model/cluster.h"
#include "mesh/xds/proto/cluster.pb.h"
#include "mesh/xds/proto/load_balancing.pb.h"
#include "tests/xds/resources/cluster_policies_text.h"
#include "tests/xds/resources/cluster_text.h"
#include "tests/xds/resources/resource_text.h"

namespace mesh::xds {
namespace {

using model::LbPolicy;
using model::LocalityWeighting;
using model::PriorityRule;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::string kWeighted = "locality_lb_config { locality_weighted_lb_config { } } ";

TEST(ClusterBalancingTest, Defaults) {
  for (const Profile profile : kAllProfiles) {
    const bool grpc = profile == Profile::kGrpc;
    const model::Cluster cluster = GoodCluster(profile, "");
    EXPECT_EQ(cluster.balancing, model::LoadBalancing());
    EXPECT_EQ(cluster.balancing.policy, LbPolicy::kRoundRobin);
    EXPECT_EQ(cluster.weigh_localities_by_availability, !grpc);
    EXPECT_EQ(cluster.weigh_endpoints, !grpc);
    EXPECT_EQ(cluster.hashed_weights,
              grpc ? model::HashedWeights::kInFixedPoint : model::HashedWeights::kInDoubles);
    EXPECT_EQ(cluster.priority_rule, grpc ? PriorityRule::kFailover : PriorityRule::kSpillOver);
    EXPECT_EQ(cluster.panic_threshold, grpc ? 0u : 50u);
    EXPECT_FALSE(cluster.ignore_new_until_checked);
    EXPECT_THAT(cluster.ignored, IsEmpty());
  }
}

// Of Envoy's policies that do not hash, in either way to configure them.
TEST(ClusterBalancingTest, FailTrafficOnPanic) {  // RR-05
  const std::string zone_aware = "zone_aware_lb_config { fail_traffic_on_panic: true }";
  const std::string common = "common_lb_config { " + zone_aware + " } ";
  const std::string locality = "locality_lb_config { " + zone_aware + " }";
  for (const Profile profile : kNotGrpc) {
    for (const std::string& fields :
         {common, common + "lb_policy: LEAST_REQUEST", common + "lb_policy: RANDOM",
          List(RoundRobin(locality)), List(LeastRequest(locality)), List(Random(locality))}) {
      EXPECT_TRUE(GoodCluster(profile, fields).fail_traffic_on_panic) << fields;
    }
    for (const std::string& fields :
         {std::string("common_lb_config { zone_aware_lb_config { } }"),
          common + "lb_policy: RING_HASH", common + "lb_policy: MAGLEV"}) {
      EXPECT_FALSE(GoodCluster(profile, fields).fail_traffic_on_panic) << fields;
    }
  }
  EXPECT_FALSE(GoodCluster(Profile::kGrpc, common).fail_traffic_on_panic);
  CheckClusters(kNotGrpc, {{"both ways", common + List(RoundRobin()),
                            "common_lb_config.zone_aware_lb_config: not together with "
                            "load_balancing_policy"}});
}

TEST(ClusterBalancingTest, NamedPolicies) {
  CheckClusters(kAllProfiles,
                {
                    {"LR-01", "lb_policy: LEAST_REQUEST", ""},
                    {"RING_HASH", "lb_policy: RING_HASH", ""},
                    {"CLUSTER_PROVIDED", "lb_policy: CLUSTER_PROVIDED",
                     "lb_policy: CLUSTER_PROVIDED is not supported"},
                    {"a list that is not there", "lb_policy: LOAD_BALANCING_POLICY_CONFIG",
                     "lb_policy: LOAD_BALANCING_POLICY_CONFIG is not supported"},
                });
  CheckClusters(kNotGrpc, {
                              {"MAGLEV", "lb_policy: MAGLEV", ""},
                              {"RANDOM", "lb_policy: RANDOM", ""},
                          });
  CheckClusters({Profile::kGrpc},
                {
                    {"MAGLEV", "lb_policy: MAGLEV", "lb_policy: MAGLEV is not supported"},
                    {"RANDOM", "lb_policy: RANDOM", "lb_policy: RANDOM is not supported"},
                });
  for (const Profile profile : kAllProfiles) {
    EXPECT_EQ(Balancing(profile, "lb_policy: LEAST_REQUEST").policy, LbPolicy::kLeastRequest);
    EXPECT_EQ(Balancing(profile, "lb_policy: RING_HASH").policy, LbPolicy::kRingHash);
  }
  for (const Profile profile : kNotGrpc) {
    EXPECT_EQ(Balancing(profile, "lb_policy: MAGLEV").policy, LbPolicy::kMaglev);
    EXPECT_EQ(Balancing(profile, "lb_policy: RANDOM").policy, LbPolicy::kRandom);
  }
}

// gRFC A48; the same in both forms.
TEST(ClusterBalancingTest, LeastRequest) {
  const std::string named = "lb_policy: LEAST_REQUEST least_request_lb_config { ";
  CheckClusters(kAllProfiles, {
                                  {"LR-01 2", named + "choice_count { value: 2 } }", ""},
                                  {"LR-01 1", named + "choice_count { value: 1 } }",
                                   "least_request_lb_config.choice_count: 1 is less than 2"},
                                  {"LR-01 1", List(LeastRequest("choice_count { value: 1 }")),
                                   kConfig + ".choice_count: 1 is less than 2"},
                                  {"LR-01 0", List(LeastRequest("choice_count { }")),
                                   kConfig + ".choice_count: 0 is less than 2"},
                              });
  const std::string fields =
      "choice_count { value: 12 } active_request_bias { default_value: 0.5 } ";
  for (const std::string& text : {named + fields + "}", List(LeastRequest(fields))}) {
    SCOPED_TRACE(text);
    for (const Profile profile : kNotGrpc) {
      const model::LeastRequest least = Balancing(profile, text).least_request;
      EXPECT_EQ(least, (model::LeastRequest{12, 0.5, false}));
    }
    EXPECT_EQ(Balancing(Profile::kGrpc, text).least_request,
              (model::LeastRequest{10, 1.0, false}));  // LR-01
  }
  EXPECT_THAT(GoodCluster(Profile::kGrpc, named + fields + "}").ignored,
              ElementsAre("least_request_lb_config.active_request_bias"));
}

TEST(ClusterBalancingTest, LeastRequestOfAll) {
  const std::string texts[] = {LeastRequest("selection_method: FULL_SCAN"),
                               LeastRequest("enable_full_scan { value: true }")};
  for (const std::string& text : texts) {
    EXPECT_TRUE(Balancing(Profile::kMesh, List(text)).least_request.full_scan);
    EXPECT_TRUE(Balancing(Profile::kEnvoy, List(text)).least_request.full_scan);
    EXPECT_FALSE(Balancing(Profile::kGrpc, List(text)).least_request.full_scan);
  }
  proto::LeastRequest message;
  message.set_selection_method(static_cast<proto::LeastRequest::SelectionMethod>(9));
  const std::string unknown = List(
      Policy(AnyText(kPolicies + "least_request.v3.LeastRequest", message.SerializeAsString())));
  CheckClusters(kNotGrpc, {{"a method that is not known", unknown,
                            kConfig + ".selection_method: unknown value 9"}});
  CheckClusters({Profile::kGrpc}, {{"a method that is not known", unknown, ""}});
}

// As Envoy, whose value then is 1; but listed.
TEST(ClusterBalancingTest, ABiasThatCannotBe) {
  for (const std::string bias : {"-0.5", "nan", "inf"}) {
    const model::Cluster cluster = GoodCluster(
        Profile::kEnvoy,
        "lb_policy: LEAST_REQUEST least_request_lb_config { active_request_bias { default_value: " +
            bias + " } }");
    EXPECT_EQ(cluster.balancing.least_request.active_request_bias, 1.0) << bias;
    EXPECT_THAT(cluster.ignored,
                ElementsAre("least_request_lb_config.active_request_bias.default_value, below 0 or "
                            "no number"));
  }
}

// Envoy, grpcio; grpc-go refuses a ring that is too large only.
TEST(ClusterBalancingTest, RingHash) {
  const std::string named = "lb_policy: RING_HASH ring_hash_lb_config { ";
  CheckClusters(
      kAllProfiles,
      {
          {"largest", named + "minimum_ring_size { value: 8388608 } }", ""},
          {"one", named + "minimum_ring_size { value: 1 } maximum_ring_size { value: 1 } }", ""},
          {"minimum too large", named + "minimum_ring_size { value: 8388609 } }",
           "ring_hash_lb_config.minimum_ring_size: 8388609 is not within 1 to 8388608"},
          {"maximum too large", named + "maximum_ring_size { value: 8388609 } }",
           "ring_hash_lb_config.maximum_ring_size: 8388609 is not within 1 to 8388608"},
          {"minimum 0", named + "minimum_ring_size { } }",
           "ring_hash_lb_config.minimum_ring_size: 0 is not within 1 to 8388608"},
          {"maximum 0", named + "maximum_ring_size { } }",
           "ring_hash_lb_config.maximum_ring_size: 0 is not within 1 to 8388608"},
          {"minimum above the maximum",
           named + "minimum_ring_size { value: 20 } maximum_ring_size { value: 10 } }",
           "ring_hash_lb_config.minimum_ring_size: 20 is more than the maximum_ring_size, 10"},
          {"the usual minimum above the maximum", named + "maximum_ring_size { value: 1023 } }",
           "ring_hash_lb_config.minimum_ring_size: 1024 is more than the maximum_ring_size, 1023"},
          {"another hash", named + "hash_function: MURMUR_HASH_2 }",
           "ring_hash_lb_config.hash_function: MURMUR_HASH_2 is not supported"},
          {"XX_HASH", List(RingHash("hash_function: XX_HASH")), ""},
          {"another hash", List(RingHash("hash_function: MURMUR_HASH_2")),
           kConfig + ".hash_function: MURMUR_HASH_2 is not supported"},
          {"minimum too large", List(RingHash("minimum_ring_size { value: 8388609 }")),
           kConfig + ".minimum_ring_size: 8388609 is not within 1 to 8388608"},
          {"maximum too large", List(RingHash("maximum_ring_size { value: 8388609 }")),
           kConfig + ".maximum_ring_size: 8388609 is not within 1 to 8388608"},
          {"minimum above the maximum",
           List(RingHash("minimum_ring_size { value: 20 } maximum_ring_size { value: 10 }")),
           kConfig + ".minimum_ring_size: 20 is more than the maximum_ring_size, 10"},
      });
  const std::string sizes = "minimum_ring_size { value: 2000 } maximum_ring_size { value: 60000 } ";
  for (const std::string& text : {named + sizes + "}", List(RingHash(sizes))}) {
    EXPECT_EQ(Balancing(Profile::kMesh, text).ring_hash, (model::RingHash{2000, 60000}));
    EXPECT_EQ(Balancing(Profile::kEnvoy, text).ring_hash, (model::RingHash{2000, 60000}));
    EXPECT_EQ(Balancing(Profile::kGrpc, text).ring_hash, (model::RingHash{2000, 4096}));
  }
  for (const std::string& text : {std::string("lb_policy: RING_HASH"), List(RingHash())}) {
    EXPECT_EQ(Balancing(Profile::kMesh, text).ring_hash, (model::RingHash{1024, 1048576}));
    EXPECT_EQ(Balancing(Profile::kEnvoy, text).ring_hash, (model::RingHash{1024, 8388608}));
    EXPECT_EQ(Balancing(Profile::kGrpc, text).ring_hash, (model::RingHash{1024, 4096}));
  }
  // faults F11: some bytes of configuration are not to cost 100 MB.
  const std::string largest =
      "minimum_ring_size { value: 8388608 } maximum_ring_size { value: 8388608 } ";
  for (const std::string& text : {named + largest + "}", List(RingHash(largest))}) {
    EXPECT_EQ(Balancing(Profile::kMesh, text).ring_hash, (model::RingHash{1048576, 1048576}));
    EXPECT_EQ(Balancing(Profile::kEnvoy, text).ring_hash, (model::RingHash{8388608, 8388608}));
    EXPECT_EQ(Balancing(Profile::kGrpc, text).ring_hash, (model::RingHash{4096, 4096}));
  }
}

TEST(ClusterBalancingTest, Maglev) {
  const std::string named = "lb_policy: MAGLEV maglev_lb_config { table_size { ";
  CheckClusters(kNotGrpc,
                {
                    {"largest", named + "value: 5000011 } }", ""},
                    {"smallest", named + "value: 2 } }", ""},
                    {"too large", named + "value: 5000077 } }",
                     "maglev_lb_config.table_size: 5000077 is more than 5000011"},
                    {"not prime", named + "value: 65536 } }",
                     "maglev_lb_config.table_size: 65536 is not prime"},
                    {"a square", named + "value: 4999696 } }",
                     "maglev_lb_config.table_size: 4999696 is not prime"},
                    {"one", named + "value: 1 } }", "maglev_lb_config.table_size: 1 is not prime"},
                    {"zero", named + "} }", "maglev_lb_config.table_size: 0 is not prime"},
                    {"not prime", List(Maglev("table_size { value: 9 }")),
                     kConfig + ".table_size: 9 is not prime"},
                    {"too large", List(Maglev("table_size { value: 18446744073709551615 }")),
                     kConfig + ".table_size: 18446744073709551615 is more than 5000011"},
                });
  for (const Profile profile : kNotGrpc) {
    EXPECT_EQ(Balancing(profile, "lb_policy: MAGLEV").maglev.table_size, 65537u);
    EXPECT_EQ(Balancing(profile, named + "value: 131 } }").maglev.table_size, 131u);
    const model::LoadBalancing listed =
        Balancing(profile, List(Maglev("table_size { value: 131 }")));
    EXPECT_EQ(listed.policy, LbPolicy::kMaglev);
    EXPECT_EQ(listed.maglev.table_size, 131u);
  }
}

TEST(ClusterBalancingTest, HashBalanceFactor) {
  const std::string factor = "consistent_hashing_lb_config { hash_balance_factor { value: 150 } } ";
  const std::string low = "consistent_hashing_lb_config { hash_balance_factor { value: 99 } } ";
  const std::string cause = "consistent_hashing_lb_config.hash_balance_factor: 99 is less than 100";
  const std::string common = "lb_policy: RING_HASH common_lb_config { ";
  CheckClusters(kNotGrpc, {
                              {"common", common + low + "}", "common_lb_config." + cause},
                              {"MAGLEV", "lb_policy: MAGLEV common_lb_config { " + low + "}",
                               "common_lb_config." + cause},
                              {"ring_hash", List(RingHash(low)), kConfig + "." + cause},
                              {"ring_hash, old", List(RingHash("hash_balance_factor { }")),
                               kConfig + ".hash_balance_factor: 0 is less than 100"},
                              {"maglev", List(Maglev(low)), kConfig + "." + cause},
                          });
  CheckClusters({Profile::kGrpc},
                {{"common", common + low + "}", ""}, {"ring_hash", List(RingHash(low)), ""}});
  for (const Profile profile : kNotGrpc) {
    for (const std::string& text :
         {common + factor + "}", "lb_policy: MAGLEV common_lb_config { " + factor + "}",
          List(RingHash(factor)), List(Maglev(factor)),
          List(RingHash("hash_balance_factor { value: 150 }")),
          List(RingHash(factor + "hash_balance_factor { value: 200 }"))}) {
      EXPECT_EQ(Balancing(profile, text).hash_balance_factor, 150u) << text;
    }
    EXPECT_EQ(Balancing(profile, "common_lb_config { " + factor + "}").hash_balance_factor, 0u);
  }
  EXPECT_EQ(Balancing(Profile::kGrpc, common + factor + "}").hash_balance_factor, 0u);
}

TEST(ClusterBalancingTest, ZoneAware) {
  const std::string all =
      "routing_enabled { value: 49.6 } min_cluster_size { value: 3 } "
      "force_local_zone { min_size { value: 4 } } locality_basis: HEALTHY_HOSTS_WEIGHT ";
  const auto common = [](const std::string& fields) {
    return "common_lb_config { zone_aware_lb_config { " + fields + "} } ";
  };
  const auto listed = [](const std::string& fields) {
    return List(RoundRobin("locality_lb_config { zone_aware_lb_config { " + fields + "} }"));
  };
  for (const Profile profile : kNotGrpc) {
    for (const std::string& text : {common(all), listed(all)}) {
      const std::optional<model::ZoneAware> zones = GoodCluster(profile, text).zone_aware;
      ASSERT_TRUE(zones.has_value()) << text;
      EXPECT_TRUE(zones->asked);
      EXPECT_EQ(zones->routing_enabled, 50u);
      EXPECT_EQ(zones->min_cluster_size, 3u);
      EXPECT_EQ(zones->force_local_zone, 4u);
      EXPECT_TRUE(zones->by_weight);
    }
    const std::optional<model::ZoneAware> unsaid = GoodCluster(profile, "").zone_aware;
    ASSERT_TRUE(unsaid.has_value());
    EXPECT_FALSE(unsaid->asked || unsaid->by_weight || unsaid->force_local_zone.has_value());
    EXPECT_EQ(unsaid->routing_enabled, 100u);
    EXPECT_EQ(unsaid->min_cluster_size, 6u);
    for (const std::string fields :
         {"force_local_zone { }", "force_locality_direct_routing: true "}) {
      EXPECT_EQ(GoodCluster(profile, listed(fields)).zone_aware->force_local_zone, 1u) << fields;
    }
    EXPECT_FALSE(GoodCluster(profile, "lb_policy: RING_HASH " + common(all)).zone_aware);
  }
  EXPECT_FALSE(GoodCluster(Profile::kGrpc, common(all)).zone_aware.has_value());
  const std::string percent =
      ".zone_aware_lb_config.routing_enabled.value: 101 is not within 0 to 100 percent";
  CheckClusters(kNotGrpc, {{"common", common("routing_enabled { value: 101 } "),
                            "common_lb_config" + percent},
                           {"listed", listed("routing_enabled { value: 101 } "),
                            kConfig + ".locality_lb_config" + percent}});
}

TEST(ClusterBalancingTest, HashesHostname) {
  const std::string field = "use_hostname_for_hashing: true ";
  const std::string config = "consistent_hashing_lb_config { " + field + "} ";
  const std::string common = "lb_policy: RING_HASH common_lb_config { " + config + "}";
  const std::string maglev = "lb_policy: MAGLEV common_lb_config { " + config + "}";
  EXPECT_TRUE(Balancing(Profile::kMesh, common).hashes_hostname);
  EXPECT_TRUE(Balancing(Profile::kMesh, maglev).hashes_hostname);
  const std::string cause =
      "common_lb_config.consistent_hashing_lb_config.use_hostname_for_hashing: only of a cluster "
      "of "
      "type STRICT_DNS";
  CheckClusters({Profile::kEnvoy}, {{"ring hash", common, cause}, {"Maglev", maglev, cause}});
  for (const Profile profile : kNotGrpc) {
    for (const std::string& text :
         {List(RingHash(config)), List(RingHash(field)), List(Maglev(config))}) {
      EXPECT_TRUE(Balancing(profile, text).hashes_hostname) << text;
    }
    for (const std::string& text : {std::string("lb_policy: RING_HASH"), List(Maglev("")),
                                    List(RingHash(field + "consistent_hashing_lb_config { }"))}) {
      EXPECT_FALSE(Balancing(profile, text).hashes_hostname) << text;
    }
  }
  EXPECT_FALSE(Balancing(Profile::kGrpc, common).hashes_hostname);
  EXPECT_FALSE(Balancing(Profile::kGrpc, List(RingHash(field))).hashes_hostname);
}

TEST(ClusterBalancingTest, SlowStart) {
  const std::string fields =
      "slow_start_config { slow_start_window { seconds: 60 } aggression { default_value: 2 } "
      "min_weight_percent { value: 25 } } ";
  const std::string usual = "slow_start_config { slow_start_window { seconds: 60 } } ";
  const std::string round_robin = "round_robin_lb_config { ";
  const std::string least = "lb_policy: LEAST_REQUEST least_request_lb_config { ";
  for (const Profile profile : kAllProfiles) {
    for (const std::string& text : {round_robin + fields + "}", least + fields + "}",
                                    List(RoundRobin(fields)), List(LeastRequest(fields))}) {
      SCOPED_TRACE(text);
      const auto slow_start = Balancing(profile, text).slow_start;
      ASSERT_EQ(slow_start.has_value(), profile != Profile::kGrpc);
      if (slow_start.has_value()) {
        EXPECT_EQ(*slow_start, (model::SlowStart{absl::Minutes(1), 2, 0.25}));
      }
    }
  }
  for (const Profile profile : kNotGrpc) {
    EXPECT_EQ(Balancing(profile, round_robin + usual + "}").slow_start,
              (model::SlowStart{absl::Minutes(1), 1, 0.1}));
    EXPECT_FALSE(Balancing(profile, round_robin + "slow_start_config { } }").slow_start);
  }
  const std::string at = "round_robin_lb_config.slow_start_config.";
  const auto with = [&](const std::string& field) {
    return round_robin + "slow_start_config { " + field + " } }";
  };
  CheckClusters(kNotGrpc,
                {
                    {"window negative", with("slow_start_window { seconds: -1 }"),
                     at + "slow_start_window: negative"},
                    {"aggression 0", with("aggression { }"),
                     at + "aggression.default_value: 0 is no number above 0"},
                    {"aggression negative", with("aggression { default_value: -1 }"),
                     at + "aggression.default_value: -1 is no number above 0"},
                    {"aggression no number", with("aggression { default_value: nan }"),
                     at + "aggression.default_value: nan is no number above 0"},
                    {"aggression infinite", with("aggression { default_value: inf }"),
                     at + "aggression.default_value: inf is no number above 0"},
                    {"weight above 100", with("min_weight_percent { value: 100.5 }"),
                     at + "min_weight_percent.value: 100.5 is not within 0 to 100 percent"},
                    {"weight negative", with("min_weight_percent { value: -1 }"),
                     at + "min_weight_percent.value: -1 is not within 0 to 100 percent"},
                    {"weight no number", with("min_weight_percent { value: nan }"),
                     at + "min_weight_percent.value: nan is not within 0 to 100 percent"},
                    {"of LEAST_REQUEST", least + "slow_start_config { aggression { } } }",
                     "least_request_lb_config.slow_start_config.aggression.default_value: 0"},
                    {"of round_robin", List(RoundRobin("slow_start_config { aggression { } }")),
                     kConfig + ".slow_start_config.aggression.default_value: 0"},
                    {"of least_request", List(LeastRequest("slow_start_config { aggression { } }")),
                     kConfig + ".slow_start_config.aggression.default_value: 0"},
                });
  EXPECT_THAT(GoodCluster(Profile::kGrpc, with("aggression { }")).ignored,
              ElementsAre("round_robin_lb_config"));
}

TEST(ClusterBalancingTest, PanicThreshold) {
  const auto with = [](const std::string& value) {
    return "common_lb_config { healthy_panic_threshold { value: " + value + " } }";
  };
  const struct {
    std::string value;
    uint32_t threshold;
  } kRows[] = {{"0", 0}, {"0.9", 0}, {"29", 29}, {"29.99", 29}, {"100", 100}};
  for (const auto& row : kRows) {
    EXPECT_EQ(GoodCluster(Profile::kMesh, with(row.value)).panic_threshold, row.threshold);
    EXPECT_EQ(GoodCluster(Profile::kEnvoy, with(row.value)).panic_threshold, row.threshold);
    EXPECT_EQ(GoodCluster(Profile::kGrpc, with(row.value)).panic_threshold, 0u);
  }
  const std::string at = "common_lb_config.healthy_panic_threshold.value: ";
  CheckClusters(kNotGrpc, {
                              {"above", with("100.1"), at + "100.1 is not within 0 to 100 percent"},
                              {"below", with("-1"), at + "-1 is not within 0 to 100 percent"},
                              {"no number", with("nan"), at + "nan is not within 0 to 100"},
                          });
  CheckClusters({Profile::kGrpc}, {{"above", with("100.1"), ""}});
}

TEST(ClusterBalancingTest, NewEndpointsThatNobodyChecked) {
  const std::string fields = "common_lb_config { ignore_new_hosts_until_first_hc: true }";
  EXPECT_TRUE(GoodCluster(Profile::kMesh, fields).ignore_new_until_checked);
  EXPECT_TRUE(GoodCluster(Profile::kEnvoy, fields).ignore_new_until_checked);
  EXPECT_FALSE(GoodCluster(Profile::kGrpc, fields).ignore_new_until_checked);
}

TEST(ClusterBalancingTest, WeightingOfLocalities) {
  const auto kByWeight = LocalityWeighting::kByWeight;
  const auto kIfAny = LocalityWeighting::kByWeightIfAny;
  const auto kIgnored = LocalityWeighting::kIgnored;
  const std::string weighted = "common_lb_config { locality_weighted_lb_config { } } ";
  const struct {
    std::string fields;
    LocalityWeighting mesh, envoy, grpc;
  } kRows[] = {
      {"", kIfAny, kIgnored, kByWeight},
      {"lb_policy: RING_HASH", kIfAny, kIgnored, kByWeight},
      {"lb_policy: LEAST_REQUEST", kIfAny, kIgnored, kIgnored},  // gRFC A48, grpc-go
      {weighted, kByWeight, kByWeight, kByWeight},
      {weighted + "lb_policy: RING_HASH", kByWeight, kByWeight, kByWeight},
      {weighted + "lb_policy: LEAST_REQUEST", kByWeight, kByWeight, kIgnored},
      {List(RoundRobin()), kIfAny, kIgnored, kIgnored},
      {List(LeastRequest()), kIfAny, kIgnored, kIgnored},
      {List(RingHash()), kIfAny, kIgnored, kByWeight},  // gRFC A42
      {List(PickFirst()), kIgnored, kIgnored, kIgnored},
      {List(RoundRobin(kWeighted)), kByWeight, kByWeight, kIgnored},
      {List(LeastRequest(kWeighted)), kByWeight, kByWeight, kIgnored},
      {List(RingHash("locality_weighted_lb_config { }")), kByWeight, kByWeight, kByWeight},
      {List(WrrLocality(RoundRobin())), kByWeight, kByWeight, kByWeight},
      {List(WrrLocality(LeastRequest())), kByWeight, kByWeight, kByWeight},
  };
  for (const auto& row : kRows) {
    SCOPED_TRACE(row.fields);
    EXPECT_EQ(GoodCluster(Profile::kMesh, row.fields).locality_weighting, row.mesh);
    EXPECT_EQ(GoodCluster(Profile::kEnvoy, row.fields).locality_weighting, row.envoy);
    EXPECT_EQ(GoodCluster(Profile::kGrpc, row.fields).locality_weighting, row.grpc);
  }
  const std::string not_in_grpc[] = {List(Random(kWeighted)),
                                     List(Maglev("locality_weighted_lb_config { }")),
                                     List(WrrLocality(Random())), List(WrrLocality(Maglev()))};
  for (const std::string& fields : not_in_grpc) {
    EXPECT_EQ(GoodCluster(Profile::kMesh, fields).locality_weighting, kByWeight);
    EXPECT_EQ(GoodCluster(Profile::kEnvoy, fields).locality_weighting, kByWeight);
  }
}

}  // namespace
}  // namespace mesh::xds
