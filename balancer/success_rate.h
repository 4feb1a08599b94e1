#ifndef BALANCER_SUCCESS_RATE_H_
#define BALANCER_SUCCESS_RATE_H_

#include <vector>

namespace mesh::balancer {

// How endpoints do together. A value.
struct SuccessRates {
  double mean = 0;
  double threshold = 0;  // an endpoint below it is an outlier; may be below 0: none is
};

// Of the rates of all endpoints that are compared, in percent: the threshold is mean -
// stdev_factor × the standard deviation of the population (Envoy, gRFC A50). Pure.
// REQUIRES: rates is not empty.
SuccessRates CompareSuccessRates(const std::vector<double>& rates, double stdev_factor);

}  // namespace mesh::balancer

#endif  // BALANCER_SUCCESS_RATE_H_
