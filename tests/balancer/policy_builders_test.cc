// Each policy of the model is built with its options.

#include "balancer/policy_builders.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/balancer/fake_places.h"

namespace mesh::balancer {
namespace {

class PolicyBuildersTest : public ::testing::Test {
 protected:
  std::unique_ptr<const Policy> Build(const std::vector<uint32_t>& weights, uint64_t seed = 0) {
    const auto key = [](uint32_t i) -> absl::string_view { return kKeys[i]; };
    return NewPolicyBuilder(options_, seed)->Build({Weights::Of(weights), key});
  }
  uint32_t Pick(const Policy& policy) {
    input_.places = &places_;
    return policy.Pick(input_);
  }

  static constexpr absl::string_view kKeys[] = {"127.0.0.1:90", "127.0.0.1:91", "127.0.0.1:92",
                                                "127.0.0.1:93", "127.0.0.1:94", "127.0.0.1:95"};
  model::LoadBalancing options_;
  PickInput input_;
  FakePlaces places_ = FakePlaces(6);
};

TEST_F(PolicyBuildersTest, RoundRobinFollowsTheCursor) {
  const std::unique_ptr<const Policy> policy = Build({1, 2});
  std::vector<uint32_t> picks;
  for (; input_.cursor < 6; ++input_.cursor) picks.push_back(Pick(*policy));
  EXPECT_EQ(picks, (std::vector<uint32_t>{1, 0, 1, 1, 0, 1}));  // RR-01
}

TEST_F(PolicyBuildersTest, RandomFollowsTheRandomNumber) {
  options_.policy = model::LbPolicy::kRandom;
  const std::unique_ptr<const Policy> policy = Build({1, 1, 1, 1});
  input_.random = uint64_t{3} << 62;
  EXPECT_EQ(Pick(*policy), 3u);
}

TEST_F(PolicyBuildersTest, LeastRequestFollowsLoads) {
  options_.policy = model::LbPolicy::kLeastRequest;
  options_.least_request.full_scan = true;
  places_.in_flight = {3, 2, 1, 2, 3, 4};
  EXPECT_EQ(Pick(*Build({1, 1, 1, 1, 1, 1})), 2u);
  options_.least_request.active_request_bias = 0;
  EXPECT_EQ(Pick(*Build({1, 2})), 1u);  // RR-01
}

TEST_F(PolicyBuildersTest, RingHashFollowsTheHash) {
  options_.policy = model::LbPolicy::kRingHash;
  options_.ring_hash = {12, 12};
  input_.hash = 3551244743356806948;
  EXPECT_EQ(Pick(*Build({1, 1, 1, 1, 1, 1})), 3u);  // RING-02
  places_.in_flight = {0, 0, 0, 5, 0, 0};
  EXPECT_EQ(Pick(*Build({1, 1, 1, 1, 1, 1})), 3u);
  options_.hash_balance_factor = 100;
  EXPECT_EQ(Pick(*Build({1, 1, 1, 1, 1, 1})), 1u);
}

TEST_F(PolicyBuildersTest, MaglevFollowsTheHash) {
  options_.policy = model::LbPolicy::kMaglev;
  options_.maglev.table_size = 7;
  input_.hash = 11;
  EXPECT_EQ(Pick(*Build({1, 1, 1, 1, 1, 1})), 5u);  // MAG-01
  places_.in_flight = {0, 0, 0, 0, 0, 5};
  options_.hash_balance_factor = 100;
  EXPECT_EQ(Pick(*Build({1, 1, 1, 1, 1, 1})), 0u);
}

TEST_F(PolicyBuildersTest, PickFirstFollowsTheListOrTheSeed) {
  options_.policy = model::LbPolicy::kPickFirst;
  EXPECT_EQ(Pick(*Build({1, 1, 1, 1, 1, 1}, 1)), 0u);
  options_.pick_first.shuffle = true;
  const uint32_t first = Pick(*Build({1, 1, 1, 1, 1, 1}, 1));
  uint64_t seed = 2;
  while (seed < 50 && Pick(*Build({1, 1, 1, 1, 1, 1}, seed)) == first) ++seed;
  EXPECT_LT(seed, 50u);
}

}  // namespace
}  // namespace mesh::balancer
