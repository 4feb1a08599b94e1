#ifndef MESH_MODEL_ENDPOINT_ORDER_H_
#define MESH_MODEL_ENDPOINT_ORDER_H_

#include <cstdint>
#include <vector>

#include "mesh/model/endpoint_finder.h"
#include "mesh/model/endpoints.h"

namespace mesh::model {

// Numbers that grow along a list of endpoints. From one version of the list to the next they stay
// the same in chunks that both share, and mostly in those that have only changed inside: so whoever
// sorts by them looks at what has changed, and not at the rest. Copied at the cost of the chunks.
class EndpointOrder {
 public:
  // Numbers the endpoints of `list` in the place of those before. False: the numbers of shared
  // chunks may have changed as well, because some have changed places or because too many came
  // between two. REQUIRES: the list of the last update is still there.
  bool Update(const EndpointList& list);

  // REQUIRES: `endpoint` is in the list of the last update.
  uint64_t NumberOf(const EndpointConfig* endpoint) const {
    const EndpointFinder::Position position = finder_.Find(endpoint);
    return numbers_[position.chunk] + position.offset;
  }

 private:
  void Spread(const EndpointList& list, size_t begin, size_t end, uint64_t low, uint64_t high);

  EndpointFinder finder_;
  std::vector<const EndpointList::Chunk*> chunks_;  // not looked at: they may have gone
  std::vector<uint64_t> numbers_;                   // of the first endpoint of each chunk
};

}  // namespace mesh::model

#endif  // MESH_MODEL_ENDPOINT_ORDER_H_
