#ifndef BALANCER_SUBSET_H_
#define BALANCER_SUBSET_H_

#include <cstdint>
#include <vector>

namespace mesh::balancer {

struct SubsetView {
  uint64_t size = 0;   // endpoints to choose from
  uint64_t share = 0;  // of the calls, as a weight
};

// How many endpoints of each locality are connected when at most `cap` may be: by share, rounded
// down, but at least one of each locality that has a share (even if that makes more than the
// cap), and no more than there are; what one locality cannot use, the next ones get.
std::vector<uint64_t> SplitSubset(uint64_t cap, const std::vector<SubsetView>& localities);

}  // namespace mesh::balancer

#endif  // BALANCER_SUBSET_H_
