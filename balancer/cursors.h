#ifndef BALANCER_CURSORS_H_
#define BALANCER_CURSORS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "mesh/base/random.h"

namespace mesh::balancer {

// Counters that say whose turn it is: `count` of them for each of a few shards of threads, so
// that threads do not share a cache line. A counter goes up by a load and a store without a lock
// prefix: when two threads of one shard meet, both may get the same number, which does no harm.
// Thread-safe.
class Cursors {
 public:
  static constexpr size_t kShards = 8;

  // The counters start at random, so that clients that start together do not walk in step.
  Cursors(size_t count, Random* random);

  size_t count() const { return count_; }

  // The counters of the calling thread's shard.
  class Shard {
   public:
    // REQUIRES: i < count().
    uint64_t Next(size_t i) const {
      const uint64_t value = words_[i].load(std::memory_order_relaxed);
      words_[i].store(value + 1, std::memory_order_relaxed);
      return value;
    }

   private:
    friend class Cursors;
    explicit Shard(std::atomic<uint64_t>* words) : words_(words) {}
    std::atomic<uint64_t>* words_;
  };
  Shard Mine() const {
    uint32_t thread = thread_;
    if (thread == 0) thread = NumberThread();
    return Shard(words_ + (thread % kShards) * stride_);
  }

 private:
  struct Line {
    alignas(64) std::atomic<uint64_t> words[8];
  };
  static uint32_t NumberThread();
  static inline thread_local uint32_t thread_ = 0;  // 0: not numbered yet

  const size_t count_;
  const size_t stride_;  // words from one shard to the next
  const std::unique_ptr<Line[]> lines_;
  std::atomic<uint64_t>* const words_;
};

}  // namespace mesh::balancer

#endif  // BALANCER_CURSORS_H_
