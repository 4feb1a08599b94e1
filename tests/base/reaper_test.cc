#include "mesh/base/reaper.h"

#include <future>
#include <memory>
#include <vector>

#include "gmock/gmock.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/fake_executor.h"

namespace mesh {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ReaperTest : public ::testing::Test {
 protected:
  Task Note(int number) {
    return [this, number] { destroyed_.push_back(number); };
  }

  testing::FakeClock clock_;
  testing::FakeExecutor executor_{&clock_};
  std::shared_ptr<Reaper> reaper_ = std::make_shared<Reaper>(&executor_);
  std::vector<int> destroyed_;
};

TEST_F(ReaperTest, DestroysOnTheExecutorInOrder) {
  reaper_->Destroy(Note(1));
  reaper_->Destroy(Note(2));
  EXPECT_THAT(destroyed_, IsEmpty());
  executor_.RunReady();
  EXPECT_THAT(destroyed_, ElementsAre(1, 2));
}

TEST_F(ReaperTest, RunsHereWhatTheExecutorHasNotRunYet) {
  reaper_->Destroy([this] { reaper_->Destroy(Note(2)); });
  reaper_->Destroy(Note(1));
  reaper_->RunAll();
  EXPECT_THAT(destroyed_, ElementsAre(1, 2)) << "what comes of it too";
  executor_.RunReady();
  EXPECT_THAT(destroyed_, ElementsAre(1, 2)) << "each once";
  reaper_->Destroy(Note(3));
  executor_.RunReady();
  EXPECT_THAT(destroyed_, ElementsAre(1, 2, 3)) << "it goes on";
}

TEST_F(ReaperTest, WhenClosedNothingIsLeftForTheExecutor) {
  reaper_->Destroy(Note(1));
  reaper_->Close();
  EXPECT_THAT(destroyed_, ElementsAre(1));
  std::promise<void> done;
  reaper_->Destroy([&done] { done.set_value(); });
  done.get_future().wait();  // on a thread of its own
  reaper_ = nullptr;
  executor_.RunReady();
  EXPECT_THAT(destroyed_, ElementsAre(1));
}

}  // namespace
}  // namespace mesh
