#include "balancer/round_robin.h"

#include <utility>
#include <vector>

#include "balancer/weighted_sequence.h"

namespace mesh::balancer {
namespace {

class EqualTurns final : public Policy {
 public:
  explicit EqualTurns(uint32_t size) : size_(size), inverse_(~uint64_t{0} / size + 1) {}

  // cursor % size by two multiplications: with inverse = ceil(2^64 / size), the low half of
  // inverse * cursor is the fraction of cursor / size, exact enough for 32-bit numbers. (Size 1
  // makes inverse 0, which gives 0.)
  uint32_t Pick(const PickInput& input) const override {
    const uint64_t fraction = inverse_ * static_cast<uint32_t>(input.cursor);
    return static_cast<uint32_t>(ScaleTo(fraction, size_));
  }
  std::vector<uint64_t> Shares() const override { return std::vector<uint64_t>(size_, 1); }

 private:
  const uint32_t size_;
  const uint64_t inverse_;
};

class SequenceTurns final : public Policy {
 public:
  explicit SequenceTurns(const std::vector<uint64_t>& weights) : sequence_(weights) {}
  uint32_t Pick(const PickInput& input) const override { return sequence_.At(input.cursor); }
  std::vector<uint64_t> Shares() const override { return sequence_.Shares(); }

 private:
  const WeightedSequence sequence_;
};

class SpreadTurns final : public Policy {
 public:
  explicit SpreadTurns(Weights weights) : weights_(std::move(weights)) {}
  uint32_t Pick(const PickInput& input) const override {
    return weights_.Find(ScaleTo(Spread(input.cursor), weights_.sum()));
  }
  std::vector<uint64_t> Shares() const override { return weights_.List(); }

 private:
  const Weights weights_;
};

}  // namespace

std::unique_ptr<const Policy> BuildRoundRobin(const Weights& weights) {
  if (weights.equal()) return std::make_unique<EqualTurns>(weights.size());
  if (weights.size() > Weights::kChunkSize) return std::make_unique<SpreadTurns>(weights);
  return std::make_unique<SequenceTurns>(weights.List());
}

}  // namespace mesh::balancer
