// Which listeners are accepted, and what they become: the client's half of the corpus of grpc-go's
// unmarshal_lds_test.go, row by row.

#include <string>
#include <variant>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mesh/model/route.h"
#include "mesh/xds/proto/http_connection_manager.pb.h"
#include "mesh/xds/proto/listener.pb.h"
#include "tests/xds/resources/resource_text.h"

namespace mesh::xds {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr Profile kAll[] = {Profile::kMesh, Profile::kEnvoy, Profile::kGrpc};
constexpr char kManager[] =
    "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
constexpr char kRouter[] = "envoy.extensions.filters.http.router.v3.Router";
const std::string kRds = "rds { config_source { ads { } } route_config_name: 'r' } ";

std::string Filter(const std::string& name, const std::string& any, const std::string& more = "") {
  return "http_filters { name: '" + name + "' typed_config " + any + " " + more + " } ";
}
std::string Router() { return Filter("router", AnyText(kRouter, "")); }

// A listener with such a connection manager.
std::string Listener(const std::string& manager) {
  return Serialized<proto::Listener>(
      "name: 'l' api_listener { api_listener " +
      AnyText(kManager, Serialized<proto::HttpConnectionManager>(manager)) + " }");
}

DecodeResult Decode(Profile profile, const std::string& bytes) {
  return DecodeBytes(*NewResourceTypes(profile).listener, bytes);
}

std::string TypedStruct(const std::string& package, const std::string& fields) {
  const std::string url = "type.googleapis.com/" + std::string(kRouter);
  std::string bytes = "\x0a" + std::string(1, static_cast<char>(url.size())) + url;
  if (!fields.empty()) bytes += "\x12" + std::string(1, static_cast<char>(fields.size())) + fields;
  return AnyText(package + ".TypedStruct", bytes);
}

TEST(ListenerValidationTest, Rds) {
  const DecodeResult result = Decode(Profile::kMesh, Listener(kRds + Router()));
  ASSERT_TRUE(result.error.ok()) << result.error;
  EXPECT_EQ(result.name, "l");
  const auto listener = ModelOf<model::Listener>(result.resource);
  EXPECT_EQ(listener->name, "l");
  EXPECT_EQ(std::get<std::string>(listener->routes), "r");
  EXPECT_THAT(listener->ignored, IsEmpty());
}

TEST(ListenerValidationTest, InlineRoutes) {
  const DecodeResult result = Decode(
      Profile::kMesh, Listener("route_config { virtual_hosts { domains: '*' routes { match { "
                               "prefix: '' } route { cluster: 'c' } } } } " +
                               Router()));
  ASSERT_TRUE(result.error.ok()) << result.error;
  const auto listener = ModelOf<model::Listener>(result.resource);
  const auto routes = std::get<0>(listener->routes);
  ASSERT_NE(routes, nullptr);
  EXPECT_EQ(routes->virtual_hosts[0].routes[0].clusters[0].cluster, "c");
}

struct Row {
  std::string what;
  std::string bytes;
  std::string error;  // part of it; empty: accepted
};

TEST(ListenerValidationTest, InEveryProfile) {
  const std::string unknown = AnyText("example.Filter", "");
  const std::string fault = "envoy.extensions.filters.http.fault.v3.HTTPFault";
  const Row rows[] = {
      {"bad bytes", "\xff\xff", "listener: the bytes are not a message of its type"},
      // protobuf's parser would skip the group, and read the second name.
      {"a group, which proto3 does not have",
       Serialized<proto::Listener>("name: 'l'") + "\x73\x74" +
           Serialized<proto::Listener>("name: 'other'"),
       "listener \"l\": the bytes are not a message of its type"},
      {"bad bytes behind a name", Serialized<proto::Listener>("name: 'l'") + "\xff",
       "listener \"l\": the bytes are not a message of its type"},
      {"no name",
       Serialized<proto::Listener>(
           "api_listener { api_listener " +
           AnyText(kManager, Serialized<proto::HttpConnectionManager>(kRds + Router())) + " }"),
       "listener: name: empty"},
      {"no API listener", Serialized<proto::Listener>("name: 'l'"),
       "listener \"l\": api_listener: missing"},
      {"wrong type",
       Serialized<proto::Listener>("name: 'l' api_listener { api_listener " +
                                   AnyText("example.X", "") + " }"),
       "api_listener.api_listener: \"type.googleapis.com/example.X\" is no HttpConnectionManager"},
      {"bad manager",
       Serialized<proto::Listener>("name: 'l' api_listener { api_listener " +
                                   AnyText(kManager, "\xff") + " }"),
       "api_listener.api_listener: the bytes are not a envoy"},
      {"empty manager", Listener(""), "neither rds nor route_config"},
      {"no config source", Listener("rds { route_config_name: 'r' } " + Router()),
       "api_listener.api_listener.rds.config_source: missing"},
      {"source neither ads nor self",
       Listener("rds { config_source { } route_config_name: 'r' } " + Router()),
       "rds.config_source: neither ads nor self"},
      {"source self",
       Listener("rds { config_source { self { } } route_config_name: 'r' } " + Router()), ""},
      {"no route config name", Listener("rds { config_source { ads { } } } " + Router()),
       "rds.route_config_name: empty"},
      {"bad inline routes", Listener("route_config { virtual_hosts { } } " + Router()),
       "api_listener.api_listener.route_config.virtual_hosts[0].domains: empty"},
      // Filters.
      {"no filters", Listener(kRds), "http_filters: the router is missing, which must be last"},
      {"router not last", Listener(kRds + Router() + Filter("fault", AnyText(fault, ""))),
       "http_filters[1]: behind the router, which must be last"},
      {"last not router", Listener(kRds + Filter("fault", AnyText(fault, ""))),
       "http_filters: the router is missing, which must be last"},
      {"two routers", Listener(kRds + Router() + Filter("router2", AnyText(kRouter, ""))),
       "http_filters[1]: behind the router"},
      {"two filters of a name", Listener(kRds + Filter("router", AnyText(fault, "")) + Router()),
       "http_filters[1].name: \"router\" is there twice"},
      {"a type twice",
       Listener(kRds + Filter("a", AnyText(fault, "")) + Filter("b", AnyText(fault, "")) +
                Router()),
       ""},
      {"no filter name", Listener(kRds + Filter("", AnyText(kRouter, ""))),
       "http_filters[0].name: empty"},
      {"no configuration", Listener(kRds + "http_filters { name: 'x' } " + Router()),
       "http_filters[0].typed_config: missing"},
      {"no configuration, optional",
       Listener(kRds + "http_filters { name: 'x' is_optional: true } " + Router()), ""},
      {"bad configuration", Listener(kRds + Filter("router", AnyText(kRouter, "\xff"))),
       "http_filters[0].typed_config: the bytes are not a envoy"},
      {"bad configuration, optional",
       Listener(kRds + Filter("router", AnyText(kRouter, "\xff"), "is_optional: true")),
       "http_filters[0].typed_config: the bytes are not a envoy"},
      {"unknown", Listener(kRds + Filter("x", unknown) + Router()),
       "http_filters[0].typed_config: filter \"example.Filter\" is not supported"},
      {"unknown, optional", Listener(kRds + Filter("x", unknown, "is_optional: true") + Router()),
       ""},
      {"unknown, optional, behind the router",
       Listener(kRds + Router() + Filter("x", unknown, "is_optional: true")), ""},
      {"no faults", Listener(kRds + Filter("f", AnyText(fault, "")) + Router()), ""},
      {"faults", Listener(kRds + Filter("f", AnyText(fault, std::string("\x12\0", 2))) + Router()),
       "http_filters[0].typed_config: faults are not supported yet"},
      {"TypedStruct", Listener(kRds + Filter("router", TypedStruct("xds.type.v3", ""))), ""},
      {"old TypedStruct", Listener(kRds + Filter("router", TypedStruct("udpa.type.v1", ""))), ""},
      {"TypedStruct with fields",
       Listener(kRds + Filter("router", TypedStruct("xds.type.v3", "x"))),
       "a struct with fields is not supported"},
      // gRFC A41
      {"trusted hops", Listener(kRds + Router() + "xff_num_trusted_hops: 1"),
       "api_listener.api_listener.xff_num_trusted_hops: not supported"},
  };
  for (const Profile profile : kAll) {
    for (const Row& row : rows) {
      SCOPED_TRACE(row.what);
      const DecodeResult result = Decode(profile, row.bytes);
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

// Fields 31 and 46 of the connection manager, 24 of a filter chain's listener.
TEST(ListenerValidationTest, FieldsOutsideOurDefinitions) {
  const auto with = [](int field) {
    proto::HttpConnectionManager manager;
    EXPECT_TRUE(manager.ParseFromString(Serialized<proto::HttpConnectionManager>(kRds + Router())));
    manager.GetReflection()->MutableUnknownFields(&manager)->AddLengthDelimited(field)->assign("");
    return Serialized<proto::Listener>("name: 'l' api_listener { api_listener " +
                                       AnyText(kManager, manager.SerializeAsString()) + " }");
  };
  for (const Profile profile : kAll) {
    EXPECT_THAT(std::string(Decode(profile, with(31)).error.message()),
                HasSubstr("api_listener.api_listener.scoped_routes: not supported"));
    EXPECT_THAT(std::string(Decode(profile, with(46)).error.message()),
                HasSubstr("api_listener.api_listener.original_ip_detection_extensions: not supp"));
    const DecodeResult listed = Decode(profile, with(13));
    ASSERT_TRUE(listed.error.ok()) << listed.error;
    EXPECT_THAT(ModelOf<model::Listener>(listed.resource)->ignored,
                ElementsAre("api_listener.api_listener.access_log"));
  }
}

TEST(ListenerValidationTest, TheApiListenerWinsOverFilterChains) {
  proto::Listener listener;
  ASSERT_TRUE(listener.ParseFromString(Listener(kRds + Router())));
  listener.GetReflection()->MutableUnknownFields(&listener)->AddLengthDelimited(3)->assign("");
  for (const Profile profile : kAll) {
    const DecodeResult result = Decode(profile, listener.SerializeAsString());
    ASSERT_TRUE(result.error.ok()) << result.error;
    EXPECT_THAT(ModelOf<model::Listener>(result.resource)->ignored, ElementsAre("filter_chains"));
  }
}

TEST(ListenerValidationTest, AnOptionalFilterThatIsSkippedIsListed) {
  const DecodeResult result = Decode(
      Profile::kMesh,
      Listener(kRds + Filter("x", AnyText("example.Filter", ""), "is_optional: true") + Router()));
  ASSERT_TRUE(result.error.ok()) << result.error;
  EXPECT_THAT(
      ModelOf<model::Listener>(result.resource)->ignored,
      ElementsAre("api_listener.api_listener.http_filters.typed_config.\"example.Filter\""));
}

TEST(ListenerValidationTest, ADisabledRouter) {
  const std::string bytes =
      Listener(kRds + Filter("router", AnyText(kRouter, ""), "disabled: true"));
  EXPECT_FALSE(Decode(Profile::kMesh, bytes).error.ok());
  EXPECT_FALSE(Decode(Profile::kEnvoy, bytes).error.ok());
  EXPECT_TRUE(Decode(Profile::kGrpc, bytes).error.ok());
}

TEST(ListenerValidationTest, TheSameBytesGiveTheSameResource) {
  const ResourceTypes types = NewResourceTypes(Profile::kMesh);
  const DecodeResult first = DecodeBytes(*types.listener, Listener(kRds + Router()));
  const DecodeResult second =
      DecodeBytes(*types.listener, Listener(kRds + Router()), first.resource);
  EXPECT_EQ(first.resource, second.resource);
}

}  // namespace
}  // namespace mesh::xds
