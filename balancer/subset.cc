#include "balancer/subset.h"

#include <algorithm>
#include <cstddef>

namespace mesh::balancer {

std::vector<uint64_t> SplitSubset(uint64_t cap, const std::vector<SubsetView>& localities) {
  std::vector<uint64_t> quotas(localities.size(), 0);
  uint64_t left = cap;
  // Each round gives what is left to those that can use more; one of them is full after it, or
  // nothing is left, or all that is left is a remainder of the division.
  for (size_t round = 0; round <= localities.size() && left > 0; ++round) {
    double shares = 0;
    for (size_t i = 0; i < localities.size(); ++i) {
      if (quotas[i] < localities[i].size) shares += static_cast<double>(localities[i].share);
    }
    if (shares == 0) break;
    const double each = static_cast<double>(left) / shares;
    uint64_t given = 0;
    for (size_t i = 0; i < localities.size(); ++i) {
      const uint64_t room = localities[i].size - quotas[i];
      const auto part = static_cast<uint64_t>(each * static_cast<double>(localities[i].share));
      const uint64_t gift = std::min({room, part, left - given});
      quotas[i] += gift;
      given += gift;
    }
    if (given == 0) break;
    left -= given;
  }
  for (size_t i = 0; i < localities.size(); ++i) {
    const uint64_t room = localities[i].size - quotas[i];
    if (localities[i].share == 0 || room == 0) continue;
    if (left > 0) {
      const uint64_t gift = quotas[i] == 0 ? 1 : std::min<uint64_t>(room, 1);
      quotas[i] += gift;
      left -= gift;
    } else if (quotas[i] == 0) {
      quotas[i] = 1;
    }
  }
  return quotas;
}

}  // namespace mesh::balancer
