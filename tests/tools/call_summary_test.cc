#include "mesh/tools/call_summary.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mesh::tools {
namespace {

TEST(CallSummary, JsonHasEveryKeyEvenWithoutCalls) {
  EXPECT_EQ(CallSummary().ToJson(),
            R"({"calls":0,"peers":{},"statuses":{},"errors":{},)"
            R"("latency_ms":{"p50":0.000,"p90":0.000,"p99":0.000,"max":0.000}})");
}

TEST(CallSummary, CountsByPeerAndStatusAndKeepsTheFirstErrorOfEach) {
  CallSummary summary;
  summary.Add("127.0.0.1:1", 0, "", absl::Milliseconds(1));
  summary.Add("127.0.0.1:1", 0, "", absl::Milliseconds(1));
  summary.Add("127.0.0.1:2", 14, "first \"cause\"", absl::Milliseconds(1));
  summary.Add("", 14, "second", absl::Milliseconds(1));
  EXPECT_EQ(summary.calls(), 4u);
  EXPECT_EQ(summary.failed(), 2u);
  EXPECT_EQ(summary.ToJson(),
            R"({"calls":4,"peers":{"127.0.0.1:1":2,"127.0.0.1:2":1},)"
            R"("statuses":{"OK":2,"UNAVAILABLE":2},"errors":{"UNAVAILABLE":"first \"cause\""},)"
            R"("latency_ms":{"p50":1.000,"p90":1.000,"p99":1.000,"max":1.000}})");
  EXPECT_THAT(summary.ToText(), testing::HasSubstr("4 calls, 2 failed"));
}

TEST(CallSummary, QuantilesAreOfTheNearestRank) {
  CallSummary summary;
  for (int i = 100; i >= 1; --i) summary.Add("", 0, "", absl::Milliseconds(i));
  EXPECT_THAT(summary.ToJson(),
              testing::HasSubstr(R"("p50":50.000,"p90":90.000,"p99":99.000,"max":100.000)"));
}

TEST(StatusCodeName, KnowsEveryCodeOfGrpc) {
  EXPECT_EQ(StatusCodeName(0), "OK");
  EXPECT_EQ(StatusCodeName(4), "DEADLINE_EXCEEDED");
  EXPECT_EQ(StatusCodeName(14), "UNAVAILABLE");
  EXPECT_EQ(StatusCodeName(16), "UNAUTHENTICATED");
  EXPECT_EQ(StatusCodeName(17), "CODE_17");
  EXPECT_EQ(StatusCodeName(-1), "CODE_-1");
}

}  // namespace
}  // namespace mesh::tools
