// Envoy's Maglev tables (maglev_lb_test.cc), and a twin that goes through all rounds.

#include "balancer/maglev.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "mesh/base/hash64.h"
#include "mesh/base/random.h"
#include "tests/balancer/fake_places.h"

namespace mesh::balancer {
namespace {

struct Host {
  std::string key;
  uint32_t weight;
};

// 127.0.0.1:90 and the next ones.
std::vector<Host> Hosts(const std::vector<uint32_t>& weights) {
  std::vector<Host> hosts;
  for (size_t i = 0; i < weights.size(); ++i) {
    hosts.push_back({absl::StrCat("127.0.0.1:", 90 + i), weights[i]});
  }
  return hosts;
}

std::vector<uint32_t> Slots(const std::vector<Host>& hosts, uint32_t size) {
  std::vector<KeyedPlace> places;
  for (const Host& host : hosts) places.push_back({host.key, double{1} * host.weight});
  const MaglevTable table(Normalized(std::move(places)), size);
  std::vector<uint32_t> slots;
  for (uint32_t slot = 0; slot < size && !table.empty(); ++slot) slots.push_back(table.At(slot));
  return slots;
}

std::unique_ptr<const Policy> PolicyOf(const std::vector<Host>& hosts, uint32_t size,
                                       uint32_t factor = 0) {
  std::vector<uint32_t> weights;
  for (const Host& host : hosts) weights.push_back(host.weight);
  const auto key = [&hosts](uint32_t i) -> absl::string_view { return hosts[i].key; };
  return BuildMaglev({Weights::Of(weights), key}, {size}, factor);
}

uint32_t PickHash(const Policy& policy, uint64_t hash, const PlaceView* places = nullptr) {
  PickInput input;
  input.hash = hash;
  input.places = places;
  return policy.Pick(input);
}

struct Case {
  std::string id;
  std::vector<Host> hosts;
  uint32_t size;
  std::vector<uint32_t> slots;
};

TEST(MaglevTest, IsEnvoysSlotForSlot) {
  std::vector<Host> turned = Hosts({1, 1, 1, 1, 1, 1});
  std::reverse(turned.begin(), turned.end());
  const std::vector<Case> cases = {
      {"MAG-01", Hosts({1, 1, 1, 1, 1, 1}), 7, {2, 4, 0, 1, 5, 0, 3}},
      {"by names",
       {{"90", 1}, {"91", 1}, {"92", 1}, {"93", 1}, {"94", 1}, {"95", 1}},
       7,
       {2, 5, 0, 3, 4, 1, 0}},
      {"MAG-03", Hosts({1, 2}), 17, {1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 0, 1, 0, 1}},
      {"in any order", turned, 7, {3, 1, 5, 4, 0, 5, 2}},
      {"weights count by their ratios",
       Hosts({1'000'000'000, 2'000'000'000}),
       17,
       {1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 0, 1, 0, 1}},
      {"one slot", Hosts({1, 1, 1}), 1, {0}},
      {"one place", Hosts({5}), 3, {0, 0, 0}},
      {"no weight, no slot", Hosts({0, 5, 0}), 3, {1, 1, 1}},
      {"no weight at all", Hosts({0, 0}), 3, {}},
      {"no place", {}, 3, {}},
  };
  for (const Case& c : cases) EXPECT_EQ(Slots(c.hosts, c.size), c.slots) << c.id;
}

// Round after round, place after place, as the paper and Envoy have it.
std::vector<uint32_t> NaiveSlots(const std::vector<Host>& hosts, uint32_t size) {
  std::vector<uint32_t> order(hosts.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&hosts](uint32_t a, uint32_t b) { return hosts[a].key < hosts[b].key; });
  double sum = 0;
  double most = 0;
  for (const Host& host : hosts) sum += host.weight;
  for (const Host& host : hosts) most = std::max(most, host.weight / sum);
  std::vector<uint64_t> next(hosts.size(), 0);
  std::vector<double> target(hosts.size(), 0);
  std::vector<uint32_t> slots(size, ~uint32_t{0});
  uint32_t filled = 0;
  for (uint64_t round = 1; filled < size; ++round) {
    for (uint32_t i : order) {
      if (filled == size) break;
      if (static_cast<double>(round) * (hosts[i].weight / sum) < target[i]) continue;
      target[i] += most;
      const uint64_t offset = Hash64(hosts[i].key) % size;
      const uint64_t skip = Hash64(hosts[i].key, 1) % (size - 1) + 1;
      while (slots[(offset + skip * next[i]) % size] != ~uint32_t{0}) ++next[i];
      slots[(offset + skip * next[i]) % size] = i;
      ++filled;
    }
  }
  return slots;
}

TEST(MaglevTest, EqualsANaiveTwin) {
  const std::unique_ptr<Random> random = NewSeededRandom(3);
  const std::vector<uint32_t> sizes = {2, 3, 5, 7, 13, 101, 1009, 10'007};
  for (int round = 0; round < 400; ++round) {
    const uint64_t span = uint64_t{1} << random->NextBelow(12);
    std::vector<Host> hosts(1 + random->NextBelow(20));
    for (size_t i = 0; i < hosts.size(); ++i) {
      hosts[i] = {absl::StrCat("10.0.0.", random->NextBelow(250), ":", i),
                  static_cast<uint32_t>(1 + random->NextBelow(span))};
    }
    const uint32_t size = sizes[random->NextBelow(sizes.size())];
    ASSERT_EQ(Slots(hosts, size), NaiveSlots(hosts, size)) << round;
  }
}

// More than one and than two bytes a slot.
TEST(MaglevTest, HasAnyNumberOfPlaces) {
  for (const uint32_t count : {256u, 257u, 65'536u, 65'537u, 70'000u}) {
    std::vector<uint32_t> slots = Slots(Hosts(std::vector<uint32_t>(count, 1)), 65'537);
    std::sort(slots.begin(), slots.end());
    const size_t distinct = std::unique(slots.begin(), slots.end()) - slots.begin();
    EXPECT_EQ(distinct, std::min(count, 65'537u));
    EXPECT_LT(slots[distinct - 1], count);
  }
}

TEST(MaglevTest, SharesFollowWeights) {
  const std::unique_ptr<const Policy> policy = PolicyOf(Hosts({1, 2, 5}), 65'537);
  const std::vector<uint64_t> shares = policy->Shares();
  EXPECT_NEAR(static_cast<double>(shares[0]), 65'537 / 8.0, 2);
  EXPECT_NEAR(static_cast<double>(shares[1]), 65'537 / 4.0, 2);
  EXPECT_NEAR(static_cast<double>(shares[2]), 65'537 * 5 / 8.0, 2);
  std::vector<uint64_t> counts(3, 0);
  for (uint64_t hash = 0; hash < 65'537; ++hash) ++counts[PickHash(*policy, hash)];
  EXPECT_EQ(shares, counts);
}

TEST(MaglevTest, PicksTheSlotOfTheHashOrAtRandom) {
  const std::unique_ptr<const Policy> policy = PolicyOf(Hosts({1, 1, 1, 1, 1, 1}), 7);
  const std::vector<uint32_t> slots = {2, 4, 0, 1, 5, 0, 3};
  for (uint64_t hash = 0; hash < 21; ++hash) EXPECT_EQ(PickHash(*policy, hash), slots[hash % 7]);
  PickInput input;
  input.random = ~uint64_t{0};  // 1 modulo 7
  EXPECT_EQ(policy->Pick(input), 4u);
}

TEST(MaglevTest, GoesOnToTheNextSlots) {
  const std::unique_ptr<const Policy> policy = PolicyOf(Hosts({1, 1, 1, 1, 1, 1}), 7);
  FakePlaces places(6);
  EXPECT_EQ(PickHash(*policy, 5, &places), 0u);
  places.can_take[0] = false;
  EXPECT_EQ(PickHash(*policy, 5, &places), 3u);
  places.can_take[3] = false;
  EXPECT_EQ(PickHash(*policy, 5, &places), 2u);  // slot 0
}

TEST(MaglevTest, BoundsLoads) {
  const std::unique_ptr<const Policy> policy = PolicyOf(Hosts({1, 1, 1, 1}), 65'537, 100);
  FakePlaces places(4);
  for (int i = 0; i < 40; ++i) ++places.in_flight[PickHash(*policy, 12345, &places)];
  EXPECT_EQ(*std::max_element(places.in_flight.begin(), places.in_flight.end()), 11u);
}

TEST(MaglevTest, SizesArePrimes) {
  for (const uint64_t size : {1, 2, 3, 7, 17, 65'537, 5'000'011}) EXPECT_TRUE(IsMaglevSize(size));
  for (const uint64_t size : {0, 4, 9, 65'536, 5'000'009, 5'000'027}) {
    EXPECT_FALSE(IsMaglevSize(size)) << size;
  }
  // A size that no decoder lets through becomes the usual one.
  const std::vector<uint64_t> shares = PolicyOf(Hosts({1, 1}), 8)->Shares();
  EXPECT_EQ(shares[0] + shares[1], 65'537u);
}

}  // namespace
}  // namespace mesh::balancer
