#ifndef BALANCER_RING_HASH_H_
#define BALANCER_RING_HASH_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "balancer/keyed_place.h"
#include "balancer/policy.h"
#include "mesh/model/load_balancing.h"

namespace mesh::balancer {

// A ring of hashes, entry for entry as Envoy builds it (ring_hash_lb.cc): the place of least weight
// has so many entries that all of them together are `minimum_size` at least, the others in
// proportion, and if that is more than `maximum_size`, that many. Entry i of a place is XXH64 of
// its key, "_" and i. Costs 16 bytes an entry at most, and O(n log n) in entries to build.
// Immutable, thread-safe.
class HashRing {
 public:
  // No ring has more entries, whatever its options say.
  static constexpr uint64_t kMaxSize = 8'388'608;

  class Entry {
   public:
    Entry(uint64_t hash, uint32_t place)
        : high_(static_cast<uint32_t>(hash >> 32)),
          low_(static_cast<uint32_t>(hash)),
          place_(place) {}
    uint64_t hash() const { return uint64_t{high_} << 32 | low_; }
    uint32_t place() const { return place_; }

   private:
    uint32_t high_;  // in halves: one 64-bit word would make it 16 bytes
    uint32_t low_;
    uint32_t place_;
  };

  // REQUIRES: the places are normalized. Those without weight have no entry.
  HashRing(const std::vector<KeyedPlace>& places, const model::RingHash& options);

  const std::vector<Entry>& entries() const { return entries_; }  // by hash
  // The index of the first entry at or after `hash`, round the ring. REQUIRES: there are entries.
  size_t Find(uint64_t hash) const;
  // The part of the ring that leads to each of `places` places, out of 2^32.
  std::vector<uint64_t> Shares(uint32_t places) const;

 private:
  void BuildIndex();

  std::vector<Entry> entries_;
  // By the first bits of a hash, of which there are about as many values as entries: the index of
  // the first entry that begins with them or with more. One more at the end: the number of entries.
  std::vector<uint32_t> starts_;
  int shift_ = 63;  // leaves those bits; at most 63
};

// The place of the first entry of the ring after the request's hash (or after a random one, if it
// has none), or the next one clockwise that can take the call and is within the bound of
// `balance_factor` percent (0: none) of the average load. Envoy goes on at random, from a seed,
// when a place has too much; here a place's overflow is spread over as many others as it has
// entries. REQUIRES: places.weights.size() > 0.
std::unique_ptr<const Policy> BuildRingHash(const Places& places, const model::RingHash& options,
                                            uint32_t balance_factor);

}  // namespace mesh::balancer

#endif  // BALANCER_RING_HASH_H_
