#ifndef MESH_MODEL_ENDPOINT_CHANGES_H_
#define MESH_MODEL_ENDPOINT_CHANGES_H_

#include <utility>
#include <vector>

#include "mesh/model/endpoints.h"

namespace mesh::model {

// How one version of a list became another, as far as they share no chunks. What is pointed to is
// in the lists.
struct EndpointChanges {
  // Of the same address, before and after; they may be equal.
  std::vector<std::pair<const EndpointConfig*, const EndpointConfig*>> kept;
  std::vector<const EndpointConfig*> removed;
  std::vector<const EndpointConfig*> added;
};

// In the order of the lists. Costs a look at each chunk, and what those cost that are not shared.
EndpointChanges ChangesBetween(const EndpointList& before, const EndpointList& after);

}  // namespace mesh::model

#endif  // MESH_MODEL_ENDPOINT_CHANGES_H_
