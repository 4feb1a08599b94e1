#ifndef BALANCER_MAGLEV_H_
#define BALANCER_MAGLEV_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "balancer/keyed_place.h"
#include "balancer/policy.h"
#include "mesh/model/load_balancing.h"

namespace mesh::balancer {

// Whether a table may have that size: it is 1 or prime, so that each place's steps reach every
// slot, and at most 5,000,011 (envoy maglev.proto).
bool IsMaglevSize(uint64_t size);

// A table of slots, slot for slot as Envoy fills it (maglev_lb.cc, after the Maglev paper): in the
// order of their keys, places take turns, the heaviest in each round and the others in proportion;
// at its turn a place takes the next free slot of its own permutation, which is made of XXH64 of
// its key with the seeds 0 and 1. If there are more places than slots, the last ones have none.
// Costs 1, 2 or 4 bytes a slot. Immutable, thread-safe.
class MaglevTable {
 public:
  // Places without weight have no slot. REQUIRES: they are normalized, IsMaglevSize(size).
  MaglevTable(const std::vector<KeyedPlace>& places, uint32_t size);

  // Whether no place has a weight.
  bool empty() const { return bytes_.empty(); }
  uint32_t size() const { return size_; }
  // The place in a slot. REQUIRES: !empty(), slot < size().
  uint32_t At(uint32_t slot) const {
    const uint8_t* bytes = &bytes_[uint64_t{slot} * width_];
    uint32_t place = bytes[0];
    if (width_ > 1) place |= uint32_t{bytes[1]} << 8;
    if (width_ > 2) place |= uint32_t{bytes[2]} << 16 | uint32_t{bytes[3]} << 24;
    return place;
  }

 private:
  void Set(uint32_t slot, uint32_t place);

  uint32_t size_;
  uint32_t width_;  // bytes of a slot
  std::vector<uint8_t> bytes_;
};

// The place of the slot of the request's hash modulo the table's size (a random slot's, if it has
// no hash), or that of the next slot whose place can take the call and is within the bound of
// `balance_factor` percent (0: none) of the average load. The next slots are as good as random
// ones, and the same for every pick of the hash. REQUIRES: places.weights.size() > 0.
std::unique_ptr<const Policy> BuildMaglev(const Places& places, const model::Maglev& options,
                                          uint32_t balance_factor);

}  // namespace mesh::balancer

#endif  // BALANCER_MAGLEV_H_
