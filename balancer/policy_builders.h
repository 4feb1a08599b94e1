#ifndef BALANCER_POLICY_BUILDERS_H_
#define BALANCER_POLICY_BUILDERS_H_

#include <memory>

#include "balancer/policy.h"
#include "mesh/model/load_balancing.h"

namespace mesh::balancer {

// Builds the policy that `options` describe.
std::shared_ptr<const PolicyBuilder> NewPolicyBuilder(const model::LoadBalancing& options);

}  // namespace mesh::balancer

#endif  // BALANCER_POLICY_BUILDERS_H_
