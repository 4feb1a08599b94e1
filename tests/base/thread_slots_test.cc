// A slot of its own for each thread, and what becomes of it.

#include "mesh/base/thread_slots.h"

#include <pthread.h>

#include <cstdint>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "tests/testing/gate.h"

namespace mesh {
namespace {

using Word = ThreadSlots::Word;

size_t Count(const ThreadSlots& slots) {
  size_t count = 0;
  slots.ForEach([&](const Word*) { ++count; });
  return count;
}

TEST(ThreadSlotsTest, AThreadKeepsItsSlot) {
  ThreadSlots slots(3);
  EXPECT_EQ(Count(slots), 0u);
  Word* const mine = slots.Mine();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(mine[i].load(), 0u);
  mine[2] = 7;
  EXPECT_EQ(slots.Mine(), mine);
  uint64_t sum = 0;
  slots.ForEach([&](const Word* slot) { sum += slot[2]; });
  EXPECT_EQ(sum, 7u);
}

TEST(ThreadSlotsTest, SlotsShareNoCacheLine) {
  for (size_t words : {1, 8, 9}) {
    ThreadSlots slots(words);
    slots.Mine();
    std::set<uintptr_t> lines;
    slots.ForEach([&](const Word* slot) {
      const auto address = reinterpret_cast<uintptr_t>(slot);
      EXPECT_EQ(address % 64, 0u);
      for (uintptr_t line = address / 64; line <= (address + 8 * words - 1) / 64; ++line) {
        EXPECT_TRUE(lines.insert(line).second) << words;
      }
    });
  }
}

TEST(ThreadSlotsTest, SlotsOfThreadsAreDistinctAndNeverMove) {
  constexpr int kThreads = 50;  // more than the first chunks hold
  ThreadSlots slots(1);
  testing::Gate all_have_one;
  std::vector<Word*> seen(kThreads);
  std::vector<std::unique_ptr<testing::Gate>> ready;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    testing::Gate* const mine = ready.emplace_back(std::make_unique<testing::Gate>()).get();
    threads.emplace_back([&, mine, i] {
      seen[i] = slots.Mine();
      seen[i]->store(i + 1);
      mine->Open();
      all_have_one.Wait();
      EXPECT_EQ(slots.Mine(), seen[i]);
      EXPECT_EQ(slots.Mine()->load(), static_cast<uint64_t>(i + 1));
    });
    mine->Wait();
  }
  EXPECT_EQ(std::set<Word*>(seen.begin(), seen.end()).size(), static_cast<size_t>(kThreads));
  uint64_t sum = 0;
  slots.ForEach([&](const Word* slot) { sum += slot->load(); });
  EXPECT_EQ(sum, static_cast<uint64_t>(kThreads * (kThreads + 1) / 2));
  all_have_one.Open();
  for (std::thread& thread : threads) thread.join();
}

TEST(ThreadSlotsTest, AThreadThatEndsGivesItsSlotBack) {
  ThreadSlots slots(1);
  for (int i = 0; i < 100; ++i) {
    std::thread([&] { *slots.Mine() = *slots.Mine() + 1; }).join();
  }
  EXPECT_LE(Count(slots), 4u);
  uint64_t sum = 0;
  slots.ForEach([&](const Word* slot) { sum += slot->load(); });
  EXPECT_EQ(sum, 100u);  // each went on where the one before it ended
}

// Uses a slot when its thread ends.
struct UsesASlotAtTheEnd {
  ~UsesASlotAtTheEnd() {
    if (slots != nullptr) *slots->Mine() = *slots->Mine() + 1;
  }
  ThreadSlots* slots = nullptr;
};

TEST(ThreadSlotsTest, ThreadLocalDestructorsMayUseSlots) {
  ThreadSlots slots(1);
  for (int i = 0; i < 50; ++i) {
    std::thread([&] {
      thread_local UsesASlotAtTheEnd at_end;
      at_end.slots = &slots;
      slots.Mine();
    }).join();
  }
  EXPECT_LE(Count(slots), 4u);
  uint64_t sum = 0;
  slots.ForEach([&](const Word* slot) { sum += slot->load(); });
  EXPECT_EQ(sum, 50u);
}

TEST(ThreadSlotsTest, KeyDestructorsMayUseSlotsThatWereGivenBack) {
  ThreadSlots slots(1);
  slots.Mine();  // the slots' own key is older than this one, and so destroyed first
  pthread_key_t key;
  ASSERT_EQ(pthread_key_create(&key,
                               [](void* object) {
                                 auto* const s = static_cast<ThreadSlots*>(object);
                                 *s->Mine() = *s->Mine() + 1;
                               }),
            0);
  for (int i = 0; i < 50; ++i) {
    std::thread([&] {
      slots.Mine();
      pthread_setspecific(key, &slots);
    }).join();
  }
  EXPECT_LE(Count(slots), 4u);
  uint64_t sum = 0;
  slots.ForEach([&](const Word* slot) { sum += slot->load(); });
  EXPECT_EQ(sum, 50u);
  pthread_key_delete(key);
}

TEST(ThreadSlotsTest, OneThreadFindsItsSlotsOfManyObjects) {
  std::vector<std::unique_ptr<ThreadSlots>> objects;
  std::vector<Word*> mine;
  for (uint64_t i = 0; i < 1000; ++i) {
    objects.push_back(std::make_unique<ThreadSlots>(1));
    mine.push_back(objects.back()->Mine());
    *mine.back() = i;
  }
  // Every third one goes, and others come, perhaps at their addresses.
  for (size_t i = 0; i < objects.size(); i += 3) {
    objects[i] = std::make_unique<ThreadSlots>(1);
    mine[i] = objects[i]->Mine();
    EXPECT_EQ(mine[i]->load(), 0u);
    *mine[i] = i;
  }
  for (uint64_t i = 0; i < objects.size(); ++i) {
    EXPECT_EQ(objects[i]->Mine(), mine[i]);
    EXPECT_EQ(mine[i]->load(), i);
  }
}

TEST(ThreadSlotsTest, TheObjectMayEndBeforeItsThreads) {
  testing::Gate has_slot, ended;
  auto slots = std::make_unique<ThreadSlots>(1);
  std::thread thread([&] {
    slots->Mine();
    has_slot.Open();
    ended.Wait();
  });
  has_slot.Wait();
  slots.reset();
  ended.Open();
  thread.join();  // has nothing to give back to
}

}  // namespace
}  // namespace mesh
