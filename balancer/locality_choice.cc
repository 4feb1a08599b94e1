#include "balancer/locality_choice.h"

#include <algorithm>
#include <cstddef>

namespace mesh::balancer {
namespace {

using Wide = unsigned __int128;

constexpr uint64_t kMaxShare = uint64_t{1} << 48;

Wide Gcd(Wide a, Wide b) {
  while (b != 0) {
    const Wide rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

// A share in lowest terms.
struct Fraction {
  Wide over = 0;
  Wide under = 1;
};

// The hundredfold of it: weight * min(100, overprovisioning * available / counted).
Fraction EffectiveWeight(const LocalityCounts& locality, uint32_t overprovisioning) {
  const uint64_t counted = locality.hosts - std::min(locality.hosts, locality.excluded);
  if (counted == 0) return {};
  const Wide over =
      locality.weight *
      std::min(Wide{100} * counted, Wide{overprovisioning} * std::min(locality.available, counted));
  const Wide divisor = Gcd(over, counted);
  return {over / divisor, counted / divisor};
}

// The smallest number that all denominators divide; 0 if it is too large to matter.
Wide CommonDenominator(const std::vector<Fraction>& fractions) {
  Wide common = 1;
  for (const Fraction& fraction : fractions) {
    common *= fraction.under / Gcd(common, fraction.under);
    if (common > kMaxShare) return 0;
  }
  return common;
}

// By the largest, which becomes kMaxShare.
std::vector<uint64_t> RoundedShares(const std::vector<Fraction>& fractions) {
  const auto value = [](const Fraction& fraction) {
    return static_cast<double>(fraction.over) / static_cast<double>(fraction.under);
  };
  double largest = 0;
  for (const Fraction& fraction : fractions) largest = std::max(largest, value(fraction));
  std::vector<uint64_t> shares;
  for (const Fraction& fraction : fractions) {
    const double share = value(fraction) / largest * static_cast<double>(kMaxShare);
    shares.push_back(fraction.over == 0 ? 0 : std::max<uint64_t>(1, static_cast<uint64_t>(share)));
  }
  return shares;
}

}  // namespace

std::vector<uint64_t> LocalityShares(bool by_locality_weight,
                                     const std::vector<LocalityView>& localities) {
  std::vector<uint64_t> shares;
  shares.reserve(localities.size());
  for (const LocalityView& locality : localities) {
    if (!by_locality_weight) {
      shares.push_back(locality.ready_weight);
    } else {
      shares.push_back(locality.ready_weight > 0 ? locality.weight : 0);
    }
  }
  return shares;
}

std::vector<uint64_t> AvailableLocalityShares(const std::vector<LocalityCounts>& localities,
                                              uint32_t overprovisioning) {
  std::vector<Fraction> fractions;
  fractions.reserve(localities.size());
  for (const LocalityCounts& locality : localities) {
    fractions.push_back(EffectiveWeight(locality, overprovisioning));
  }
  const Wide common = CommonDenominator(fractions);
  if (common == 0) return RoundedShares(fractions);
  Wide divisor = 0;
  for (Fraction& fraction : fractions) {
    fraction = {fraction.over * (common / fraction.under), 1};
    divisor = Gcd(divisor, fraction.over);
  }
  std::vector<uint64_t> shares;
  shares.reserve(fractions.size());
  for (const Fraction& fraction : fractions) {
    const Wide share = divisor == 0 ? 0 : fraction.over / divisor;
    if (share > kMaxShare) return RoundedShares(fractions);
    shares.push_back(static_cast<uint64_t>(share));
  }
  return shares;
}

bool AreLocalitiesWeighted(bool ignore, bool require, const std::vector<uint32_t>& weights) {
  if (ignore) return false;
  return require ||
         std::any_of(weights.begin(), weights.end(), [](uint32_t weight) { return weight > 0; });
}

}  // namespace mesh::balancer
