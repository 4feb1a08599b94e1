#include "balancer/load_bound.h"

#include <algorithm>

namespace mesh::balancer {

uint64_t LoadBound::Limit(uint32_t place, uint64_t in_flight_of_all) const {
  using Wide = unsigned __int128;
  const Wide slots = ((Wide{in_flight_of_all} + 1) * percent_ + 99) / 100;
  const Wide share = (slots * weights_.weight(place) + weights_.sum() - 1) / weights_.sum();
  return static_cast<uint64_t>(std::clamp<Wide>(share, 1, ~uint64_t{0}));
}

}  // namespace mesh::balancer
