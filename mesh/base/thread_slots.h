#ifndef MESH_BASE_THREAD_SLOTS_H_
#define MESH_BASE_THREAD_SLOTS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace mesh {

// A few 64-bit words for each thread that asks: written by that thread alone, read by the owner.
// What epochs and counters on the call path are made of.
//
// A thread takes a slot at its first Mine() and gives it back when it ends (or the ThreadSlots
// does). A slot starts as zeroes; one that was given back keeps its words, for the next thread.
// Slots have cache lines of their own and never move; they are freed with the ThreadSlots,
// whichever ends first, it or the threads. After fork() the child must not use it. Thread-safe.
class ThreadSlots {
 public:
  using Word = std::atomic<uint64_t>;

  // REQUIRES: words > 0.
  explicit ThreadSlots(size_t words);
  // REQUIRES: no thread uses a slot of it any more.
  ~ThreadSlots();
  ThreadSlots(const ThreadSlots&) = delete;
  ThreadSlots& operator=(const ThreadSlots&) = delete;

  // The calling thread's slot, the same one until the thread ends. Takes no lock, except a
  // thread's first time.
  Word* Mine() const {
    const Known& known = known_.table[id_ & known_.mask];
    return known.id == id_ ? known.slot : FindOrTake();
  }

  // Calls `visit(Word*)` with every slot there is, whether a thread has it or not. A slot whose
  // Mine() precedes the call, in the single order of seq_cst operations, is among them.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (Chunk* chunk = newest_->load(std::memory_order_seq_cst); chunk != nullptr;
         chunk = chunk->older) {
      for (size_t i = 0; i < chunk->slots; ++i) visit(chunk->words + i * chunk->stride);
    }
  }

 private:
  struct Pool;     // shared with a thread for the moment of its end
  struct Threads;  // what a thread knows of all pools
  struct Chunk {
    Chunk* const older;
    const size_t slots;
    const size_t stride;  // words from one slot to the next
    Word* const words;
  };
  // A thread's slots, hashed by the id of their ThreadSlots. Plain data without a destructor, so
  // that a look-up needs no guard, and is right at any moment of a thread's end.
  struct Known {
    uint64_t id;  // 0: an empty entry
    Word* slot;
  };
  struct KnownTable {
    const Known* table;
    uint64_t mask;
  };

  Word* FindOrTake() const;

  static constexpr Known kNone = {0, nullptr};
  static inline thread_local KnownTable known_ = {&kNone, 0};

  const uint64_t id_;  // unique in the process: an address may come again, with other slots
  const std::shared_ptr<Pool> pool_;
  const std::atomic<Chunk*>* const newest_;  // of the pool
};

}  // namespace mesh

#endif  // MESH_BASE_THREAD_SLOTS_H_
