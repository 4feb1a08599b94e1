#ifndef MESH_BASE_EPOCH_H_
#define MESH_BASE_EPOCH_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "mesh/base/thread_slots.h"

namespace mesh {

// Epoch-based reclamation for published values (Published<T>). Readers wait for nobody; what the
// writer retires is destroyed when no reader can still see it.
//
//   reader: (1) e = epoch (acquire)  (2) slot = e (seq_cst)  (3) p = cell (seq_cst)
//           … use p …                (4) slot = 0 (release)
//   writer: (5) old = cell.exchange(new) (seq_cst)  (6) tag = epoch.fetch_add(1) (seq_cst)
//           (7) scan slots (seq_cst): free old if and only if every non-zero slot > tag
//   Suppose that (3) returned old. Then (3) precedes (5) in the seq_cst order, so (2) precedes (7)
//   and the scan sees this reader's slot = e, or what its thread stored there later. And e <= tag:
//   a larger e would have been written by (6) or after it, then (1) synchronizes with (6), (5)
//   happens before (3), and (3) could not have returned old. So old is kept until the scan sees
//   what came after (4): that store, or a later one of the slot, all of them releases, is what
//   makes every use of p happen before the delete. A stale e in (1) is only smaller, hence only
//   more conservative. A slot that is new is in the list before (2), hence before (7).
//
// A thread takes a slot of its own at its first read in a domain and gives it back when it ends
// or the domain does. Readers nest (the outer one keeps the slot). After fork() the child's
// domains must not be used.
//
// EpochReader construction is thread-safe; Retire, Reclaim and the destructor are for one thread
// at a time (the serializer).
class EpochDomain {
 public:
  EpochDomain() = default;
  // Destroys everything retired. REQUIRES: no EpochReader of the domain is alive.
  ~EpochDomain();
  EpochDomain(const EpochDomain&) = delete;
  EpochDomain& operator=(const EpochDomain&) = delete;

  // Runs `destroy` (on the thread that calls Retire, Reclaim or the destructor, under no lock)
  // when no reader that is alive now is left. Tries what was retired before as well.
  void Retire(absl::AnyInvocable<void()> destroy);

  // Runs what can be run now. Returns how many retired values remain; while that is not 0 the
  // owner calls again a little later.
  size_t Reclaim();

 private:
  friend class EpochReader;

  const ThreadSlots slots_{1};
  std::atomic<uint64_t> epoch_{1};  // never 0, which says that a slot has no reader
  std::vector<std::pair<uint64_t, absl::AnyInvocable<void()>>> retired_;  // by tag; writer-bound
};

// While it lives, nothing that this thread reads from the domain's cells is destroyed. On the
// stack only, and never across a wait. Thread-compatible.
class EpochReader {
 public:
  explicit EpochReader(const EpochDomain& domain) : slot_(domain.slots_.Mine()) {
    if (slot_->load(std::memory_order_relaxed) != 0) {
      slot_ = nullptr;
      return;
    }
    const uint64_t epoch = domain.epoch_.load(std::memory_order_acquire);  // (1)
    slot_->store(epoch, std::memory_order_seq_cst);                        // (2)
  }

  ~EpochReader() {
    if (slot_ != nullptr) slot_->store(0, std::memory_order_release);  // (4)
  }

  EpochReader(const EpochReader&) = delete;
  EpochReader& operator=(const EpochReader&) = delete;

 private:
  std::atomic<uint64_t>* slot_;  // null inside an outer reader of the same domain
};

}  // namespace mesh

#endif  // MESH_BASE_EPOCH_H_
