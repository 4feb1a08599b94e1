#ifndef TESTS_CALL_UNARY_FIXTURE_H_
#define TESTS_CALL_UNARY_FIXTURE_H_

#include <memory>
#include <string>

#include "grpc/grpc.h"
#include "grpcpp/client_context.h"
#include "gtest/gtest.h"
#include "tests/call/call_styles.h"
#include "tests/call/call_world.h"
#include "tests/testing/echo_server.h"

namespace mesh::call::testing {

// Two servers and a world that knows none of them yet.
class CallTest : public ::testing::Test {
 protected:
  // gRPC stays up from test to test: on its way down it may wait 10 s for a write that a server
  // never reads to its end.
  static void SetUpTestSuite() { grpc_init(); }

  // The first `count` of a and b.
  void AddServers(int count) {
    world_.AddEndpoint(a_.address());
    if (count > 1) world_.AddEndpoint(b_.address());
  }

  // Every attempt ended once, and every permit is back.
  void ExpectEnded(int ok, int failed) {
    EXPECT_TRUE(Eventually([&] {
      const CallWorld::Attempts ended = world_.ended();
      return world_.in_flight() == 0 && ended.ok == ok && ended.failed == failed;
    })) << "in flight "
        << world_.in_flight() << ", ok " << world_.ended().ok << ", failed "
        << world_.ended().failed;
  }

  mesh::testing::EchoServer a_{"a"};
  mesh::testing::EchoServer b_{"b"};
  CallWorld world_;
  std::shared_ptr<grpc::ChannelInterface> channel_ = world_.NewChannel();
};

// Makes one call, in the style of the parameter.
class UnaryTest : public CallTest, public ::testing::WithParamInterface<Style> {
 protected:
  grpc::Status Call(const std::string& text) {
    EchoRequest request;
    request.set_text(text);
    return CallUnary(GetParam(), channel_, &context_, request, &reply_);
  }

  grpc::ClientContext context_;
  EchoReply reply_;
};

#define INSTANTIATE_UNARY_STYLES(prefix, suite)                                                    \
  INSTANTIATE_TEST_SUITE_P(                                                                        \
      prefix, suite,                                                                               \
      ::testing::Values(Style::kSync, Style::kLambda, Style::kReactor, Style::kAsync,              \
                        Style::kAsyncEarlyMetadata, Style::kGenericAsync, Style::kGenericReactor), \
      [](const ::testing::TestParamInfo<Style>& info) { return ToString(info.param); })

}  // namespace mesh::call::testing

#endif  // TESTS_CALL_UNARY_FIXTURE_H_
