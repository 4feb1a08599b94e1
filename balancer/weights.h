#ifndef BALANCER_WEIGHTS_H_
#define BALANCER_WEIGHTS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace mesh::balancer {

// The weights of n places, in chunks that successive versions share, so that a change of one
// place of 100,000 costs a chunk and the list of chunks. Immutable value.
class Weights {
 public:
  static constexpr uint32_t kChunkSize = 256;

  // The weights of up to kChunkSize places. Immutable.
  class Chunk {
   public:
    // REQUIRES: 1 to kChunkSize weights, each above 0.
    explicit Chunk(const std::vector<uint32_t>& weights);

    uint32_t size() const { return size_; }
    uint64_t sum() const { return sum_; }
    // The weight of every place if they are equal, else 0.
    uint32_t equal_weight() const { return equal_weight_; }
    uint32_t weight(uint32_t place) const;
    // The place whose share of [0, sum) holds `target`. REQUIRES: target < sum().
    uint32_t Find(uint64_t target) const;

   private:
    uint32_t size_;
    uint32_t equal_weight_;
    uint64_t sum_;
    std::vector<uint64_t> ends_;  // of the places' shares; empty if the weights are equal
  };

  Weights() = default;
  // REQUIRES: all chunks but the last are full.
  explicit Weights(std::vector<std::shared_ptr<const Chunk>> chunks);
  static Weights Of(const std::vector<uint32_t>& weights);

  uint32_t size() const { return size_; }
  uint64_t sum() const { return sum_; }
  bool equal() const { return equal_; }
  uint32_t weight(uint32_t place) const {
    return chunks_[place / kChunkSize]->weight(place % kChunkSize);
  }
  // All weights, in O(n).
  std::vector<uint64_t> List() const;
  // The place whose share of [0, sum) holds `target`, in O(log n). REQUIRES: target < sum().
  uint32_t Find(uint64_t target) const;

 private:
  std::vector<std::shared_ptr<const Chunk>> chunks_;
  std::vector<uint64_t> ends_;  // of the chunks' shares
  uint32_t size_ = 0;
  uint64_t sum_ = 0;
  bool equal_ = true;
};

}  // namespace mesh::balancer

#endif  // BALANCER_WEIGHTS_H_
