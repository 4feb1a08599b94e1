#include "balancer/random_choice.h"

#include <utility>
#include <vector>

#include "balancer/alias_table.h"
#include "balancer/weighted_sequence.h"

namespace mesh::balancer {
namespace {

class EqualChances final : public Policy {
 public:
  explicit EqualChances(uint32_t size) : size_(size) {}
  uint32_t Pick(const PickInput& input) const override {
    return static_cast<uint32_t>(ScaleTo(input.random, size_));
  }
  std::vector<uint64_t> Shares() const override { return std::vector<uint64_t>(size_, 1); }

 private:
  const uint32_t size_;
};

class TableChances final : public Policy {
 public:
  explicit TableChances(const std::vector<uint32_t>& weights) : table_(weights) {}
  uint32_t Pick(const PickInput& input) const override { return table_.Pick(input.random); }
  std::vector<uint64_t> Shares() const override { return table_.Shares(); }

 private:
  const AliasTable table_;
};

class SharedChances final : public Policy {
 public:
  explicit SharedChances(Weights weights) : weights_(std::move(weights)) {}
  uint32_t Pick(const PickInput& input) const override {
    return weights_.Find(ScaleTo(input.random, weights_.sum()));
  }
  std::vector<uint64_t> Shares() const override { return weights_.List(); }

 private:
  const Weights weights_;
};

}  // namespace

std::unique_ptr<const Policy> BuildRandomChoice(const Weights& weights) {
  if (weights.equal()) return std::make_unique<EqualChances>(weights.size());
  // An alias table is made of all weights: it would cost n on every update.
  if (weights.size() > Weights::kChunkSize) return std::make_unique<SharedChances>(weights);
  std::vector<uint32_t> list;
  list.reserve(weights.size());
  for (uint32_t i = 0; i < weights.size(); ++i) list.push_back(weights.weight(i));
  return std::make_unique<TableChances>(list);
}

}  // namespace mesh::balancer
