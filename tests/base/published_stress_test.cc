// Readers and a writer at full speed: no reader ever sees a value that was destroyed, half made,
// older than one it saw, or newer than what it names.

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "mesh/base/epoch.h"
#include "mesh/base/published.h"

namespace mesh {
namespace {

constexpr uint64_t kAlive = 0xa11fea11fea11fea;
constexpr uint64_t kDead = 0xdeaddeaddeaddead;
constexpr uint64_t kPublishes = 10000;
constexpr int kReaders = 3;

struct Canary {
  Canary(uint64_t v, std::atomic<int64_t>* count) : version(v), complement(~v), alive(count) {
    alive->fetch_add(1, std::memory_order_relaxed);
  }
  ~Canary() {
    canary = kDead;
    complement = 0;
    alive->fetch_sub(1, std::memory_order_relaxed);
  }

  bool is_whole() const { return canary == kAlive && complement == ~version; }

  uint64_t canary = kAlive;
  uint64_t version;
  uint64_t complement;
  std::atomic<int64_t>* const alive;
};

// A cell that names versions of another cell, as routes name clusters. The domain ends last, with
// what readers still held: `count`, of versions that are there, outlives it.
struct Cells {
  Cells(EpochDomain* d, std::atomic<int64_t>* count)
      : domain(d), alive(count), named(d), naming(d) {}

  void Publish(uint64_t version) {
    named.Publish(std::make_unique<const Canary>(version, alive));
    naming.Publish(std::make_unique<const Canary>(version, alive));
  }

  // Returns how many reads were wrong, of reads until `stop`.
  uint64_t ReadUntil(const std::atomic<bool>& stop) const {
    uint64_t wrong = 0;
    uint64_t last = 0;
    while (!stop.load(std::memory_order_acquire)) {
      const EpochReader reader(*domain);
      const Canary* const first = naming.Get(reader);
      const Canary* const second = [this] {
        const EpochReader inner(*domain);
        return named.Get(inner);
      }();
      const bool fine = first->is_whole() && second->is_whole() && first->version >= last &&
                        second->version >= first->version;
      if (!fine) ++wrong;
      last = first->version;
    }
    return wrong;
  }

  EpochDomain* const domain;
  std::atomic<int64_t>* const alive;
  Published<Canary> named;
  Published<Canary> naming;
};

TEST(PublishedStressTest, ReadersSeeOnlyWholeValues) {
  std::atomic<int64_t> alive{0};
  EpochDomain domain;
  Cells cells(&domain, &alive);
  cells.Publish(1);
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> wrong{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < kReaders; ++i) readers.emplace_back([&] { wrong += cells.ReadUntil(stop); });
  for (uint64_t version = 2; version <= kPublishes; ++version) cells.Publish(version);
  stop.store(true, std::memory_order_release);
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong.load(), 0u);
  EXPECT_EQ(domain.Reclaim(), 0u);
  EXPECT_EQ(alive.load(), 2);  // the current ones
}

TEST(PublishedStressTest, ThreadsComeAndGoWhileTheWriterWrites) {
  std::atomic<int64_t> alive{0};
  EpochDomain domain;
  Cells cells(&domain, &alive);
  cells.Publish(1);
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> wrong{0};
  std::thread spawner([&] {
    for (int generation = 0; generation < 50; ++generation) {
      std::atomic<bool> enough{false};
      std::vector<std::thread> readers;
      for (int i = 0; i < 6; ++i) readers.emplace_back([&] { wrong += cells.ReadUntil(enough); });
      enough.store(true, std::memory_order_release);
      for (std::thread& reader : readers) reader.join();
    }
    stop.store(true, std::memory_order_release);
  });
  uint64_t version = 1;
  while (!stop.load(std::memory_order_acquire)) cells.Publish(++version);
  spawner.join();
  EXPECT_EQ(wrong.load(), 0u);
  EXPECT_EQ(domain.Reclaim(), 0u);
  EXPECT_EQ(alive.load(), 2);
}

TEST(PublishedStressTest, ManyDomainsInManyThreads) {
  // Domains end while the threads that read them live on.
  for (int life = 0; life < 100; ++life) {
    std::atomic<int64_t> alive{0};
    EpochDomain first, second;
    Cells a(&first, &alive), b(&second, &alive);
    a.Publish(1);
    b.Publish(1);
    std::atomic<bool> stop{false};
    std::atomic<uint64_t> wrong{0};
    std::thread reader([&] {
      while (!stop.load(std::memory_order_acquire)) {
        const EpochReader in_a(first);
        const EpochReader in_b(second);
        if (!a.named.Get(in_a)->is_whole() || !b.named.Get(in_b)->is_whole()) wrong += 1;
      }
    });
    for (uint64_t version = 2; version < 50; ++version) {
      a.Publish(version);
      b.Publish(version);
      const EpochReader in_b(second);
      if (!b.naming.Get(in_b)->is_whole()) wrong += 1;
    }
    stop.store(true, std::memory_order_release);
    reader.join();
    EXPECT_EQ(wrong.load(), 0u);
  }
}

}  // namespace
}  // namespace mesh
