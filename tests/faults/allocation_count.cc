#include "tests/faults/allocation_count.h"

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace mesh {
namespace {

std::atomic<size_t> allocated{0};
std::atomic<size_t> peak{0};

void* Allocate(size_t size, size_t alignment) {
  void* const block =
      alignment <= alignof(std::max_align_t)
          ? std::malloc(size)
          : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  if (block == nullptr) throw std::bad_alloc();
  const size_t now = allocated.fetch_add(malloc_usable_size(block)) + malloc_usable_size(block);
  size_t before = peak.load();
  while (now > before && !peak.compare_exchange_weak(before, now)) {
  }
  return block;
}

void Free(void* block) {
  if (block == nullptr) return;
  allocated.fetch_sub(malloc_usable_size(block));
  std::free(block);
}

}  // namespace

size_t AllocatedBytes() { return allocated.load(); }
size_t PeakAllocatedBytes() { return peak.load(); }
void ResetPeak() { peak.store(allocated.load()); }

}  // namespace mesh

void* operator new(size_t size) { return mesh::Allocate(size, 1); }
void* operator new[](size_t size) { return mesh::Allocate(size, 1); }
void* operator new(size_t size, std::align_val_t alignment) {
  return mesh::Allocate(size, static_cast<size_t>(alignment));
}
void* operator new[](size_t size, std::align_val_t alignment) {
  return mesh::Allocate(size, static_cast<size_t>(alignment));
}
void operator delete(void* block) noexcept { mesh::Free(block); }
void operator delete[](void* block) noexcept { mesh::Free(block); }
void operator delete(void* block, size_t) noexcept { mesh::Free(block); }
void operator delete[](void* block, size_t) noexcept { mesh::Free(block); }
void operator delete(void* block, std::align_val_t) noexcept { mesh::Free(block); }
void operator delete[](void* block, std::align_val_t) noexcept { mesh::Free(block); }
void operator delete(void* block, size_t, std::align_val_t) noexcept { mesh::Free(block); }
void operator delete[](void* block, size_t, std::align_val_t) noexcept { mesh::Free(block); }
