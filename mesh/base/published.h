#ifndef MESH_BASE_PUBLISHED_H_
#define MESH_BASE_PUBLISHED_H_

#include <atomic>
#include <memory>

#include "mesh/base/epoch.h"

namespace mesh {

// A cell that holds one immutable value: replaced on the serializer, read by any thread without
// waiting. A reader sees the value that was current when it asked, and may use it as long as its
// EpochReader lives. Get is thread-safe; Publish is for one thread at a time.
template <typename T>
class Published {
 public:
  // `domain` must outlive the cell.
  explicit Published(EpochDomain* domain) : domain_(domain) {}
  // REQUIRES: no reader of the cell is left.
  ~Published() { delete value_.load(std::memory_order_relaxed); }
  Published(const Published&) = delete;
  Published& operator=(const Published&) = delete;

  // Null before the first Publish. `reader` must be of this cell's domain and alive.
  const T* Get(const EpochReader& reader) const {
    static_cast<void>(reader);
    return value_.load(std::memory_order_seq_cst);  // step (3) of epoch.h
  }

  // The former value is destroyed by the domain once no reader can see it.
  void Publish(std::unique_ptr<const T> value) {
    const T* old = value_.exchange(value.release(), std::memory_order_seq_cst);  // step (5)
    if (old != nullptr) domain_->Retire([old] { delete old; });
  }

  // The value, for the thread that publishes.
  const T* writer_view() const { return value_.load(std::memory_order_relaxed); }

 private:
  EpochDomain* const domain_;
  std::atomic<const T*> value_{nullptr};
};

}  // namespace mesh

#endif  // MESH_BASE_PUBLISHED_H_
