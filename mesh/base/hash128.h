#ifndef MESH_BASE_HASH128_H_
#define MESH_BASE_HASH128_H_

#include <cstdint>
#include <utility>

#include "absl/strings/string_view.h"

namespace mesh {

// 128 bits that stand for some bytes: two texts that differ have, as far as anybody will ever see,
// different ones, unless somebody made them to collide. Compare with it what a trusted peer sent
// twice; do not sign anything with it. Immutable value.
struct Hash128 {
  uint64_t low = 0;
  uint64_t high = 0;

  friend bool operator==(const Hash128& a, const Hash128& b) {
    return a.low == b.low && a.high == b.high;
  }
  friend bool operator!=(const Hash128& a, const Hash128& b) { return !(a == b); }
  template <typename H>
  friend H AbslHashValue(H h, const Hash128& hash) {
    return H::combine(std::move(h), hash.low);  // as uniform as all of it
  }
};

// XXH3, 128 bits. Never all zero in practice, so that Hash128() can stand for "none".
Hash128 HashBytes(absl::string_view bytes);

}  // namespace mesh

#endif  // MESH_BASE_HASH128_H_
