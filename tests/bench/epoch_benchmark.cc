// What a call pays for reading a published value, and for counting.

#include <atomic>
#include <memory>
#include <mutex>

#include "benchmark/benchmark.h"
#include "mesh/base/epoch.h"
#include "mesh/base/per_thread_counter.h"
#include "mesh/base/published.h"

namespace mesh {
namespace {

// What the threads of a benchmark share: the values that are measured, and floors and ceilings to
// compare them with.
struct Shared {
  Shared() { cell.Publish(std::make_unique<const int>(1)); }

  EpochDomain domain;
  Published<int> cell{&domain};
  std::atomic<const int*> raw{new int(1)};
  std::mutex mutex;
  std::shared_ptr<const int> counted = std::make_shared<int>(1);
  std::atomic<uint64_t> shared_counter{0};
  PerThreadCounter counter;
  PerThreadCounters<4> counters;
};

Shared& SharedByAll() {
  static Shared& shared = *new Shared;
  return shared;
}

void BM_ReadRawPointer(benchmark::State& state) {
  Shared& shared = SharedByAll();
  for (auto _ : state) benchmark::DoNotOptimize(*shared.raw.load(std::memory_order_acquire));
}

void BM_ReadUnderMutex(benchmark::State& state) {
  Shared& shared = SharedByAll();
  for (auto _ : state) {
    shared.mutex.lock();
    const std::shared_ptr<const int> value = shared.counted;
    shared.mutex.unlock();
    benchmark::DoNotOptimize(*value);
  }
}

void BM_ReadPublished(benchmark::State& state) {
  Shared& shared = SharedByAll();
  for (auto _ : state) {
    const EpochReader reader(shared.domain);
    benchmark::DoNotOptimize(*shared.cell.Get(reader));
  }
}

void BM_ReadPublishedInsideAReader(benchmark::State& state) {
  Shared& shared = SharedByAll();
  const EpochReader outer(shared.domain);
  for (auto _ : state) {
    const EpochReader reader(shared.domain);
    benchmark::DoNotOptimize(*shared.cell.Get(reader));
  }
}

void BM_CountSharedAtomic(benchmark::State& state) {
  Shared& shared = SharedByAll();
  for (auto _ : state) shared.shared_counter.fetch_add(1, std::memory_order_relaxed);
}

void BM_CountPerThread(benchmark::State& state) {
  Shared& shared = SharedByAll();
  for (auto _ : state) {
    shared.counter.Add();
    benchmark::ClobberMemory();
  }
}

void BM_CountTwoOfFourPerThread(benchmark::State& state) {
  Shared& shared = SharedByAll();
  for (auto _ : state) {
    shared.counters.Add(0);
    shared.counters.Add(3);
    benchmark::ClobberMemory();
  }
}

// The writer's side: one replacement, with nobody reading.
void BM_Publish(benchmark::State& state) {
  EpochDomain domain;
  Published<int> cell(&domain);
  for (auto _ : state) cell.Publish(std::make_unique<const int>(1));
}

BENCHMARK(BM_ReadRawPointer)->Threads(1)->Threads(2)->UseRealTime();
BENCHMARK(BM_ReadUnderMutex)->Threads(1)->Threads(2)->UseRealTime();
BENCHMARK(BM_ReadPublished)->Threads(1)->Threads(2)->UseRealTime();
BENCHMARK(BM_ReadPublishedInsideAReader)->Threads(1)->Threads(2)->UseRealTime();
BENCHMARK(BM_CountSharedAtomic)->Threads(1)->Threads(2)->UseRealTime();
BENCHMARK(BM_CountPerThread)->Threads(1)->Threads(2)->UseRealTime();
BENCHMARK(BM_CountTwoOfFourPerThread)->Threads(1)->Threads(2)->UseRealTime();
BENCHMARK(BM_Publish);

}  // namespace
}  // namespace mesh
