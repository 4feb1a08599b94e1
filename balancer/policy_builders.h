#ifndef BALANCER_POLICY_BUILDERS_H_
#define BALANCER_POLICY_BUILDERS_H_

#include <cstdint>
#include <memory>

#include "balancer/policy.h"
#include "mesh/model/load_balancing.h"

namespace mesh::balancer {

// Builds the policy that `options` describe. `seed` is the client's, a random number that it keeps:
// shuffled lists are in another order for another one.
std::shared_ptr<const PolicyBuilder> NewPolicyBuilder(const model::LoadBalancing& options,
                                                      uint64_t seed = 0);

}  // namespace mesh::balancer

#endif  // BALANCER_POLICY_BUILDERS_H_
