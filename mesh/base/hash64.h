#ifndef MESH_BASE_HASH64_H_
#define MESH_BASE_HASH64_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace mesh {

// XXH64, the hash that clients agree on for consistent hashing (XX_HASH of envoy
// ring_hash.proto, gRFC A42): the same everywhere and for good.
uint64_t Hash64(absl::string_view bytes, uint64_t seed = 0);

}  // namespace mesh

#endif  // MESH_BASE_HASH64_H_
