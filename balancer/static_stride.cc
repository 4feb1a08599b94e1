#include "balancer/static_stride.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <utility>

#include "balancer/weighted_sequence.h"

namespace mesh::balancer {
namespace {

// Of gRPC's static_stride_scheduler.cc.
constexpr double kHeaviest = std::numeric_limits<uint16_t>::max();
constexpr double kMostOfMean = 10;
constexpr double kLeastOfMean = 0.01;

constexpr double kSameWithin = 0.0025;

// `weights` divided by `divisor`, if all of them come out as whole numbers, almost. Else empty.
std::vector<uint16_t> Divide(const std::vector<uint16_t>& weights, double divisor) {
  std::vector<uint16_t> result;
  result.reserve(weights.size());
  for (const uint16_t weight : weights) {
    const double exact = weight / divisor;
    const double whole = std::round(exact);
    if (std::abs(whole - exact) > kSameWithin * exact) return {};
    result.push_back(static_cast<uint16_t>(whole));
  }
  return result;
}

// The same proportions in the shortest cycle that has them. REQUIRES: each weight is above 0.
std::vector<uint16_t> Shorten(std::vector<uint16_t> weights) {
  const double least = *std::min_element(weights.begin(), weights.end());
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (double turns = 1; turns * sum <= least * WeightedSequence::kMaxCycle; ++turns) {
    std::vector<uint16_t> shorter = Divide(weights, least / turns);
    if (!shorter.empty()) return shorter;
  }
  return weights;
}

}  // namespace

std::vector<uint16_t> StaticStrideWeights(absl::Span<const double> weights) {
  const auto known = static_cast<size_t>(
      std::count_if(weights.begin(), weights.end(), [](double weight) { return weight > 0; }));
  if (known < 2) return {};
  const double mean =
      std::accumulate(weights.begin(), weights.end(), 0.0) / static_cast<double>(known);
  const double most =
      std::min(*std::max_element(weights.begin(), weights.end()), kMostOfMean * mean);
  const double scale = kHeaviest / most;
  const double least = std::max(1.0, std::round(mean * scale) * kLeastOfMean);
  std::vector<uint16_t> result;
  result.reserve(weights.size());
  for (const double weight : weights) {
    const double counted = weight > 0 ? std::min(weight, most) : mean;
    result.push_back(static_cast<uint16_t>(std::lround(std::max(counted * scale, least))));
  }
  return Shorten(std::move(result));
}

}  // namespace mesh::balancer
