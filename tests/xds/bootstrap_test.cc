#include "mesh/xds/bootstrap.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "gtest/gtest.h"

namespace mesh::xds {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// Single quotes stand for double ones.
absl::StatusOr<Bootstrap> Read(absl::string_view text) {
  return Bootstrap::FromJson(absl::StrReplaceAll(text, {{"'", "\""}}));
}

// The least that is accepted, with `more` keys at the top.
std::string Minimal(absl::string_view more = "") {
  return absl::StrCat(
      "{'xds_servers':[{'server_uri':'dns:///x:1','channel_creds':[{'type':'insecure'}]}]", more,
      "}");
}
// With the one server's keys in place of the minimal ones.
std::string WithServer(absl::string_view server) {
  return absl::StrCat("{'xds_servers':[{", server, "}]}");
}

TEST(BootstrapTest, TheLeastIsAServerAndItsCredentials) {
  const auto bootstrap = Read(Minimal());
  ASSERT_TRUE(bootstrap.ok()) << bootstrap.status();
  ASSERT_EQ(bootstrap->servers.size(), 1u);
  EXPECT_EQ(bootstrap->servers[0].server_uri, "dns:///x:1");
  EXPECT_EQ(bootstrap->servers[0].credentials.type, ChannelCredentials::Type::kInsecure);
  EXPECT_THAT(bootstrap->servers[0].server_features, IsEmpty());
  EXPECT_EQ(bootstrap->node.id, "");
  EXPECT_EQ(bootstrap->listener_name_template, "%s");
  EXPECT_THAT(bootstrap->unknown_fields, IsEmpty());
}

// As the agent of Istio writes it.
TEST(BootstrapTest, ReadsEverything) {
  const auto bootstrap = Read(R"({
    'xds_servers': [
      {'server_uri': 'unix:///etc/istio/proxy/XDS',
       'channel_creds': [{'type': 'google_default'}, {'type': 'insecure'}, {'type': 'tls'}],
       'server_features': ['xds_v3', 'ignore_resource_deletion', 'what_is_this']},
      {'server_uri': 'dns:///istiod:15012',
       'channel_creds': [{'type': 'tls', 'config': {'ca_certificate_file': '/ca',
           'certificate_file': '/cert', 'private_key_file': '/key'}}],
       'server_features': ['fail_on_data_errors', 'resource_timer_is_transient_error']}],
    'node': {'id': 'sidecar~1.2.3.4~pod.ns~ns.svc.cluster.local', 'cluster': 'c',
             'locality': {'region': 'r', 'zone': 'z', 'sub_zone': 's'},
             'metadata': {'GENERATOR': 'grpc', 'n': 1.5, 'deep': {'list': [true, null]}}},
    'certificate_providers': {'default': {'plugin_name': 'file_watcher',
        'config': {'certificate_file': '/c', 'refresh_interval': '900s'}},
        'none': {'plugin_name': 'p'}},
    'authorities': {
       'a.com': {'client_listener_resource_name_template': 'xdstp://a.com/L/%s',
                 'xds_servers': [{'server_uri': 'dns:///a', 'channel_creds':
                                  [{'type': 'insecure'}]}]},
       'b.com': {}},
    'client_default_listener_resource_name_template': 'xdstp://a.com/L/%s'
  })");
  ASSERT_TRUE(bootstrap.ok()) << bootstrap.status();
  ASSERT_EQ(bootstrap->servers.size(), 2u);
  const ServerConfig& first = bootstrap->servers[0];
  EXPECT_EQ(first.server_uri, "unix:///etc/istio/proxy/XDS");
  EXPECT_EQ(first.credentials.type, ChannelCredentials::Type::kInsecure);
  EXPECT_TRUE(first.ignore_resource_deletion);
  EXPECT_FALSE(first.fail_on_data_errors);
  EXPECT_FALSE(first.resource_timer_is_transient_error);
  EXPECT_THAT(first.server_features,
              ElementsAre("xds_v3", "ignore_resource_deletion", "what_is_this"));
  const ServerConfig& second = bootstrap->servers[1];
  EXPECT_EQ(second.credentials.type, ChannelCredentials::Type::kTls);
  EXPECT_EQ(second.credentials.ca_certificate_file, "/ca");
  EXPECT_EQ(second.credentials.certificate_file, "/cert");
  EXPECT_EQ(second.credentials.private_key_file, "/key");
  EXPECT_FALSE(second.ignore_resource_deletion);
  EXPECT_TRUE(second.fail_on_data_errors);
  EXPECT_TRUE(second.resource_timer_is_transient_error);

  EXPECT_EQ(bootstrap->node.id, "sidecar~1.2.3.4~pod.ns~ns.svc.cluster.local");
  EXPECT_EQ(bootstrap->node.cluster, "c");
  EXPECT_EQ(bootstrap->node.region, "r");
  EXPECT_EQ(bootstrap->node.zone, "z");
  EXPECT_EQ(bootstrap->node.sub_zone, "s");
  google::protobuf::Struct metadata;
  ASSERT_TRUE(metadata.ParseFromString(bootstrap->node.metadata));
  EXPECT_EQ(metadata.fields().at("GENERATOR").string_value(), "grpc");
  EXPECT_EQ(metadata.fields().at("n").number_value(), 1.5);
  EXPECT_EQ(metadata.fields().at("deep").struct_value().fields_size(), 1);

  ASSERT_EQ(bootstrap->certificate_providers.size(), 2u);
  const auto& provider = bootstrap->certificate_providers.at("default");
  EXPECT_EQ(provider.plugin_name, "file_watcher");
  EXPECT_THAT(provider.config_json, HasSubstr("\"refresh_interval\":\"900s\""));
  EXPECT_EQ(bootstrap->certificate_providers.at("none").config_json, "{}");

  ASSERT_EQ(bootstrap->authorities.size(), 2u);
  const auto& a = bootstrap->authorities.at("a.com");
  EXPECT_EQ(a.client_listener_resource_name_template, "xdstp://a.com/L/%s");
  ASSERT_EQ(a.servers.size(), 1u);
  EXPECT_EQ(a.servers[0].server_uri, "dns:///a");
  const auto& b = bootstrap->authorities.at("b.com");
  EXPECT_EQ(b.client_listener_resource_name_template,
            "xdstp://b.com/envoy.config.listener.v3.Listener/%s");
  EXPECT_THAT(b.servers, IsEmpty());
  EXPECT_EQ(bootstrap->listener_name_template, "xdstp://a.com/L/%s");
  EXPECT_THAT(bootstrap->unknown_fields, IsEmpty());
}

TEST(BootstrapTest, UnknownFieldsAreListedByPath) {
  const auto bootstrap = Read(R"({
    'zeta': 1, 'alpha': null,
    'xds_servers': [{'server_uri': 'x', 'channel_creds': [
        {'type': 'new', 'config': {'anything': 1}},
        {'type': 'tls', 'config': {'refresh_interval': '600s'}, 'odd': []}], 'call_creds': []}],
    'node': {'id': 'n', 'locality': {}, 'build_version': 'b'},
    'certificate_providers': {'p': {'plugin_name': 'x', 'odd': 1}},
    'authorities': {'a.b': {'odd': 1}}
  })");
  ASSERT_TRUE(bootstrap.ok()) << bootstrap.status();
  EXPECT_THAT(
      bootstrap->unknown_fields,
      ::testing::UnorderedElementsAre("$.alpha", "$.zeta", "$.xds_servers[0].call_creds",
                                      "$.xds_servers[0].channel_creds[1].odd",
                                      "$.xds_servers[0].channel_creds[1].config.refresh_interval",
                                      "$.node.build_version", "$.certificate_providers[\"p\"].odd",
                                      "$.authorities[\"a.b\"].odd"));
}

TEST(BootstrapTest, ErrorsNameTheirPath) {
  const struct {
    std::string json;
    const char* error;
  } kCases[] = {
      {"{}", "$.xds_servers: missing"},
      {"{'xds_servers':[]}", "$.xds_servers: empty"},
      {"{'xds_servers':{}}", "$.xds_servers: an object instead of a list"},
      {"{'xds_servers':null}", "$.xds_servers: null instead of a list"},
      {"{'xds_servers':[1]}", "$.xds_servers[0]: a number instead of an object"},
      {WithServer("'channel_creds':[{'type':'insecure'}]"), "$.xds_servers[0].server_uri: missing"},
      {WithServer("'server_uri':'','channel_creds':[{'type':'insecure'}]"),
       "$.xds_servers[0].server_uri: empty"},
      {WithServer("'server_uri':17,'channel_creds':[{'type':'insecure'}]"),
       "$.xds_servers[0].server_uri: a number instead of a string"},
      {WithServer("'server_uri':'x'"), "$.xds_servers[0].channel_creds: missing"},
      {WithServer("'server_uri':'x','channel_creds':[]"), "$.xds_servers[0].channel_creds: empty"},
      {WithServer("'server_uri':'x','channel_creds':'insecure'"),
       "$.xds_servers[0].channel_creds: a string instead of a list"},
      {WithServer("'server_uri':'x','channel_creds':[true]"),
       "$.xds_servers[0].channel_creds[0]: a boolean instead of an object"},
      {WithServer("'server_uri':'x','channel_creds':[{}]"),
       "$.xds_servers[0].channel_creds[0].type: missing"},
      {WithServer("'server_uri':'x','channel_creds':[{'type':'insecure'},{'type':1}]"),
       "$.xds_servers[0].channel_creds[1].type: a number instead of a string"},
      {WithServer("'server_uri':'x','channel_creds':[{'type':'alts'},{'type':'google_default'}]"),
       "$.xds_servers[0].channel_creds: none is supported of \"alts\", \"google_default\""},
      {WithServer("'server_uri':'x','channel_creds':[{'type':'tls','config':[]}]"),
       "$.xds_servers[0].channel_creds[0].config: a list instead of an object"},
      {WithServer("'server_uri':'x','channel_creds':[{'type':'tls','config':"
                  "{'ca_certificate_file':1}}]"),
       "$.xds_servers[0].channel_creds[0].config.ca_certificate_file: a number instead of a "
       "string"},
      {WithServer("'server_uri':'x','channel_creds':[{'type':'tls','config':"
                  "{'certificate_file':'c'}}]"),
       "$.xds_servers[0].channel_creds[0].config.private_key_file: missing, but the other of the "
       "pair is set"},
      {WithServer("'server_uri':'x','channel_creds':[{'type':'insecure'}],'server_features':[1]"),
       "$.xds_servers[0].server_features[0]: a number instead of a string"},
      {WithServer("'server_uri':'x','channel_creds':[{'type':'insecure'}],'server_features':'a'"),
       "$.xds_servers[0].server_features: a string instead of a list"},
      {Minimal(",'node':[]"), "$.node: a list instead of an object"},
      {Minimal(",'node':{'id':1}"), "$.node.id: a number instead of a string"},
      {Minimal(",'node':{'locality':{'zone':1}}"),
       "$.node.locality.zone: a number instead of a string"},
      {Minimal(",'node':{'metadata':'m'}"), "$.node.metadata: a string instead of an object"},
      {Minimal(",'certificate_providers':{'p':1}"),
       "$.certificate_providers.p: a number instead of an object"},
      {Minimal(",'certificate_providers':{'p':{}}"),
       "$.certificate_providers[\"p\"].plugin_name: missing"},
      {Minimal(",'authorities':{'a':{'client_listener_resource_name_template':'xdstp://b/%s'}}"),
       "$.authorities[\"a\"].client_listener_resource_name_template: does not start with "
       "\"xdstp://a/\""},
      {Minimal(",'authorities':{'a':{'xds_servers':[{'server_uri':'x'}]}}"),
       "$.authorities[\"a\"].xds_servers[0].channel_creds: missing"},
      {Minimal(",'client_default_listener_resource_name_template':3"),
       "$.client_default_listener_resource_name_template: a number instead of a string"},
  };
  for (const auto& c : kCases) {
    const auto bootstrap = Read(c.json);
    EXPECT_EQ(bootstrap.status(), absl::InvalidArgumentError(absl::StrCat("bootstrap: ", c.error)))
        << c.json;
  }
}

TEST(BootstrapTest, AllErrorsComeAtOnce) {
  const auto bootstrap = Read("{'xds_servers':[{}],'node':{'id':1}}");
  EXPECT_EQ(bootstrap.status().message(),
            "bootstrap: $.xds_servers[0].server_uri: missing; "
            "$.xds_servers[0].channel_creds: missing; $.node.id: a number instead of a string");
}

TEST(BootstrapTest, TextThatIsNotJsonSaysWhere) {
  const struct {
    const char* json;
    const char* error;
  } kCases[] = {
      {"", "bootstrap: no text"},
      {" \n", "bootstrap: no text"},
      {"[]", "bootstrap: Root element must be"},
      {"nonsense", "bootstrap: line 1, column 1: "},
      {"{'a':1\n 'b':2}", "bootstrap: line 2, column 2: "},
      {"{'a':1,\n 'b':}", "bootstrap: line 2, column 6: "},
      {"{'a':1", "bootstrap: "},
      {"{'a':1} x", "bootstrap: "},
      {"{'a':1e999}", "bootstrap: "},
      {"{'a':'\\ud800'}", "bootstrap: "},
  };
  for (const auto& c : kCases) {
    const auto bootstrap = Read(c.json);
    EXPECT_EQ(bootstrap.status().code(), absl::StatusCode::kInvalidArgument) << c.json;
    const std::string message(bootstrap.status().message());
    EXPECT_THAT(message, StartsWith(c.error)) << c.json;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    // It is the syntax that is wrong, not what is missing.
    EXPECT_EQ(message.find("xds_servers"), std::string::npos) << message;
  }
}

TEST(BootstrapTest, DeepNestingIsAnErrorNotACrash) {
  std::string deep = "{'a':";
  for (int i = 0; i < 100000; ++i) deep += '[';
  EXPECT_FALSE(Read(deep).ok());
}

}  // namespace
}  // namespace mesh::xds
