#ifndef BALANCER_ALIAS_TABLE_H_
#define BALANCER_ALIAS_TABLE_H_

#include <cstdint>
#include <vector>

namespace mesh::balancer {

// Weighted random choice in O(1) (Walker's alias method, in whole numbers): n boxes of equal
// size, each shared by at most two places. A place is chosen with its share of the weight, to
// within 2^-32. Immutable, thread-safe.
class AliasTable {
 public:
  // REQUIRES: fewer than 2^16 weights, one of them above 0.
  explicit AliasTable(const std::vector<uint32_t>& weights);

  // `random` is uniform.
  uint32_t Pick(uint64_t random) const;

  // What each place has in all boxes together, out of the sum.
  std::vector<uint64_t> Shares() const;

 private:
  struct Box {
    uint64_t limit;  // below it the box's own place, else the alias; of sum_
    uint32_t alias;
  };
  std::vector<Box> boxes_;
  uint64_t sum_ = 0;  // of the weights: the size of a box
};

}  // namespace mesh::balancer

#endif  // BALANCER_ALIAS_TABLE_H_
