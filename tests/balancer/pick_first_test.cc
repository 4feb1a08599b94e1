// The first place that can, in order or shuffled (gRFC A62).

#include "balancer/pick_first.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/balancer/fake_places.h"

namespace mesh::balancer {
namespace {

std::unique_ptr<const Policy> PolicyOf(const std::vector<std::string>& keys, bool shuffle,
                                       uint64_t seed) {
  const auto key = [&keys](uint32_t i) -> absl::string_view { return keys[i]; };
  return BuildPickFirst({Weights::Of(std::vector<uint32_t>(keys.size(), 1)), key}, {shuffle}, seed);
}

std::vector<std::string> Keys(int count) {
  std::vector<std::string> keys;
  for (int i = 0; i < count; ++i) keys.push_back(absl::StrCat("10.0.0.", i, ":80"));
  return keys;
}

uint32_t Pick(const Policy& policy, const FakePlaces& places) {
  PickInput input;
  input.places = &places;
  return policy.Pick(input);
}

// The keys in the order in which they are picked, as one after the other cannot take calls.
std::vector<std::string> Order(const std::vector<std::string>& keys, bool shuffle, uint64_t seed) {
  const std::unique_ptr<const Policy> policy = PolicyOf(keys, shuffle, seed);
  FakePlaces places(static_cast<uint32_t>(keys.size()));
  std::vector<std::string> order;
  for (size_t i = 0; i < keys.size(); ++i) {
    const uint32_t place = Pick(*policy, places);
    order.push_back(keys[place]);
    places.can_take[place] = false;
  }
  return order;
}

TEST(PickFirstTest, TakesTheFirstThatCan) {
  const std::vector<std::string> keys = Keys(3);
  EXPECT_EQ(Order(keys, false, 7), keys);
  const std::unique_ptr<const Policy> policy = PolicyOf(keys, false, 7);
  FakePlaces places(3);
  places.in_flight = {9, 0, 0};
  EXPECT_EQ(Pick(*policy, places), 0u);
  places.can_take = {false, false, false};
  EXPECT_EQ(Pick(*policy, places), 0u) << "none can: the first";
  EXPECT_EQ(policy->Pick(PickInput()), 0u) << "nothing is known";
  EXPECT_EQ(policy->Shares(), (std::vector<uint64_t>{1, 0, 0}));
}

TEST(PickFirstTest, AClientsOrderIsItsOwn) {
  const std::vector<std::string> keys = Keys(6);
  std::set<std::vector<std::string>> orders;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const std::vector<std::string> order = Order(keys, true, seed);
    EXPECT_EQ(order, Order(keys, true, seed));
    EXPECT_EQ(std::set<std::string>(order.begin(), order.end()).size(), keys.size());
    orders.insert(order);
  }
  EXPECT_GT(orders.size(), 80u);
}

TEST(PickFirstTest, ClientsSpread) {
  std::vector<int> firsts(4, 0);
  for (uint64_t seed = 0; seed < 4000; ++seed) {
    ++firsts[PolicyOf(Keys(4), true, seed)->Pick(PickInput())];
  }
  for (int first : firsts) EXPECT_NEAR(first, 1000, 140);
}

TEST(PickFirstTest, AClientsOrderStaysWhenPlacesComeAndGo) {
  const std::vector<std::string> keys = Keys(8);
  std::vector<std::string> rest = keys;
  std::reverse(rest.begin(), rest.end());
  rest.erase(rest.begin() + 3);
  std::vector<std::string> order = Order(keys, true, 5);
  order.erase(std::find(order.begin(), order.end(), "10.0.0.4:80"));
  EXPECT_EQ(Order(rest, true, 5), order);
}

}  // namespace
}  // namespace mesh::balancer
