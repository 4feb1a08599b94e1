// What a part of a picker tells policies of its endpoints.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "mesh/base/random.h"
#include "mesh/base/reaper.h"
#include "mesh/cluster/ready_list.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/fake_executor.h"

namespace mesh::cluster {
namespace {

class FirstPlace final : public balancer::Policy {
 public:
  uint32_t Pick(const balancer::PickInput&) const override { return 0; }
  std::vector<uint64_t> Shares() const override { return {1}; }
};

class FirstPlaceBuilder final : public balancer::PolicyBuilder {
 public:
  std::unique_ptr<const balancer::Policy> Build(const balancer::Places&) const override {
    return std::make_unique<FirstPlace>();
  }
};

class PickerPartTest : public ::testing::Test {
 protected:
  ~PickerPartTest() override {
    permits_.clear();
    for (Endpoint* endpoint : endpoints_) endpoint->Retire();
    executor_.RunReady();
  }
  void MakeEndpoints(uint32_t count) {
    std::vector<PolicyPlace> places;
    for (uint32_t i = 0; i < count; ++i) {
      endpoints_.push_back(new Endpoint(absl::StrCat("a:", i), reaper_, {}));
      places.push_back({endpoints_.back(), 1, endpoints_.back()->address()});
    }
    part_ = MakePickerPart(places, FirstPlaceBuilder());
  }
  void Begin(uint32_t endpoint, int calls) {
    for (int i = 0; i < calls; ++i) permits_.emplace_back(endpoints_[endpoint]);
  }
  uint64_t InFlightOfAll() const { return part_->InFlightOfAll(part_->size()); }

  testing::FakeClock clock_;
  testing::FakeExecutor executor_{&clock_};
  std::shared_ptr<Reaper> reaper_ = std::make_shared<Reaper>(&executor_);
  std::vector<Endpoint*> endpoints_;
  std::vector<Permit> permits_;
  std::shared_ptr<const PickerPart> part_;
};

TEST_F(PickerPartTest, CountsFewEndpointsEachTime) {
  MakeEndpoints(64);
  EXPECT_EQ(InFlightOfAll(), 0u);
  Begin(63, 5);
  EXPECT_EQ(InFlightOfAll(), 5u);
  permits_.clear();
  EXPECT_EQ(InFlightOfAll(), 0u);
}

TEST_F(PickerPartTest, ExpectsOfManyWhatSomeHave) {
  MakeEndpoints(1000);
  for (uint32_t i = 0; i < 1000; ++i) Begin(i, 3);
  EXPECT_EQ(InFlightOfAll(), 3000u);
}

// An eighth of a thousand picks later it is exact, whatever was expected before.
TEST_F(PickerPartTest, KnowsManyExactlyAfterARound) {
  MakeEndpoints(1003);
  uint64_t calls = 0;
  for (uint32_t i = 0; i < 1003; ++i) {
    if (i * i % 7 != 1) continue;
    Begin(i, 2);
    calls += 2;
  }
  for (int pick = 0; pick < 126; ++pick) InFlightOfAll();
  EXPECT_EQ(InFlightOfAll(), calls);

  permits_.clear();
  for (int pick = 0; pick < 2 * 126; ++pick) InFlightOfAll();
  EXPECT_EQ(InFlightOfAll(), 0u);
}

// What comes and goes while a round goes on is a moment's number, never a sum of two rounds.
TEST_F(PickerPartTest, StaysNearTheNumberWhileItChanges) {
  MakeEndpoints(500);
  const std::unique_ptr<Random> random = NewSeededRandom(1);
  uint64_t most = 0;
  for (int step = 0; step < 5000; ++step) {
    if (permits_.empty() || random->NextBelow(2) == 0) {
      Begin(static_cast<uint32_t>(random->NextBelow(500)), 1);
    } else {
      permits_.pop_back();
    }
    most = std::max<uint64_t>(most, permits_.size());
    ASSERT_LE(InFlightOfAll(), most + 1);
  }
}

}  // namespace
}  // namespace mesh::cluster
