// Which place a hash goes on to when its first one will not do, against a naive twin.

#include "balancer/place_walk.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <vector>

#include "balancer/load_bound.h"
#include "gtest/gtest.h"
#include "mesh/base/random.h"
#include "tests/balancer/fake_places.h"

namespace mesh::balancer {
namespace {

// Picks from a circle of these positions.
uint32_t Choose(const FakePlaces& places, const std::vector<uint32_t>& circle,
                const LoadBound& bound) {
  PickInput input;
  input.places = &places;
  const auto at = [&circle](uint64_t i) { return circle[i]; };
  return ChoosePlace(input, {static_cast<uint32_t>(places.in_flight.size()), circle.size(), at},
                     bound);
}

LoadBound Unbounded() { return LoadBound(Weights(), 0); }

TEST(PlaceWalkTest, TakesTheFirstThatCan) {
  FakePlaces places(3);
  const std::vector<uint32_t> circle = {1, 1, 2, 1, 0, 2};
  EXPECT_EQ(Choose(places, circle, Unbounded()), 1u);
  places.can_take[1] = false;
  EXPECT_EQ(Choose(places, circle, Unbounded()), 2u);
  places.can_take[2] = false;
  EXPECT_EQ(Choose(places, circle, Unbounded()), 0u);
  places.can_take[0] = false;
  EXPECT_EQ(Choose(places, circle, Unbounded()), 1u) << "none can: the first";
}

TEST(PlaceWalkTest, WithoutAViewTheFirst) {
  const auto at = [](uint64_t) -> uint32_t { return 2; };
  EXPECT_EQ(ChoosePlace(PickInput(), {3, 10, at}, LoadBound(Weights::Of({1, 1, 1}), 100)), 2u);
}

TEST(PlaceWalkTest, LooksOnceAtEachPlace) {
  FakePlaces places(100);
  std::fill(places.can_take.begin(), places.can_take.end(), false);
  std::vector<uint32_t> circle;
  for (uint32_t i = 0; i < 1'000'000; ++i) circle.push_back(i * 7919 % 99);  // 99 has none
  const auto at = [&circle](uint64_t i) { return circle[i]; };
  PickInput input;
  input.places = &places;
  WalkPlaces(input, {100, circle.size(), at}, Unbounded());
  EXPECT_EQ(places.looks, std::vector<int>(100, 1));
}

TEST(PlaceWalkTest, IsBoundedWhereOnePlaceHasNearlyAllPositions) {
  FakePlaces places(3);
  places.can_take = {false, false, true};
  uint64_t positions = 0;
  const auto at = [&positions](uint64_t) -> uint32_t {
    ++positions;
    return 0;
  };
  PickInput input;
  input.places = &places;
  EXPECT_EQ(ChoosePlace(input, {3, 1'000'000, at}, Unbounded()), 2u);
  EXPECT_LT(positions, 30u);
}

TEST(PlaceWalkTest, FindsTheOneOfManyPlaces) {
  constexpr uint32_t kPlaces = 200'000;
  FakePlaces places(kPlaces);
  std::fill(places.can_take.begin(), places.can_take.end(), false);
  const auto at = [](uint64_t i) -> uint32_t { return i % kPlaces; };
  PickInput input;
  input.places = &places;
  for (const uint32_t place : {0u, 3u, 65'535u, 65'536u, 131'072u, kPlaces - 1}) {
    places.can_take[place] = true;
    EXPECT_EQ(ChoosePlace(input, {kPlaces, kPlaces, at}, Unbounded()), place);
    places.can_take[place] = false;
  }
}

struct LimitCase {
  uint32_t percent;
  std::vector<uint32_t> weights;
  uint64_t all;
  std::vector<uint64_t> limits;
};

// envoy bounded_load_hlb_test.cc has the same sums.
TEST(LoadBoundTest, LimitsAreSharesOfAllAndOne) {
  const std::vector<LimitCase> cases = {
      {100, {1, 1, 1, 1}, 0, {1, 1, 1, 1}},
      {100, {1, 1, 1, 1}, 7, {2, 2, 2, 2}},
      {100, {1, 1, 1, 1}, 8, {3, 3, 3, 3}},
      {150, {1, 1}, 3, {3, 3}},
      {120, {1, 1}, 3, {3, 3}},
      {125, {1, 3}, 15, {5, 15}},
      {100, {1, 1'000'000}, 999, {1, 1000}},
      {200, {1}, 0, {2}},
      {100, {4'000'000'000}, ~uint64_t{0} - 1, {~uint64_t{0}}},
      {400, {1}, ~uint64_t{0}, {~uint64_t{0}}},
  };
  for (const LimitCase& c : cases) {
    const LoadBound bound(Weights::Of(c.weights), c.percent);
    for (uint32_t i = 0; i < c.weights.size(); ++i) {
      EXPECT_EQ(bound.Limit(i, c.all), c.limits[i]) << c.percent << "% of " << c.all << ", " << i;
    }
  }
}

TEST(PlaceWalkTest, PassesOverPlacesThatHaveTooMuch) {
  FakePlaces places(3);
  const LoadBound bound(Weights::Of({1, 1, 1}), 100);
  const std::vector<uint32_t> circle = {0, 1, 2};
  places.in_flight = {2, 2, 1};  // the limit is 6 / 3
  EXPECT_EQ(Choose(places, circle, bound), 0u);
  places.in_flight = {3, 2, 0};
  EXPECT_EQ(Choose(places, circle, bound), 1u);
  places.in_flight = {3, 4, 0};  // the limit is 8 / 3, rounded up
  EXPECT_EQ(Choose(places, circle, bound), 0u);
  places.in_flight = {9, 9, 0};
  EXPECT_EQ(Choose(places, circle, bound), 2u);
  places.can_take = {true, true, false};
  EXPECT_EQ(Choose(places, circle, bound), 0u) << "both exceed their limits as much";
  places.in_flight = {10, 9, 0};
  EXPECT_EQ(Choose(places, circle, bound), 1u) << "the one that exceeds it least";
}

// By definition: each distinct place in the order of the circle, then the rest.
uint32_t NaiveChoose(const FakePlaces& places, const std::vector<uint32_t>& circle,
                     const std::vector<uint32_t>& weights, uint32_t percent) {
  std::vector<uint32_t> order;
  for (uint32_t place : circle) {
    if (std::count(order.begin(), order.end(), place) == 0) order.push_back(place);
  }
  const uint64_t all =
      std::accumulate(places.in_flight.begin(), places.in_flight.end(), uint64_t{0});
  const uint64_t sum = std::accumulate(weights.begin(), weights.end(), uint64_t{0});
  const auto slots = static_cast<double>(((all + 1) * percent + 99) / 100);
  std::optional<uint32_t> best;
  double best_excess = 0;
  for (uint32_t place : order) {
    if (!places.can_take[place]) continue;
    const double share = std::ceil(slots * weights[place] / static_cast<double>(sum));
    const double excess = static_cast<double>(places.in_flight[place]) / std::max(1.0, share);
    if (percent == 0 || excess <= 1) return place;
    if (!best || excess < best_excess) {
      best = place;
      best_excess = excess;
    }
  }
  return best.value_or(order[0]);
}

TEST(PlaceWalkTest, EqualsANaiveTwin) {
  const std::unique_ptr<Random> random = NewSeededRandom(8);
  int moved = 0;
  for (int round = 0; round < 20'000; ++round) {
    const auto size = static_cast<uint32_t>(1 + random->NextBelow(8));
    FakePlaces places(size);
    std::vector<uint32_t> weights;
    std::vector<uint32_t> circle;
    for (uint32_t i = 0; i < size; ++i) {
      places.in_flight[i] = random->NextBelow(6);
      places.can_take[i] = random->NextBelow(3) > 0;
      weights.push_back(static_cast<uint32_t>(1 << random->NextBelow(3)));
      // Short of 8 positions a place, so that the walk sees them all.
      for (uint64_t k = 1 + random->NextBelow(6); k > 0; --k) circle.push_back(i);
    }
    for (size_t i = circle.size(); i > 1; --i)
      std::swap(circle[i - 1], circle[random->NextBelow(i)]);
    const uint32_t percent = random->NextBelow(2) == 0 ? 0 : 125;
    const uint32_t chosen = Choose(places, circle, LoadBound(Weights::Of(weights), percent));
    ASSERT_EQ(chosen, NaiveChoose(places, circle, weights, percent)) << round;
    if (chosen != circle[0]) ++moved;
  }
  EXPECT_GT(moved, 5000);
}

}  // namespace
}  // namespace mesh::balancer
