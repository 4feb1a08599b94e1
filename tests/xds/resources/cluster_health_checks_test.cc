// How the endpoints of a cluster are checked: envoy health_check.proto and what Envoy itself checks
// of it.

#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mesh/model/cluster.h"
#include "mesh/xds/proto/cluster.pb.h"
#include "mesh/xds/proto/health_check.pb.h"
#include "tests/xds/resources/cluster_text.h"
#include "tests/xds/resources/resource_text.h"

namespace mesh::xds {
namespace {

using model::HealthCheck;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

const std::string kTimes = "timeout { seconds: 1 } interval { seconds: 5 } ";
const std::string kThresholds = "unhealthy_threshold { value: 3 } healthy_threshold { value: 2 } ";
const std::string kGrpc = "grpc_health_check { } ";

std::string Check(const std::string& fields) { return "health_checks { " + fields + " } "; }
// With everything that must be there.
std::string Good(const std::string& fields) { return Check(kTimes + kThresholds + fields); }
std::string Http(const std::string& fields) {
  return Good("http_health_check { path: '/h' " + fields + " }");
}
std::string Tcp(const std::string& fields) { return Good("tcp_health_check { " + fields + " }"); }

HealthCheck Decoded(const std::string& fields) {
  std::vector<HealthCheck> found;
  for (const Profile profile : kNotGrpc) {
    found = GoodCluster(profile, fields).health_checks;
    EXPECT_EQ(found.size(), 1u) << fields;
  }
  return found.empty() ? HealthCheck() : found[0];
}
template <typename Kind>
Kind DecodedKind(const std::string& fields) {
  const HealthCheck check = Decoded(fields);
  EXPECT_TRUE(std::holds_alternative<Kind>(check.kind)) << fields;
  const Kind* kind = std::get_if<Kind>(&check.kind);
  return kind == nullptr ? Kind() : *kind;
}

TEST(ClusterHealthChecksTest, NoneInGrpcsRules) {
  for (const std::string& fields : {Good(kGrpc), Check("")}) {
    const model::Cluster cluster = GoodCluster(Profile::kGrpc, fields);
    EXPECT_THAT(cluster.health_checks, IsEmpty());
    EXPECT_THAT(cluster.ignored, ElementsAre("health_checks"));
  }
}

TEST(ClusterHealthChecksTest, WhatIsUsual) {
  HealthCheck expected;
  expected.timeout = absl::Seconds(1);
  expected.interval = absl::Seconds(5);
  expected.unhealthy_threshold = 3;
  expected.healthy_threshold = 2;
  EXPECT_EQ(Decoded(Good(kGrpc)), expected);
  EXPECT_EQ(expected.no_traffic_interval, absl::Seconds(60));
  EXPECT_THAT(GoodCluster(Profile::kMesh, Good(kGrpc)).ignored, IsEmpty());
}

TEST(ClusterHealthChecksTest, Times) {
  HealthCheck expected;
  expected.timeout = absl::Seconds(1);
  expected.interval = absl::Seconds(5);
  expected.unhealthy_threshold = 3;
  expected.healthy_threshold = 2;
  expected.no_traffic_interval = absl::Seconds(7);
  expected.no_traffic_healthy_interval = absl::Seconds(14);
  expected.unhealthy_interval = absl::Seconds(8);
  expected.unhealthy_edge_interval = absl::Seconds(9);
  expected.healthy_edge_interval = absl::Seconds(10);
  expected.initial_jitter = absl::Seconds(11);
  expected.interval_jitter = absl::Seconds(12);
  expected.interval_jitter_percent = 13;
  EXPECT_EQ(
      Decoded(Good(kGrpc + "no_traffic_interval { seconds: 7 } unhealthy_interval { seconds: 8 } "
                           "unhealthy_edge_interval { seconds: 9 } "
                           "healthy_edge_interval { seconds: 10 } initial_jitter { seconds: 11 } "
                           "no_traffic_healthy_interval { seconds: 14 } "
                           "interval_jitter { seconds: 12 } interval_jitter_percent: 13")),
      expected);
  EXPECT_EQ(Decoded(Good(kGrpc + "initial_jitter { } interval_jitter { }")).interval_jitter,
            absl::ZeroDuration());
}

TEST(ClusterHealthChecksTest, AThresholdOfZeroIsOne) {
  const HealthCheck check =
      Decoded(Check(kTimes + "unhealthy_threshold { } healthy_threshold { } " + kGrpc));
  EXPECT_EQ(check.unhealthy_threshold, 1u);
  EXPECT_EQ(check.healthy_threshold, 1u);
}

TEST(ClusterHealthChecksTest, ByGrpc) {
  EXPECT_EQ(DecodedKind<HealthCheck::Grpc>(
                Good("grpc_health_check { service_name: 'echo' authority: 'a:1' }")),
            (HealthCheck::Grpc{"echo", "a:1"}));
}

TEST(ClusterHealthChecksTest, ByHttp) {
  const HealthCheck::Http usual = DecodedKind<HealthCheck::Http>(Http(""));
  EXPECT_EQ(usual.path, "/h");
  EXPECT_EQ(usual.host, "");
  EXPECT_THAT(usual.expected, ElementsAre(Pair(200, 201)));
  const HealthCheck::Http other = DecodedKind<HealthCheck::Http>(
      Http("host: 'echo' method: GET expected_statuses { start: 100 end: 101 } "
           "expected_statuses { start: 204 end: 600 }"));
  EXPECT_EQ(other.host, "echo");
  EXPECT_THAT(other.expected, ElementsAre(Pair(100, 101), Pair(204, 600)));
}

TEST(ClusterHealthChecksTest, RetriableStatuses) {
  const HealthCheck::Http http = DecodedKind<HealthCheck::Http>(Http(
      "retriable_statuses { start: 500 end: 600 } retriable_statuses { start: 429 end: 430 }"));
  EXPECT_THAT(http.retriable, ElementsAre(Pair(500, 600), Pair(429, 430)));
  EXPECT_THAT(http.expected, ElementsAre(Pair(200, 201)));
}

TEST(ClusterHealthChecksTest, Methods) {
  EXPECT_EQ(DecodedKind<HealthCheck::Http>(Http("")).method, "GET");
  for (const std::string method :
       {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"}) {
    EXPECT_EQ(DecodedKind<HealthCheck::Http>(Http("method: " + method)).method, method);
  }
}

std::string Header(const std::string& key, const std::string& value, const std::string& rest = "") {
  return "{ header { key: '" + key + "' value: '" + value + "' } " + rest + " } ";
}
std::string Add(const std::string& header) { return "request_headers_to_add " + header; }

// envoy base.proto, HeaderValueOption.
TEST(ClusterHealthChecksTest, Headers) {
  const std::string append = "append_action: APPEND_IF_EXISTS_OR_ADD";
  const std::string add = "append_action: ADD_IF_ABSENT";
  const std::string set = "append_action: OVERWRITE_IF_EXISTS_OR_ADD";
  const std::string overwrite = "append_action: OVERWRITE_IF_EXISTS";
  const struct {
    std::string fields;
    HealthCheck::Headers headers;
  } kRows[] = {
      {"", {{"user-agent", "mesh"}}},
      {Add(Header("X-Probe", "a  b")) + Add(Header("x-probe", "c")),
       {{"user-agent", "mesh"}, {"x-probe", "a  b"}, {"x-probe", "c"}}},
      {Add(Header("x", "100%% \\303\\244")), {{"user-agent", "mesh"}, {"x", "100% \xc3\xa4"}}},
      {Add("{ header { key: 'x' raw_value: 'r' } }"), {{"user-agent", "mesh"}, {"x", "r"}}},
      {Add(Header("x", "")), {{"user-agent", "mesh"}}},
      {Add(Header("x", "", "keep_empty_value: true")), {{"user-agent", "mesh"}, {"x", ""}}},
      {"request_headers_to_remove: 'User-Agent' ", {}},
      {"request_headers_to_remove: 'x' " + Add(Header("x", "1")),
       {{"user-agent", "mesh"}, {"x", "1"}}},
      {Add(Header("User-Agent", "me", append)), {{"user-agent", "mesh"}, {"user-agent", "me"}}},
      {Add(Header("User-Agent", "me", add)), {{"user-agent", "mesh"}}},
      {Add(Header("x", "1", add)) + Add(Header("x", "2", add)),
       {{"user-agent", "mesh"}, {"x", "1"}}},
      {Add(Header("User-Agent", "me", set)), {{"user-agent", "me"}}},
      {Add(Header("x", "1", set)), {{"user-agent", "mesh"}, {"x", "1"}}},
      {Add(Header("User-Agent", "me", overwrite)), {{"user-agent", "me"}}},
      {Add(Header("x", "1", overwrite)), {{"user-agent", "mesh"}}},
      {Add(Header("User-Agent", "me", "append { value: true }")),
       {{"user-agent", "mesh"}, {"user-agent", "me"}}},
      {Add(Header("User-Agent", "me", "append { }")), {{"user-agent", "me"}}},
  };
  for (const auto& row : kRows) {
    EXPECT_EQ(DecodedKind<HealthCheck::Http>(Http(row.fields)).headers, row.headers) << row.fields;
    EXPECT_THAT(GoodCluster(Profile::kMesh, Http(row.fields)).ignored, IsEmpty());
  }
  EXPECT_EQ(DecodedKind<HealthCheck::Grpc>(
                Good("grpc_health_check { initial_metadata " + Header("X", "1") + "}"))
                .metadata,
            (HealthCheck::Headers{{"x", "1"}}));
}

TEST(ClusterHealthChecksTest, HeadersThatAreRefused) {
  const std::string http = "health_checks[0].http_health_check.request_headers_to_";
  const std::string grpc = "health_checks[0].grpc_health_check.initial_metadata[0].header.";
  const auto metadata = [](const std::string& header) {
    return Good("grpc_health_check { initial_metadata " + header + " }");
  };
  std::vector<ClusterCase> cases = {
      {"no name", Http(Add(Header("", "1"))), http + "add[0].header.key: not the name of a header"},
      {"two lines", Http(Add(Header("x\\r\\ny", "1"))),
       http + "add[0].header.key: not the name of a header"},
      {"a pseudo header", Http(Add(Header("x", "1")) + Add(Header(":path", "/"))),
       http + "add[1].header.key: not the name of a header"},
      {"the host", Http(Add(Header("Host", "1"))), http + "add[0].header.key: host may not be"},
      {"a length", Http(Add(Header("content-length", "1"))),
       http + "add[0].header.key: content-length may not be changed"},
      {"a value of two lines", Http(Add(Header("x", "1\\r\\ny: 2"))),
       http + "add[0].header.value: has control characters"},
      {"a format", Http(Add(Header("x", "%HOSTNAME%"))),
       http + "add[0].header.value: formats (%...%) are not supported"},
      {"a lone percent", Http(Add(Header("x", "5%"))),
       http + "add[0].header.value: formats (%...%) are not supported"},
      {"two values", Http(Add("{ header { key: 'x' value: '1' raw_value: '2' } }")),
       http + "add[0].header.raw_value: not together with value"},
      {"a raw value of two lines", Http(Add("{ header { key: 'x' raw_value: '\\n' } }")),
       http + "add[0].header.raw_value: has control characters"},
      {"two actions",
       Http(Add(Header("x", "1", "append { value: true } append_action: ADD_IF_ABSENT"))),
       http + "add[0].append: not together with append_action"},
      {"the host, removed", Http("request_headers_to_remove: 'host'"),
       http + "remove[0]: host may not be changed"},
      {"gRPC's own", metadata(Header("grpc-timeout", "1")),
       grpc + "key: grpc-timeout may not be changed"},
      {"binary metadata", metadata(Header("x-bin", "1")),
       grpc + "key: x-bin: binary metadata is not supported"},
  };
  std::string many;
  for (int i = 0; i < 1001; ++i) many += "request_headers_to_remove: 'x' ";
  cases.push_back({"too many", Http(many), http + "remove: 1001 are more than 1000"});
  CheckClusters(kNotGrpc, cases);
  for (ClusterCase& test : cases) test.error.clear();
  CheckClusters({Profile::kGrpc}, cases);
}

TEST(ClusterHealthChecksTest, ByTcp) {
  EXPECT_EQ(DecodedKind<HealthCheck::Tcp>(Tcp("")), (HealthCheck::Tcp{"", {}}));
  EXPECT_EQ(
      DecodedKind<HealthCheck::Tcp>(Tcp("send { text: '50494e47' } receive { text: '00Ff' } "
                                        "receive { binary: 'a\\377' } receive { binary: '' }")),
      (HealthCheck::Tcp{"PING", {std::string("\0\xff", 2), "a\xff", ""}}));
}

TEST(ClusterHealthChecksTest, SeveralChecks) {
  const std::string two = Good(kGrpc) + Tcp("");
  EXPECT_EQ(GoodCluster(Profile::kMesh, two).health_checks.size(), 2u);
  std::string many;
  for (int i = 0; i < 16; ++i) many += Good(kGrpc);
  EXPECT_EQ(GoodCluster(Profile::kMesh, many).health_checks.size(), 16u);
  CheckClusters({Profile::kMesh},
                {{"17", many + Good(kGrpc), "health_checks: 17 are more than 16"}});
  CheckClusters({Profile::kEnvoy}, {{"2", two, "health_checks: 2 are more than 1"}});
}

TEST(ClusterHealthChecksTest, Refused) {
  const std::string at = "health_checks[0].";
  const std::string http = at + "http_health_check.";
  const std::string tcp = at + "tcp_health_check.";
  std::vector<ClusterCase> cases = {
      {"no timeout", Check("interval { seconds: 1 } " + kThresholds + kGrpc),
       at + "timeout: missing"},
      {"no interval", Check("timeout { seconds: 1 } " + kThresholds + kGrpc),
       at + "interval: missing"},
      {"no unhealthy_threshold", Check(kTimes + "healthy_threshold { value: 1 } " + kGrpc),
       at + "unhealthy_threshold: missing"},
      {"no healthy_threshold", Check(kTimes + "unhealthy_threshold { value: 1 } " + kGrpc),
       at + "healthy_threshold: missing"},
      {"timeout 0", Check("timeout { } interval { seconds: 1 } " + kThresholds + kGrpc),
       at + "timeout: zero"},
      {"interval 0", Check("timeout { seconds: 1 } interval { } " + kThresholds + kGrpc),
       at + "interval: zero"},
      {"timeout negative",
       Check("timeout { seconds: -1 } interval { seconds: 1 } " + kThresholds + kGrpc),
       at + "timeout: negative"},
      {"jitter negative", Good(kGrpc + "interval_jitter { seconds: -1 }"),
       at + "interval_jitter: negative"},
      {"initial jitter negative", Good(kGrpc + "initial_jitter { nanos: -1 }"),
       at + "initial_jitter: negative"},
      {"nothing", Good(""),
       at.substr(0, at.size() - 1) +
           ": none of grpc_health_check, http_health_check, tcp_health_check"},
      {"authority with a space", Good("grpc_health_check { authority: 'a b' }"),
       at + "grpc_health_check.authority: has spaces or control characters"},
      {"no path", Good("http_health_check { }"), http + "path: does not begin with /"},
      {"a relative path", Good("http_health_check { path: 'h' }"),
       http + "path: does not begin with /"},
      {"a path of two lines", Good("http_health_check { path: '/h\\r\\nX: y' }"),
       http + "path: has spaces or control characters"},
      {"a host of two lines", Http("host: 'a\\nb'"),
       http + "host: has spaces or control characters"},
      {"status below", Http("expected_statuses { start: 99 end: 201 }"),
       http + "expected_statuses[0]: [99, 201) is not within [100, 600)"},
      {"status above", Http("expected_statuses { start: 200 end: 601 }"),
       http + "expected_statuses[0]: [200, 601) is not within [100, 600)"},
      {"no status", Http("expected_statuses { start: 200 end: 200 }"),
       http + "expected_statuses[0]: [200, 200) is empty"},
      {"HTTP/2", Http("codec_client_type: HTTP2"),
       http + "codec_client_type: HTTP2 is not supported"},
      {"CONNECT", Http("method: CONNECT"), http + "method: CONNECT is not supported"},
      {"a retriable status above", Http("retriable_statuses { start: 500 end: 601 }"),
       http + "retriable_statuses[0]: [500, 601) is not within [100, 600)"},
      {"empty payload", Tcp("send { }"), tcp + "send: neither text nor binary"},
      {"odd text", Tcp("receive { text: 'abc' }"), tcp + "receive[0].text: not hexadecimal"},
      {"no hexadecimal", Tcp("receive { binary: 'a' } receive { text: 'xy' }"),
       tcp + "receive[1].text: not hexadecimal"},
      {"empty text", Tcp("send { text: '' }"), tcp + "send.text: not hexadecimal"},
  };
  for (const std::string field :
       {"no_traffic_interval", "no_traffic_healthy_interval", "unhealthy_interval",
        "unhealthy_edge_interval", "healthy_edge_interval"}) {
    cases.push_back({field, Good(kGrpc + field + " { }"), at + field + ": zero"});
    cases.push_back({field, Good(kGrpc + field + " { nanos: -1 }"), at + field + ": negative"});
  }
  CheckClusters(kNotGrpc, cases);
  for (ClusterCase& test : cases) test.error.clear();
  CheckClusters({Profile::kGrpc}, cases);
}

// Where a check would ask something else than it says.
TEST(ClusterHealthChecksTest, WhatIsNotThereYetIsRefusedByName) {
  proto::Cluster cluster;
  ASSERT_TRUE(cluster.ParseFromString(Serialized<proto::Cluster>(
      "name: 'c' type: EDS eds_cluster_config { eds_config { ads { } } } " + Http("") + Tcp(""))));
  proto::HealthCheck* http = cluster.mutable_health_checks(0);
  const struct {
    google::protobuf::Message* message;
    int field;
    std::string path;
  } kRows[] = {
      {http, 13, "[0].custom_health_check"},
      {http->mutable_http_health_check(), 3, "[0].http_health_check.send"},
      {http->mutable_http_health_check(), 4, "[0].http_health_check.receive"},
      {http->mutable_http_health_check(), 11, "[0].http_health_check.service_name_matcher"},
      {cluster.mutable_health_checks(1)->mutable_tcp_health_check(), 3,
       "[1].tcp_health_check.proxy_protocol_config"},
  };
  for (const auto& row : kRows) {
    google::protobuf::UnknownFieldSet* unknown =
        row.message->GetReflection()->MutableUnknownFields(row.message);
    unknown->AddLengthDelimited(row.field)->assign("");
    const auto error = [&](Profile profile) {
      return std::string(
          DecodeBytes(*NewResourceTypes(profile).cluster, cluster.SerializeAsString())
              .error.message());
    };
    EXPECT_THAT(error(Profile::kMesh), HasSubstr("health_checks" + row.path + ": not supported"));
    EXPECT_EQ(error(Profile::kGrpc), "");
    unknown->Clear();
  }
}

}  // namespace
}  // namespace mesh::xds
