// What few endpoints have: metadata for balancing (envoy.lb; gRFC A76), and how their health is
// asked for.

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mesh/model/endpoints.h"
#include "mesh/xds/proto/endpoint.pb.h"
#include "mesh/xds/proto/metadata.pb.h"
#include "tests/xds/resources/resource_text.h"

namespace mesh::xds {
namespace {

using model::EndpointExtras;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr Profile kAll[] = {Profile::kMesh, Profile::kEnvoy, Profile::kGrpc};

// An endpoint; each of its own address.
std::string Endpoint(const std::string& inner, const std::string& outer, int number = 1) {
  return absl::StrCat("lb_endpoints { endpoint { address { socket_address { address: '10.0.0.",
                      number, "' port_value: 80 } } ", inner, " } ", outer, " } ");
}
// An entry of metadata; `fields` is of a Struct.
std::string Entry(const std::string& filter, const std::string& fields) {
  return absl::StrCat("filter_metadata { key: '", filter, "' value: '",
                      absl::CEscape(Serialized<proto::Struct>(fields)), "' } ");
}
// An endpoint's metadata with one entry.
std::string Metadata(const std::string& filter, const std::string& fields) {
  return "metadata { " + Entry(filter, fields) + "} ";
}
std::string Field(const std::string& key, const std::string& value) {
  return "fields { key: '" + key + "' value { " + value + " } } ";
}
std::string Text(const std::string& key, const std::string& value) {
  return Field(key, "string_value: '" + value + "'");
}

DecodeResult Decode(Profile profile, const std::string& endpoints) {
  return DecodeBytes(*NewResourceTypes(profile).cluster_load_assignment,
                     Serialized<proto::ClusterLoadAssignment>(
                         "cluster_name: 'echo' endpoints { locality { region: 'r' } "
                         "load_balancing_weight { value: 1 } " +
                         endpoints + "}"));
}

std::shared_ptr<const model::ClusterLoadAssignment> Good(Profile profile,
                                                         const std::string& endpoints) {
  const DecodeResult result = Decode(profile, endpoints);
  EXPECT_TRUE(result.error.ok()) << result.error << " in " << endpoints;
  if (result.resource == nullptr) return std::make_shared<model::ClusterLoadAssignment>();
  return ModelOf<model::ClusterLoadAssignment>(result.resource);
}

std::vector<std::shared_ptr<const EndpointExtras>> AllExtras(Profile profile,
                                                             const std::string& endpoints) {
  std::vector<std::shared_ptr<const EndpointExtras>> all;
  const auto assignment = Good(profile, endpoints);
  for (const auto& locality : assignment->localities) {
    locality->endpoints.ForEach([&](const auto& endpoint) { all.push_back(endpoint.extras); });
  }
  return all;
}

// Those of the one endpoint, which has some.
EndpointExtras Extras(Profile profile, const std::string& inner, const std::string& outer) {
  const auto all = AllExtras(profile, Endpoint(inner, outer));
  EXPECT_EQ(all.size(), 1u);
  if (all.empty() || all[0] == nullptr) {
    ADD_FAILURE() << "no extras";
    return {};
  }
  return *all[0];
}

TEST(EndpointExtrasTest, MostEndpointsHaveNone) {
  for (const Profile profile : kAll) {
    for (const std::string& endpoint :
         {Endpoint("", ""), Endpoint("", "metadata { }"), Endpoint("health_check_config { }", ""),
          Endpoint("", Metadata("envoy.lb", "")),
          Endpoint("", Metadata("istio", Text("a", "b")))}) {
      EXPECT_THAT(AllExtras(profile, endpoint), ElementsAre(nullptr)) << endpoint;
    }
  }
}

// gRFC A76: text that is not empty; anything else is as if it were not there.
TEST(EndpointExtrasTest, HashKey) {
  for (const Profile profile : kAll) {
    EXPECT_EQ(Extras(profile, "", Metadata("envoy.lb", Text("hash_key", "k"))).hash_key, "k");
    EXPECT_EQ(Extras(profile, "", Metadata("envoy.lb", Text("hash_key", ""))).hash_key, "");
    EXPECT_EQ(
        Extras(profile, "", Metadata("envoy.lb", Field("hash_key", "number_value: 1"))).hash_key,
        "");
    EXPECT_EQ(Extras(profile, "", Metadata("envoy.lb", Text("a", "b"))).hash_key, "");
    EXPECT_THAT(AllExtras(profile, Endpoint("", Metadata("other", Text("hash_key", "k")))),
                ElementsAre(nullptr));
  }
}

TEST(EndpointExtrasTest, WhatSubsetsAreMadeOf) {
  const std::string fields =
      Text("version", "v1") + Field("canary", "bool_value: true") +
      Field("stage", "bool_value: false") + Field("shard", "number_value: 7") +
      Field("part", "number_value: 0.1") + Field("large", "number_value: 12345678901234567") +
      Field("below", "number_value: -3") + Field("nothing", "") + Text("empty", "") +
      Text("twice", "first") + Text("twice", "last") + Text("quoted", "\"\\\\\\n") +
      Field("zero", "number_value: -0") + Field("null", "null_value: 0") +
      Field("list",
            "list_value { values { string_value: 'a' } values { number_value: 1 } "
            "values { list_value { } } }") +
      Field("struct",
            "struct_value { fields { key: 'b' value { bool_value: true } } "
            "fields { key: 'a' value { string_value: 'x' } } }");
  for (const Profile profile : kAll) {
    const EndpointExtras extras = Extras(profile, "", Metadata("envoy.lb", fields));
    EXPECT_THAT(
        extras.metadata,
        ElementsAre(Pair("below", "-3"), Pair("canary", "true"), Pair("empty", R"("")"),
                    Pair("large", "12345678901234568"), Pair("list", R"(["a",1,[]])"),
                    Pair("null", "null"), Pair("part", "0.1"), Pair("quoted", R"("\"\\\u000a")"),
                    Pair("shard", "7"), Pair("stage", "false"),
                    Pair("struct", R"({"a":"x","b":true})"), Pair("twice", R"("last")"),
                    Pair("version", R"("v1")"), Pair("zero", "0")));
  }
}

TEST(EndpointExtrasTest, OfAKeyThatIsThereTwiceTheLastCounts) {
  const std::string twice =
      "metadata { " + Entry("envoy.lb", Text("a", "1")) + Entry("envoy.lb", Text("b", "2")) + "} ";
  EXPECT_THAT(Extras(Profile::kMesh, "", twice).metadata, ElementsAre(Pair("b", R"("2")")));
}

TEST(EndpointExtrasTest, WhatIsOfNoUseIsListed) {
  proto::Value unknown;
  unknown.GetReflection()->MutableUnknownFields(&unknown)->AddLengthDelimited(7)->assign("");
  proto::Struct fields;
  *fields.add_fields()->mutable_value()->mutable_list_value()->add_values() = unknown;
  const std::string metadata = absl::StrCat("metadata { filter_metadata { key: 'envoy.lb' value: '",
                                            absl::CEscape(fields.SerializeAsString()), "' } ",
                                            Entry("istio", Text("workload", "w")), "} ");
  EXPECT_THAT(
      Good(Profile::kMesh, Endpoint("", metadata))->ignored,
      ElementsAre("endpoints.lb_endpoints.metadata.filter_metadata.\"istio\"",
                  "endpoints.lb_endpoints.metadata.filter_metadata.fields.value.list_value.values."
                  "field 7 of Value"));
}

TEST(EndpointExtrasTest, HealthChecks) {
  const std::string config =
      "health_check_config { port_value: 8081 hostname: 'echo' disable_active_health_check: true }";
  for (const Profile profile : {Profile::kMesh, Profile::kEnvoy}) {
    const EndpointExtras extras = Extras(profile, config, "");
    EXPECT_EQ(extras.health_check_port, 8081u);
    EXPECT_EQ(extras.health_check_hostname, "echo");
    EXPECT_EQ(extras.hostname, "");
    EXPECT_TRUE(extras.disable_active_health_check);
  }
  EXPECT_THAT(AllExtras(Profile::kGrpc, Endpoint(config, "")), ElementsAre(nullptr));
  EXPECT_THAT(Good(Profile::kGrpc, Endpoint(config, ""))->ignored,
              ElementsAre("endpoints.lb_endpoints.endpoint.health_check_config"));
}

TEST(EndpointExtrasTest, Hostname) {
  for (const Profile profile : {Profile::kMesh, Profile::kEnvoy}) {
    const EndpointExtras extras = Extras(profile, "hostname: 'echo'", "");
    EXPECT_EQ(extras.hostname, "echo");
    EXPECT_EQ(extras.health_check_hostname, "");
    EXPECT_THAT(Good(profile, Endpoint("hostname: 'echo'", ""))->ignored, IsEmpty());
    EXPECT_THAT(AllExtras(profile, Endpoint("hostname: ''", "")), ElementsAre(nullptr));
  }
  EXPECT_THAT(AllExtras(Profile::kGrpc, Endpoint("hostname: 'echo'", "")), ElementsAre(nullptr));
  EXPECT_THAT(Good(Profile::kGrpc, Endpoint("hostname: 'echo'", ""))->ignored,
              ElementsAre("endpoints.lb_endpoints.endpoint.hostname"));
}

std::string Additional(const std::string& address) {
  return "additional_addresses { address { socket_address { address: '" + address +
         "' port_value: 80 } } } ";
}

TEST(EndpointExtrasTest, AdditionalAddresses) {
  for (const Profile profile : kAll) {
    const EndpointExtras extras =
        Extras(profile, Additional("10.9.9.9") + Additional("2001:db8::1"), "");
    EXPECT_THAT(extras.additional_addresses, ElementsAre("10.9.9.9:80", "[2001:db8::1]:80"));
    EXPECT_THAT(Good(profile, Endpoint(Additional("10.9.9.9"), ""))->ignored, IsEmpty());
    std::string many;
    for (int i = 0; i < 15; ++i) many += Additional("10.9.9." + std::to_string(i));
    EXPECT_EQ(Extras(profile, many, "").additional_addresses.size(), 15u);
    const auto error = [&](const std::string& fields) {
      return std::string(Decode(profile, Endpoint(fields, "")).error.message());
    };
    const std::string at = "endpoints[0].lb_endpoints[0].endpoint.additional_addresses";
    EXPECT_THAT(error(many + Additional("10.9.9.15")), HasSubstr(at + ": 16 are more than 15"));
    EXPECT_THAT(error(Additional("10.9.9.9") + "additional_addresses { } "),
                HasSubstr(at + "[1].address: "));
    if (profile == Profile::kGrpc) continue;  // no address may be a name there
    EXPECT_THAT(error(Additional("a.test")), HasSubstr(at + "[0].address: a name, not an address"));
  }
}

TEST(EndpointExtrasTest, Refused) {
  const std::string at = "endpoints[0].lb_endpoints[0].";
  const struct {
    std::string endpoint;
    std::string error;
    bool in_grpc;
  } kRows[] = {
      {Endpoint("health_check_config { port_value: 65536 }", ""),
       at + "endpoint.health_check_config.port_value: port 65536 is out of range", false},
      {Endpoint("health_check_config { hostname: 'a b' }", ""),
       at + "endpoint.health_check_config.hostname: has spaces or control characters", false},
      {Endpoint("hostname: '\\377'", ""), at + "endpoint.hostname: not UTF-8", false},
      {Endpoint("", "metadata { filter_metadata { key: 'envoy.lb' value: '\\377' } }"),
       at + "metadata.filter_metadata[\"envoy.lb\"]: the bytes are not a google.protobuf.Struct",
       true},
      {Endpoint("", Metadata("envoy.lb", Text("a", "\\377"))),
       at + "metadata.filter_metadata[\"envoy.lb\"].fields[0].value.string_value: not UTF-8", true},
      {Endpoint("", Metadata("\\377", "")), at + "metadata.filter_metadata[0].key: not UTF-8",
       true},
  };
  for (const auto& row : kRows) {
    for (const Profile profile : kAll) {
      const DecodeResult result = Decode(profile, row.endpoint);
      if (profile == Profile::kGrpc && !row.in_grpc) {
        EXPECT_TRUE(result.error.ok()) << result.error;
      } else {
        EXPECT_THAT(std::string(result.error.message()), HasSubstr(row.error));
      }
    }
  }
  // What nobody reads is not looked into.
  EXPECT_TRUE(Decode(Profile::kMesh,
                     Endpoint("", "metadata { filter_metadata { key: 'x' value: '\\377' } }"))
                  .error.ok());
}

// Equal ones in a row are there once.
TEST(EndpointExtrasTest, EndpointsShareThem) {
  const std::string one = Metadata("envoy.lb", Text("version", "v1"));
  const std::string two = Metadata("envoy.lb", Text("version", "v2"));
  const auto all =
      AllExtras(Profile::kMesh, Endpoint("", one, 1) + Endpoint("", one, 2) + Endpoint("", "", 3) +
                                    Endpoint("", one, 4) + Endpoint("", two, 5));
  ASSERT_EQ(all.size(), 5u);
  EXPECT_EQ(all[0], all[1]);
  EXPECT_EQ(all[2], nullptr);
  EXPECT_EQ(all[0], all[3]);
  EXPECT_NE(all[0], all[4]);
  EXPECT_THAT(all[4]->metadata, ElementsAre(Pair("version", R"("v2")")));
}

}  // namespace
}  // namespace mesh::xds
