#include "balancer/slow_start.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mesh::balancer {
namespace {

constexpr double kStep = 0.05;                               // of the factor
constexpr double kShortest = 0.01;                           // of the window
constexpr uint32_t kScale = 100;                             // min_weight has two digits, mostly
constexpr absl::Duration kYoungest = absl::Milliseconds(1);  // Envoy's

// How much of the window is over, above 0 and at most 1.
double Progress(const model::SlowStart& rule, absl::Duration age) {
  age = std::max(age, kYoungest);
  return age >= rule.window ? 1 : absl::FDivDuration(age, rule.window);
}

}  // namespace

double SlowStartFactor(const model::SlowStart& rule, absl::Duration age) {
  const double progress = Progress(rule, age);
  if (progress == 1) return 1;
  const double grown = std::pow(progress, 1 / rule.aggression);
  return std::min(1.0, std::max(grown, rule.min_weight));
}

absl::Duration NextSlowStartStep(const model::SlowStart& rule, absl::Duration age) {
  const double progress = Progress(rule, age);
  if (progress == 1) return absl::InfiniteDuration();
  const double next = SlowStartFactor(rule, age) + kStep;
  // When the factor is `next`: its formula, turned round.
  const double at = next >= 1 ? 1 : std::pow(next, rule.aggression);
  return rule.window * std::max(at - progress, kShortest);
}

uint32_t SlowStartScale(uint32_t greatest_weight) {
  return std::min(kScale, std::numeric_limits<uint32_t>::max() / greatest_weight);
}

uint32_t SlowStartWeight(uint32_t weight, uint32_t scale, double factor) {
  const double scaled = static_cast<double>(weight) * scale * factor;
  return static_cast<uint32_t>(std::max(1.0, std::round(scaled)));
}

}  // namespace mesh::balancer
