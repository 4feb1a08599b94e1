#include "tests/bench/naive_policies.h"

#include <algorithm>
#include <string>
#include <utility>

#include "mesh/base/hash64.h"
#include "tests/bench/cluster_world.h"

namespace mesh::bench {
namespace {

using model::LbPolicy;

uint64_t Rehash(uint64_t random) { return random * 0x9e3779b97f4a7c15 ^ random >> 32; }

class Turns final : public NaivePolicy {
 public:
  using NaivePolicy::NaivePolicy;
  uint64_t Pick(const NaiveInput& input) const override { return input.cursor % size(); }
};

class First final : public NaivePolicy {
 public:
  using NaivePolicy::NaivePolicy;
  uint64_t Pick(const NaiveInput&) const override { return 0; }
};

// At random, by weight; by turns it would be the same search.
class Chances : public NaivePolicy {
 public:
  Chances(const PolicyCase& policy_case, int64_t size) : NaivePolicy(policy_case, size) {
    uint64_t end = 0;
    for (int64_t i = 0; i < size; ++i) ends_.push_back(end += weight(i));
    are_equal_ = !policy_case.weighted;
  }
  uint64_t Pick(const NaiveInput& input) const override { return Draw(input.random); }

 protected:
  uint64_t Draw(uint64_t random) const {
    if (are_equal_) return random % size();
    return std::upper_bound(ends_.begin(), ends_.end(), random % ends_.back()) - ends_.begin();
  }

 private:
  std::vector<uint64_t> ends_;
  bool are_equal_;
};

class FewerOfTwo final : public Chances {
 public:
  using Chances::Chances;
  uint64_t Pick(const NaiveInput& input) const override {
    const uint64_t a = Draw(input.random);
    const uint64_t b = Draw(Rehash(input.random));
    return (in_flight(a) + 1) * weight(b) <= (in_flight(b) + 1) * weight(a) ? a : b;
  }
};

// A sorted array of hashes, as many as the ring of Mesh has.
class Ring final : public NaivePolicy {
 public:
  Ring(const PolicyCase& policy_case, int64_t size) : NaivePolicy(policy_case, size) {
    const uint64_t minimum = policy_case.balancing.ring_hash.minimum_size;
    const uint64_t copies = (minimum + size - 1) / size;
    for (int64_t i = 0; i < size; ++i) {
      for (uint64_t copy = 0; copy < copies; ++copy) {
        ring_.emplace_back(Hash64(AddressOf(i) + "_" + std::to_string(copy)), i);
      }
    }
    std::sort(ring_.begin(), ring_.end());
  }
  uint64_t Pick(const NaiveInput& input) const override {
    const auto found =
        std::lower_bound(ring_.begin(), ring_.end(), std::make_pair(input.hash, uint64_t{0}));
    return found == ring_.end() ? ring_.front().second : found->second;
  }

 private:
  std::vector<std::pair<uint64_t, uint64_t>> ring_;
};

// A table of the usual size; who is in a slot does not matter to what a look at it costs.
class Table final : public NaivePolicy {
 public:
  Table(const PolicyCase& policy_case, int64_t size) : NaivePolicy(policy_case, size) {
    const uint32_t slots = policy_case.balancing.maglev.table_size;
    for (uint32_t i = 0; i < slots; ++i) slots_.push_back(Rehash(i) % size);
  }
  uint64_t Pick(const NaiveInput& input) const override {
    return slots_[input.hash % slots_.size()];
  }

 private:
  std::vector<uint32_t> slots_;
};

}  // namespace

NaivePolicy::NaivePolicy(const PolicyCase& policy_case, int64_t size) {
  for (int64_t i = 0; i < size; ++i) {
    endpoints_.push_back(std::make_unique<NaiveEndpoint>());
    endpoints_.back()->in_flight = policy_case.in_flight;
    weights_.push_back(policy_case.weighted ? 1 + i % 4 : 1);
  }
}

std::unique_ptr<NaivePolicy> NewNaivePolicy(const PolicyCase& policy_case, int64_t size) {
  switch (policy_case.balancing.policy) {
    case LbPolicy::kRoundRobin:
    case LbPolicy::kClientSideWeightedRoundRobin:
      if (policy_case.weighted) return std::make_unique<Chances>(policy_case, size);
      return std::make_unique<Turns>(policy_case, size);
    case LbPolicy::kLeastRequest:
      return std::make_unique<FewerOfTwo>(policy_case, size);
    case LbPolicy::kRingHash:
      return std::make_unique<Ring>(policy_case, size);
    case LbPolicy::kMaglev:
      return std::make_unique<Table>(policy_case, size);
    case LbPolicy::kRandom:
      return std::make_unique<Chances>(policy_case, size);
    case LbPolicy::kPickFirst:
      return std::make_unique<First>(policy_case, size);
  }
  return nullptr;
}

}  // namespace mesh::bench
