#include "mesh/model/endpoints.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"

namespace mesh::model {

EndpointList::EndpointList(std::vector<std::shared_ptr<const Chunk>> chunks)
    : chunks_(std::move(chunks)) {
  for (const std::shared_ptr<const Chunk>& chunk : chunks_) size_ += chunk->endpoints.size();
}

EndpointList EndpointList::Of(std::vector<EndpointConfig> endpoints) {
  std::vector<std::shared_ptr<const Chunk>> chunks;
  chunks.reserve((endpoints.size() + kChunkSize - 1) / kChunkSize);
  for (size_t begin = 0; begin < endpoints.size(); begin += kChunkSize) {
    const size_t end = std::min(endpoints.size(), begin + kChunkSize);
    auto chunk = std::make_shared<Chunk>();
    chunk->endpoints.assign(std::make_move_iterator(endpoints.begin() + begin),
                            std::make_move_iterator(endpoints.begin() + end));
    chunks.push_back(std::move(chunk));
  }
  return EndpointList(std::move(chunks));
}

std::string Locality::ToString() const { return absl::StrCat(region, "/", zone, "/", sub_zone); }

size_t ClusterLoadAssignment::endpoint_count() const {
  size_t count = 0;
  for (const std::shared_ptr<const LocalityEndpoints>& locality : localities) {
    count += locality->endpoints.size();
  }
  return count;
}

}  // namespace mesh::model
