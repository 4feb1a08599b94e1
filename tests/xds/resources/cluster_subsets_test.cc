// Subsets of a cluster's endpoints: envoy cluster.proto's LbSubsetConfig and the policy `subset`.

#include <optional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mesh/model/cluster.h"
#include "mesh/xds/proto/load_balancing.pb.h"
#include "tests/xds/resources/cluster_text.h"
#include "tests/xds/resources/resource_text.h"

namespace mesh::xds {
namespace {

using model::LbPolicy;
using model::LocalityWeighting;
using model::SubsetSelection;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

const std::string kPolicies = "envoy.extensions.load_balancing_policies.";
const std::string kConfig =
    "load_balancing_policy.policies[0].typed_extension_config.typed_config.";
const std::string kSelector = "subset_selectors { keys: 'version' } ";
const std::string kWeighted = "common_lb_config { locality_weighted_lb_config { } } ";

std::string Old(const std::string& fields) { return "lb_subset_config { " + fields + " } "; }
std::string Policy(const std::string& type, const std::string& bytes) {
  return "policies { typed_extension_config { typed_config " + AnyText(kPolicies + type, bytes) +
         " } } ";
}
std::string LeastRequest(const std::string& fields = "") {
  return Policy("least_request.v3.LeastRequest", Serialized<proto::LeastRequest>(fields));
}
std::string SubsetPolicy(const std::string& fields, const std::string& inner = LeastRequest()) {
  return Policy("subset.v3.Subset",
                Serialized<proto::Subset>(fields + "subset_lb_policy { " + inner + " }"));
}
std::string New(const std::string& fields, const std::string& inner = LeastRequest()) {
  return "load_balancing_policy { " + SubsetPolicy(fields, inner) + " } ";
}

SubsetSelection Selection(Profile profile, const std::string& fields) {
  const model::Cluster cluster = GoodCluster(profile, fields);
  EXPECT_NE(cluster.subsets, nullptr) << fields;
  return cluster.subsets == nullptr ? SubsetSelection() : *cluster.subsets;
}

TEST(ClusterSubsetsTest, InBothForms) {
  const std::string fields =
      "fallback_policy: DEFAULT_SUBSET "
      "default_subset { fields { key: 'version' value { string_value: 'v1' } } "
      "                 fields { key: 'canary' value { bool_value: false } } } "
      "subset_selectors { keys: 'version' keys: 'canary' keys: 'version' } "
      "subset_selectors { } "
      "subset_selectors { keys: 'a' fallback_policy: NO_FALLBACK single_host_per_subset: true } "
      "subset_selectors { keys: 'b' fallback_policy: ANY_ENDPOINT } "
      "subset_selectors { keys: 'c' fallback_policy: DEFAULT_SUBSET } "
      "subset_selectors { keys: 'c' fallback_policy: NO_FALLBACK } "  // again
      "subset_selectors { keys: 'x' keys: 'y' keys: 'z' fallback_policy: KEYS_SUBSET "
      "                   fallback_keys_subset: 'z' fallback_keys_subset: 'x' } "
      "scale_locality_weight: true list_as_any: true panic_mode_any: true "
      "metadata_fallback_policy: FALLBACK_LIST ";
  for (const Profile profile : kNotGrpc) {
    for (const std::string& text : {Old(fields), New(fields)}) {
      SCOPED_TRACE(text);
      const SubsetSelection subsets = Selection(profile, text);
      EXPECT_EQ(subsets.fallback, SubsetSelection::Fallback::kDefaultSubset);
      EXPECT_THAT(subsets.default_subset,
                  ElementsAre(Pair("canary", "false"), Pair("version", R"("v1")")));
      ASSERT_EQ(subsets.selectors.size(), 5u);  // one has no keys, one those of another
      EXPECT_THAT(subsets.selectors[0].keys, ElementsAre("canary", "version"));
      EXPECT_EQ(subsets.selectors[0].fallback, std::nullopt);
      EXPECT_THAT(subsets.selectors[1].keys, ElementsAre("a"));
      EXPECT_EQ(subsets.selectors[1].fallback, SubsetSelection::Fallback::kNone);
      EXPECT_TRUE(subsets.selectors[1].single_host_per_subset);
      EXPECT_FALSE(subsets.selectors[2].single_host_per_subset);
      EXPECT_EQ(subsets.selectors[2].fallback, SubsetSelection::Fallback::kAnyEndpoint);
      EXPECT_EQ(subsets.selectors[3].fallback, SubsetSelection::Fallback::kDefaultSubset);
      EXPECT_EQ(subsets.selectors[4].fallback, SubsetSelection::Fallback::kFewerKeys);
      EXPECT_THAT(subsets.selectors[4].fallback_keys, ElementsAre("x", "z"));
      EXPECT_TRUE(subsets.scale_locality_weight);
      EXPECT_TRUE(subsets.list_as_any);
      EXPECT_TRUE(subsets.panic_mode_any);
      EXPECT_TRUE(subsets.obeys_fallback_list);
      EXPECT_FALSE(subsets.allow_redundant_keys);
      EXPECT_THAT(GoodCluster(profile, text).ignored, IsEmpty());
    }
    EXPECT_EQ(GoodCluster(profile, New(fields)).balancing.policy, LbPolicy::kLeastRequest);
    EXPECT_EQ(GoodCluster(profile, "lb_policy: MAGLEV " + Old(fields)).balancing.policy,
              LbPolicy::kMaglev);
  }
}

TEST(ClusterSubsetsTest, FallbackByDefault) {
  const SubsetSelection plain = Selection(Profile::kMesh, Old(kSelector));
  EXPECT_FALSE(plain.scale_locality_weight || plain.list_as_any || plain.panic_mode_any ||
               plain.obeys_fallback_list);
  EXPECT_TRUE(Selection(Profile::kMesh, New(kSelector + "allow_redundant_keys: true "))
                  .allow_redundant_keys);
  EXPECT_EQ(Selection(Profile::kMesh, Old(kSelector)).fallback, SubsetSelection::Fallback::kNone);
  EXPECT_EQ(Selection(Profile::kMesh, Old(kSelector + "fallback_policy: ANY_ENDPOINT")).fallback,
            SubsetSelection::Fallback::kAnyEndpoint);
}

// Envoy's old form has subsets only if there are selectors; the new one falls back, always.
TEST(ClusterSubsetsTest, NoSelectors) {
  for (const Profile profile : kNotGrpc) {
    EXPECT_EQ(GoodCluster(profile, "").subsets, nullptr);
    EXPECT_EQ(GoodCluster(profile, Old("fallback_policy: ANY_ENDPOINT")).subsets, nullptr);
    EXPECT_THAT(Selection(profile, New("")).selectors, IsEmpty());
  }
}

TEST(ClusterSubsetsTest, GrpcKnowsNone) {
  const model::Cluster cluster = GoodCluster(Profile::kGrpc, Old(kSelector));
  EXPECT_EQ(cluster.subsets, nullptr);
  EXPECT_THAT(cluster.ignored, ElementsAre("lb_subset_config"));
  CheckClusters({Profile::kGrpc}, {{"it alone", New(kSelector),
                                    "load_balancing_policy.policies: none of them is known"}});
  EXPECT_EQ(GoodCluster(Profile::kGrpc, "load_balancing_policy { " + SubsetPolicy(kSelector) +
                                            LeastRequest() + " }")
                .subsets,
            nullptr);
}

TEST(ClusterSubsetsTest, WeightingOfLocalities) {
  const auto kByWeight = LocalityWeighting::kByWeight;
  const auto kIfAny = LocalityWeighting::kByWeightIfAny;
  const auto kIgnored = LocalityWeighting::kIgnored;
  const std::string aware = kSelector + "locality_weight_aware: true ";
  const std::string weighted =
      LeastRequest("locality_lb_config { locality_weighted_lb_config { } }");
  const struct {
    std::string fields;
    LocalityWeighting mesh, envoy;
  } kRows[] = {
      {Old(kSelector), kIfAny, kIgnored},
      {Old(kSelector) + kWeighted, kByWeight, kIgnored},
      {Old(aware) + kWeighted, kByWeight, kByWeight},
      {Old("") + kWeighted, kByWeight, kByWeight},  // no selectors, no subsets
      {New(kSelector), kIfAny, kIgnored},
      {New(kSelector, weighted), kByWeight, kIgnored},
      {New(aware, weighted), kByWeight, kByWeight},
  };
  for (const auto& row : kRows) {
    SCOPED_TRACE(row.fields);
    EXPECT_EQ(GoodCluster(Profile::kMesh, row.fields).locality_weighting, row.mesh);
    EXPECT_EQ(GoodCluster(Profile::kEnvoy, row.fields).locality_weighting, row.envoy);
  }
}

TEST(ClusterSubsetsTest, Refused) {
  std::string many;
  for (int i = 0; i < 100; ++i) many += kSelector;
  std::string keys_33;
  for (int i = 0; i < 33; ++i) keys_33 += "keys: 'k" + std::to_string(i) + "' ";
  const std::string with_keys =
      "subset_selectors { keys: 'a' keys: 'b' fallback_policy: KEYS_SUBSET ";
  const std::string default_subset = "default_subset { fields { key: 'a' value { } } } ";
  CheckClusters(
      kNotGrpc,
      {
          {"100 selectors", Old(many), ""},
          {"101 selectors", Old(many + kSelector),
           "lb_subset_config.subset_selectors: 101 are more than 100"},
          {"101 selectors", New(many + kSelector),
           kConfig + "subset_selectors: 101 are more than 100"},
          {"too many keys", Old("subset_selectors { " + keys_33 + "} "),
           "lb_subset_config.subset_selectors[0].keys: 33 are more than 32"},
          {"no other keys", Old(kSelector + with_keys + "} "),
           "lb_subset_config.subset_selectors[1].fallback_keys_subset: empty"},
          {"keys that are not its own", New(with_keys + "fallback_keys_subset: 'c' } "),
           kConfig +
               "subset_selectors[0].fallback_keys_subset: not all of them are among the keys"},
          {"the same keys",
           New(with_keys + "fallback_keys_subset: 'b' fallback_keys_subset: 'a' } "),
           kConfig + "subset_selectors[0].fallback_keys_subset: the same as the keys"},
          {"keys for nothing",
           New("subset_selectors { keys: 'a' keys: 'b' fallback_keys_subset: 'a' } "),
           kConfig + "subset_selectors[0].fallback_keys_subset: without KEYS_SUBSET"},
          {"what cannot be compared", Old(kSelector + default_subset),
           "lb_subset_config.default_subset.fields[0].value: missing"},
          {"weights that are not", Old(kSelector + "locality_weight_aware: true"),
           "lb_subset_config.locality_weight_aware: without locality_weighted_lb_config"},
          {"in both forms", Old(kSelector) + New(kSelector),
           "lb_subset_config: not together with load_balancing_policy"},
          {"no policy",
           "load_balancing_policy { " +
               Policy("subset.v3.Subset", Serialized<proto::Subset>(kSelector)) + " }",
           kConfig + "subset_lb_policy.policies: none of them is known"},
          {"in each other", New(kSelector, SubsetPolicy(kSelector)),
           kConfig + "subset_lb_policy: subsets of subsets are not supported"},
      });
}

TEST(ClusterSubsetsTest, ValuesThatAreNotKnown) {
  proto::LbSubsetConfig config;
  config.set_fallback_policy(static_cast<proto::LbSubsetConfig::FallbackPolicy>(3));
  config.set_metadata_fallback_policy(
      static_cast<proto::LbSubsetConfig::MetadataFallbackPolicy>(2));
  config.add_subset_selectors()->add_keys("a");
  config.mutable_subset_selectors(0)->set_fallback_policy(
      static_cast<proto::LbSubsetSelector::FallbackPolicy>(5));
  const DecodeResult result = DecodeCluster(
      Profile::kMesh,
      "load_balancing_policy { " + Policy("subset.v3.Subset", config.SerializeAsString()) + " }");
  const std::string error(result.error.message());
  EXPECT_THAT(error, HasSubstr(kConfig + "fallback_policy: unknown value 3 is not supported"));
  EXPECT_THAT(error,
              HasSubstr(kConfig + "metadata_fallback_policy: unknown value 2 is not supported"));
  EXPECT_THAT(error, HasSubstr(kConfig + "subset_selectors[0].fallback_policy: unknown value 5 is "
                                         "not supported"));
}

}  // namespace
}  // namespace mesh::xds
