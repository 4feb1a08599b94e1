#include "mesh/cluster/drops.h"

#include <algorithm>
#include <utility>

namespace mesh::cluster {
namespace {

constexpr uint64_t kMillion = 1'000'000;
// Times a million it still fits 64 bits, and a millionth of a millionth is more than one of it.
constexpr int kWholeBits = 43;
constexpr uint64_t kWhole = uint64_t{1} << kWholeBits;

}  // namespace

Drops::Drops(std::vector<model::DropCategory> categories) : categories_(std::move(categories)) {
  uint64_t end = 0;
  ends_.reserve(categories_.size());
  for (const model::DropCategory& category : categories_) {
    end += (kWhole - end) * std::min<uint64_t>(category.per_million, kMillion) / kMillion;
    ends_.push_back(end);
  }
  if (end == 0) ends_.clear();
}

const model::DropCategory* Drops::Choose(uint64_t random) const {
  const auto found = std::upper_bound(ends_.begin(), ends_.end(), random >> (64 - kWholeBits));
  return found == ends_.end() ? nullptr : &categories_[found - ends_.begin()];
}

}  // namespace mesh::cluster
