// Many calls of every kind and style at once while everything about them changes: each ends once,
// and nothing is left over.

#include <array>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "tests/call/stream_styles.h"
#include "tests/call/unary_fixture.h"

namespace mesh::call::testing {
namespace {

constexpr std::array<Style, 7> kStyles = {
    Style::kSync,         Style::kLambda,         Style::kReactor,           Style::kAsync,
    Style::kGenericAsync, Style::kGenericReactor, Style::kAsyncEarlyMetadata};
constexpr int kThreads = 4;
constexpr int kCallsOfAThread = 350;

constexpr std::array<StreamKind, 3> kKinds = {StreamKind::kClient, StreamKind::kServer,
                                              StreamKind::kBidi};
constexpr std::array<StreamStyle, 5> kStreamStyles = {
    StreamStyle::kSync, StreamStyle::kAsync, StreamStyle::kCallback, StreamStyle::kGenericAsync,
    StreamStyle::kGenericCallback};

class CallStressTest : public CallTest {
 protected:
  // Calls in style `i`; `*text` is the first reply's.
  grpc::Status Unary(int i, grpc::ClientContext* context, const EchoRequest& request,
                     std::string* text) {
    EchoReply reply;
    grpc::Status status =
        CallUnary(kStyles[i / 2 % kStyles.size()], channel_, context, request, &reply);
    *text = reply.text();
    return status;
  }
  grpc::Status Stream(int i, grpc::ClientContext* context, const EchoRequest& request,
                      std::string* text) {
    StreamOutcome outcome =
        CallStream(kKinds[i / 2 % kKinds.size()], kStreamStyles[i / 3 % kStreamStyles.size()],
                   channel_, context, {request});
    if (!outcome.replies.empty()) *text = outcome.replies[0].text();
    return outcome.status;
  }
};

TEST_F(CallStressTest, EveryCallEndsOnceWhateverChanges) {
  AddServers(2);
  world_.AddEndpoint("127.0.0.1:1");  // nobody is there
  world_.Publish(CallWorld::Retries(2));
  std::array<std::atomic<int>, 17> ended{};
  std::atomic<int> running{kThreads};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kCallsOfAThread; ++i) {
        grpc::ClientContext context;
        context.set_deadline(std::chrono::system_clock::now() +
                             std::chrono::milliseconds(i % 5 == 0 ? i % 7 : 5000));
        context.set_wait_for_ready(i % 3 == 0);
        EchoRequest request;
        request.set_text(std::to_string(i));
        if (i % 11 == 0) request.set_delay_ms(2);
        std::thread canceller;
        if (i % 13 == 0) canceller = std::thread([&] { context.TryCancel(); });
        std::string text;
        const grpc::Status status = i % 2 == 0 ? Unary(i + thread, &context, request, &text)
                                               : Stream(i + thread, &context, request, &text);
        if (canceller.joinable()) canceller.join();
        ++ended[status.error_code()];
        EXPECT_TRUE(!status.ok() || text == request.text()) << text;
      }
      --running;
    });
  }
  const std::vector<cluster::Endpoint*> all = world_.endpoints();
  for (int i = 0; running > 0; ++i) {
    switch (i % 6) {
      case 0:
        a_.FailNext(3);
        break;
      case 1:
        world_.SetEndpoints({all[1], all[2]});
        break;
      case 2:
        world_.PublishPending();
        break;
      case 3:
        world_.Publish(CallWorld::Retries(1), absl::Seconds(1));
        break;
      case 4:
        world_.PublishError(absl::UnavailableError("for a moment"));
        break;
      default:
        world_.Publish();
    }
  }
  for (std::thread& thread : threads) thread.join();
  int sum = 0;
  for (int code = 0; code <= 16; ++code) {
    const bool expected = code == grpc::OK || code == grpc::CANCELLED ||
                          code == grpc::DEADLINE_EXCEEDED || code == grpc::UNAVAILABLE;
    EXPECT_TRUE(expected || ended[code] == 0) << ended[code] << " calls ended with " << code;
    sum += ended[code];
  }
  EXPECT_EQ(sum, kThreads * kCallsOfAThread);
  EXPECT_GT(ended[grpc::OK], sum / 4);
  EXPECT_TRUE(Eventually([&] { return world_.in_flight() == 0; })) << world_.in_flight();
  EXPECT_TRUE(Eventually([&] { return world_.core().registry().size() == 0; }));
}

}  // namespace
}  // namespace mesh::call::testing
