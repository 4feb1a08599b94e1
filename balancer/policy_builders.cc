#include "balancer/policy_builders.h"

#include "balancer/least_request.h"
#include "balancer/maglev.h"
#include "balancer/pick_first.h"
#include "balancer/random_choice.h"
#include "balancer/ring_hash.h"
#include "balancer/round_robin.h"

namespace mesh::balancer {
namespace {

class Builder final : public PolicyBuilder {
 public:
  Builder(const model::LoadBalancing& options, uint64_t seed) : options_(options), seed_(seed) {}

  std::unique_ptr<const Policy> Build(const Places& places) const override {
    switch (options_.policy) {
      case model::LbPolicy::kRoundRobin:
      case model::LbPolicy::kClientSideWeightedRoundRobin:  // its weights come with the places
        return BuildRoundRobin(places.weights);
      case model::LbPolicy::kLeastRequest:
        return BuildLeastRequest(places.weights, options_.least_request);
      case model::LbPolicy::kRingHash:
        return BuildRingHash(places, options_.ring_hash, options_.hash_balance_factor);
      case model::LbPolicy::kMaglev:
        return BuildMaglev(places, options_.maglev, options_.hash_balance_factor);
      case model::LbPolicy::kRandom:
        return BuildRandomChoice(places.weights);
      case model::LbPolicy::kPickFirst:
        return BuildPickFirst(places, options_.pick_first, seed_);
    }
    return BuildRoundRobin(places.weights);
  }

 private:
  const model::LoadBalancing options_;
  const uint64_t seed_;
};

}  // namespace

std::shared_ptr<const PolicyBuilder> NewPolicyBuilder(const model::LoadBalancing& options,
                                                      uint64_t seed) {
  return std::make_shared<const Builder>(options, seed);
}

}  // namespace mesh::balancer
