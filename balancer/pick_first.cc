#include "balancer/pick_first.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "mesh/base/hash64.h"

namespace mesh::balancer {
namespace {

class FirstInOrder final : public Policy {
 public:
  // `order` is empty for that of the list.
  FirstInOrder(uint32_t size, std::vector<uint32_t> order)
      : size_(size), order_(std::move(order)) {}

  uint32_t Pick(const PickInput& input) const override {
    if (input.places == nullptr) return At(0);
    for (uint32_t i = 0; i < size_; ++i) {
      if (input.places->CanTake(At(i))) return At(i);
    }
    return At(0);
  }
  // While the first can take calls.
  std::vector<uint64_t> Shares() const override {
    std::vector<uint64_t> shares(size_, 0);
    shares[At(0)] = 1;
    return shares;
  }

 private:
  uint32_t At(uint32_t i) const { return order_.empty() ? i : order_[i]; }

  const uint32_t size_;
  const std::vector<uint32_t> order_;
};

std::vector<uint32_t> Shuffled(const Places& places, uint64_t seed) {
  std::vector<std::pair<uint64_t, uint32_t>> hashes;
  hashes.reserve(places.weights.size());
  for (uint32_t i = 0; i < places.weights.size(); ++i) {
    hashes.emplace_back(Hash64(places.key(i), seed), i);
  }
  std::sort(hashes.begin(), hashes.end());
  std::vector<uint32_t> order;
  order.reserve(hashes.size());
  for (const auto& [hash, place] : hashes) order.push_back(place);
  return order;
}

}  // namespace

std::unique_ptr<const Policy> BuildPickFirst(const Places& places, const model::PickFirst& options,
                                             uint64_t seed) {
  return std::make_unique<FirstInOrder>(
      places.weights.size(), options.shuffle ? Shuffled(places, seed) : std::vector<uint32_t>());
}

}  // namespace mesh::balancer
