#include "mesh/base/thread_slots.h"

#include <pthread.h>

#include <algorithm>
#include <new>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "mesh/base/mutex.h"

namespace mesh {
namespace {

constexpr size_t kCacheLine = 64;
constexpr size_t kFirstChunk = 4;  // slots: a small service has few threads
constexpr size_t kLargestChunk = 64;
constexpr size_t kFirstTable = 8;  // entries: a power of two

uint64_t NextId() {
  // Says only that two objects are not the same one, for which it has to span the process.
  static std::atomic<uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

// The slots of one ThreadSlots. Thread-safe.
struct ThreadSlots::Pool {
  explicit Pool(size_t words)
      : stride((words * sizeof(Word) + kCacheLine - 1) / kCacheLine * kCacheLine / sizeof(Word)) {}

  ~Pool() {
    Chunk* chunk = newest.load(std::memory_order_relaxed);
    while (chunk != nullptr) {
      Chunk* const older = chunk->older;
      ::operator delete(chunk->words, std::align_val_t(kCacheLine));
      delete chunk;
      chunk = older;
    }
  }

  Word* Take() {
    MutexLock lock(&mutex);
    if (free.empty()) Grow();
    Word* const slot = free.back();
    free.pop_back();
    return slot;
  }

  void GiveBack(Word* slot) {
    MutexLock lock(&mutex);
    free.push_back(slot);
  }

  void Grow() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    Chunk* const last = newest.load(std::memory_order_relaxed);
    const size_t slots = last == nullptr ? kFirstChunk : std::min(2 * last->slots, kLargestChunk);
    auto* const words = static_cast<Word*>(
        ::operator new(slots* stride * sizeof(Word), std::align_val_t(kCacheLine)));
    for (size_t i = 0; i < slots * stride; ++i) new (words + i) Word(0);
    for (size_t i = slots; i > 0; --i) free.push_back(words + (i - 1) * stride);
    newest.store(new Chunk{last, slots, stride, words}, std::memory_order_seq_cst);
  }

  const size_t stride;
  std::atomic<Chunk*> newest{nullptr};
  Mutex mutex;
  std::vector<Word*> free ABSL_GUARDED_BY(mutex);
};

// The table behind known_, which says beside each entry whom to give the slot back to.
// Thread-bound.
struct ThreadSlots::Threads {
  std::vector<Known> table;
  std::vector<std::weak_ptr<Pool>> pools;  // of the entry at the same place
  size_t used = 0;

  // The entry of `id`, or the empty one where it belongs. REQUIRES: an entry is empty.
  size_t Find(uint64_t id) const {
    size_t i = id & (table.size() - 1);
    while (table[i].id != 0 && table[i].id != id) i = (i + 1) & (table.size() - 1);
    return i;
  }

  void Set(const Known& known, std::weak_ptr<Pool> pool) {
    const size_t i = Find(known.id);
    table[i] = known;
    pools[i] = std::move(pool);
    ++used;
  }

  // Forgets the pools that are gone, and makes the table at least twice what is left.
  void Rebuild() {
    Threads old;
    std::swap(old, *this);
    size_t live = 0;
    for (size_t i = 0; i < old.table.size(); ++i) live += old.pools[i].expired() ? 0 : 1;
    size_t size = kFirstTable;
    while (size < 4 * live) size *= 2;
    table.assign(size, kNone);
    pools.resize(size);
    for (size_t i = 0; i < old.table.size(); ++i) {
      if (!old.pools[i].expired()) Set(old.table[i], std::move(old.pools[i]));
    }
    known_ = {table.data(), size - 1};
  }

  // The calling thread's, made when there is none.
  static Threads* Mine() {
    thread_local Threads* mine = nullptr;
    // A key's destructor runs after those of all thread_local objects, any of which may make a
    // call, and runs again if that of another key does. (Without a key, slots are not given back.)
    static pthread_key_t key;
    static const bool has_key = pthread_key_create(&key, [](void* ended) {
                                  mine = nullptr;
                                  known_ = {&kNone, 0};
                                  static_cast<Threads*>(ended)->GiveBack();
                                  delete static_cast<Threads*>(ended);
                                }) == 0;
    if (mine == nullptr) {
      mine = new Threads;
      if (has_key) pthread_setspecific(key, mine);
    }
    return mine;
  }

  void GiveBack() {
    for (size_t i = 0; i < table.size(); ++i) {
      if (const std::shared_ptr<Pool> pool = pools[i].lock()) pool->GiveBack(table[i].slot);
    }
  }
};

ThreadSlots::ThreadSlots(size_t words)
    : id_(NextId()), pool_(std::make_shared<Pool>(words)), newest_(&pool_->newest) {}

ThreadSlots::~ThreadSlots() = default;

ThreadSlots::Word* ThreadSlots::FindOrTake() const {
  Threads* const mine = Threads::Mine();
  if (2 * mine->used >= mine->table.size()) mine->Rebuild();
  const size_t i = mine->Find(id_);
  if (mine->table[i].id == id_) return mine->table[i].slot;
  Word* const slot = pool_->Take();
  mine->Set({id_, slot}, pool_);
  return slot;
}

}  // namespace mesh
