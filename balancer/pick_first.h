#ifndef BALANCER_PICK_FIRST_H_
#define BALANCER_PICK_FIRST_H_

#include <cstdint>
#include <memory>

#include "balancer/policy.h"
#include "mesh/model/load_balancing.h"

namespace mesh::balancer {

// The first place that can take a call, in the order of the list; if none can, the first. Shuffled
// (gRFC A62), the order is that of the hashes of `seed` and the places' keys: another one for each
// client, but a client's own does not change when places come and go. Weights do not count.
// REQUIRES: places.weights.size() > 0.
std::unique_ptr<const Policy> BuildPickFirst(const Places& places, const model::PickFirst& options,
                                             uint64_t seed);

}  // namespace mesh::balancer

#endif  // BALANCER_PICK_FIRST_H_
