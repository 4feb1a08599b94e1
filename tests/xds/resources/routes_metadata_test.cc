// The metadata that routes name for subsets of endpoints: metadata_match of a route and of its
// weighted clusters (envoy route_components.proto).

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mesh/model/route.h"
#include "mesh/xds/proto/metadata.pb.h"
#include "mesh/xds/proto/route.pb.h"
#include "tests/xds/resources/resource_text.h"

namespace mesh::xds {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr Profile kNotGrpc[] = {Profile::kMesh, Profile::kEnvoy};
const std::string kAction = "virtual_hosts[0].routes[0].route.";

std::string Text(const std::string& key, const std::string& value) {
  return "fields { key: '" + key + "' value { string_value: '" + value + "' } } ";
}
std::string Match(const std::string& fields, const std::string& filter = "envoy.lb") {
  return absl::StrCat("metadata_match { filter_metadata { key: '", filter, "' value: '",
                      absl::CEscape(Serialized<proto::Struct>(fields)), "' } } ");
}
DecodeResult Decode(Profile profile, const std::string& action) {
  return DecodeBytes(*NewResourceTypes(profile).route_configuration,
                     Serialized<proto::RouteConfiguration>(
                         "name: 'r' virtual_hosts { name: 'h' domains: '*' routes { "
                         "match { prefix: '' } route { " +
                         action + "} } }"));
}
std::shared_ptr<const model::RouteConfiguration> Good(Profile profile, const std::string& action) {
  const DecodeResult result = Decode(profile, action);
  EXPECT_TRUE(result.error.ok()) << result.error << " in " << action;
  if (result.resource == nullptr) return std::make_shared<const model::RouteConfiguration>();
  return ModelOf<model::RouteConfiguration>(result.resource);
}
// What the calls of each cluster name; `none` where that is nothing.
std::vector<std::string> Matches(Profile profile, const std::string& action) {
  std::vector<std::string> matches;
  const auto routes = Good(profile, action);
  if (routes->virtual_hosts.empty()) return matches;
  for (const model::WeightedCluster& cluster : routes->virtual_hosts[0].routes[0].clusters) {
    matches.push_back(cluster.match == nullptr ? "none" : cluster.match->ToString());
  }
  return matches;
}
// Of two clusters, the first with a match of its own.
std::string Weighted(const std::string& match) {
  return "weighted_clusters { clusters { name: 'a' weight { value: 1 } " + match +
         "} clusters { name: 'b' weight { value: 1 } } } ";
}

TEST(RoutesMetadataTest, OfARoute) {
  const std::string one = "cluster: 'c' ";
  for (const Profile profile : kNotGrpc) {
    EXPECT_THAT(Matches(profile, one), ElementsAre("none"));
    EXPECT_THAT(Matches(profile, one + "metadata_match { } "), ElementsAre("none"));
    EXPECT_THAT(Matches(profile, one + Match("")), ElementsAre("none"));
    EXPECT_THAT(Matches(profile, one + Match(Text("v", "1.0") + Text("stage", "prod"))),
                ElementsAre(R"(stage="prod", v="1.0")"));
    EXPECT_THAT(Matches(profile, one + Match("fields { key: 'n' value { number_value: 1 } } "
                                             "fields { key: 'b' value { bool_value: true } } "
                                             "fields { key: 'l' value { list_value { values { "
                                             "string_value: 'x' } } } } ")),
                ElementsAre(R"(b=true, l=["x"], n=1)"));
  }
}

// The table of Envoy's documentation ("Load Balancer Subsets").
TEST(RoutesMetadataTest, ThoseOfAClusterReplaceThoseOfTheRoute) {
  const std::string canary = Text("stage", "canary"), prod = Text("stage", "prod");
  const std::string v0 = Text("v", "1.0"), v1 = Text("v", "1.1");
  const struct {
    std::string route, cluster, merged;
  } kRows[] = {
      {canary, prod, R"(stage="prod")"},
      {v0, prod, R"(stage="prod", v="1.0")"},
      {v0 + prod, canary, R"(stage="canary", v="1.0")"},
      {v0 + prod, v1 + canary, R"(stage="canary", v="1.1")"},
      {"", v0, R"(v="1.0")"},
      {v0, "", R"(v="1.0")"},
  };
  for (const auto& row : kRows) {
    const std::vector<std::string> matches =
        Matches(Profile::kEnvoy, Weighted(Match(row.cluster)) + Match(row.route));
    const std::vector<std::string> of_route =
        Matches(Profile::kEnvoy, "cluster: 'c' " + Match(row.route));
    EXPECT_THAT(matches, ElementsAre(row.merged, of_route[0]));
  }
}

TEST(RoutesMetadataTest, Alternatives) {
  const std::string list =
      "fields { key: 'fallback_list' value { list_value { "
      "values { struct_value { " +
      Text("v", "2") +
      "} } "
      "values { struct_value { " +
      Text("v", "3") + Text("x", "y") +
      "} } "
      "values { string_value: 'nothing' } } } } ";
  const auto routes =
      Good(Profile::kMesh, "cluster: 'c' " + Match(Text("v", "1") + Text("a", "b") + list));
  const auto& match = *routes->virtual_hosts[0].routes[0].clusters[0].match;
  std::vector<std::string> alternatives;
  for (const auto& alternative : match.alternatives()) {
    alternatives.push_back(alternative.ToString());
  }
  EXPECT_THAT(alternatives,
              ElementsAre(R"(a="b", v="2")", R"(a="b", v="3", x="y")", R"(a="b", v="1")"));
  EXPECT_EQ(match.fields().size(), 3u);  // the list as well
  const auto none =
      Good(Profile::kMesh, "cluster: 'c' " + Match(Text("v", "1") + Text("fallback_list", "x")));
  const auto& of_none = none->virtual_hosts[0].routes[0].clusters[0].match->alternatives();
  ASSERT_EQ(of_none.size(), 1u);
  EXPECT_EQ(of_none[0].ToString(), R"(v="1")");
}

TEST(RoutesMetadataTest, OtherFiltersAreListed) {
  const std::string action = Weighted(Match(Text("a", "b"), "istio")) + Match("", "other");
  for (const Profile profile : kNotGrpc) {
    EXPECT_THAT(Matches(profile, action), ElementsAre("none", "none"));
    EXPECT_THAT(Good(profile, action)->ignored,
                ElementsAre("virtual_hosts.routes.route.metadata_match.filter_metadata.\"other\"",
                            "virtual_hosts.routes.route.weighted_clusters.clusters.metadata_match."
                            "filter_metadata.\"istio\""));
  }
}

TEST(RoutesMetadataTest, GrpcIgnoresThem) {
  const std::string action = Weighted(Match(Text("a", "b"))) +
                             "metadata_match { filter_metadata { key: 'envoy.lb' "
                             "value: '\\377' } } ";
  EXPECT_THAT(Matches(Profile::kGrpc, action), ElementsAre("none", "none"));
  EXPECT_THAT(Good(Profile::kGrpc, action)->ignored,
              ElementsAre("virtual_hosts.routes.route.metadata_match",
                          "virtual_hosts.routes.route.weighted_clusters.clusters.metadata_match"));
}

TEST(RoutesMetadataTest, Refused) {
  std::string many;
  for (int i = 0; i < 32; ++i) many += Text(absl::StrCat("k", i), "v");
  std::string values;
  for (int i = 0; i < 33; ++i) values += "values { } ";
  const std::string list =
      "fields { key: 'fallback_list' value { list_value { " + values + "} } } ";
  const std::string one = "cluster: 'c' ";
  const struct {
    std::string action, error;
  } kRows[] = {
      {one + Match(many), ""},
      {one + Match(many + Text("a", "b")), kAction + "metadata_match: 33 keys are more than 32"},
      {Weighted(Match(many)) + Match(Text("a", "b")),
       kAction + "weighted_clusters.clusters[0].metadata_match: 33 keys are more than 32"},
      {one + Match(list),
       kAction + "metadata_match: 33 alternatives (fallback_list) are more than 32"},
      {one + Match("fields { key: 'a' value { } } "),
       kAction + "metadata_match.filter_metadata[\"envoy.lb\"].fields[0].value: missing"},
      {one + "metadata_match { filter_metadata { key: 'envoy.lb' value: '\\377' } } ",
       kAction + "metadata_match.filter_metadata[\"envoy.lb\"]: the bytes are not a "
                 "google.protobuf.Struct"},
  };
  for (const auto& row : kRows) {
    for (const Profile profile : kNotGrpc) {
      const DecodeResult result = Decode(profile, row.action);
      if (row.error.empty()) {
        EXPECT_TRUE(result.error.ok()) << result.error;
      } else {
        EXPECT_THAT(std::string(result.error.message()), HasSubstr(row.error));
      }
    }
  }
}

}  // namespace
}  // namespace mesh::xds
