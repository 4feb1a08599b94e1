#ifndef BALANCER_STATIC_STRIDE_H_
#define BALANCER_STATIC_STRIDE_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace mesh::balancer {

// The turns that places get which weigh so much, as whole numbers: what gRPC's static stride
// scheduler makes of weights that endpoints report (gRFC A58).
//
// A weight of 0 is unknown, and counts as the mean of those that are known. Known ones are kept
// within a hundredth and the tenfold of that mean, so that no report starves an endpoint or brings
// it all calls. The result is at most 65,535, which the heaviest place has; but where small
// numbers are in the same proportions, within a quarter of a percent, it is these, since
// BuildRoundRobin() spreads small weights exactly.
//
// Empty if fewer than two weights are known: the places take turns. Pure.
// REQUIRES: each weight is finite and not below 0, and so is their sum.
std::vector<uint16_t> StaticStrideWeights(absl::Span<const double> weights);

}  // namespace mesh::balancer

#endif  // BALANCER_STATIC_STRIDE_H_
