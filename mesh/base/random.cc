#include "mesh/base/random.h"

#include <unistd.h>

#include <atomic>
#include <chrono>

namespace mesh {
namespace {

// The increment of SplitMix64: the odd number nearest to 2^64 divided by the golden ratio.
constexpr uint64_t kGamma = 0x9e3779b97f4a7c15;

uint64_t Mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

// A seed that differs between threads and between runs, without a system call.
uint64_t CheapSeed() {
  const int here = 0;
  const auto address = static_cast<uint64_t>(reinterpret_cast<uintptr_t>(&here));
  const auto now =
      static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  return Mix(address + kGamma) ^ Mix(now);
}

// Of FastRandom(); 0 is the one value that xorshift never reaches.
thread_local uint64_t fast_state = 0;

class SplitMix final : public Random {
 public:
  explicit SplitMix(uint64_t seed) : state_(seed) {}

  uint64_t Next() override {
    return Mix(state_.fetch_add(kGamma, std::memory_order_relaxed) + kGamma);
  }

 private:
  std::atomic<uint64_t> state_;
};

}  // namespace

std::unique_ptr<Random> NewSeededRandom(uint64_t seed) { return std::make_unique<SplitMix>(seed); }

std::unique_ptr<Random> NewSystemRandom() {
  uint64_t seed;
  // It fails only where the kernel has no such call; jitter can do with less.
  if (getentropy(&seed, sizeof(seed)) != 0) seed = CheapSeed();
  return NewSeededRandom(seed);
}

uint64_t FastRandom() {
  uint64_t x = fast_state;
  if (x == 0) x = CheapSeed() | 1;
  x ^= x >> 12;
  x ^= x << 25;
  x ^= x >> 27;
  fast_state = x;
  return x * 0x2545f4914f6cdd1d;
}

void SeedFastRandom(uint64_t seed) { fast_state = Mix(seed) | 1; }

}  // namespace mesh
