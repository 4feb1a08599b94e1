#ifndef MESH_BASE_PER_THREAD_COUNTER_H_
#define MESH_BASE_PER_THREAD_COUNTER_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "mesh/base/thread_slots.h"

namespace mesh {

// N counters that many threads increment and few read, such as those of the call path: each
// thread has its own, all N in one padded slot, incremented by a load and a store without a lock
// prefix, and summed when read. The increments of threads that ended stay. A read sees all
// increments that happened before it, and may miss concurrent ones. Thread-safe.
template <size_t N>
class PerThreadCounters {
 public:
  PerThreadCounters() : slots_(N) {}

  // REQUIRES: i < N.
  void Add(size_t i, uint64_t amount = 1) {
    ThreadSlots::Word& word = slots_.Mine()[i];
    // Only this thread writes the word.
    word.store(word.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }

  // REQUIRES: i < N.
  uint64_t Sum(size_t i) const {
    uint64_t sum = 0;
    slots_.ForEach(
        [&](const ThreadSlots::Word* slot) { sum += slot[i].load(std::memory_order_relaxed); });
    return sum;
  }

  // All sums in one pass. They are not of one moment.
  std::array<uint64_t, N> Sums() const {
    std::array<uint64_t, N> sums = {};
    slots_.ForEach([&](const ThreadSlots::Word* slot) {
      for (size_t i = 0; i < N; ++i) sums[i] += slot[i].load(std::memory_order_relaxed);
    });
    return sums;
  }

 private:
  const ThreadSlots slots_;
};

// One such counter. Prefer PerThreadCounters for those that are incremented together. Thread-safe.
class PerThreadCounter {
 public:
  void Add(uint64_t amount = 1) { counter_.Add(0, amount); }
  uint64_t Sum() const { return counter_.Sum(0); }

 private:
  PerThreadCounters<1> counter_;
};

}  // namespace mesh

#endif  // MESH_BASE_PER_THREAD_COUNTER_H_
