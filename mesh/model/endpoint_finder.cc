#include "mesh/model/endpoint_finder.h"

#include <algorithm>
#include <functional>

namespace mesh::model {

EndpointFinder::EndpointFinder(const EndpointList& list) {
  chunks_.reserve(list.chunks().size());
  for (const auto& chunk : list.chunks()) {
    chunks_.push_back({chunk->endpoints.data(), chunks_.size()});
  }
  std::sort(chunks_.begin(), chunks_.end(),
            [](const Chunk& a, const Chunk& b) { return std::less<>()(a.begin, b.begin); });
}

EndpointFinder::Position EndpointFinder::Find(const EndpointConfig* endpoint) const {
  const auto after = std::upper_bound(chunks_.begin(), chunks_.end(), endpoint,
                                      [](const EndpointConfig* wanted, const Chunk& chunk) {
                                        return std::less<>()(wanted, chunk.begin);
                                      });
  const Chunk& chunk = *(after - 1);
  return {chunk.number, static_cast<size_t>(endpoint - chunk.begin)};
}

}  // namespace mesh::model
