#include "balancer/alias_table.h"

#include <cstddef>

#include "balancer/weighted_sequence.h"

namespace mesh::balancer {

AliasTable::AliasTable(const std::vector<uint32_t>& weights) {
  for (uint32_t weight : weights) sum_ += weight;
  // Each box holds `sum_`, each place weighs n times its weight: both are sum_ * n in all.
  const uint64_t n = weights.size();
  std::vector<uint32_t> small;
  std::vector<uint32_t> large;
  for (uint32_t i = 0; i < n; ++i) {
    boxes_.push_back({weights[i] * n, i});
    (boxes_[i].limit < sum_ ? small : large).push_back(i);
  }
  while (!small.empty() && !large.empty()) {
    const uint32_t poor = small.back();
    const uint32_t rich = large.back();
    small.pop_back();
    boxes_[poor].alias = rich;
    boxes_[rich].limit -= sum_ - boxes_[poor].limit;
    if (boxes_[rich].limit < sum_) {
      large.pop_back();
      small.push_back(rich);
    }
  }
}

uint32_t AliasTable::Pick(uint64_t random) const {
  // The high half of n * random is the box; the low half is uniform again, for the place in it.
  const auto product = static_cast<unsigned __int128>(random) * boxes_.size();
  const auto box = static_cast<uint32_t>(product >> 64);
  const uint64_t at = ScaleTo(static_cast<uint64_t>(product), sum_);
  return at < boxes_[box].limit ? box : boxes_[box].alias;
}

std::vector<uint64_t> AliasTable::Shares() const {
  std::vector<uint64_t> shares(boxes_.size(), 0);
  for (size_t i = 0; i < boxes_.size(); ++i) {
    shares[i] += boxes_[i].limit;
    shares[boxes_[i].alias] += sum_ - boxes_[i].limit;
  }
  return shares;
}

}  // namespace mesh::balancer
