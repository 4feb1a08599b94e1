#ifndef MESH_MODEL_ENDPOINT_FINDER_H_
#define MESH_MODEL_ENDPOINT_FINDER_H_

#include <cstddef>
#include <vector>

#include "mesh/model/endpoints.h"

namespace mesh::model {

// Tells where in a list an endpoint of it is. Made at the cost of the chunks. The list may go
// before, as long as nothing is looked for then. Immutable, thread-safe.
class EndpointFinder {
 public:
  struct Position {
    size_t chunk;   // its number in EndpointList::chunks()
    size_t offset;  // in the chunk
  };

  EndpointFinder() = default;  // of an empty list
  explicit EndpointFinder(const EndpointList& list);

  // By where it is in memory, and without a look at it. REQUIRES: `endpoint` is in the list.
  Position Find(const EndpointConfig* endpoint) const;

 private:
  struct Chunk {
    const EndpointConfig* begin;
    size_t number;
  };

  std::vector<Chunk> chunks_;  // by where they are in memory
};

}  // namespace mesh::model

#endif  // MESH_MODEL_ENDPOINT_FINDER_H_
