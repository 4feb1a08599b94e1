#include "mesh/base/hash128.h"

// Inlined, so that no library has to be linked and no symbol can clash with the application's.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace mesh {

Hash128 HashBytes(absl::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.low64, hash.high64};
}

}  // namespace mesh
