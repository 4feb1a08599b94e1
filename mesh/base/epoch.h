#ifndef MESH_BASE_EPOCH_H_
#define MESH_BASE_EPOCH_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "mesh/base/mutex.h"

namespace mesh {

// Epoch-based reclamation for published values (Published<T>). Readers wait for nobody; what the
// writer retires is destroyed when no reader can still see it.
//
//   reader: (1) e = epoch (relaxed)  (2) slot = e (seq_cst)  (3) p = cell (seq_cst)
//           … use p …                (4) slot = 0 (release)
//   writer: (5) old = cell.exchange(new) (seq_cst)  (6) tag = epoch.fetch_add(1) (seq_cst)
//           (7) scan slots (seq_cst): free old if and only if every non-zero slot > tag
//   If (3) returned old, then (3) precedes (5) in the seq_cst order, hence (2) precedes (7): the
//   scan sees slot = e <= tag, so old is kept. A stale e in (1) is only smaller, hence only more
//   conservative. (4)/(7) give the happens-before for the delete.
//
// A thread takes a slot of its own at its first read in a domain and gives it back when it ends
// or the domain does. Readers nest (the outer one keeps the slot). After fork() the child's
// domains must not be used.
//
// EpochReader construction is thread-safe; Retire, Reclaim and the destructor are for one thread
// at a time (the serializer).
class EpochDomain {
 public:
  EpochDomain();
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
  struct Slot;
  struct Slots;  // shared with the threads that hold slots

  const std::shared_ptr<Slots> slots_;
  std::vector<std::pair<uint64_t, absl::AnyInvocable<void()>>> retired_;  // writer-bound
};

// While it lives, nothing that this thread reads from the domain's cells is destroyed. On the
// stack only, and never across a wait. Thread-compatible.
class EpochReader {
 public:
  explicit EpochReader(const EpochDomain& domain);
  ~EpochReader();
  EpochReader(const EpochReader&) = delete;
  EpochReader& operator=(const EpochReader&) = delete;

 private:
  std::atomic<uint64_t>* slot_;  // null inside an outer reader of the same domain
};

}  // namespace mesh

#endif  // MESH_BASE_EPOCH_H_
