#include "mesh/wire/channel_arguments.h"

#include <climits>
#include <map>
#include <string>
#include <variant>

#include "grpc/grpc.h"
#include "gtest/gtest.h"

namespace mesh::wire {
namespace {

using Value = std::variant<int, std::string>;

// Each key stands once: of several gRPC takes the first.
std::map<std::string, Value> Read(const grpc::ChannelArguments& arguments) {
  std::map<std::string, Value> values;
  const grpc_channel_args raw = arguments.c_channel_args();
  for (size_t i = 0; i < raw.num_args; ++i) {
    const grpc_arg& arg = raw.args[i];
    EXPECT_EQ(values.count(arg.key), 0u) << arg.key;
    if (arg.type == GRPC_ARG_INTEGER) values[arg.key] = arg.value.integer;
    if (arg.type == GRPC_ARG_STRING) values[arg.key] = std::string(arg.value.string);
  }
  return values;
}

TEST(ChannelArgumentsTest, EndpointDefaults) {
  const auto values = Read(EndpointArguments(grpc::ChannelArguments(), {absl::Seconds(3)}, 0.5));
  EXPECT_EQ(values.at(GRPC_ARG_ENABLE_RETRIES), Value(0));
  EXPECT_EQ(values.at(GRPC_ARG_ENABLE_HTTP_PROXY), Value(0));
  EXPECT_EQ(values.at(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL), Value(1));
  EXPECT_EQ(values.at(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS), Value(3000));
  // More often than every 5 minutes is refused by servers that nobody configured.
  EXPECT_GT(std::get<int>(values.at(GRPC_ARG_KEEPALIVE_TIME_MS)), 300 * 1000);
  EXPECT_EQ(values.count(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS), 0u);
}

TEST(ChannelArgumentsTest, TheApplicationsGoOnTop) {
  grpc::ChannelArguments application;
  application.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 20000);
  application.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 1);
  application.SetMaxReceiveMessageSize(17);
  application.SetUserAgentPrefix("app/1");
  application.SetString("an.argument", "of its own");
  const auto values = Read(EndpointArguments(application, {}, 0.5));
  EXPECT_EQ(values.at(GRPC_ARG_KEEPALIVE_TIME_MS), Value(20000));
  EXPECT_EQ(values.at(GRPC_ARG_ENABLE_HTTP_PROXY), Value(1));
  EXPECT_EQ(values.at(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH), Value(17));
  EXPECT_EQ(std::get<std::string>(values.at(GRPC_ARG_PRIMARY_USER_AGENT_STRING)).find("app/1 "),
            0u);
  EXPECT_EQ(values.at("an.argument"), Value("of its own"));
}

TEST(ChannelArgumentsTest, ButNotWhereTheMeshWouldBreak) {
  grpc::ChannelArguments application;
  application.SetInt(GRPC_ARG_ENABLE_RETRIES, 1);
  application.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 0);
  application.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 60000);
  const auto values = Read(EndpointArguments(application, {absl::ZeroDuration()}, 0.5));
  EXPECT_EQ(values.at(GRPC_ARG_ENABLE_RETRIES), Value(0));
  EXPECT_EQ(values.at(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL), Value(1));
  EXPECT_EQ(values.at(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS), Value(1));
}

// What a cluster says of keepalive holds whatever the application says.
TEST(ChannelArgumentsTest, AClustersKeepalive) {
  model::ConnectionOptions options;
  options.keepalive.emplace();
  options.keepalive->interval = absl::Seconds(10);
  options.keepalive->jitter_percent = 20;
  options.keepalive->timeout = absl::Milliseconds(1500);
  grpc::ChannelArguments application;
  application.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 77000);
  application.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 77000);
  application.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 0);
  application.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 2);
  const struct {
    double random;
    int interval_ms;
  } kRows[] = {{0, 10000}, {0.5, 11000}, {0.75, 11500}};
  for (const auto& row : kRows) {
    const auto values = Read(EndpointArguments(application, options, row.random));
    EXPECT_EQ(values.at(GRPC_ARG_KEEPALIVE_TIME_MS), Value(row.interval_ms));
    EXPECT_EQ(values.at(GRPC_ARG_KEEPALIVE_TIMEOUT_MS), Value(1500));
    EXPECT_EQ(values.at(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS), Value(1));
    EXPECT_EQ(values.at(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA), Value(0));
  }
  options.keepalive->interval = absl::Hours(24 * 365);
  EXPECT_EQ(Read(EndpointArguments(application, options, 0)).at(GRPC_ARG_KEEPALIVE_TIME_MS),
            Value(INT_MAX));
}

TEST(ChannelArgumentsTest, AKeepaliveWithoutAnIntervalPingsAsUsual) {
  model::ConnectionOptions options;
  options.keepalive.emplace();
  options.keepalive->timeout = absl::Seconds(3);
  const auto values = Read(EndpointArguments(grpc::ChannelArguments(), options, 0.5));
  EXPECT_GT(std::get<int>(values.at(GRPC_ARG_KEEPALIVE_TIME_MS)), 300 * 1000);
  EXPECT_EQ(values.at(GRPC_ARG_KEEPALIVE_TIMEOUT_MS), Value(3000));
  EXPECT_EQ(values.count(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS), 0u);
}

TEST(ChannelArgumentsTest, ControlPlane) {
  const auto values = Read(ControlPlaneArguments("mesh/1"));
  EXPECT_EQ(values.at(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH), Value(128 << 20));
  EXPECT_EQ(values.at(GRPC_ARG_KEEPALIVE_TIME_MS), Value(30000));
  EXPECT_EQ(values.at(GRPC_ARG_KEEPALIVE_TIMEOUT_MS), Value(10000));
  EXPECT_EQ(values.at(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA), Value(0));
  EXPECT_EQ(std::get<std::string>(values.at(GRPC_ARG_PRIMARY_USER_AGENT_STRING)).find("mesh/1 "),
            0u);
}

}  // namespace
}  // namespace mesh::wire
