#include "balancer/cursors.h"

namespace mesh::balancer {

Cursors::Cursors(size_t count, Random* random)
    : count_(count),
      stride_((count + 7) / 8 * 8),
      lines_(std::make_unique<Line[]>(stride_ / 8 * kShards)),
      words_(&lines_[0].words[0]) {
  for (size_t i = 0; i < stride_ * kShards; ++i) {
    words_[i].store(random->Next(), std::memory_order_relaxed);
  }
}

uint32_t Cursors::NumberThread() {
  // Spans the process because threads do: consecutive threads get shards of their own.
  static std::atomic<uint32_t> last{0};
  do {
    thread_ = last.fetch_add(1, std::memory_order_relaxed) + 1;
  } while (thread_ == 0);
  return thread_;
}

}  // namespace mesh::balancer
