#include "tests/interop/xds_interop_client/client_options.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mesh::interop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(ClientOptionsTest, WhatTheHarnessPasses) {
  const absl::StatusOr<ClientOptions> options = ParseClientOptions(
      {"--server=xds:///affinity", "--print_response=true", "--qps=100", "--stats_port=60363",
       "--metadata=EmptyCall:k:v:w,UnaryCall:a:b", "--rpc=EmptyCall", "-rpc_timeout_sec=3"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->server, "xds:///affinity");
  EXPECT_TRUE(options->print_response);
  EXPECT_EQ(options->qps, 100);
  EXPECT_EQ(options->stats_port, 60363);
  ASSERT_EQ(options->plan.calls.size(), 1u);
  EXPECT_EQ(options->plan.calls[0].method, Method::kEmptyCall);
  EXPECT_THAT(options->plan.calls[0].metadata, ElementsAre(Pair("k", "v:w")));
  EXPECT_EQ(options->plan.timeout, absl::Seconds(3));
}

TEST(ClientOptionsTest, Defaults) {
  const absl::StatusOr<ClientOptions> options = ParseClientOptions({"--server=xds:///a"});
  ASSERT_TRUE(options.ok()) << options.status();
  ASSERT_EQ(options->plan.calls.size(), 1u);
  EXPECT_EQ(options->plan.calls[0].method, Method::kUnaryCall);
  EXPECT_THAT(options->plan.calls[0].metadata, IsEmpty());
  EXPECT_EQ(options->plan.timeout, absl::Seconds(20));
}

TEST(ClientOptionsTest, ErrorsNameTheArgument) {
  const struct {
    std::vector<std::string> arguments;
    const char* text;
  } kCases[] = {
      {{}, "argument \"--server\": missing"},
      {{"--server=a", "b"}, "argument \"b\": is no flag"},
      {{"--server=a", "--speed=1"}, "argument \"--speed=1\": unknown flag"},
      {{"--server=a", "--qps=0"}, "argument \"--qps=0\": is no rate above 0"},
      {{"--server=a", "--rpc=Call"}, "argument \"--rpc=Call\": is neither"},
      {{"--server=a", "--metadata=EmptyCall:k"}, "is not METHOD:key:value"},
      {{"--server=a", "--stats_port=x"}, "is no port"},
      {{"--server=a", "--rpc_timeout_sec=0"}, "is no timeout"},
  };
  for (const auto& test : kCases) {
    const absl::StatusOr<ClientOptions> options = ParseClientOptions(test.arguments);
    ASSERT_FALSE(options.ok()) << test.text;
    EXPECT_THAT(std::string(options.status().message()), HasSubstr(test.text));
  }
}

}  // namespace
}  // namespace mesh::interop
