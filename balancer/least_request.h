#ifndef BALANCER_LEAST_REQUEST_H_
#define BALANCER_LEAST_REQUEST_H_

#include <memory>

#include "balancer/policy.h"
#include "mesh/model/load_balancing.h"

namespace mesh::balancer {

// Places with few calls in flight (envoy least_request.proto, gRFC A48).
//
// With equal weights: of `choice_count` places, drawn with replacement, the first that has fewest;
// or, by a full scan, any of those that have fewest of all. Places that cannot take a call are
// last; if all that were drawn cannot, the next one in the list that can.
//
// With unequal weights, in the long run, a place is picked in proportion to
//     weight / (in_flight + 1) ^ active_request_bias
// Envoy keeps a queue of deadlines for that, which a policy that no pick may change has not. Here
// places are drawn by weight, and one is taken with probability 1 / (in_flight + 1) ^ bias, else
// another is drawn: whatever is taken so has exactly that share (rejection sampling). The more is
// in flight the more draws it takes, so after eight for each of `choice_count` (at most 64) one of
// the places drawn is taken, by their parts of the same measure: then a place that is far less
// loaded than all others gets at most as much more as there were draws. A pick costs draws of O(log
// n), a few while few calls are in flight. With bias 0 it is weighted round robin, as in Envoy.
//
// REQUIRES: weights.size() > 0.
std::unique_ptr<const Policy> BuildLeastRequest(const Weights& weights,
                                                const model::LeastRequest& options);

}  // namespace mesh::balancer

#endif  // BALANCER_LEAST_REQUEST_H_
