// Least request against what chances say, and against Envoy's queue of deadlines.

#include "balancer/least_request.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "balancer/round_robin.h"
#include "gtest/gtest.h"
#include "mesh/base/random.h"
#include "tests/balancer/fake_places.h"

namespace mesh::balancer {
namespace {

constexpr int kPicks = 200'000;

model::LeastRequest Options(uint32_t choices, double bias = 1, bool full_scan = false) {
  model::LeastRequest options;
  options.choice_count = choices;
  options.active_request_bias = bias;
  options.full_scan = full_scan;
  return options;
}

// The part of `kPicks` picks that each place gets while loads stay as they are.
std::vector<double> Parts(const Policy& policy, const FakePlaces& places) {
  const std::unique_ptr<Random> random = NewSeededRandom(1);
  std::vector<int> counts(places.in_flight.size(), 0);
  for (int i = 0; i < kPicks; ++i) {
    PickInput input;
    input.random = random->Next();
    input.places = &places;
    ++counts[policy.Pick(input)];
  }
  std::vector<double> parts;
  for (int count : counts) parts.push_back(static_cast<double>(count) / kPicks);
  return parts;
}

double Tolerance(double part) { return 5 * std::sqrt(part / kPicks) + 1e-9; }

TEST(LeastRequestTest, TakesTheLeastLoadedOfTheChoices) {  // LR-01
  EXPECT_EQ(model::LeastRequest().choice_count, 2u);
  for (const uint32_t choices : {1u, 2u, 3u, 10u}) {
    for (const uint32_t size : {1u, 2u, 5u}) {
      FakePlaces places(size);
      for (uint32_t i = 0; i < size; ++i) places.in_flight[i] = 10 + i;
      const std::unique_ptr<const Policy> policy =
          BuildLeastRequest(Weights::Of(std::vector<uint32_t>(size, 7)), Options(choices));
      const std::vector<double> parts = Parts(*policy, places);
      for (uint32_t i = 0; i < size; ++i) {
        // With replacement: no choice is better than this place, and not all are worse.
        const double due = std::pow(static_cast<double>(size - i) / size, choices) -
                           std::pow(static_cast<double>(size - i - 1) / size, choices);
        EXPECT_NEAR(parts[i], due, Tolerance(due)) << choices << " of " << size << ": " << i;
      }
    }
  }
}

TEST(LeastRequestTest, PlacesWithEqualLoadsTakeEqualParts) {
  FakePlaces places(4);
  std::fill(places.in_flight.begin(), places.in_flight.end(), 3);
  for (const bool full_scan : {false, true}) {
    const std::unique_ptr<const Policy> policy =
        BuildLeastRequest(Weights::Of({1, 1, 1, 1}), Options(2, 1, full_scan));
    for (double part : Parts(*policy, places)) EXPECT_NEAR(part, 0.25, Tolerance(0.25));
    EXPECT_EQ(policy->Shares(), (std::vector<uint64_t>{1, 1, 1, 1}));
  }
}

TEST(LeastRequestTest, AFullScanTakesTheLeastLoadedOfAll) {
  FakePlaces places(6);
  places.in_flight = {4, 2, 9, 2, 2, 3};
  const std::unique_ptr<const Policy> policy =
      BuildLeastRequest(Weights::Of(std::vector<uint32_t>(6, 1)), Options(2, 1, true));
  const std::vector<double> parts = Parts(*policy, places);
  for (const uint32_t i : {1, 3, 4}) EXPECT_NEAR(parts[i], 1.0 / 3, Tolerance(1.0 / 3));
  for (const uint32_t i : {0, 2, 5}) EXPECT_EQ(parts[i], 0);
}

TEST(LeastRequestTest, PassesOverPlacesThatCannotTakeACall) {
  const std::vector<std::vector<uint32_t>> lists = {{1, 1, 1, 1, 1}, {1, 2, 3, 4, 5}};
  for (const std::vector<uint32_t>& list : lists) {
    for (const bool full_scan : {false, true}) {
      const std::unique_ptr<const Policy> policy =
          BuildLeastRequest(Weights::Of(list), Options(2, 1, full_scan));
      FakePlaces places(5);
      places.in_flight = {0, 0, 0, 9, 0};
      places.can_take = {false, false, false, true, false};
      EXPECT_EQ(Parts(*policy, places)[3], 1) << list[1] << full_scan;
      places.can_take[3] = false;  // none: any
      const std::vector<double> parts = Parts(*policy, places);
      EXPECT_NEAR(std::accumulate(parts.begin(), parts.end(), 0.0), 1, 1e-6);
      EXPECT_GT(std::count_if(parts.begin(), parts.end(), [](double part) { return part > 0; }), 1);
    }
  }
}

TEST(LeastRequestTest, WithoutAViewFollowsWeights) {
  for (const std::vector<uint32_t>& list :
       {std::vector<uint32_t>{1, 1, 1}, std::vector<uint32_t>{1, 2, 5}}) {
    const std::unique_ptr<const Policy> policy = BuildLeastRequest(Weights::Of(list), Options(2));
    const std::unique_ptr<Random> random = NewSeededRandom(3);
    std::vector<double> parts(3, 0);
    for (int i = 0; i < kPicks; ++i) {
      PickInput input;
      input.random = random->Next();
      parts[policy->Pick(input)] += 1.0 / kPicks;
    }
    const double sum = std::accumulate(list.begin(), list.end(), 0.0);
    for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(parts[i], list[i] / sum, Tolerance(list[i] / sum));
  }
}

struct WeightedCase {
  std::string what;
  std::vector<uint32_t> weights;
  std::vector<uint64_t> in_flight;
  double bias;
  double error;  // relative, on top of what chance allows
};

TEST(LeastRequestTest, UnequalWeightsAreDividedByLoads) {
  const std::vector<WeightedCase> cases = {
      {"idle", {1, 2, 5}, {0, 0, 0}, 1, 0},
      {"a few calls", {1, 2, 5}, {0, 1, 3}, 1, 0},
      {"the heavy one is loaded", {1, 2, 5}, {0, 0, 9}, 1, 0},
      {"a bias of one half", {1, 2, 5}, {0, 3, 8}, 0.5, 0},
      {"a bias of two", {1, 2, 5}, {0, 1, 2}, 2, 0},
      {"evenly loaded", {1, 2, 5}, {50, 50, 50}, 1, 0},
      {"all loaded, one half as much", {1, 2, 5}, {40, 20, 40}, 1, 0.05},
      {"all loaded, one hardly", {4, 2, 5}, {40, 5, 40}, 1, 0.15},
  };
  for (const WeightedCase& c : cases) {
    const std::unique_ptr<const Policy> policy =
        BuildLeastRequest(Weights::Of(c.weights), Options(2, c.bias));
    FakePlaces places(static_cast<uint32_t>(c.weights.size()));
    places.in_flight = c.in_flight;
    std::vector<double> due;
    for (size_t i = 0; i < c.weights.size(); ++i) {
      due.push_back(c.weights[i] / std::pow(c.in_flight[i] + 1, c.bias));
    }
    const double sum = std::accumulate(due.begin(), due.end(), 0.0);
    const std::vector<double> parts = Parts(*policy, places);
    for (size_t i = 0; i < parts.size(); ++i) {
      const double part = due[i] / sum;
      EXPECT_NEAR(parts[i], part, Tolerance(part) + c.error * part) << c.what << ", " << i;
    }
    EXPECT_EQ(policy->Shares()[0] * c.weights[1], policy->Shares()[1] * c.weights[0]);
  }
}

TEST(LeastRequestTest, BiasZeroIsWeightedRoundRobin) {
  const Weights weights = Weights::Of({1, 2, 5});
  const std::unique_ptr<const Policy> policy = BuildLeastRequest(weights, Options(2, 0));
  const std::unique_ptr<const Policy> round_robin = BuildRoundRobin(weights);
  FakePlaces places(3);
  places.in_flight = {0, 1000, 7};
  for (uint64_t cursor = 0; cursor < 100; ++cursor) {
    PickInput input;
    input.cursor = cursor;
    input.places = &places;
    EXPECT_EQ(policy->Pick(input), round_robin->Pick(input));
  }
}

TEST(LeastRequestTest, NoLoadOverflows) {
  FakePlaces places(2);
  places.in_flight = {~uint64_t{0}, 0};
  EXPECT_GT(Parts(*BuildLeastRequest(Weights::Of({1'000'000, 1}), Options(2)), places)[0], 0.9);
  EXPECT_EQ(Parts(*BuildLeastRequest(Weights::Of({1, 1}), Options(2, 1, true)), places)[0], 0);
}

// Envoy's queue: the earliest deadline is picked, and queued again 1/weight later, by the load that
// it has then.
class Deadlines {
 public:
  explicit Deadlines(const std::vector<uint32_t>& weights) : weights_(weights) {
    for (uint32_t weight : weights) deadlines_.push_back(1.0 / weight);
  }
  uint32_t Pick(const std::vector<uint64_t>& in_flight) {
    const auto next = std::min_element(deadlines_.begin(), deadlines_.end());
    const auto place = static_cast<uint32_t>(next - deadlines_.begin());
    *next += (static_cast<double>(in_flight[place]) + 1) / weights_[place];
    return place;
  }

 private:
  std::vector<uint32_t> weights_;
  std::vector<double> deadlines_;
};

// Calls come one by one; each ends when `length` more have come, three times as late on the first
// place.
template <typename Pick>
std::vector<double> Simulate(size_t places, size_t length, Pick pick) {
  constexpr size_t kCalls = 60'000;
  std::vector<uint64_t> in_flight(places, 0);
  std::vector<std::vector<uint32_t>> ends(kCalls + 3 * length + 1);
  std::vector<double> parts(places, 0);
  for (size_t call = 0; call < kCalls; ++call) {
    for (uint32_t place : ends[call]) --in_flight[place];
    const uint32_t place = pick(in_flight);
    ++in_flight[place];
    ends[call + (place == 0 ? 3 * length : length)].push_back(place);
    parts[place] += 1.0 / kCalls;
  }
  return parts;
}

TEST(LeastRequestTest, CallsThatComeAndGoSpreadAsEnvoysDeadlinesSpreadThem) {
  const std::vector<std::vector<uint32_t>> lists = {{1, 2}, {5, 1, 2}, {1, 2, 3, 4, 5, 6}};
  for (const std::vector<uint32_t>& list : lists) {
    // Where hardly two calls meet, Envoy's queue turns evenly: it saw the load of a turn before.
    for (const size_t length : {5u, 20u}) {
      Deadlines deadlines(list);
      const std::vector<double> envoys =
          Simulate(list.size(), length,
                   [&](const std::vector<uint64_t>& loads) { return deadlines.Pick(loads); });
      const std::unique_ptr<const Policy> policy = BuildLeastRequest(Weights::Of(list), Options(2));
      const std::unique_ptr<Random> random = NewSeededRandom(4);
      FakePlaces places(static_cast<uint32_t>(list.size()));
      const std::vector<double> ours =
          Simulate(list.size(), length, [&](const std::vector<uint64_t>& loads) {
            places.in_flight = loads;
            PickInput input;
            input.random = random->Next();
            input.places = &places;
            return policy->Pick(input);
          });
      for (size_t i = 0; i < list.size(); ++i) {
        EXPECT_NEAR(ours[i], envoys[i], 0.04) << list.size() << " places, " << length << ": " << i;
      }
    }
  }
}

}  // namespace
}  // namespace mesh::balancer
