// What the connections to the endpoints of a cluster are like: envoy protocol.proto and
// http_protocol_options.proto.

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mesh/model/cluster.h"
#include "mesh/xds/proto/http_protocol_options.pb.h"
#include "tests/xds/resources/cluster_text.h"
#include "tests/xds/resources/resource_text.h"

namespace mesh::xds {
namespace {

using model::ConnectionKeepalive;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string Extension(const std::string& key, const std::string& any) {
  return "typed_extension_protocol_options { key: '" + key + "' value " + any + " } ";
}
std::string HttpOptions(const std::string& fields) {
  const std::string type = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
  return Extension(type, AnyText(type, Serialized<proto::UpstreamHttpProtocolOptions>(fields)));
}

TEST(ClusterConnectionsTest, MaxConnectionDuration) {
  const std::string minute =
      "common_http_protocol_options { max_connection_duration { seconds: 60 } } ";
  const std::string second =
      "common_http_protocol_options { max_connection_duration { seconds: 1 } } ";
  const std::string zero = "common_http_protocol_options { max_connection_duration { } } ";
  const struct {
    std::string fields;
    absl::Duration duration;
  } kRows[] = {
      {"", absl::InfiniteDuration()},
      {"common_http_protocol_options { } ", absl::InfiniteDuration()},
      {zero, absl::InfiniteDuration()},
      {minute, absl::Minutes(1)},
      {HttpOptions(minute), absl::Minutes(1)},
      {HttpOptions(zero), absl::InfiniteDuration()},
      {HttpOptions(second) + minute, absl::Seconds(1)},
      {HttpOptions("") + minute, absl::InfiniteDuration()},
      {Extension("other", AnyText("example.Options", "")) + minute, absl::Minutes(1)},
  };
  for (const auto& row : kRows) {
    SCOPED_TRACE(row.fields);
    EXPECT_EQ(GoodCluster(Profile::kMesh, row.fields).connections.max_duration, row.duration);
    EXPECT_EQ(GoodCluster(Profile::kEnvoy, row.fields).connections.max_duration, row.duration);
    EXPECT_EQ(GoodCluster(Profile::kGrpc, row.fields).connections.max_duration,
              absl::InfiniteDuration());
  }
  EXPECT_THAT(GoodCluster(Profile::kMesh, HttpOptions(second) + minute).ignored,
              ElementsAre("common_http_protocol_options, beside typed_extension_protocol_options"));
  EXPECT_THAT(
      GoodCluster(Profile::kMesh, Extension("other", AnyText("example.Options", ""))).ignored,
      ElementsAre("typed_extension_protocol_options.\"other\""));
  EXPECT_THAT(GoodCluster(Profile::kGrpc, HttpOptions(second) + minute).ignored,
              ElementsAre("common_http_protocol_options", "typed_extension_protocol_options"));
}

TEST(ClusterConnectionsTest, DurationsAndExtensionsThatAreRefused) {
  const std::string type = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
  const std::string negative =
      "common_http_protocol_options { max_connection_duration { seconds: -1 } } ";
  const std::string cause = "common_http_protocol_options.max_connection_duration: negative";
  const std::string at = "typed_extension_protocol_options[\"" + type + "\"]";
  std::string filters;
  {
    proto::UpstreamHttpProtocolOptions options;
    options.GetReflection()->MutableUnknownFields(&options)->AddLengthDelimited(6)->assign("");
    filters = options.SerializeAsString();
  }
  CheckClusters(kNotGrpc, {
                              {"negative", negative, cause},
                              {"negative", HttpOptions(negative), at + "." + cause},
                              {"no message", Extension(type, AnyText(type, "\xff")),
                               at + ": the bytes are not a " + type},
                              {"filters", Extension(type, AnyText(type, filters)),
                               at + ".http_filters: not supported"},
                          });
  CheckClusters({Profile::kGrpc}, {{"negative", negative, ""},
                                   {"filters", Extension(type, AnyText(type, filters)), ""}});
}

TEST(ClusterConnectionsTest, CallsOfAConnection) {
  const std::string streams = "http2_protocol_options { max_concurrent_streams { value: 7 } } ";
  const std::string requests =
      "common_http_protocol_options { max_requests_per_connection { value: 9 } } ";
  const std::string idle = "common_http_protocol_options { idle_timeout { seconds: 60 } } ";
  const std::string old = "max_requests_per_connection { value: 5 } ";
  const absl::Duration hour = absl::Hours(1);
  const struct {
    std::string fields;
    uint32_t streams, requests;
    absl::Duration idle;
  } kRows[] = {
      {"", 0, 0, hour},
      {streams, 7, 0, hour},
      {HttpOptions("explicit_http_config { " + streams + " }"), 7, 0, hour},
      {HttpOptions("") + streams, 0, 0, hour},
      {requests, 0, 9, hour},
      {HttpOptions(requests), 0, 9, hour},
      {old, 0, 5, hour},
      {old + requests, 0, 9, hour},
      {old + HttpOptions(requests), 0, 9, hour},
      {old + HttpOptions(""), 0, 5, hour},
      {idle, 0, 0, absl::Minutes(1)},
      {HttpOptions(idle), 0, 0, absl::Minutes(1)},
      {"common_http_protocol_options { idle_timeout { } } ", 0, 0, absl::InfiniteDuration()},
  };
  for (const auto& row : kRows) {
    SCOPED_TRACE(row.fields);
    for (const Profile profile : kNotGrpc) {
      const model::ConnectionOptions options = GoodCluster(profile, row.fields).connections;
      EXPECT_EQ(options.max_concurrent_calls, row.streams);
      EXPECT_EQ(options.max_calls, row.requests);
      EXPECT_EQ(options.idle_timeout, row.idle);
    }
    const model::ConnectionOptions grpc = GoodCluster(Profile::kGrpc, row.fields).connections;
    EXPECT_EQ(grpc.max_concurrent_calls, 0u);
    EXPECT_EQ(grpc.max_calls, 0u);
  }
  const std::string at = "http2_protocol_options.max_concurrent_streams: ";
  CheckClusters(
      kNotGrpc,
      {{"none", "http2_protocol_options { max_concurrent_streams { } } ",
        at + "0 is not within 1 to 2147483647"},
       {"too many", "http2_protocol_options { max_concurrent_streams { value: 2147483648 } } ",
        at + "2147483648 is not within 1 to 2147483647"},
       {"negative", "common_http_protocol_options { idle_timeout { seconds: -1 } } ",
        "common_http_protocol_options.idle_timeout: negative"}});
}

std::string Http2(const std::string& fields) {
  return "http2_protocol_options { " + fields + " } ";
}
std::string Keepalive(const std::string& fields) {
  return Http2("connection_keepalive { " + fields + " }");
}

// A keepalive of 30 s and 10 s, wherever it stands.
TEST(ClusterConnectionsTest, Keepalive) {
  const std::string full =
      Keepalive("interval { seconds: 30 } timeout { seconds: 10 } interval_jitter { value: 5 }");
  for (const std::string& fields :
       {full, HttpOptions("explicit_http_config { " + full + " }"),
        HttpOptions("use_downstream_protocol_config { " + full + " }"),
        HttpOptions("auto_config { " + full + " }"),
        HttpOptions("explicit_http_config { " + full + " }") + Http2("")}) {
    SCOPED_TRACE(fields);
    for (const Profile profile : kNotGrpc) {
      const auto keepalive = GoodCluster(profile, fields).connections.keepalive;
      ASSERT_TRUE(keepalive.has_value());
      EXPECT_EQ(keepalive->interval, absl::Seconds(30));
      EXPECT_EQ(keepalive->timeout, absl::Seconds(10));
      EXPECT_EQ(keepalive->jitter_percent, 5);
    }
    EXPECT_FALSE(GoodCluster(Profile::kGrpc, fields).connections.keepalive.has_value());
  }
  EXPECT_THAT(GoodCluster(Profile::kMesh, full).ignored, IsEmpty());
  EXPECT_THAT(GoodCluster(Profile::kGrpc, full).ignored, ElementsAre("http2_protocol_options"));
}

TEST(ClusterConnectionsTest, KeepaliveByDefault) {
  for (const std::string& fields : {std::string(), Http2(""), HttpOptions("auto_config { }")}) {
    EXPECT_FALSE(GoodCluster(Profile::kMesh, fields).connections.keepalive.has_value());
  }
  const auto keepalive =
      GoodCluster(Profile::kMesh, Keepalive("timeout { seconds: 1 }")).connections.keepalive;
  ASSERT_TRUE(keepalive.has_value());
  EXPECT_EQ(keepalive->interval, absl::InfiniteDuration());
  EXPECT_EQ(keepalive->jitter_percent, 15);
}

TEST(ClusterConnectionsTest, KeepaliveThatDoesNothing) {
  proto::UpstreamHttpProtocolOptions options;
  proto::Http2ProtocolOptions* const http2 =
      options.mutable_explicit_http_config()->mutable_http2_protocol_options();
  proto::KeepaliveSettings* const keepalive = http2->mutable_connection_keepalive();
  keepalive->mutable_timeout()->set_seconds(1);
  const auto add = [](int field, google::protobuf::Message* to) {
    to->GetReflection()->MutableUnknownFields(to)->AddLengthDelimited(field)->assign("");
  };
  add(4, keepalive);
  add(1, http2);
  add(1, options.mutable_explicit_http_config());
  const std::string type = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
  const std::string at = "typed_extension_protocol_options.explicit_http_config.";
  EXPECT_THAT(
      GoodCluster(Profile::kMesh, Extension(type, AnyText(type, options.SerializeAsString())))
          .ignored,
      ElementsAre(at + "http2_protocol_options.connection_keepalive.connection_idle_interval",
                  at + "http2_protocol_options.hpack_table_size", at + "http_protocol_options"));
  const model::Cluster beside =
      GoodCluster(Profile::kMesh, HttpOptions("") + Keepalive("timeout { seconds: 1 }"));
  EXPECT_FALSE(beside.connections.keepalive.has_value());
  EXPECT_THAT(beside.ignored,
              ElementsAre("http2_protocol_options, beside typed_extension_protocol_options"));
}

TEST(ClusterConnectionsTest, KeepaliveThatIsRefused) {
  const std::string at = "http2_protocol_options.connection_keepalive.";
  const std::string extension =
      "typed_extension_protocol_options[\"envoy.extensions.upstreams.http.v3.HttpProtocolOptions\"]"
      ".";
  const std::string timeout = "timeout { seconds: 1 } ";
  CheckClusters(
      kNotGrpc,
      {
          {"no timeout", Keepalive("interval { seconds: 1 }"), at + "timeout: missing"},
          {"zero", Keepalive("timeout { }"), at + "timeout: less than 1 ms"},
          {"negative", Keepalive("timeout { seconds: -1 }"), at + "timeout: negative"},
          {"too often", Keepalive(timeout + "interval { nanos: 999999 }"),
           at + "interval: less than 1 ms"},
          {"jitter", Keepalive(timeout + "interval_jitter { value: 101 }"),
           at + "interval_jitter.value: 101 is not within 0 to 100 percent"},
          {"explicit", HttpOptions("explicit_http_config { " + Keepalive("") + " }"),
           extension + "explicit_http_config." + at + "timeout: missing"},
          {"auto", HttpOptions("auto_config { " + Keepalive("") + " }"),
           extension + "auto_config." + at + "timeout: missing"},
          {"downstream", HttpOptions("use_downstream_protocol_config { " + Keepalive("") + " }"),
           extension + "use_downstream_protocol_config." + at + "timeout: missing"},
          {"beside others", HttpOptions("") + Keepalive(""), at + "timeout: missing"},
      });
  CheckClusters({Profile::kGrpc}, {{"no timeout", Keepalive(""), ""}});
}

}  // namespace
}  // namespace mesh::xds
