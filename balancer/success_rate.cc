#include "balancer/success_rate.h"

#include <algorithm>
#include <cmath>

namespace mesh::balancer {

SuccessRates CompareSuccessRates(const std::vector<double>& rates, double stdev_factor) {
  const auto count = static_cast<double>(rates.size());
  double sum = 0;
  for (double rate : rates) sum += rate;
  SuccessRates result;
  // Rounding does not put the mean of equal rates above them.
  const auto [least, most] = std::minmax_element(rates.begin(), rates.end());
  result.mean = std::clamp(sum / count, *least, *most);
  double squares = 0;
  for (double rate : rates) squares += (rate - result.mean) * (rate - result.mean);
  result.threshold = result.mean - stdev_factor * std::sqrt(squares / count);
  return result;
}

}  // namespace mesh::balancer
