#include "mesh/model/endpoints.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace mesh::model {

bool IsNamed(const EndpointConfig& endpoint) {
  const std::string& address = endpoint.address;
  if (absl::StartsWith(address, "[") || absl::StartsWith(address, "unix:")) return false;
  const absl::string_view host = absl::string_view(address).substr(0, address.rfind(':'));
  return host.find_first_not_of("0123456789.") != absl::string_view::npos;
}

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
    chunk->has_names = std::any_of(chunk->endpoints.begin(), chunk->endpoints.end(), IsNamed);
    chunks.push_back(std::move(chunk));
  }
  return EndpointList(std::move(chunks));
}

bool EndpointList::has_names() const {
  return std::any_of(chunks_.begin(), chunks_.end(),
                     [](const std::shared_ptr<const Chunk>& chunk) { return chunk->has_names; });
}

std::string Locality::ToString() const { return absl::StrCat(region, "/", zone, "/", sub_zone); }

size_t ClusterLoadAssignment::endpoint_count() const {
  size_t count = 0;
  for (const std::shared_ptr<const LocalityEndpoints>& locality : localities) {
    count += locality->endpoints.size();
  }
  return count;
}

bool ClusterLoadAssignment::has_names() const {
  return std::any_of(localities.begin(), localities.end(),
                     [](const std::shared_ptr<const LocalityEndpoints>& locality) {
                       return locality->endpoints.has_names();
                     });
}

}  // namespace mesh::model
