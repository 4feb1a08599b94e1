#include "mesh/call/call_registry.h"

#include <utility>
#include <vector>

namespace mesh::call {
namespace {

// Spreads threads over 16 shards, by where each has its thread-local data.
uint32_t ShardOfThread() {
  static thread_local char mine;
  const uint64_t address = reinterpret_cast<uintptr_t>(&mine) >> 6;
  return static_cast<uint32_t>((address * 0x9e3779b97f4a7c15u) >> 60);
}

}  // namespace

void CallRegistry::Entry::Leave() {
  if (registry_ != nullptr) std::exchange(registry_, nullptr)->Remove(this);
}

CallRegistry::CallRegistry() = default;

CallRegistry::~CallRegistry() = default;

bool CallRegistry::Add(Entry* entry) {
  static_assert(kShards == 16, "the shard is four bits of a hash");
  const uint32_t index = ShardOfThread();
  Shard& shard = shards_[index];
  MutexLock lock(&shard.mutex);
  // Linked even if it is too late to be ended: it still keeps the owner.
  entry->registry_ = this;
  entry->shard_ = index;
  entry->next_ = shard.first;
  if (shard.first != nullptr) shard.first->previous_ = entry;
  shard.first = entry;
  return !shard.closed;
}

void CallRegistry::Unlink(Shard* shard, Entry* entry) {
  if (entry->previous_ != nullptr) {
    entry->previous_->next_ = entry->next_;
  } else {
    shard->first = entry->next_;
  }
  if (entry->next_ != nullptr) entry->next_->previous_ = entry->previous_;
}

void CallRegistry::Remove(Entry* entry) {
  Shard& shard = shards_[entry->shard_];
  {
    MutexLock lock(&shard.mutex);
    if (!shard.draining) {
      Unlink(&shard, entry);
      return;
    }
  }
  // The last call drops the owner, and so this. Calls that end at once must take turns: while one
  // is linked, another is not the last.
  std::shared_ptr<void> owner;
  MutexLock lock(&mutex_);
  {
    MutexLock shard_lock(&shard.mutex);
    Unlink(&shard, entry);
  }
  owner = TakeOwnerIfUnused();
}

void CallRegistry::CancelAll(const absl::Status& reason) {
  std::vector<Canceller> cancellers;
  for (Shard& shard : shards_) {
    MutexLock lock(&shard.mutex);
    shard.closed = true;
    for (Entry* entry = shard.first; entry != nullptr; entry = entry->next_) {
      cancellers.push_back(entry->GetCanceller(reason));
    }
  }
  for (Canceller& cancel : cancellers) cancel();
}

void CallRegistry::Keep(const std::shared_ptr<void>& owner) {
  MutexLock lock(&mutex_);
  if (++channels_ > 1) return;
  owner_ = owner;
  SetDraining(false);
}

bool CallRegistry::Release() {
  MutexLock lock(&mutex_);
  if (--channels_ > 0) return false;
  SetDraining(true);
  TakeOwnerIfUnused();
  return true;
}

bool CallRegistry::has_channels() const {
  MutexLock lock(&mutex_);
  return channels_ > 0;
}

void CallRegistry::SetDraining(bool draining) {
  for (Shard& shard : shards_) {
    MutexLock lock(&shard.mutex);
    shard.draining = draining;
  }
}

std::shared_ptr<void> CallRegistry::TakeOwnerIfUnused() {
  for (Shard& shard : shards_) {
    MutexLock shard_lock(&shard.mutex);
    if (!shard.draining || shard.first != nullptr) return nullptr;
  }
  return std::move(owner_);
}

size_t CallRegistry::size() const {
  size_t size = 0;
  for (const Shard& shard : shards_) {
    MutexLock lock(&shard.mutex);
    for (const Entry* entry = shard.first; entry != nullptr; entry = entry->next_) ++size;
  }
  return size;
}

}  // namespace mesh::call
