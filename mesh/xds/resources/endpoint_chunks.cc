#include "mesh/xds/resources/endpoint_chunks.h"

namespace mesh::xds {
namespace {

// Small enough that a change of one endpoint copies little, large enough that the list of chunks
// of 100,000 endpoints is short, and half of the most, so that chunks can grow before they split.
constexpr size_t kUsualSize = model::EndpointList::kChunkSize / 2;

}  // namespace

bool EndpointChunkWriter::can_share() const {
  return pending_.hashes.empty() || pending_.hashes.size() >= kSmallest;
}

void EndpointChunkWriter::Share(std::shared_ptr<const EndpointChunk> chunk) {
  WriteAll();
  chunks_.push_back(std::move(chunk));
}

void EndpointChunkWriter::Add(const Hash128& hash, DecodedEndpoint endpoint) {
  pending_.hashes.push_back(hash);
  pending_.endpoints.push_back(std::move(endpoint));
  // Enough is kept back that the rest cannot become tiny.
  if (pending_.hashes.size() == model::EndpointList::kChunkSize + kUsualSize) {
    Write(0, kUsualSize);
    pending_.hashes.erase(pending_.hashes.begin(), pending_.hashes.begin() + kUsualSize);
    pending_.endpoints.erase(pending_.endpoints.begin(), pending_.endpoints.begin() + kUsualSize);
  }
}

void EndpointChunkWriter::Copy(const EndpointChunk& from, size_t index) {
  DecodedEndpoint endpoint;
  endpoint.config = from.chunk->endpoints[index];
  if (!from.ignored.empty()) endpoint.ignored = from.ignored[index];
  for (const auto& [at, address] : from.additional) {
    if (at == index) endpoint.additional.push_back(address);
  }
  Add(from.hashes[index], std::move(endpoint));
}

void EndpointChunkWriter::Write(size_t begin, size_t end) {
  auto chunk = std::make_shared<model::EndpointList::Chunk>();
  auto index = std::make_shared<EndpointChunk>();
  chunk->endpoints.reserve(end - begin);
  index->hashes.assign(pending_.hashes.begin() + begin, pending_.hashes.begin() + end);
  for (size_t i = begin; i < end; ++i) {
    DecodedEndpoint& endpoint = pending_.endpoints[i];
    index->weight += endpoint.config.weight;
    index->ignored_any |= endpoint.ignored;
    for (std::string& address : endpoint.additional) {
      index->additional.emplace_back(i - begin, std::move(address));
    }
    chunk->has_names = chunk->has_names || model::IsNamed(endpoint.config);
    chunk->endpoints.push_back(std::move(endpoint.config));
  }
  if (index->ignored_any != 0) {
    index->ignored.reserve(end - begin);
    for (size_t i = begin; i < end; ++i) index->ignored.push_back(pending_.endpoints[i].ignored);
  }
  index->chunk = std::move(chunk);
  chunks_.push_back(std::move(index));
}

void EndpointChunkWriter::WriteAll() {
  const size_t size = pending_.hashes.size();
  const size_t most = model::EndpointList::kChunkSize;
  const size_t parts = (size + most - 1) / most;
  for (size_t i = 0; i < parts; ++i) Write(size * i / parts, size * (i + 1) / parts);
  pending_.hashes.clear();
  pending_.endpoints.clear();
}

EndpointChunks EndpointChunkWriter::Finish() {
  WriteAll();
  return std::move(chunks_);
}

}  // namespace mesh::xds
