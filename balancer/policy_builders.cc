#include "balancer/policy_builders.h"

#include "balancer/random_choice.h"
#include "balancer/round_robin.h"

namespace mesh::balancer {
namespace {

using BuildByWeights = std::unique_ptr<const Policy> (*)(const Weights& weights);

// Of a policy that looks at nothing but weights.
class ByWeights final : public PolicyBuilder {
 public:
  explicit ByWeights(BuildByWeights build) : build_(build) {}
  std::unique_ptr<const Policy> Build(const Places& places) const override {
    return build_(places.weights);
  }

 private:
  const BuildByWeights build_;
};

}  // namespace

std::shared_ptr<const PolicyBuilder> NewPolicyBuilder(const model::LoadBalancing& options) {
  switch (options.policy) {
    case model::LbPolicy::kRandom:
      return std::make_shared<const ByWeights>(BuildRandomChoice);
    case model::LbPolicy::kRoundRobin:
    case model::LbPolicy::kLeastRequest:
    case model::LbPolicy::kRingHash:
    case model::LbPolicy::kMaglev:
    case model::LbPolicy::kPickFirst:
      break;
  }
  return std::make_shared<const ByWeights>(BuildRoundRobin);
}

}  // namespace mesh::balancer
