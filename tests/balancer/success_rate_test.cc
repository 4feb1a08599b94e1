#include "balancer/success_rate.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace mesh::balancer {
namespace {

TEST(SuccessRateTest, CaseTable) {
  const struct {
    std::string what;
    std::vector<double> rates;
    double stdev_factor;
    double mean;
    double threshold;
  } cases[] = {
      // Of a sample, the deviation would be 22.36 and the threshold 47.5.
      {"OD-01", {50, 100, 100, 100, 100}, 1.9, 90, 52},
      {"no deviation", {75, 75, 75}, 1.9, 75, 75},
      {"alone", {40}, 1.9, 40, 40},
      {"no factor: the mean", {0, 100}, 0, 50, 50},
      {"below 0", {0, 100}, 1.9, 50, -45},
      {"a tenth", {0, 100, 100, 100}, 0.1, 75, 75 - 0.1 * 43.30127018922193},
  };
  for (const auto& c : cases) {
    const SuccessRates result = CompareSuccessRates(c.rates, c.stdev_factor);
    EXPECT_NEAR(result.mean, c.mean, 1e-9) << c.what;
    EXPECT_NEAR(result.threshold, c.threshold, 1e-9) << c.what;
  }
}

// Rounding does not make outliers of endpoints that all do the same.
TEST(SuccessRateTest, EqualRatesAreNotBelowTheirThreshold) {
  for (int count = 1; count < 200; ++count) {
    for (double rate : {100.0 / 3, 99.9, 0.1, 66.666666666666666}) {
      for (double factor : {0.0, 0.5, 1.9}) {
        const SuccessRates result = CompareSuccessRates(std::vector<double>(count, rate), factor);
        EXPECT_GE(rate, result.threshold) << count << " of " << rate;
      }
    }
  }
}

}  // namespace
}  // namespace mesh::balancer
