#include "mesh/wire/channel_arguments.h"

#include <map>
#include <string>
#include <variant>

#include "grpc/grpc.h"
#include "gtest/gtest.h"

namespace mesh::wire {
namespace {

using Value = std::variant<int, std::string>;

// As gRPC reads them: the last one of a key holds.
std::map<std::string, Value> Read(const grpc::ChannelArguments& arguments) {
  std::map<std::string, Value> values;
  const grpc_channel_args raw = arguments.c_channel_args();
  for (size_t i = 0; i < raw.num_args; ++i) {
    const grpc_arg& arg = raw.args[i];
    if (arg.type == GRPC_ARG_INTEGER) values[arg.key] = arg.value.integer;
    if (arg.type == GRPC_ARG_STRING) values[arg.key] = std::string(arg.value.string);
  }
  return values;
}

TEST(ChannelArgumentsTest, EndpointDefaults) {
  const auto values = Read(EndpointArguments(grpc::ChannelArguments(), absl::Seconds(3)));
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
  const auto values = Read(EndpointArguments(application, absl::Seconds(5)));
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
  const auto values = Read(EndpointArguments(application, absl::ZeroDuration()));
  EXPECT_EQ(values.at(GRPC_ARG_ENABLE_RETRIES), Value(0));
  EXPECT_EQ(values.at(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL), Value(1));
  EXPECT_EQ(values.at(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS), Value(1));
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
