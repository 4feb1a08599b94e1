// Which clusters are accepted, and what they become: the corpus of grpc-go's
// unmarshal_cds_test.go, as far as it is about what is here, and gRFC A52.

#include <string>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mesh/model/cluster.h"
#include "mesh/xds/proto/cluster.pb.h"
#include "tests/xds/resources/resource_text.h"

namespace mesh::xds {
namespace {

using model::LbPolicy;
using model::LocalityWeighting;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr Profile kAll[] = {Profile::kMesh, Profile::kEnvoy, Profile::kGrpc};
const std::string kEds = "name: 'c' type: EDS eds_cluster_config { eds_config { ads { } } } ";
const std::string kPolicies = "envoy.extensions.load_balancing_policies.";
const std::string kWeighted = "locality_lb_config { locality_weighted_lb_config { } }";

DecodeResult Decode(Profile profile, const std::string& text) {
  return DecodeBytes(*NewResourceTypes(profile).cluster, Serialized<proto::Cluster>(text));
}

model::Cluster Good(Profile profile, const std::string& text) {
  const DecodeResult result = Decode(profile, text);
  EXPECT_TRUE(result.error.ok()) << result.error << " in " << text;
  return result.resource == nullptr ? model::Cluster() : *ModelOf<model::Cluster>(result.resource);
}

std::string Policy(const std::string& any) {
  return "policies { typed_extension_config { typed_config " + any + " } } ";
}
std::string RoundRobin(const std::string& fields = "") {
  return Policy(
      AnyText(kPolicies + "round_robin.v3.RoundRobin", Serialized<proto::RoundRobin>(fields)));
}
std::string Random(const std::string& fields = "") {
  return Policy(AnyText(kPolicies + "random.v3.Random", Serialized<proto::Random>(fields)));
}
std::string WrrLocality(const std::string& policies) {
  return Policy(
      AnyText(kPolicies + "wrr_locality.v3.WrrLocality",
              Serialized<proto::WrrLocality>("endpoint_picking_policy { " + policies + "}")));
}
std::string Unknown() { return Policy(AnyText("example.Policy", "")); }
std::string With(const std::string& policies) {
  return kEds + "load_balancing_policy { " + policies + "} ";
}

TEST(ClusterValidationTest, AGoodResource) {
  const model::Cluster cluster =
      Good(Profile::kMesh,
           "name: 'c' type: EDS eds_cluster_config { service_name: 's' eds_config { "
           "self { } resource_api_version: 2 } } connect_timeout { nanos: 250000000 }");
  EXPECT_EQ(cluster.name, "c");
  EXPECT_EQ(cluster.eds_service_name, "s");
  EXPECT_EQ(cluster.balancing.policy, LbPolicy::kRoundRobin);
  EXPECT_EQ(cluster.connect_timeout, absl::Milliseconds(250));
  EXPECT_EQ(cluster.max_connected_endpoints, 0u);
  EXPECT_THAT(cluster.ignored, IsEmpty());
}

TEST(ClusterValidationTest, Defaults) {
  for (const Profile profile : kAll) {
    const model::Cluster cluster = Good(profile, kEds);
    EXPECT_EQ(cluster.eds_service_name, "c");
    EXPECT_EQ(cluster.balancing.policy, LbPolicy::kRoundRobin);
    EXPECT_EQ(cluster.connect_timeout, absl::Seconds(profile == Profile::kGrpc ? 20 : 5));
  }
  EXPECT_EQ(Good(Profile::kMesh, kEds).locality_weighting, LocalityWeighting::kByWeightIfAny);
  EXPECT_EQ(Good(Profile::kEnvoy, kEds).locality_weighting, LocalityWeighting::kIgnored);
  EXPECT_EQ(Good(Profile::kGrpc, kEds).locality_weighting, LocalityWeighting::kByWeight);
  const std::string weighted = kEds + "common_lb_config { locality_weighted_lb_config { } }";
  for (const Profile profile : kAll) {
    EXPECT_EQ(Good(profile, weighted).locality_weighting, LocalityWeighting::kByWeight);
  }
}

struct Row {
  std::string what;
  std::string text;
  std::string error;  // part of it; empty: accepted
};

TEST(ClusterValidationTest, InEveryProfile) {
  const std::string eds = "eds_cluster_config { eds_config { ads { } } } ";
  const auto outlier = [](const std::string& fields) {
    return kEds + "outlier_detection { " + fields + " }";
  };
  std::string deep = RoundRobin();
  for (int i = 0; i < 15; ++i) deep = WrrLocality(deep);
  const Row rows[] = {
      {"no name", "type: EDS " + eds, "cluster: name: empty"},
      {"a custom type", "name: 'c' cluster_type { name: 'envoy.clusters.aggregate' } " + eds,
       "cluster_type: not supported"},
      {"no eds config", "name: 'c' type: EDS", "eds_cluster_config.eds_config: missing"},
      {"no source", "name: 'c' type: EDS eds_cluster_config { service_name: 's' }",
       "eds_cluster_config.eds_config: missing"},
      {"source neither ads nor self", "name: 'c' type: EDS eds_cluster_config { eds_config { } }",
       "eds_cluster_config.eds_config: neither ads nor self"},
      {"federated without service name", "name: 'xdstp://a/b/c' type: EDS " + eds,
       "eds_cluster_config.service_name: empty"},  // NAM-10
      {"federated with service name",
       "name: 'xdstp://a/b/c' type: EDS eds_cluster_config { eds_config { ads { } } service_name: "
       "'s' }",
       ""},
      {"LEAST_REQUEST", kEds + "lb_policy: LEAST_REQUEST",
       "lb_policy: LEAST_REQUEST is not supported"},
      {"RING_HASH", kEds + "lb_policy: RING_HASH", "lb_policy: RING_HASH is not supported"},
      {"MAGLEV", kEds + "lb_policy: MAGLEV", "lb_policy: MAGLEV is not supported"},
      {"CLUSTER_PROVIDED", kEds + "lb_policy: CLUSTER_PROVIDED",
       "lb_policy: CLUSTER_PROVIDED is not supported"},
      {"a list that is not there", kEds + "lb_policy: LOAD_BALANCING_POLICY_CONFIG",
       "lb_policy: LOAD_BALANCING_POLICY_CONFIG is not supported"},
      {"lrs self", kEds + "lrs_server { self { } }", ""},
      {"lrs not self", kEds + "lrs_server { ads { } }", "lrs_server: not self"},
      // gRFC A52
      {"the list wins over lb_policy", With(RoundRobin()) + "lb_policy: RING_HASH", ""},
      {"an empty list", kEds + "load_balancing_policy { }",
       "load_balancing_policy.policies: none of them is known"},
      {"nothing known", With(Unknown() + Unknown()),
       "load_balancing_policy.policies: none of them is known"},
      {"nothing known inside", With(WrrLocality(Unknown()) + RoundRobin()),
       "policies[0].typed_extension_config.typed_config.endpoint_picking_policy.policies: none of "
       "them is known"},
      {"bad bytes of a known one",
       With(Policy(AnyText(kPolicies + "round_robin.v3.RoundRobin", "\xff"))),
       "the bytes are not a envoy.extensions.load_balancing_policies.round_robin"},
      {"sixteen deep", With(deep), ""},
      {"seventeen deep", With(WrrLocality(deep)), "more than 16 policies in each other"},
      // gRFC A50, OD-25
      {"a good outlier", outlier("interval { seconds: 1 } max_ejection_percent { value: 100 }"),
       ""},
      {"interval negative", outlier("interval { seconds: -1 }"),
       "outlier_detection.interval: negative"},
      {"interval too large", outlier("interval { seconds: 315576000001 }"),
       "outlier_detection.interval: out of range"},
      {"base negative", outlier("base_ejection_time { nanos: -1 }"),
       "base_ejection_time: negative"},
      {"base too large", outlier("base_ejection_time { nanos: 1000000000 }"),
       "base_ejection_time: out of range"},
      {"max negative", outlier("max_ejection_time { seconds: -1 }"), "max_ejection_time: negative"},
      {"max too large", outlier("max_ejection_time { seconds: 315576000001 }"),
       "max_ejection_time: out of range"},
      {"max percent", outlier("max_ejection_percent { value: 101 }"),
       "max_ejection_percent: 101 is more than 100 percent"},
      {"success rate", outlier("enforcing_success_rate { value: 101 }"),
       "enforcing_success_rate: 101"},
      {"threshold", outlier("failure_percentage_threshold { value: 101 }"),
       "failure_percentage_threshold: 101"},
      {"failure percentage", outlier("enforcing_failure_percentage { value: 101 }"),
       "enforcing_failure_percentage: 101"},
  };
  for (const Profile profile : kAll) {
    for (const Row& row : rows) {
      SCOPED_TRACE(row.what);
      const DecodeResult result = Decode(profile, row.text);
      if (row.error.empty()) {
        EXPECT_TRUE(result.error.ok()) << result.error;
        EXPECT_NE(result.resource, nullptr);
      } else {
        EXPECT_THAT(std::string(result.error.message()), HasSubstr(row.error));
        EXPECT_EQ(result.resource, nullptr);
      }
    }
  }
}

TEST(ClusterValidationTest, NumbersThatNoNameStandsFor) {
  proto::Cluster cluster;
  ASSERT_TRUE(cluster.ParseFromString(Serialized<proto::Cluster>(kEds)));
  cluster.set_lb_policy(static_cast<proto::Cluster::LbPolicy>(99));
  cluster.set_type(static_cast<proto::Cluster::DiscoveryType>(77));
  const DecodeResult result =
      DecodeBytes(*NewResourceTypes(Profile::kMesh).cluster, cluster.SerializeAsString());
  EXPECT_THAT(std::string(result.error.message()),
              HasSubstr("type: unknown value 77 is not supported; lb_policy: unknown "
                        "value 99 is not supported"));
}

// Never plaintext in place of TLS.
TEST(ClusterValidationTest, TransportSockets) {
  struct {
    int field;
    std::string name;
  } const rows[] = {
      {24, "transport_socket"}, {43, "transport_socket_matches"}, {59, "transport_socket_matcher"}};
  for (const Profile profile : kAll) {
    for (const auto& row : rows) {
      proto::Cluster cluster;
      ASSERT_TRUE(cluster.ParseFromString(Serialized<proto::Cluster>(kEds)));
      cluster.GetReflection()
          ->MutableUnknownFields(&cluster)
          ->AddLengthDelimited(row.field)
          ->assign("");
      const DecodeResult result =
          DecodeBytes(*NewResourceTypes(profile).cluster, cluster.SerializeAsString());
      EXPECT_THAT(std::string(result.error.message()),
                  HasSubstr("cluster \"c\": " + row.name + ": not supported"));
    }
  }
}

TEST(ClusterValidationTest, RandomIsNotKnownToGrpc) {
  for (const Profile profile : {Profile::kMesh, Profile::kEnvoy}) {
    EXPECT_EQ(Good(profile, kEds + "lb_policy: RANDOM").balancing.policy, LbPolicy::kRandom);
    EXPECT_EQ(Good(profile, With(Random() + RoundRobin())).balancing.policy, LbPolicy::kRandom);
  }
  EXPECT_THAT(std::string(Decode(Profile::kGrpc, kEds + "lb_policy: RANDOM").error.message()),
              HasSubstr("lb_policy: RANDOM is not supported"));
  EXPECT_EQ(Good(Profile::kGrpc, With(Random() + RoundRobin())).balancing.policy,
            LbPolicy::kRoundRobin);
}

TEST(ClusterValidationTest, TheFirstKnownPolicyIsTakenAndThoseBeforeItAreListed) {
  const model::Cluster cluster = Good(Profile::kMesh, With(Unknown() + Random() + RoundRobin()));
  EXPECT_EQ(cluster.balancing.policy, LbPolicy::kRandom);
  EXPECT_THAT(
      cluster.ignored,
      ElementsAre(
          "load_balancing_policy.policies.typed_extension_config.typed_config.\"example.Policy\""));
}

TEST(ClusterValidationTest, WeightingOfLocalitiesByThePolicy) {
  const auto weighting = [](Profile profile, const std::string& policies) {
    return Good(profile, With(policies)).locality_weighting;
  };
  EXPECT_EQ(weighting(Profile::kMesh, RoundRobin()), LocalityWeighting::kByWeightIfAny);
  EXPECT_EQ(weighting(Profile::kEnvoy, RoundRobin()), LocalityWeighting::kIgnored);
  EXPECT_EQ(weighting(Profile::kGrpc, RoundRobin()), LocalityWeighting::kIgnored);
  EXPECT_EQ(weighting(Profile::kMesh, RoundRobin(kWeighted)), LocalityWeighting::kByWeight);
  EXPECT_EQ(weighting(Profile::kEnvoy, RoundRobin(kWeighted)), LocalityWeighting::kByWeight);
  EXPECT_EQ(weighting(Profile::kGrpc, RoundRobin(kWeighted)), LocalityWeighting::kIgnored);
  EXPECT_EQ(weighting(Profile::kEnvoy, Random(kWeighted)), LocalityWeighting::kByWeight);
  for (const Profile profile : kAll) {
    EXPECT_EQ(weighting(profile, WrrLocality(RoundRobin())), LocalityWeighting::kByWeight);
  }
  EXPECT_EQ(Good(Profile::kMesh, With(WrrLocality(Random()))).balancing.policy, LbPolicy::kRandom);
}

TEST(ClusterValidationTest, ValuesThatOnlyEnvoyMinds) {
  const std::string texts[] = {
      kEds + "connect_timeout { }",
      "name: 'c' type: EDS eds_cluster_config { eds_config { ads { } resource_api_version: 1 } }",
  };
  for (const std::string& text : texts) {
    EXPECT_FALSE(Decode(Profile::kMesh, text).error.ok());
    EXPECT_FALSE(Decode(Profile::kEnvoy, text).error.ok());
    EXPECT_TRUE(Decode(Profile::kGrpc, text).error.ok());
  }
}

}  // namespace
}  // namespace mesh::xds
