#include "tests/interop/xds_interop_client/stats_book.h"

#include <future>

#include "gtest/gtest.h"

namespace mesh::interop {
namespace {

TEST(StatsBookTest, CountsTheNextCallsOnly) {
  StatsBook book;
  const uint64_t before = book.Start(Method::kUnaryCall);
  auto next =
      std::async(std::launch::async, [&] { return book.WaitForNext(3, absl::Seconds(10)); });
  // Calls go on until it has heard of enough of them.
  while (next.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready) {
    const uint64_t a = book.Start(Method::kUnaryCall);
    const uint64_t b = book.Start(Method::kEmptyCall);
    book.End(a, Method::kUnaryCall, 0, "x");
    book.End(b, Method::kEmptyCall, 0, "y");
  }
  book.End(before, Method::kUnaryCall, 0, "before");
  const grpc::testing::LoadBalancerStatsResponse response = next.get();
  EXPECT_EQ(response.num_failures(), 0);
  EXPECT_EQ(response.rpcs_by_peer().at("x") + response.rpcs_by_peer().at("y"), 3);
  EXPECT_EQ(response.rpcs_by_peer().count("before"), 0u);
  EXPECT_EQ(response.rpcs_by_method().at("UnaryCall").rpcs_by_peer().at("x"),
            response.rpcs_by_peer().at("x"));
}

TEST(StatsBookTest, ACallThatFailsIsAFailureOfItsWait) {
  StatsBook book;
  auto next =
      std::async(std::launch::async, [&] { return book.WaitForNext(3, absl::Seconds(10)); });
  while (next.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready) {
    book.End(book.Start(Method::kUnaryCall), Method::kUnaryCall, 14, "");
  }
  const grpc::testing::LoadBalancerStatsResponse response = next.get();
  EXPECT_EQ(response.num_failures(), 3);
  EXPECT_TRUE(response.rpcs_by_peer().empty());
}

TEST(StatsBookTest, CallsThatDoNotComeInTimeAreFailures) {
  StatsBook book;
  book.Start(Method::kUnaryCall);
  EXPECT_EQ(book.WaitForNext(5, absl::Milliseconds(1)).num_failures(), 5);
}

TEST(StatsBookTest, AccumulatesByMethodAndCode) {
  StatsBook book;
  for (const int code : {0, 0, 14, 4}) {
    book.End(book.Start(Method::kEmptyCall), Method::kEmptyCall, code, "x");
  }
  book.Start(Method::kUnaryCall);
  const grpc::testing::LoadBalancerAccumulatedStatsResponse response = book.Accumulated();
  EXPECT_EQ(response.num_rpcs_started_by_method().at("EmptyCall"), 4);
  EXPECT_EQ(response.num_rpcs_succeeded_by_method().at("EmptyCall"), 2);
  EXPECT_EQ(response.num_rpcs_failed_by_method().at("EmptyCall"), 2);
  EXPECT_EQ(response.stats_per_method().at("EmptyCall").result().at(14), 1);
  EXPECT_EQ(response.stats_per_method().at("UnaryCall").rpcs_started(), 1);
}

}  // namespace
}  // namespace mesh::interop
