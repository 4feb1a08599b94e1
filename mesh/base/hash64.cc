#include "mesh/base/hash64.h"

// Inlined, so that no library has to be linked and no symbol can clash with the application's.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace mesh {

uint64_t Hash64(absl::string_view bytes, uint64_t seed) {
  return XXH64(bytes.data(), bytes.size(), seed);
}

}  // namespace mesh
