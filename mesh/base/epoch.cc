#include "mesh/base/epoch.h"

#include <algorithm>
#include <iterator>
#include <limits>

namespace mesh {

EpochDomain::~EpochDomain() {
  // What is destroyed may retire more.
  while (Reclaim() > 0) {
  }
}

void EpochDomain::Retire(absl::AnyInvocable<void()> destroy) {
  const uint64_t tag = epoch_.fetch_add(1, std::memory_order_seq_cst);  // (6)
  retired_.emplace_back(tag, std::move(destroy));
  Reclaim();
}

size_t EpochDomain::Reclaim() {
  if (retired_.empty()) return 0;
  uint64_t oldest = std::numeric_limits<uint64_t>::max();
  slots_.ForEach([&](const ThreadSlots::Word* slot) {
    const uint64_t epoch = slot->load(std::memory_order_seq_cst);  // (7)
    if (epoch != 0) oldest = std::min(oldest, epoch);
  });
  const auto kept = std::find_if(retired_.begin(), retired_.end(),
                                 [&](const auto& entry) { return entry.first >= oldest; });
  // Taken out first: what is destroyed may retire more.
  std::vector<std::pair<uint64_t, absl::AnyInvocable<void()>>> free(
      std::make_move_iterator(retired_.begin()), std::make_move_iterator(kept));
  retired_.erase(retired_.begin(), kept);
  for (auto& entry : free) {
    entry.second();
    entry.second = nullptr;
  }
  return retired_.size();
}

}  // namespace mesh
