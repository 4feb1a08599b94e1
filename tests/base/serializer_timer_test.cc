// Timers of a serializer, above all those that were cancelled.

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "mesh/base/serializer.h"
#include "tests/testing/fake_executor.h"

namespace mesh {
namespace {

class SerializerTimerTest : public ::testing::Test {
 protected:
  // Starts a timer that notes `number` when it runs.
  Serializer::Timer Start(absl::Duration delay, int number) {
    Serializer::Timer timer;
    serializer_.RunAndWait([&] {
      serializer_.AssertHeld();
      timer = serializer_.After(delay, [this, number] { ran_.push_back(number); });
    });
    return timer;
  }

  testing::FakeClock clock_;
  testing::FakeExecutor executor_{&clock_};
  Serializer serializer_{&executor_};
  std::vector<int> ran_;
};

TEST_F(SerializerTimerTest, RunsOnTheSerializerWhenDue) {
  std::vector<absl::Duration> at;
  const absl::Time start = clock_.Now();
  std::vector<Serializer::Timer> timers;
  serializer_.RunAndWait([&] {
    serializer_.AssertHeld();
    for (int seconds : {3, 1, 2, 1}) {
      timers.push_back(serializer_.After(absl::Seconds(seconds), [&] {
        EXPECT_TRUE(serializer_.is_held());
        at.push_back(clock_.Now() - start);
      }));
    }
  });
  executor_.Advance(absl::Milliseconds(999));
  EXPECT_TRUE(at.empty());
  EXPECT_TRUE(timers[1].pending());
  executor_.Advance(absl::Milliseconds(1));
  EXPECT_EQ(at.size(), 2u);
  EXPECT_FALSE(timers[1].pending());
  EXPECT_TRUE(timers[0].pending());
  executor_.Advance(absl::Seconds(10));
  EXPECT_EQ(at, std::vector<absl::Duration>(
                    {absl::Seconds(1), absl::Seconds(1), absl::Seconds(2), absl::Seconds(3)}));
}

TEST_F(SerializerTimerTest, ResetBeforeItIsDue) {
  Serializer::Timer timer = Start(absl::Seconds(1), 1);
  EXPECT_EQ(executor_.pending_timers(), 1u);
  timer.Reset();
  EXPECT_FALSE(timer.pending());
  EXPECT_EQ(executor_.pending_timers(), 0u);
  timer.Reset();  // no effect
  executor_.Advance(absl::Seconds(2));
  EXPECT_TRUE(ran_.empty());
}

TEST_F(SerializerTimerTest, DestructionCancels) {
  { const Serializer::Timer timer = Start(absl::Seconds(1), 1); }
  executor_.Advance(absl::Seconds(2));
  EXPECT_TRUE(ran_.empty());
}

TEST_F(SerializerTimerTest, AssignmentCancelsTheFormerOne) {
  Serializer::Timer timer = Start(absl::Seconds(1), 1);
  timer = Start(absl::Seconds(1), 2);
  EXPECT_EQ(executor_.pending_timers(), 1u);
  Serializer::Timer moved = std::move(timer);
  EXPECT_TRUE(moved.pending());
  executor_.Advance(absl::Seconds(2));
  EXPECT_EQ(ran_, std::vector<int>({2}));
}

TEST_F(SerializerTimerTest, ResetDestroysTheTask) {
  auto held = std::make_shared<int>(0);
  const std::weak_ptr<int> watched = held;
  Serializer::Timer timer;
  serializer_.RunAndWait([&] {
    serializer_.AssertHeld();
    timer = serializer_.After(absl::Seconds(1), [held = std::move(held)] {});
  });
  EXPECT_FALSE(watched.expired());
  timer.Reset();
  EXPECT_TRUE(watched.expired());
}

TEST_F(SerializerTimerTest, ATaskMayResetOrRestartItsOwnTimer) {
  Serializer::Timer timer;
  serializer_.RunAndWait([&] {
    serializer_.AssertHeld();
    timer = serializer_.After(absl::Seconds(1), [&] {
      serializer_.AssertHeld();
      ran_.push_back(1);
      timer = serializer_.After(absl::Seconds(1), [&] {
        ran_.push_back(2);
        timer.Reset();
      });
    });
  });
  executor_.Advance(absl::Seconds(5));
  EXPECT_EQ(ran_, std::vector<int>({1, 2}));
}

// An executor that is driven by hand, and whose timers can no longer be cancelled, as if each had
// just begun to run.
class TooLateExecutor final : public Executor {
 public:
  void Post(Task task) override { posted = std::move(task); }
  TimerId PostAfter(absl::Duration, Task task) override {
    timer = std::move(task);
    return 1;
  }
  bool Cancel(TimerId) override { return false; }

  Task posted, timer;
};

TEST(SerializerTimerRaceTest, ATimerThatIsQueuedAlreadyDoesNotRunAfterReset) {
  TooLateExecutor executor;
  Serializer serializer(&executor);
  int ran = 0;
  std::optional<Serializer::Timer> timer;
  serializer.RunAndWait([&] {
    serializer.AssertHeld();
    timer = serializer.After(absl::Seconds(1), [&] { ++ran; });
  });
  // 1. A task that destroys the timer is queued.
  serializer.Post([&] { timer.reset(); });
  // 2. The timer is due, and its task is queued behind.
  executor.timer();
  // 3. Both are worked off.
  executor.posted();
  EXPECT_EQ(ran, 0);

  // The same with nobody in between does run.
  serializer.RunAndWait([&] {
    serializer.AssertHeld();
    timer = serializer.After(absl::Seconds(1), [&] { ++ran; });
  });
  executor.timer();
  executor.posted();
  EXPECT_EQ(ran, 1);
}

}  // namespace
}  // namespace mesh
