#include "mesh/model/endpoint_order.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace mesh::model {
namespace {

// More than the endpoints of any list by so much that there is room between chunks.
constexpr uint64_t kEnd = uint64_t{1} << 62;

}  // namespace

// Numbers the chunks from `begin` up to `end`, evenly between `low` and `high`. REQUIRES: they have
// room there.
void EndpointOrder::Spread(const EndpointList& list, size_t begin, size_t end, uint64_t low,
                           uint64_t high) {
  uint64_t room = high - low;
  for (size_t i = begin; i < end; ++i) room -= list.chunks()[i]->endpoints.size();
  const uint64_t step = room / (end - begin + 1);
  uint64_t next = low + step;
  for (size_t i = begin; i < end; ++i) {
    numbers_[i] = next;
    next += list.chunks()[i]->endpoints.size() + step;
  }
}

bool EndpointOrder::Update(const EndpointList& list) {
  absl::flat_hash_map<const EndpointList::Chunk*, uint64_t> old;
  for (size_t i = 0; i < chunks_.size(); ++i) old.emplace(chunks_[i], numbers_[i]);
  const auto& chunks = list.chunks();
  finder_ = EndpointFinder(list);
  chunks_.clear();
  for (const auto& chunk : chunks) chunks_.push_back(chunk.get());
  numbers_.assign(chunks.size(), 0);

  bool fits = true;
  uint64_t low = 0;       // the end of the last chunk that has its number
  uint64_t new_size = 0;  // endpoints of those since, from ...
  size_t begin = 0;       // ... this one on
  for (size_t i = 0; i <= chunks.size() && fits; ++i) {
    const auto found = i == chunks.size() ? old.end() : old.find(chunks_[i]);
    const bool is_new = i < chunks.size() && found == old.end();
    if (is_new) {
      new_size += chunks[i]->endpoints.size();
      continue;
    }
    const uint64_t high = i == chunks.size() ? kEnd : found->second;
    fits = high >= low && high - low >= new_size;
    if (!fits) break;
    if (begin < i) Spread(list, begin, i, low, high);
    if (i == chunks.size()) break;
    numbers_[i] = high;
    low = high + chunks[i]->endpoints.size();
    new_size = 0;
    begin = i + 1;
  }
  if (!fits) Spread(list, 0, chunks.size(), 0, kEnd);
  return fits;
}

}  // namespace mesh::model
