// Envoy's rings (ring_hash_lb_test.cc), and picks on them against a search through all entries.

#include "balancer/ring_hash.h"

#include <algorithm>
#include <cmath>
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

HashRing RingOf(const std::vector<Host>& hosts, uint64_t minimum, uint64_t maximum) {
  std::vector<KeyedPlace> places;
  for (const Host& host : hosts) places.push_back({host.key, double{1} * host.weight});
  return HashRing(Normalized(std::move(places)), {minimum, maximum});
}

std::unique_ptr<const Policy> PolicyOf(const std::vector<Host>& hosts,
                                       const model::RingHash& options, uint32_t factor = 0) {
  std::vector<uint32_t> weights;
  for (const Host& host : hosts) weights.push_back(host.weight);
  const auto key = [&hosts](uint32_t i) -> absl::string_view { return hosts[i].key; };
  return BuildRingHash({Weights::Of(weights), key}, options, factor);
}

uint32_t PickHash(const Policy& policy, uint64_t hash, const PlaceView* places = nullptr) {
  PickInput input;
  input.hash = hash;
  input.places = places;
  return policy.Pick(input);
}

using Table = std::vector<std::pair<uint64_t, uint32_t>>;

Table TableOf(const HashRing& ring) {
  Table table;
  for (const HashRing::Entry& entry : ring.entries()) {
    table.emplace_back(entry.hash(), entry.place());
  }
  return table;
}

TEST(RingHashTest, Ring01IsEnvoysEntryForEntry) {
  EXPECT_EQ(TableOf(RingOf(Hosts({1, 1, 1, 1, 1, 1}), 12, 12)), (Table{
                                                                    {833437586790550860u, 4},
                                                                    {928266305478181108u, 2},
                                                                    {1033482794131418490u, 0},
                                                                    {3551244743356806947u, 5},
                                                                    {3851675632748031481u, 3},
                                                                    {5583722120771150861u, 1},
                                                                    {6311230543546372928u, 1},
                                                                    {7700377290971790572u, 3},
                                                                    {13144177310400110813u, 5},
                                                                    {13444792449719432967u, 2},
                                                                    {15516499411664133160u, 4},
                                                                    {16117243373044804889u, 0},
                                                                }));
}

TEST(RingHashTest, Ring02PicksTheEntryAtOrAfterTheHash) {
  const std::unique_ptr<const Policy> policy = PolicyOf(Hosts({1, 1, 1, 1, 1, 1}), {12, 12});
  EXPECT_EQ(PickHash(*policy, 0), 4u);
  EXPECT_EQ(PickHash(*policy, ~uint64_t{0}), 4u);
  EXPECT_EQ(PickHash(*policy, 3551244743356806947u), 5u);
  EXPECT_EQ(PickHash(*policy, 3551244743356806948u), 3u);
  EXPECT_EQ(PickHash(*policy, 16117243373044804880u), 0u);
}

std::vector<uint64_t> EntriesOf(const HashRing& ring, size_t places) {
  std::vector<uint64_t> counts(places, 0);
  for (const HashRing::Entry& entry : ring.entries()) ++counts[entry.place()];
  return counts;
}

TEST(RingHashTest, Ring03SharesFollowWeights) {
  const std::vector<Host> hosts = Hosts({1, 2, 3});
  const model::RingHash options = {3 * 2048, 8'388'608};
  EXPECT_EQ(EntriesOf(RingOf(hosts, options.minimum_size, options.maximum_size), 3),
            (std::vector<uint64_t>{1024, 2048, 3072}));
  const std::unique_ptr<const Policy> policy = PolicyOf(hosts, options);
  std::vector<uint64_t> picks(3, 0);
  for (uint64_t i = 0; i < 6000; ++i) ++picks[PickHash(*policy, i * 3074457345618258)];
  EXPECT_EQ(picks, (std::vector<uint64_t>{987, 1932, 3081}));
}

struct SizeCase {
  std::string what;
  std::vector<uint32_t> weights;
  uint64_t minimum;
  uint64_t maximum;
  std::vector<uint64_t> entries;
};

TEST(RingHashTest, Sizes) {
  const std::vector<SizeCase> cases = {
      {"each as many, at least", {1, 1, 1}, 1024, 8'388'608, {342, 342, 342}},
      {"one place", {7}, 1, 1, {1}},
      {"one place, many entries", {7}, 1000, 8'388'608, {1000}},
      {"more places than the minimum", {1, 1, 1, 1}, 1, 100, {1, 1, 1, 1}},
      {"more places than the maximum", {1, 1, 1, 1}, 2, 2, {1, 0, 1, 0}},
      {"less than two each", {1, 1, 1, 1}, 1, 6, {1, 1, 1, 1}},
      {"a maximum that is not a multiple", {1, 1, 1, 1}, 6, 6, {2, 1, 2, 1}},
      {"a small weight makes it large", {1, 1000}, 16, 8'388'608, {1, 1000}},
      {"but not beyond the maximum", {1, 1000}, 16, 501, {1, 500}},
      {"no weight, no entry", {1, 0, 1}, 10, 10, {5, 0, 5}},
      {"no weight at all", {0, 0}, 10, 10, {0, 0}},
      {"the least and the largest weight", {1, 4'294'967'295}, 1024, 1024, {1, 1023}},
  };
  for (const SizeCase& c : cases) {
    const HashRing ring = RingOf(Hosts(c.weights), c.minimum, c.maximum);
    EXPECT_EQ(EntriesOf(ring, c.weights.size()), c.entries) << c.what;
  }
  EXPECT_TRUE(HashRing({}, {1024, 8'388'608}).entries().empty());
}

TEST(RingHashTest, IsNeverLargerThanTheLargest) {
  const HashRing ring = RingOf(Hosts({1, 4'000'000'000}), 1024, ~uint64_t{0});
  EXPECT_LE(ring.entries().size(), HashRing::kMaxSize + 1);
  EXPECT_GE(ring.entries().size(), HashRing::kMaxSize - 1);
}

// All entries, sorted, and the first that is not before the hash, by looking at each.
TEST(RingHashTest, EqualsANaiveTwin) {
  const std::unique_ptr<Random> random = NewSeededRandom(2);
  for (int round = 0; round < 200; ++round) {
    std::vector<uint32_t> weights(1 + random->NextBelow(9));
    for (uint32_t& weight : weights) weight = static_cast<uint32_t>(1 + random->NextBelow(5));
    const std::vector<Host> hosts = Hosts(weights);
    const uint64_t maximum = 1 + random->NextBelow(100);
    const uint64_t minimum = 1 + random->NextBelow(maximum);
    const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    const double least = *std::min_element(weights.begin(), weights.end()) / sum;
    const double scale = std::min<double>(std::ceil(least * minimum) / least, maximum);
    Table table;
    double due = 0;
    for (uint32_t i = 0; i < hosts.size(); ++i) {
      due += scale * (weights[i] / sum);
      for (int k = 0; table.size() < due; ++k) {
        table.emplace_back(Hash64(absl::StrCat(hosts[i].key, "_", k)), i);
      }
    }
    std::sort(table.begin(), table.end());
    ASSERT_EQ(TableOf(RingOf(hosts, minimum, maximum)), table);

    const std::unique_ptr<const Policy> policy = PolicyOf(hosts, {minimum, maximum});
    for (int i = 0; i < 50; ++i) {
      uint64_t hash = random->Next();
      if (i % 5 == 0) hash = table[random->NextBelow(table.size())].first + i / 5 - 5;
      if (i < 2) hash = i == 0 ? 0 : ~uint64_t{0};
      uint32_t expected = table[0].second;
      for (size_t k = table.size(); k-- > 0;) {
        if (table[k].first >= hash) expected = table[k].second;
      }
      ASSERT_EQ(PickHash(*policy, hash), expected);
    }
  }
}

TEST(RingHashTest, WithoutAHashPicksAtRandom) {
  const std::unique_ptr<const Policy> policy = PolicyOf(Hosts({1, 1, 1, 1, 1, 1}), {12, 12});
  PickInput input;
  input.random = 3551244743356806948u;
  EXPECT_EQ(policy->Pick(input), 3u);
  input.hash = 0;
  EXPECT_EQ(policy->Pick(input), 4u);
}

TEST(RingHashTest, GoesOnClockwise) {
  const std::unique_ptr<const Policy> policy = PolicyOf(Hosts({1, 1, 1, 1, 1, 1}), {12, 12});
  FakePlaces places(6);
  const uint64_t hash = 13444792449719432960u;  // 2, then 4, 0, round the ring 4, 2, 0, 5
  EXPECT_EQ(PickHash(*policy, hash, &places), 2u);
  places.can_take[2] = false;
  EXPECT_EQ(PickHash(*policy, hash, &places), 4u);
  places.can_take[4] = false;
  EXPECT_EQ(PickHash(*policy, hash, &places), 0u);
  places.can_take[0] = false;
  EXPECT_EQ(PickHash(*policy, hash, &places), 5u);
}

TEST(RingHashTest, BoundsLoads) {
  const std::vector<Host> hosts = Hosts({1, 1, 1, 1, 1, 1});
  const std::unique_ptr<const Policy> unbounded = PolicyOf(hosts, {12, 12});
  const std::unique_ptr<const Policy> bounded = PolicyOf(hosts, {12, 12}, 150);
  FakePlaces places(6);
  for (int i = 0; i < 60; ++i) {
    EXPECT_EQ(PickHash(*unbounded, 0, &places), 4u);
    ++places.in_flight[PickHash(*bounded, 0, &places)];
  }
  // One key fills one place after the other up to 150 % of the average and one.
  EXPECT_EQ(places.in_flight[4], 16u);
  EXPECT_EQ(*std::max_element(places.in_flight.begin(), places.in_flight.end()), 16u);
  EXPECT_EQ(std::accumulate(places.in_flight.begin(), places.in_flight.end(), uint64_t{0}), 60u);
}

TEST(RingHashTest, MovesOnlyTheKeysOfAPlaceThatIsGone) {
  const std::vector<Host> before = Hosts({1, 1, 1, 1, 1});
  std::vector<Host> after = before;
  after.pop_back();
  const std::unique_ptr<const Policy> five = PolicyOf(before, {1025, 8'388'608});
  const std::unique_ptr<const Policy> four = PolicyOf(after, {820, 8'388'608});  // 205 each, too
  const std::unique_ptr<Random> random = NewSeededRandom(9);
  for (int i = 0; i < 1000; ++i) {
    const uint64_t hash = random->Next();
    const uint32_t place = PickHash(*five, hash);
    if (place == 4) continue;
    EXPECT_EQ(PickHash(*four, hash), place);
  }
}

TEST(RingHashTest, TellsTheSharesThatItsArcsHave) {
  const std::vector<Host> hosts = Hosts({1, 2, 3});
  const std::unique_ptr<const Policy> policy = PolicyOf(hosts, {60, 60});
  const std::vector<uint64_t> shares = policy->Shares();
  constexpr uint64_t kPicks = 100'000;
  std::vector<double> counts(3, 0);
  for (uint64_t i = 0; i < kPicks; ++i) ++counts[PickHash(*policy, i * (~uint64_t{0} / kPicks))];
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(static_cast<double>(shares[i]) / 0x1p32, counts[i] / kPicks, 0.001) << i;
  }
  EXPECT_EQ(PolicyOf(Hosts({3}), {1, 1})->Shares(), std::vector<uint64_t>{uint64_t{1} << 32});
  // Two places of one name: the first entry of the two takes all.
  EXPECT_EQ(PolicyOf({{"a", 1}, {"a", 1}}, {2, 2})->Shares(),
            (std::vector<uint64_t>{uint64_t{1} << 32, 0}));
}

}  // namespace
}  // namespace mesh::balancer
