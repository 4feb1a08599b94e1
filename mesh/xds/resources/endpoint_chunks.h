#ifndef MESH_XDS_RESOURCES_ENDPOINT_CHUNKS_H_
#define MESH_XDS_RESOURCES_ENDPOINT_CHUNKS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "mesh/base/hash128.h"
#include "mesh/model/endpoints.h"
#include "mesh/xds/resources/endpoint_decoder.h"

namespace mesh::xds {

// A chunk of decoded endpoints with what is needed to recognise their bytes in the next version.
// Immutable once it is in a list.
struct EndpointChunk {
  std::shared_ptr<const model::EndpointList::Chunk> chunk;
  std::vector<Hash128> hashes;    // of the bytes of each endpoint
  std::vector<uint32_t> ignored;  // bits of FieldNames of each endpoint; empty: all are 0
  std::vector<std::pair<uint32_t, std::string>> additional;  // index of endpoint, address
  uint32_t ignored_any = 0;                                  // the bits of all together
  uint64_t weight = 0;                                       // the sum

  size_t size() const { return hashes.size(); }
};
using EndpointChunks = std::vector<std::shared_ptr<const EndpointChunk>>;

// Puts endpoints, in order, into chunks that are neither larger than EndpointList::kChunkSize nor,
// but for the last, tiny. Thread-compatible.
class EndpointChunkWriter {
 public:
  // Fewer endpoints than these are a tiny chunk.
  static constexpr size_t kSmallest = 32;

  // Whether what was added so far may end here, so that a shared chunk may follow.
  bool can_share() const;
  // Takes a whole chunk as it is. REQUIRES: can_share().
  void Share(std::shared_ptr<const EndpointChunk> chunk);

  void Add(const Hash128& hash, DecodedEndpoint endpoint);
  // Adds endpoint `index` of `from`.
  void Copy(const EndpointChunk& from, size_t index);

  // Everything that was taken and added.
  EndpointChunks Finish();

 private:
  struct Pending {
    std::vector<Hash128> hashes;
    std::vector<DecodedEndpoint> endpoints;
  };
  void Write(size_t begin, size_t end);
  void WriteAll();

  EndpointChunks chunks_;
  Pending pending_;
};

}  // namespace mesh::xds

#endif  // MESH_XDS_RESOURCES_ENDPOINT_CHUNKS_H_
