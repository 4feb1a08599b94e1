#ifndef MESH_MODEL_ROUTING_PRIORITY_H_
#define MESH_MODEL_ROUTING_PRIORITY_H_

#include <cstdint>

namespace mesh::model {

// Which limits of a cluster a call counts against (envoy.config.core.v3.RoutingPriority). It has
// nothing to do with the priorities of endpoints.
enum class RoutingPriority : uint8_t { kDefault, kHigh };

}  // namespace mesh::model

#endif  // MESH_MODEL_ROUTING_PRIORITY_H_
