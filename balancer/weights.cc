#include "balancer/weights.h"

#include <algorithm>
#include <utility>

namespace mesh::balancer {

Weights::Chunk::Chunk(const std::vector<uint32_t>& weights)
    : size_(static_cast<uint32_t>(weights.size())), equal_weight_(weights[0]), sum_(0) {
  for (uint32_t weight : weights) {
    sum_ += weight;
    if (weight != weights[0]) equal_weight_ = 0;
  }
  if (equal_weight_ != 0) return;
  ends_.reserve(weights.size());
  uint64_t end = 0;
  for (uint32_t weight : weights) ends_.push_back(end += weight);
}

uint32_t Weights::Chunk::weight(uint32_t place) const {
  if (equal_weight_ != 0) return equal_weight_;
  return static_cast<uint32_t>(ends_[place] - (place == 0 ? 0 : ends_[place - 1]));
}

uint32_t Weights::Chunk::Find(uint64_t target) const {
  if (equal_weight_ != 0) return static_cast<uint32_t>(target / equal_weight_);
  return static_cast<uint32_t>(std::upper_bound(ends_.begin(), ends_.end(), target) -
                               ends_.begin());
}

Weights::Weights(std::vector<std::shared_ptr<const Chunk>> chunks) : chunks_(std::move(chunks)) {
  ends_.reserve(chunks_.size());
  for (const std::shared_ptr<const Chunk>& chunk : chunks_) {
    size_ += chunk->size();
    ends_.push_back(sum_ += chunk->sum());
    if (chunk->equal_weight() == 0 || chunk->equal_weight() != chunks_[0]->equal_weight()) {
      equal_ = false;
    }
  }
}

Weights Weights::Of(const std::vector<uint32_t>& weights) {
  std::vector<std::shared_ptr<const Chunk>> chunks;
  for (size_t begin = 0; begin < weights.size(); begin += kChunkSize) {
    const size_t end = std::min(weights.size(), begin + kChunkSize);
    chunks.push_back(std::make_shared<const Chunk>(
        std::vector<uint32_t>(weights.begin() + begin, weights.begin() + end)));
  }
  return Weights(std::move(chunks));
}

uint32_t Weights::Find(uint64_t target) const {
  const size_t i = std::upper_bound(ends_.begin(), ends_.end(), target) - ends_.begin();
  const uint64_t begin = i == 0 ? 0 : ends_[i - 1];
  return static_cast<uint32_t>(i) * kChunkSize + chunks_[i]->Find(target - begin);
}

std::vector<uint64_t> Weights::List() const {
  std::vector<uint64_t> list;
  list.reserve(size_);
  for (uint32_t i = 0; i < size_; ++i) list.push_back(weight(i));
  return list;
}

}  // namespace mesh::balancer
