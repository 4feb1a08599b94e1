// Which endpoint resources are accepted, and what they become: the corpus of grpc-go's
// unmarshal_eds_test.go, row by row.

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mesh/model/endpoints.h"
#include "mesh/xds/proto/endpoint.pb.h"
#include "tests/xds/resources/resource_text.h"

namespace mesh::xds {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr Profile kAll[] = {Profile::kMesh, Profile::kEnvoy, Profile::kGrpc};

std::string Endpoint(const std::string& host, int port, const std::string& more = "") {
  return "lb_endpoints { endpoint { address { socket_address { address: '" + host +
         "' port_value: " + std::to_string(port) + " } } } " + more + " } ";
}

std::string Locality(const std::string& region, int priority, const std::string& endpoints,
                     const std::string& weight = "1") {
  return "endpoints { locality { region: '" + region + "' } priority: " + std::to_string(priority) +
         (weight.empty() ? "" : " load_balancing_weight { value: " + weight + " }") + " " +
         endpoints + "} ";
}

DecodeResult Decode(Profile profile, const std::string& text) {
  return DecodeBytes(*NewResourceTypes(profile).cluster_load_assignment,
                     Serialized<proto::ClusterLoadAssignment>(text));
}

const std::string kName = "cluster_name: 'echo' ";

TEST(EndpointsValidationTest, AGoodResource) {
  const DecodeResult result = Decode(
      Profile::kMesh,
      kName + Locality("a", 0, Endpoint("10.0.0.1", 80) + Endpoint("2001:DB8:0::1", 81)) +
          Locality("b", 1,
                   Endpoint("echo.example.com", 82,
                            "health_status: 3 load_balancing_weight { value: 7 }") +
                       "lb_endpoints { endpoint { address { pipe { path: '/run/echo' } } } }",
                   "3"));
  ASSERT_TRUE(result.error.ok()) << result.error;
  EXPECT_EQ(result.name, "echo");
  const auto value = ModelOf<model::ClusterLoadAssignment>(result.resource);
  EXPECT_EQ(value->cluster_name, "echo");
  EXPECT_EQ(value->overprovisioning_factor, 140u);
  EXPECT_THAT(value->ignored, IsEmpty());
  ASSERT_EQ(value->localities.size(), 2u);
  EXPECT_EQ(value->endpoint_count(), 4u);
  EXPECT_TRUE(value->has_names());
  const model::LocalityEndpoints& a = *value->localities[0];
  const model::LocalityEndpoints& b = *value->localities[1];
  EXPECT_EQ(a.locality.ToString(), "a//");
  EXPECT_FALSE(a.endpoints.has_names());
  EXPECT_TRUE(b.endpoints.has_names());
  EXPECT_EQ(a.priority, 0u);
  EXPECT_EQ(a.weight, 1u);
  EXPECT_EQ(b.priority, 1u);
  EXPECT_EQ(b.weight, 3u);
  std::vector<model::EndpointConfig> endpoints;
  for (const auto& locality : value->localities) {
    locality->endpoints.ForEach([&](const auto& endpoint) { endpoints.push_back(endpoint); });
  }
  using model::HealthStatus;
  EXPECT_THAT(endpoints,
              ElementsAre(model::EndpointConfig{"10.0.0.1:80", 1, HealthStatus::kUnknown},
                          model::EndpointConfig{"[2001:db8::1]:81", 1, HealthStatus::kUnknown},
                          model::EndpointConfig{"echo.example.com:82", 7, HealthStatus::kDraining},
                          model::EndpointConfig{"unix:/run/echo", 1, HealthStatus::kUnknown}));
}

struct Row {
  std::string defect;
  std::string text;
  std::string error;  // part of it; empty: accepted
};

TEST(EndpointsValidationTest, InEveryProfile) {
  const std::string one = Endpoint("10.0.0.1", 80);
  const std::string two = Endpoint("10.0.0.2", 80);
  const std::string three = Endpoint("10.0.0.3", 80);
  const Row rows[] = {
      {"no name", Locality("a", 0, one), "cluster load assignment: cluster_name: empty"},
      {"nothing else", kName, ""},
      {"no endpoints", kName + Locality("a", 0, ""), ""},
      {"EDS-16: priority 0 missing", kName + Locality("a", 1, one),
       "endpoints: priority 0 is empty, but 1 is not"},
      {"a gap", kName + Locality("a", 0, one) + Locality("b", 2, two),
       "priority 1 is empty, but 2 is not"},
      {"no locality", kName + "endpoints { load_balancing_weight { value: 1 } " + one + "}",
       "\"echo\": endpoints[0].locality: missing"},
      {"an empty locality",
       kName + "endpoints { locality { } load_balancing_weight { value: 1 } " + one + "}", ""},
      {"endpoint weight 0",
       kName + Locality("a", 0, one + Endpoint("10.0.0.2", 80, "load_balancing_weight { }")),
       "endpoints[0].lb_endpoints[1].load_balancing_weight: zero"},
      {"a locality twice", kName + Locality("a", 0, one) + Locality("a", 0, two),
       "endpoints[1].locality: \"a//\" is there twice in priority 0"},
      {"a locality in two priorities", kName + Locality("a", 0, one) + Locality("a", 1, two), ""},
      {"endpoint weights too large together",
       kName +
           Locality("a", 0,
                    one + Endpoint("10.0.0.2", 80, "load_balancing_weight { value: 4294967295 }")),
       "endpoints[0].lb_endpoints: the sum of weights, 4294967296, is out of range"},
      {"locality weights too large together",
       kName + Locality("a", 0, one, "4294967295") + Locality("b", 0, two),
       "the weights of localities of priority 0, 4294967296, is out of range"},
      {"large weights in two priorities",
       kName + Locality("a", 0, one, "4294967295") + Locality("b", 1, two), ""},
      {"unknown denominator",
       kName + Locality("a", 0, one) +
           "policy { drop_overloads { category: 'x' drop_percentage { numerator: 1 denominator: 7 "
           "} } }",
       "policy.drop_overloads[0].drop_percentage.denominator: unknown value 7"},
      {"negative denominator",
       kName + "policy { drop_overloads { category: 'x' drop_percentage { denominator: -1 } } }",
       "policy.drop_overloads[0].drop_percentage.denominator: unknown value -1"},  // DRP-05
      {"a drop without category",
       kName + "policy { drop_overloads { drop_percentage { numerator: 1 } } }",
       "policy.drop_overloads[0].category: empty"},
      {"port out of range", kName + Locality("a", 0, one + two + Endpoint("10.0.0.3", 70000)),
       "cluster load assignment \"echo\": "
       "endpoints[0].lb_endpoints[2].endpoint.address.socket_address.port_value: port 70000 is out "
       "of range"},
      {"no address", kName + Locality("a", 0, "lb_endpoints { endpoint { } }"),
       "endpoints[0].lb_endpoints[0].endpoint.address: neither a socket_address nor a pipe"},
      {"no endpoint", kName + Locality("a", 0, "lb_endpoints { health_status: 1 }"),
       "endpoints[0].lb_endpoints[0].endpoint: missing"},
      {"an empty host", kName + Locality("a", 0, Endpoint("", 80)),
       "socket_address.address: empty"},
      {"no host name", kName + Locality("a", 0, Endpoint("a/b", 80)),
       "socket_address.address: neither an IP address nor a host name"},
      {"a zero in a host", kName + Locality("a", 0, Endpoint("10.0.0.1\\000x", 80)),
       "neither an IP address nor a host name"},
      {"a relative pipe",
       kName + Locality("a", 0, "lb_endpoints { endpoint { address { pipe { path: 'x' } } } }"),
       "endpoint.address.pipe.path: not an absolute path"},
      {"unhealthy and draining",
       kName + Locality("a", 0,
                        Endpoint("10.0.0.1", 80, "health_status: 2") +
                            Endpoint("10.0.0.2", 80, "health_status: 3")),
       ""},
  };
  for (const Profile profile : kAll) {
    for (const Row& row : rows) {
      SCOPED_TRACE(row.defect);
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

// Each of which is asked for again and again.
TEST(EndpointsValidationTest, SoManyNames) {
  for (const int count : {1000, 1001}) {
    std::string endpoints;
    for (int i = 0; i < count; ++i) endpoints += Endpoint("n" + std::to_string(i), 80);
    endpoints += Endpoint("10.0.0.1", 80) + Endpoint("n0", 81);
    const DecodeResult result = Decode(Profile::kMesh, kName + Locality("a", 0, endpoints));
    EXPECT_EQ(
        result.error.message(),
        count == 1000 ? "" : "cluster load assignment \"echo\": endpoints: more than 1000 names");
  }
}

TEST(EndpointsValidationTest, OnlyGrpcMindsAddressesThatAreThereTwice) {
  const std::string one = Endpoint("10.0.0.1", 80);
  const std::string two = Endpoint("10.0.0.2", 80);
  const std::string also_one =
      "lb_endpoints { endpoint { address { socket_address { address: '10.0.0.2' port_value: 80 } } "
      "additional_addresses { address { socket_address { address: '10.0.0.1' port_value: 80 } } } "
      "} } ";
  const std::string texts[] = {
      kName + Locality("a", 0, one + one),
      kName + Locality("a", 0, one) + Locality("b", 0, one),
      kName + Locality("a", 0, one + also_one),
      kName + Locality("a", 0, one) + Locality("b", 1, also_one),
  };
  for (const std::string& text : texts) {
    SCOPED_TRACE(text);
    EXPECT_TRUE(Decode(Profile::kMesh, text).error.ok());
    EXPECT_TRUE(Decode(Profile::kEnvoy, text).error.ok());
    EXPECT_THAT(std::string(Decode(Profile::kGrpc, text).error.message()),
                HasSubstr("address 10.0.0.1:80 is there twice"));
  }
}

// LOC-15: a locality without weight takes no load there, and nothing in it is looked at.
TEST(EndpointsValidationTest, OnlyGrpcDropsALocalityWithoutWeight) {
  const std::string text = kName + Locality("a", 0, Endpoint("10.0.0.1", 80)) +
                           Locality("b", 0, Endpoint("10.0.0.2", 80), "") +
                           Locality("c", 0, Endpoint("10.0.0.3", 80), "0");
  const auto size = [&](Profile profile) {
    const DecodeResult result = Decode(profile, text);
    EXPECT_TRUE(result.error.ok()) << result.error;
    return ModelOf<model::ClusterLoadAssignment>(result.resource)->localities.size();
  };
  EXPECT_EQ(size(Profile::kMesh), 3u);
  EXPECT_EQ(size(Profile::kEnvoy), 3u);
  EXPECT_EQ(size(Profile::kGrpc), 1u);

  const auto ignored = [&](Profile profile) {
    return ModelOf<model::ClusterLoadAssignment>(Decode(profile, text).resource)->ignored;
  };
  EXPECT_THAT(ignored(Profile::kMesh), IsEmpty());
  EXPECT_THAT(ignored(Profile::kGrpc),
              ElementsAre("endpoints.lb_endpoints, of a locality without weight"));

  const std::string skipped = kName + Locality("a", 0, Endpoint("10.0.0.1", 80)) +
                              Locality("a", 0, Endpoint("10.0.0.1", 70000), "0");
  EXPECT_TRUE(Decode(Profile::kGrpc, skipped).error.ok());
  EXPECT_FALSE(Decode(Profile::kMesh, skipped).error.ok());

  EXPECT_THAT(
      std::string(Decode(Profile::kGrpc, kName + Locality("a", 0, "", "0") + Locality("b", 1, ""))
                      .error.message()),
      HasSubstr("priority 0 is empty"));
}

TEST(EndpointsValidationTest, ValuesThatOnlyEnvoyMinds) {
  const std::string texts[] = {
      kName + Locality("a", 0, Endpoint("10.0.0.1", 80, "health_status: 9")),
      kName + "policy { overprovisioning_factor { } }",
      kName + Locality("a", 0,
                       "lb_endpoints { endpoint { address { socket_address { protocol: 1 address: "
                       "'10.0.0.1' port_value: 80 } } } }"),
  };
  for (const std::string& text : texts) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(Decode(Profile::kMesh, text).error.ok());
    EXPECT_FALSE(Decode(Profile::kEnvoy, text).error.ok());
    EXPECT_TRUE(Decode(Profile::kGrpc, text).error.ok());
  }
}

std::string Drop(const std::string& category, const std::string& percentage) {
  return "drop_overloads { category: '" + category + "' drop_percentage { " + percentage + " } } ";
}
std::string Policy(const std::string& fields) { return kName + "policy { " + fields + " }"; }

std::shared_ptr<const model::ClusterLoadAssignment> Good(Profile profile, const std::string& text) {
  const DecodeResult result = Decode(profile, text);
  EXPECT_TRUE(result.error.ok()) << result.error;
  return ModelOf<model::ClusterLoadAssignment>(result.resource);
}

TEST(EndpointsValidationTest, Drops) {
  const struct {
    std::string percentage;
    uint32_t per_million;
  } kRows[] = {
      {"", 0},
      {"numerator: 1", 10'000},  // HUNDRED
      {"numerator: 100", 1'000'000},
      {"numerator: 101", 1'000'000},
      {"numerator: 4294967295", 1'000'000},
      {"numerator: 1 denominator: 1", 100},  // TEN_THOUSAND
      {"numerator: 10001 denominator: 1", 1'000'000},
      {"numerator: 1 denominator: 2", 1},
      {"numerator: 1000000 denominator: 2", 1'000'000},  // DRP-03
      {"numerator: 4294967295 denominator: 2", 1'000'000},
  };
  for (const Profile profile : kAll) {
    for (const auto& row : kRows) {
      SCOPED_TRACE(row.percentage);
      EXPECT_THAT(Good(profile, Policy(Drop("x", row.percentage)))->drops,
                  ElementsAre(model::DropCategory{"x", row.per_million}));
    }
    EXPECT_THAT(Good(profile, Policy("drop_overloads { category: 'x' }"))->drops,
                ElementsAre(model::DropCategory{"x", 0}));
    EXPECT_THAT(Good(profile, Policy(""))->drops, IsEmpty());
    EXPECT_THAT(Good(profile, Policy(Drop("x", "numerator: 1")))->ignored, IsEmpty());
  }
}

// DRP-01; Envoy takes one category.
TEST(EndpointsValidationTest, SeveralDropsInTheirOrder) {
  const std::string two = Policy(Drop("lb", "numerator: 100000 denominator: 2") +
                                 Drop("throttle", "numerator: 200000 denominator: 2"));
  for (const Profile profile : {Profile::kMesh, Profile::kGrpc}) {
    EXPECT_THAT(Good(profile, two)->drops, ElementsAre(model::DropCategory{"lb", 100'000},
                                                       model::DropCategory{"throttle", 200'000}));
  }
  EXPECT_THAT(std::string(Decode(Profile::kEnvoy, two).error.message()),
              HasSubstr("policy.drop_overloads: 2 are more than 1"));
  std::string many;
  for (int i = 0; i < 128; ++i) many += Drop("x", "");
  EXPECT_EQ(Good(Profile::kMesh, Policy(many))->drops.size(), 128u);
  EXPECT_THAT(std::string(Decode(Profile::kMesh, Policy(many + Drop("x", ""))).error.message()),
              HasSubstr("policy.drop_overloads: 129 are more than 128"));
}

TEST(EndpointsValidationTest, WeightsOfPriorities) {
  const std::string text = Policy(
      "weighted_priority_health: true overprovisioning_factor { value: "
      "200 }");
  for (const Profile profile : kAll) {
    const bool grpc = profile == Profile::kGrpc;
    EXPECT_EQ(Good(profile, text)->weighted_priority_health, !grpc);
    EXPECT_EQ(Good(profile, text)->overprovisioning_factor, grpc ? 140u : 200u);
    EXPECT_FALSE(Good(profile, kName)->weighted_priority_health);
  }
  EXPECT_THAT(Good(Profile::kGrpc, text)->ignored,
              ElementsAre("policy.overprovisioning_factor", "policy.weighted_priority_health"));
}

TEST(EndpointsValidationTest, BytesThatAreNoMessage) {
  const ResourceTypes types = NewResourceTypes(Profile::kMesh);
  EXPECT_FALSE(DecodeBytes(*types.cluster_load_assignment, "\xff\xff").error.ok());
  const std::string good =
      Serialized<proto::ClusterLoadAssignment>(kName + Locality("a", 0, Endpoint("10.0.0.1", 80)) +
                                               Locality("b", 0, Endpoint("10.0.0.2", 80)));
  for (size_t size = 1; size < good.size(); ++size) {
    const DecodeResult result =
        DecodeBytes(*types.cluster_load_assignment, absl::string_view(good).substr(0, size));
    EXPECT_EQ(result.error.ok(), result.resource != nullptr);
  }
  // Whatever is wrong with it, a resource whose name can be found is reported by it.
  const DecodeResult cut =
      DecodeBytes(*types.cluster_load_assignment, absl::string_view(good).substr(0, 20));
  EXPECT_EQ(cut.name, "echo");
  EXPECT_FALSE(cut.error.ok());
}

TEST(EndpointsValidationTest, AllErrorsAtOnce) {
  const DecodeResult result =
      Decode(Profile::kMesh, kName + Locality("a", 1, Endpoint("", 80) + Endpoint("b", 70000)));
  const std::string error(result.error.message());
  EXPECT_THAT(error, HasSubstr("priority 0 is empty"));
  EXPECT_THAT(error, HasSubstr("lb_endpoints[0].endpoint.address.socket_address.address: empty"));
  EXPECT_THAT(error,
              HasSubstr("lb_endpoints[1].endpoint.address.socket_address.port_value: port 70000"));
}

TEST(EndpointsValidationTest, FieldsThatDoNothingAreListed) {
  proto::ClusterLoadAssignment message;
  ASSERT_TRUE(message.ParseFromString(Serialized<proto::ClusterLoadAssignment>(
      kName + Locality("a", 0, Endpoint("10.0.0.1", 80) + Endpoint("10.0.0.2", 80)))));
  const auto set = [](google::protobuf::Message* part, int number) {
    part->GetReflection()->MutableUnknownFields(part)->AddLengthDelimited(number)->assign("");
  };
  proto::LocalityLbEndpoints* locality = message.mutable_endpoints(0);
  set(locality->mutable_lb_endpoints(1)->mutable_metadata(), 2);
  set(locality->mutable_lb_endpoints(1)->mutable_endpoint()->mutable_health_check_config(), 3);
  set(locality, 9);
  set(&message, 5);
  set(&message, 99);
  const DecodeResult result = DecodeBytes(*NewResourceTypes(Profile::kMesh).cluster_load_assignment,
                                          message.SerializeAsString());
  ASSERT_TRUE(result.error.ok()) << result.error;
  EXPECT_THAT(
      ModelOf<model::ClusterLoadAssignment>(result.resource)->ignored,
      ElementsAre("endpoints.lb_endpoints.endpoint.health_check_config.address",
                  "endpoints.lb_endpoints.metadata.typed_filter_metadata", "endpoints.metadata",
                  "field 99 of ClusterLoadAssignment", "named_endpoints"));
}

}  // namespace
}  // namespace mesh::xds
