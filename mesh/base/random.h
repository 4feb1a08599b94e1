#ifndef MESH_BASE_RANDOM_H_
#define MESH_BASE_RANDOM_H_

#include <cstdint>
#include <memory>

namespace mesh {

// A source of uniformly distributed 64-bit numbers for everything but the call path (which has
// FastRandom). Injected, so that tests and simulations repeat. Thread-safe.
class Random {
 public:
  virtual ~Random() = default;
  virtual uint64_t Next() = 0;

  // Uniform in [0, 1).
  double NextDouble() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }
  // Uniform in [0, bound). REQUIRES: bound > 0.
  uint64_t NextBelow(uint64_t bound) { return Next() % bound; }
};

// SplitMix64 from a seed: repeatable, not for secrets. Thread-safe.
std::unique_ptr<Random> NewSeededRandom(uint64_t seed);
// Seeded from the operating system. Thread-safe.
std::unique_ptr<Random> NewSystemRandom();

// A few instructions of pseudo-randomness per thread for the call path (xorshift64*), seeded
// once a thread from its stack address and the clock. Not for secrets. Thread-safe.
uint64_t FastRandom();
// Seeds that of the calling thread, so that a simulation repeats. Thread-safe.
void SeedFastRandom(uint64_t seed);

}  // namespace mesh

#endif  // MESH_BASE_RANDOM_H_
