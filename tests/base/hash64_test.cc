#include "mesh/base/hash64.h"

#include <cstdint>

#include "gtest/gtest.h"

namespace mesh {
namespace {

// The values that xxHash publishes for nothing, "a" and "abc", and one of the entries of Envoy's
// first ring (RING-01).
TEST(Hash64Test, IsXxh64) {
  EXPECT_EQ(Hash64(""), 0xef46db3751d8e999u);
  EXPECT_EQ(Hash64("a"), 0xd24ec4f1a98c6e5bu);
  EXPECT_EQ(Hash64("abc"), 0x44bc2cf5ad770999u);
  EXPECT_EQ(Hash64("127.0.0.1:94_0"), 15516499411664133160u);
}

TEST(Hash64Test, DependsOnTheSeed) {
  EXPECT_EQ(Hash64("abc", 0), Hash64("abc"));
  EXPECT_NE(Hash64("abc", 1), Hash64("abc"));
}

}  // namespace
}  // namespace mesh
