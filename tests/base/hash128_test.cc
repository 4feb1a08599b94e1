#include "mesh/base/hash128.h"

#include <set>
#include <string>
#include <utility>

#include "gtest/gtest.h"

namespace mesh {
namespace {

// The published value of XXH128 of nothing.
TEST(Hash128Test, IsXxh3) {
  EXPECT_EQ(HashBytes(""), (Hash128{0x6001c324468d497f, 0x99aa06d3014798d8}));
}

TEST(Hash128Test, EveryBitOfEveryByteCounts) {
  for (const size_t size : {1, 16, 17, 128, 129, 240, 241, 2000}) {
    std::string bytes(size, 'x');
    std::set<std::pair<uint64_t, uint64_t>> seen;
    const auto add = [&] {
      const Hash128 hash = HashBytes(bytes);
      return seen.emplace(hash.low, hash.high).second;
    };
    EXPECT_TRUE(add());
    for (size_t i = 0; i < size; ++i) {
      for (int bit = 0; bit < 8; ++bit) {
        bytes[i] = static_cast<char>(bytes[i] ^ (1 << bit));
        EXPECT_TRUE(add()) << size << " " << i << " " << bit;
        bytes[i] = static_cast<char>(bytes[i] ^ (1 << bit));
      }
    }
  }
}

TEST(Hash128Test, NothingHashesToNone) {
  EXPECT_NE(HashBytes(""), Hash128());
  EXPECT_NE(HashBytes("x"), Hash128());
}

}  // namespace
}  // namespace mesh
