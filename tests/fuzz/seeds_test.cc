// Runs a fuzz target over its seeds and a thousand mutations of them, without a fuzzer: so that
// it stays alive where clang's is not there.

#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/wire_mutator.h"

namespace mesh::fuzz {
namespace {

TEST(SeedsTest, GoodInputsBreakNoRule) {
  const std::vector<std::string> seeds = Seeds();
  ASSERT_FALSE(seeds.empty());
  for (const std::string& seed : seeds) RunInput(seed);
  RunInput("");
}

TEST(SeedsTest, DamagedInputsBreakNoRule) {
  constexpr size_t kInputs = 1000;
  std::mt19937 random(20241117);
  const WireMutator::Leaf leaf = [&](std::string bytes) {
    return MutateBytes(std::move(bytes), &random);
  };
  WireMutator mutator(20241117, leaf);
  const std::vector<std::string> seeds = Seeds();
  for (const std::string& seed : seeds) {
    std::string input = seed;
    for (size_t round = 0; round < kInputs / seeds.size(); ++round) {
      if (round % 20 == 0) input = seed;
      input = IsWireFormat() ? mutator.Mutate(input) : leaf(input);
      RunInput(input);
    }
  }
}

}  // namespace
}  // namespace mesh::fuzz
