// Which route configurations are accepted, and what they become: the corpus of grpc-go's
// unmarshal_rds_test.go, row by row, and gRFC A31 and A44.

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mesh/model/route.h"
#include "mesh/xds/proto/route.pb.h"
#include "tests/xds/resources/resource_text.h"

namespace mesh::xds {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr Profile kAll[] = {Profile::kMesh, Profile::kEnvoy, Profile::kGrpc};

DecodeResult Decode(Profile profile, const std::string& text) {
  return DecodeBytes(*NewResourceTypes(profile).route_configuration,
                     Serialized<proto::RouteConfiguration>(text));
}

// A configuration whose only virtual host has these fields and the domain `*`.
std::string Host(const std::string& host) {
  return "name: 'r' virtual_hosts { name: 'h' domains: '*' " + host + " } ";
}
// One whose only route has these fields.
std::string Route(const std::string& route) { return Host("routes { " + route + " }"); }
// One whose only route takes every path and has these fields of the action.
std::string Action(const std::string& action) {
  return Route("match { prefix: '' } route { " + action + " }");
}

std::shared_ptr<const model::RouteConfiguration> Good(Profile profile, const std::string& text) {
  const DecodeResult result = Decode(profile, text);
  EXPECT_TRUE(result.error.ok()) << result.error << " in " << text;
  if (result.resource == nullptr) return std::make_shared<const model::RouteConfiguration>();
  return ModelOf<model::RouteConfiguration>(result.resource);
}

// The first route.
model::Route GoodRoute(Profile profile, const std::string& text) {
  const auto routes = Good(profile, text);
  if (routes->virtual_hosts.empty() || routes->virtual_hosts[0].routes.empty()) {
    ADD_FAILURE() << "no route in " << text;
    return {};
  }
  return routes->virtual_hosts[0].routes[0];
}

std::string Filter(const std::string& key, const std::string& any) {
  return "typed_per_filter_config { key: '" + key + "' value " + any + " } ";
}

std::string Optional(const std::string& any) {
  return AnyText("envoy.config.route.v3.FilterConfig",
                 Serialized<proto::FilterConfig>("is_optional: true config " + any));
}

TEST(RoutesValidationTest, AGoodResource) {
  const auto routes =
      Good(Profile::kMesh,
           "name: 'r' virtual_hosts { name: 'h' domains: 'a.b' domains: '*.c' "
           "routes { name: 'one' match { prefix: '/a.' } route { cluster: 'x' } } "
           "routes { match { path: '/A/b' case_sensitive { value: false } grpc {} } route { "
           "weighted_clusters { clusters { name: 'y' weight { value: 3 } } clusters { name: 'z' } "
           "clusters { name: 'w' weight { value: 1 } } } } } "
           "routes { match { safe_regex { regex: '^/a+/.*$' } } route { cluster: 'v' } } } "
           "virtual_hosts { domains: 'd' }");
  EXPECT_EQ(routes->name, "r");
  EXPECT_THAT(routes->ignored, IsEmpty());
  ASSERT_EQ(routes->virtual_hosts.size(), 2u);
  const model::VirtualHost& host = routes->virtual_hosts[0];
  EXPECT_EQ(host.name, "h");
  EXPECT_THAT(host.domains, ElementsAre("a.b", "*.c"));
  ASSERT_EQ(host.routes.size(), 3u);
  EXPECT_EQ(host.routes[0].name, "one");
  EXPECT_EQ(host.routes[0].path.ToString(), "prefix \"/a.\"");
  ASSERT_EQ(host.routes[0].clusters.size(), 1u);
  EXPECT_EQ(host.routes[0].clusters[0].cluster, "x");
  EXPECT_EQ(host.routes[0].timeout, absl::InfiniteDuration());
  EXPECT_FALSE(host.routes[0].retry.has_value());
  EXPECT_EQ(host.routes[1].path.ToString(), "exact \"/A/b\", ignoring case");
  ASSERT_EQ(host.routes[1].clusters.size(), 2u);
  EXPECT_EQ(host.routes[1].clusters[0].cluster, "y");
  EXPECT_EQ(host.routes[1].clusters[0].weight, 3u);
  EXPECT_EQ(host.routes[1].clusters[1].cluster, "w");
  EXPECT_EQ(host.routes[2].path.ToString(), "regex \"^/a+/.*$\"");
  EXPECT_TRUE(host.routes[2].path.Matches("/aa/x"));
}

struct Row {
  std::string what;
  std::string text;
  std::string error;  // part of it; empty: accepted
};

TEST(RoutesValidationTest, InEveryProfile) {
  const std::string unknown = AnyText("example.Filter", "");
  const Row rows[] = {
      {"no name", "virtual_hosts { domains: '*' }", "route configuration: name: empty"},
      {"no hosts", "name: 'r'", ""},
      {"no domains", "name: 'r' virtual_hosts { }", "\"r\": virtual_hosts[0].domains: empty"},
      // DOM-01 to DOM-06
      {"empty domain", "name: 'r' virtual_hosts { domains: '' }",
       "virtual_hosts[0].domains[0]: \"\" is no domain"},
      {"any domain", "name: 'r' virtual_hosts { domains: '*' }", ""},
      {"prefix domain", "name: 'r' virtual_hosts { domains: 'bar.*' }", ""},
      {"suffix domain", "name: 'r' virtual_hosts { domains: '*.abc.com' }", ""},
      {"exact domain", "name: 'r' virtual_hosts { domains: 'foo.bar.com' }", ""},
      {"asterisk inside", "name: 'r' virtual_hosts { domains: 'a' domains: 'foo.*.com' }",
       "virtual_hosts[0].domains[1]: \"foo.*.com\" is no domain"},
      {"two asterisks", "name: 'r' virtual_hosts { domains: '*.a.*' }", "is no domain"},
      // Routes.
      {"no match", Route("route { cluster: 'c' }"), "virtual_hosts[0].routes[0].match: missing"},
      {"no path", Route("match { } route { cluster: 'c' }"),
       "routes[0].match: no path specifier that is known"},
      {"bad regex", Route("match { safe_regex { regex: '(' } } route { cluster: 'c' }"),
       "routes[0].match.safe_regex: regex \"(\": "},
      {"no action", Route("match { prefix: '' }"), "routes[0]: no route action"},
      {"no cluster", Action(""), "routes[0].route: no cluster"},
      {"empty cluster", Action("cluster: ''"), "routes[0].route.cluster: empty"},
      {"no weighted cluster", Action("weighted_clusters { }"),
       "route.weighted_clusters.clusters: no cluster with a weight"},
      {"weights zero",
       Action("weighted_clusters { clusters { name: 'a' weight { } } clusters { name: 'b' } }"),
       "no cluster with a weight"},
      {"weights too large",
       Action("weighted_clusters { clusters { name: 'a' weight { value: 4294967295 } } clusters { "
              "name: 'b' weight { value: 1 } } }"),
       "weighted_clusters.clusters: the sum of weights, 4294967296, is out of range"},
      {"weights as large as can be",
       Action("weighted_clusters { clusters { name: 'a' weight { value: 4294967294 } } clusters { "
              "name: 'b' weight { value: 1 } } }"),
       ""},
      {"weighted without name", Action("weighted_clusters { clusters { weight { value: 1 } } }"),
       "weighted_clusters.clusters[0].name: empty"},
      // Retries: RET-13 to RET-15.
      {"no retries", Action("cluster: 'c' retry_policy { retry_on: 'internal' num_retries { } }"),
       "route.retry_policy.num_retries: zero"},
      {"base zero",
       Action("cluster: 'c' retry_policy { retry_on: 'internal' retry_back_off { base_interval { } "
              "} }"),
       "retry_policy.retry_back_off.base_interval: zero"},
      {"base negative",
       Action("cluster: 'c' retry_policy { retry_on: 'internal' retry_back_off { base_interval { "
              "seconds: -1 } } }"),
       "retry_back_off.base_interval: negative"},
      {"max negative",
       Action("cluster: 'c' retry_policy { retry_on: 'internal' retry_back_off { base_interval { "
              "seconds: 1 } max_interval { seconds: -1 } } }"),
       "retry_back_off.max_interval: negative"},
      {"max negative, nothing known",
       Action("cluster: 'c' retry_policy { retry_on: 'x' retry_back_off { base_interval { seconds: "
              "1 } max_interval { seconds: -1 } } }"),
       "retry_back_off.max_interval: negative"},
      {"max zero",
       Action("cluster: 'c' retry_policy { retry_on: 'internal' retry_back_off { base_interval { "
              "nanos: 1 } max_interval { } } }"),
       "retry_back_off.max_interval: zero"},
      {"max less than base",
       Action("cluster: 'c' retry_policy { retry_on: 'internal' retry_back_off { base_interval { "
              "seconds: 1 } max_interval { nanos: 999999999 } } }"),
       "max_interval: less than base_interval"},
      {"both below a millisecond",
       Action("cluster: 'c' retry_policy { retry_on: 'internal' retry_back_off { base_interval { "
              "nanos: 2 } max_interval { nanos: 1 } } }"),
       ""},
      {"of the host", Host("retry_policy { num_retries { } }"),
       "virtual_hosts[0].retry_policy.num_retries: zero"},
      // Durations.
      {"negative stream duration",
       Action("cluster: 'c' max_stream_duration { max_stream_duration { seconds: -1 } }"),
       "route.max_stream_duration.max_stream_duration: negative"},
      {"duration out of range",
       Action("cluster: 'c' max_stream_duration { grpc_timeout_header_max { nanos: 1000000000 } }"),
       "max_stream_duration.grpc_timeout_header_max: out of range"},
      // Filters.
      {"unknown filter of a host", Host(Filter("f", unknown)),
       "virtual_hosts[0].typed_per_filter_config[\"f\"]: filter \"example.Filter\" is not "
       "supported"},
      {"unknown filter of a route",
       Route("match { prefix: '' } route { cluster: 'c' } " + Filter("f", unknown)),
       "routes[0].typed_per_filter_config[\"f\"]: filter"},
      {"unknown filter of a cluster",
       Action("weighted_clusters { clusters { name: 'a' weight { value: 1 } " +
              Filter("f", unknown) + "} }"),
       "weighted_clusters.clusters[0].typed_per_filter_config[\"f\"]: filter"},
      {"unknown optional filter", Host(Filter("f", Optional(unknown))), ""},
      {"bad wrapper", Host(Filter("f", AnyText("envoy.config.route.v3.FilterConfig", "\xff"))),
       "the bytes are not a envoy.config.route.v3.FilterConfig"},
      {"the router, also if optional",
       Host(Filter("f", Optional(AnyText("envoy.extensions.filters.http.router.v3.Router", "")))),
       "the router takes no configuration here"},
      {"no faults",
       Host(Filter("f", AnyText("envoy.extensions.filters.http.fault.v3.HTTPFault", ""))), ""},
      {"faults",
       Host(Filter("f", AnyText("envoy.extensions.filters.http.fault.v3.HTTPFault",
                                std::string("\x12\0", 2)))),
       "faults are not supported yet"},
      // Plugins.
      {"unknown plugin", "name: 'r' cluster_specifier_plugins { extension { name: 'p' } }",
       "cluster_specifier_plugins[0]: plugin \"p\" is not supported"},
      {"optional plugin",
       "name: 'r' cluster_specifier_plugins { extension { name: 'p' } is_optional: true }", ""},
      {"plugin not declared", Action("cluster_specifier_plugin: 'p'"),
       "route.cluster_specifier_plugin: \"p\" is not declared"},
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

TEST(RoutesValidationTest, RoutesThatAreSkipped) {
  const std::string behind = " routes { match { prefix: '' } route { cluster: 'c' } }";
  const std::string plugin =
      " cluster_specifier_plugins { extension { name: 'p' } is_optional: true }";
  struct {
    std::string text;
    std::string listed;
  } const rows[] = {
      // PTH-07
      {Host("routes { match { prefix: '' query_parameters: '' } route { cluster: 'q' } }" + behind),
       "virtual_hosts.routes.match.query_parameters"},
      {Host("routes { match { prefix: '' } route { cluster_header: 'q' } }" + behind),
       "virtual_hosts.routes.route.cluster_header"},
      {Host("routes { match { prefix: '' } route { inline_cluster_specifier_plugin { } } }" +
            behind),
       "virtual_hosts.routes.route.inline_cluster_specifier_plugin"},
      {Host("routes { match { prefix: '' } route { cluster_specifier_plugin: 'p' } }" + behind) +
           plugin,
       "virtual_hosts.routes.route.cluster_specifier_plugin"},
  };
  for (const Profile profile : kAll) {
    for (const auto& row : rows) {
      const auto routes = Good(profile, row.text);
      ASSERT_EQ(routes->virtual_hosts[0].routes.size(), 1u) << row.text;
      EXPECT_EQ(routes->virtual_hosts[0].routes[0].clusters[0].cluster, "c");
      EXPECT_THAT(routes->ignored, Contains(row.listed));
    }
  }
}

TEST(RoutesValidationTest, RetryConditions) {
  const auto bits = [](const std::string& retry_on) {
    const model::Route route = GoodRoute(
        Profile::kMesh, Action("cluster: 'c' retry_policy { retry_on: '" + retry_on + "' }"));
    return route.retry.has_value() ? route.retry->retry_on.bits() : 0;
  };
  // RET-09
  EXPECT_EQ(bits("cancelled"), 1u << 1);
  EXPECT_EQ(bits("deadline-exceeded"), 1u << 4);
  EXPECT_EQ(bits("resource-exhausted"), 1u << 8);
  EXPECT_EQ(bits("internal"), 1u << 13);
  EXPECT_EQ(bits("unavailable"), 1u << 14);
  // RET-11, RET-17
  EXPECT_EQ(bits("cancelled,deadline-exceeded,resource-exhaust"), 1u << 1 | 1u << 4);
  EXPECT_EQ(bits("resource-exhausted, unavailable "), 1u << 8 | 1u << 14);
  EXPECT_EQ(bits(""), 0u);
  EXPECT_EQ(bits(","), 0u);
  EXPECT_EQ(bits("5xx"), 0u);
}

TEST(RoutesValidationTest, RetryConditionsThatAreNotKnownAreListed) {
  const auto routes = Good(
      Profile::kMesh, Action("cluster: 'c' retry_policy { retry_on: 'connect-failure,unavailable, "
                             "5xx' retry_back_off { base_interval { seconds: 1 } } }"));
  EXPECT_THAT(routes->ignored,
              ElementsAre("virtual_hosts.routes.route.retry_policy.retry_back_off",
                          "virtual_hosts.routes.route.retry_policy.retry_on \"5xx\"",
                          "virtual_hosts.routes.route.retry_policy.retry_on \"connect-failure\""));
}

TEST(RoutesValidationTest, NumberOfRetries) {
  const auto retries = [](Profile profile, const std::string& text) {
    return GoodRoute(profile,
                     Action("cluster: 'c' retry_policy { retry_on: 'internal' " + text + "}"))
        .retry->num_retries;
  };
  for (const Profile profile : kAll) {
    EXPECT_EQ(retries(profile, ""), 1u);  // RET-04
    EXPECT_EQ(retries(profile, "num_retries { value: 4 }"), 4u);
  }
  EXPECT_EQ(retries(Profile::kMesh, "num_retries { value: 9 }"), 9u);
  EXPECT_EQ(retries(Profile::kEnvoy, "num_retries { value: 9 }"), 9u);
  EXPECT_EQ(retries(Profile::kGrpc, "num_retries { value: 9 }"), 4u);  // RET-13: five attempts
}

// RET-18 to RET-20.
TEST(RoutesValidationTest, ARouteReplacesTheRetryPolicyOfItsHost) {
  const auto route = [](const std::string& of_route) {
    return GoodRoute(Profile::kMesh,
                     Host("retry_policy { retry_on: 'internal' num_retries { value: 3 } } routes { "
                          "match { prefix: '' } route { cluster: 'c' " +
                          of_route + " } }"));
  };
  EXPECT_EQ(route("").retry->num_retries, 3u);
  EXPECT_EQ(route("").retry->retry_on.bits(), 1u << 13);
  EXPECT_EQ(route("retry_policy { retry_on: 'cancelled' }").retry->num_retries, 1u);
  EXPECT_EQ(route("retry_policy { retry_on: 'cancelled' }").retry->retry_on.bits(), 1u << 1);
  EXPECT_FALSE(route("retry_policy { }").retry.has_value());
  EXPECT_FALSE(route("retry_policy { retry_on: '5xx' }").retry.has_value());
}

TEST(RoutesValidationTest, Timeouts) {
  const absl::Duration none = absl::InfiniteDuration();
  const absl::Duration fifteen = absl::Seconds(15);
  const std::string stream = "max_stream_duration { max_stream_duration { seconds: 3 } } ";
  struct {
    std::string text;
    absl::Duration mesh, envoy, grpc;
  } const rows[] = {
      {"", none, fifteen, none},
      {"timeout { seconds: 2 }", absl::Seconds(2), absl::Seconds(2), none},
      {"timeout { }", none, none, none},
      {"timeout { seconds: -1 }", absl::ZeroDuration(), absl::ZeroDuration(), none},  // refused
      {stream, absl::Seconds(3), absl::Seconds(3), absl::Seconds(3)},
      {stream + "timeout { seconds: 2 }", absl::Seconds(3), absl::Seconds(3), absl::Seconds(3)},
      {"max_stream_duration { } timeout { seconds: 2 }", none, none, none},
      {"max_stream_duration { max_stream_duration { } }", none, none, none},
      {"max_stream_duration { max_stream_duration { seconds: 3 } grpc_timeout_header_max { "
       "seconds: 5 } }",
       absl::Seconds(5), absl::Seconds(5), absl::Seconds(5)},
      {"max_stream_duration { max_stream_duration { seconds: 3 } grpc_timeout_header_max { } }",
       none, none, none},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.text);
    const auto check = [&](Profile profile, absl::Duration expected) {
      const std::string text = Action("cluster: 'c' " + row.text);
      if (expected == absl::ZeroDuration()) {
        EXPECT_THAT(std::string(Decode(profile, text).error.message()),
                    HasSubstr("routes[0].route.timeout: negative"));
      } else {
        EXPECT_EQ(GoodRoute(profile, text).timeout, expected);
      }
    };
    check(Profile::kMesh, row.mesh);
    check(Profile::kEnvoy, row.envoy);
    check(Profile::kGrpc, row.grpc);
  }
}

TEST(RoutesValidationTest, OnlyGrpcAcceptsADomainTwice) {
  const std::string text =
      "name: 'r' virtual_hosts { domains: 'a' } virtual_hosts { domains: 'A' }";
  EXPECT_THAT(std::string(Decode(Profile::kMesh, text).error.message()),
              HasSubstr("virtual_hosts[1].domains[0]: \"A\" is there twice"));
  EXPECT_FALSE(Decode(Profile::kEnvoy, text).error.ok());
  EXPECT_TRUE(Decode(Profile::kGrpc, text).error.ok());
}

TEST(RoutesValidationTest, WhatMustBeUnderstoodIsRefusedByItsPath) {
  proto::RouteConfiguration message;
  ASSERT_TRUE(
      message.ParseFromString(Serialized<proto::RouteConfiguration>(Action("cluster: 'c'"))));
  proto::RouteMatch* match = message.mutable_virtual_hosts(0)->mutable_routes(0)->mutable_match();
  match->GetReflection()->MutableUnknownFields(match)->AddLengthDelimited(6)->assign("");
  const DecodeResult result = DecodeBytes(*NewResourceTypes(Profile::kMesh).route_configuration,
                                          message.SerializeAsString());
  EXPECT_THAT(std::string(result.error.message()),
              HasSubstr("virtual_hosts[0].routes[0].match.headers: not supported ("));
}

TEST(RoutesValidationTest, TextThatIsNotUtf8) {
  EXPECT_THAT(std::string(Decode(Profile::kMesh, Action("cluster: '\\xff'")).error.message()),
              HasSubstr("virtual_hosts[0].routes[0].route.cluster: not UTF-8"));
}

TEST(RoutesValidationTest, TheSameBytesGiveTheSameResource) {
  const ResourceTypes types = NewResourceTypes(Profile::kMesh);
  const std::string bytes = Serialized<proto::RouteConfiguration>(Action("cluster: 'c'"));
  const std::string other = Serialized<proto::RouteConfiguration>(Action("cluster: 'd'"));
  const DecodeResult first = DecodeBytes(*types.route_configuration, bytes);
  EXPECT_EQ(DecodeBytes(*types.route_configuration, bytes, first.resource).resource,
            first.resource);
  EXPECT_NE(DecodeBytes(*types.route_configuration, other, first.resource).resource,
            first.resource);
}

}  // namespace
}  // namespace mesh::xds
