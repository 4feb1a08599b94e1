#ifndef MESH_CALL_CALL_REGISTRY_H_
#define MESH_CALL_CALL_REGISTRY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "mesh/base/mutex.h"

namespace mesh::call {

// The calls in flight of a channel, so that they can be ended when their mesh goes; and while
// there are any, or channels, it keeps the channel's core alive. A call costs a lock and a few
// words of the calling thread's own shard, nothing that threads share. Thread-safe.
class CallRegistry {
 public:
  using Canceller = absl::AnyInvocable<void()>;

  // A call; linked into the registry from Add() to Leave().
  class Entry {
   public:
    Entry() = default;
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

   protected:
    // REQUIRES: it has left the registry.
    ~Entry() = default;

    // What ends the call with `reason`, run later under no lock, when the entry may be gone: it
    // must own what it needs. Called under the shard's lock: under its own it must not call the
    // registry. Not called after Leave().
    virtual Canceller GetCanceller(const absl::Status& reason) = 0;

    // Leaves the registry, which then may be gone. No effect again.
    void Leave();

   private:
    friend class CallRegistry;

    CallRegistry* registry_ = nullptr;
    uint32_t shard_ = 0;
    Entry* next_ = nullptr;
    Entry* previous_ = nullptr;
  };

  CallRegistry();
  // REQUIRES: empty.
  ~CallRegistry();
  CallRegistry(const CallRegistry&) = delete;
  CallRegistry& operator=(const CallRegistry&) = delete;

  // False, and the entry is not linked, after CancelAll(): the call must end by itself.
  bool Add(Entry* entry);

  // Ends all calls with `reason`. No call enters any more.
  void CancelAll(const absl::Status& reason);

  // A channel comes: keeps `owner` until the last Release(), and then until the registry is empty.
  // REQUIRES: `owner` owns this registry.
  void Keep(const std::shared_ptr<void>& owner);
  // A channel goes; true if it was the last. The owner is dropped when no call is left, at once or
  // later, here or on a call's thread. REQUIRES: the caller keeps the owner.
  bool Release();
  bool has_channels() const;

  size_t size() const;

 private:
  struct alignas(64) Shard {
    mutable Mutex mutex;
    Entry* first ABSL_GUARDED_BY(mutex) = nullptr;
    bool closed ABSL_GUARDED_BY(mutex) = false;
    bool draining ABSL_GUARDED_BY(mutex) = false;
  };
  static constexpr size_t kShards = 16;

  static void Unlink(Shard* shard, Entry* entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard->mutex);
  void Remove(Entry* entry);
  void SetDraining(bool draining) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The owner, to be dropped after the lock is released; null while there are calls or channels.
  std::shared_ptr<void> TakeOwnerIfUnused() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  std::array<Shard, kShards> shards_;
  mutable Mutex mutex_;  // taken before a shard's
  int channels_ ABSL_GUARDED_BY(mutex_) = 0;
  std::shared_ptr<void> owner_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mesh::call

#endif  // MESH_CALL_CALL_REGISTRY_H_
