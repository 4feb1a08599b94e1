#include "mesh/model/endpoint_changes.h"

#include <cstddef>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"

namespace mesh::model {
namespace {

// The endpoints of the chunks of `list` that are not in `other`.
std::vector<const EndpointConfig*> EndpointsBeside(const EndpointList& list,
                                                   const EndpointList& other) {
  absl::flat_hash_set<const EndpointList::Chunk*> known;
  known.reserve(other.chunks().size());
  for (const auto& chunk : other.chunks()) known.insert(chunk.get());
  std::vector<const EndpointConfig*> beside;
  for (const auto& chunk : list.chunks()) {
    if (known.contains(chunk.get())) continue;
    for (const EndpointConfig& config : chunk->endpoints) beside.push_back(&config);
  }
  return beside;
}

}  // namespace

EndpointChanges ChangesBetween(const EndpointList& before, const EndpointList& after) {
  EndpointChanges changes;
  const std::vector<const EndpointConfig*> old = EndpointsBeside(before, after);
  absl::flat_hash_map<absl::string_view, absl::InlinedVector<size_t, 1>> by_address;
  by_address.reserve(old.size());
  for (size_t i = 0; i < old.size(); ++i) by_address[old[i]->address].push_back(i);
  std::vector<bool> is_kept(old.size(), false);
  for (const EndpointConfig* config : EndpointsBeside(after, before)) {
    const auto found = by_address.find(config->address);
    if (found == by_address.end() || found->second.empty()) {
      changes.added.push_back(config);
      continue;
    }
    const size_t from = found->second.back();
    found->second.pop_back();
    is_kept[from] = true;
    changes.kept.emplace_back(old[from], config);
  }
  for (size_t i = 0; i < old.size(); ++i) {
    if (!is_kept[i]) changes.removed.push_back(old[i]);
  }
  return changes;
}

}  // namespace mesh::model
