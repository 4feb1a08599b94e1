// The fake that other tests trust.

#include "tests/testing/fake_executor.h"

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace mesh::testing {
namespace {

class FakeExecutorTest : public ::testing::Test {
 protected:
  FakeClock clock_;
  FakeExecutor executor_{&clock_};
  std::vector<int> ran_;
};

TEST_F(FakeExecutorTest, RunsNothingUntilTold) {
  executor_.Post([this] { ran_.push_back(1); });
  executor_.PostAfter(absl::ZeroDuration(), [this] { ran_.push_back(2); });
  EXPECT_TRUE(ran_.empty());
  EXPECT_EQ(executor_.pending_tasks(), 1u);
  EXPECT_EQ(executor_.pending_timers(), 1u);
  EXPECT_EQ(executor_.RunReady(), 2u);
  EXPECT_EQ(ran_, std::vector<int>({1, 2}));
  EXPECT_EQ(executor_.RunReady(), 0u);
}

TEST_F(FakeExecutorTest, RunReadyRunsWhatTasksPostAndWhatIsDueOnly) {
  executor_.Post([this] {
    executor_.Post([this] { ran_.push_back(1); });
    executor_.PostAfter(absl::ZeroDuration(), [this] { ran_.push_back(2); });
    executor_.PostAfter(absl::Nanoseconds(1), [this] { ran_.push_back(3); });
  });
  EXPECT_EQ(executor_.RunReady(), 3u);
  EXPECT_EQ(ran_, std::vector<int>({1, 2}));
  EXPECT_EQ(executor_.pending_timers(), 1u);
}

TEST_F(FakeExecutorTest, AdvanceStopsAtEachTimer) {
  const absl::Time start = clock_.Now();
  std::vector<absl::Duration> at;
  const auto note = [&] { at.push_back(clock_.Now() - start); };
  executor_.PostAfter(absl::Seconds(2), note);
  executor_.PostAfter(absl::Seconds(1), [&] {
    note();
    executor_.PostAfter(absl::Milliseconds(500), note);
  });
  executor_.PostAfter(absl::Seconds(4), note);
  EXPECT_EQ(executor_.Advance(absl::Seconds(3)), 3u);
  EXPECT_EQ(at, std::vector<absl::Duration>(
                    {absl::Seconds(1), absl::Milliseconds(1500), absl::Seconds(2)}));
  EXPECT_EQ(clock_.Now() - start, absl::Seconds(3));
  EXPECT_EQ(executor_.Advance(absl::Seconds(1)), 1u);  // due at the very end
}

TEST_F(FakeExecutorTest, CancelDestroysTheTask) {
  auto held = std::make_shared<int>(0);
  const std::weak_ptr<int> watched = held;
  const auto timer = executor_.PostAfter(absl::Seconds(1), [held = std::move(held)] {});
  EXPECT_TRUE(executor_.Cancel(timer));
  EXPECT_TRUE(watched.expired());
  EXPECT_FALSE(executor_.Cancel(timer));
  EXPECT_EQ(executor_.Advance(absl::Seconds(2)), 0u);
}

TEST_F(FakeExecutorTest, ATimerThatRunsOrRanCannotBeCancelled) {
  Executor::TimerId timer = 0;
  bool cancelled = true;
  timer = executor_.PostAfter(absl::Seconds(1), [&] { cancelled = executor_.Cancel(timer); });
  executor_.Advance(absl::Seconds(1));
  EXPECT_FALSE(cancelled);
  EXPECT_FALSE(executor_.Cancel(timer));
}

TEST_F(FakeExecutorTest, StepsRunOneTaskOrTimer) {
  std::string ran;
  const absl::Time end = clock_.Now() + absl::Seconds(5);
  executor_.PostAfter(absl::Seconds(2), [&] { ran += "timer "; });
  executor_.PostAfter(absl::Seconds(9), [&] { ran += "late "; });
  executor_.Post([&] { ran += "task "; });
  EXPECT_TRUE(executor_.Step(end));
  EXPECT_EQ(ran, "task ");
  EXPECT_TRUE(executor_.Step(end));
  EXPECT_EQ(ran, "task timer ");
  EXPECT_EQ(clock_.Now(), end - absl::Seconds(3));
  EXPECT_FALSE(executor_.Step(end));
  EXPECT_EQ(clock_.Now(), end);
  EXPECT_EQ(ran, "task timer ");
}

}  // namespace
}  // namespace mesh::testing
