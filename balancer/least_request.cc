#include "balancer/least_request.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "balancer/random_choice.h"
#include "balancer/random_stream.h"
#include "balancer/round_robin.h"

namespace mesh::balancer {
namespace {

constexpr uint64_t kDrawsPerChoice = 8;
constexpr uint64_t kMaxDraws = 64;

// `place`, or the next one in the list that can take a call.
uint32_t NextThatCan(const PlaceView& view, uint32_t place, uint32_t size) {
  uint32_t next = place;
  do {
    if (view.CanTake(next)) return next;
    next = next + 1 == size ? 0 : next + 1;
  } while (next != place);
  return place;
}

// With equal weights.
class FewestOfSome final : public Policy {
 public:
  FewestOfSome(uint32_t size, uint32_t choices) : size_(size), choices_(choices) {}

  uint32_t Pick(const PickInput& input) const override {
    RandomStream random(input.random);
    const uint32_t first = random.NextBelow(size_);
    if (input.places == nullptr) return first;
    const PlaceView& view = *input.places;
    std::optional<uint32_t> best;
    uint64_t fewest = 0;
    uint32_t place = first;
    for (uint32_t choice = 1;; ++choice) {
      if (view.CanTake(place)) {
        const uint64_t in_flight = view.InFlight(place);
        if (!best || in_flight < fewest) {
          best = place;
          fewest = in_flight;
        }
      }
      if (choice >= choices_) break;
      place = random.NextBelow(size_);
    }
    return best ? *best : NextThatCan(view, first, size_);
  }
  std::vector<uint64_t> Shares() const override { return std::vector<uint64_t>(size_, 1); }

 private:
  const uint32_t size_;
  const uint32_t choices_;
};

class FewestOfAll final : public Policy {
 public:
  explicit FewestOfAll(uint32_t size) : size_(size) {}

  uint32_t Pick(const PickInput& input) const override {
    RandomStream random(input.random);
    if (input.places == nullptr) return random.NextBelow(size_);
    uint32_t best = 0;
    uint64_t fewest = 0;
    uint32_t ties = 0;  // places so far that have as few; 0: none can take a call
    for (uint32_t place = 0; place < size_; ++place) {
      if (!input.places->CanTake(place)) continue;
      const uint64_t in_flight = input.places->InFlight(place);
      if (ties > 0 && in_flight > fewest) continue;
      if (in_flight < fewest) ties = 0;
      ++ties;
      fewest = in_flight;
      // Each of k takes the place of the one before with chance 1/k: all are as likely in the end.
      if (random.NextBelow(ties) == 0) best = place;
    }
    return ties > 0 ? best : random.NextBelow(size_);
  }
  std::vector<uint64_t> Shares() const override { return std::vector<uint64_t>(size_, 1); }

 private:
  const uint32_t size_;
};

class WeightedByLoad final : public Policy {
 public:
  WeightedByLoad(const Weights& weights, double bias, uint64_t draws)
      : by_weight_(BuildRandomChoice(weights)), size_(weights.size()), bias_(bias), draws_(draws) {}

  uint32_t Pick(const PickInput& input) const override {
    RandomStream random(input.random);
    const uint32_t first = Draw(&random);
    if (input.places == nullptr) return first;
    const PlaceView& view = *input.places;
    std::optional<uint32_t> kept;
    double sum = 0;  // of the parts of the places drawn
    uint32_t place = first;
    for (uint64_t draw = 1;; ++draw) {
      if (view.CanTake(place)) {
        const double part = Part(view.InFlight(place));
        if (random.NextDouble() < part) return place;
        sum += part;
        if (!kept || random.NextDouble() * sum < part) kept = place;
      }
      if (draw >= draws_) break;
      place = Draw(&random);
    }
    return kept ? *kept : NextThatCan(view, first, size_);
  }
  // While all have as much in flight.
  std::vector<uint64_t> Shares() const override { return by_weight_->Shares(); }

 private:
  uint32_t Draw(RandomStream* random) const {
    PickInput input;
    input.random = random->Next();
    return by_weight_->Pick(input);
  }
  double Part(uint64_t in_flight) const {
    const double load = static_cast<double>(in_flight) + 1;
    return bias_ == 1 ? 1 / load : std::pow(load, -bias_);
  }

  const std::unique_ptr<const Policy> by_weight_;
  const uint32_t size_;
  const double bias_;
  const uint64_t draws_;
};

}  // namespace

std::unique_ptr<const Policy> BuildLeastRequest(const Weights& weights,
                                                const model::LeastRequest& options) {
  const uint32_t choices = std::max(1u, options.choice_count);
  if (weights.equal()) {
    if (options.full_scan) return std::make_unique<FewestOfAll>(weights.size());
    return std::make_unique<FewestOfSome>(weights.size(), choices);
  }
  if (options.active_request_bias == 0) return BuildRoundRobin(weights);
  return std::make_unique<WeightedByLoad>(weights, options.active_request_bias,
                                          std::min(kDrawsPerChoice * choices, kMaxDraws));
}

}  // namespace mesh::balancer
