#ifndef MESH_XDS_RESOURCES_CIRCUIT_BREAKERS_H_
#define MESH_XDS_RESOURCES_CIRCUIT_BREAKERS_H_

#include <cstdint>

#include "mesh/model/circuit_breakers.h"
#include "mesh/xds/proto/circuit_breaker.pb.h"
#include "mesh/xds/resources/decoding.h"

namespace mesh::xds {

// What a cluster may have in flight. `config` may be empty: there are limits all the same. gRPC
// has one, of requests (gRFC A32). Notes what is wrong at the current path of the decoding; what
// it returns then means nothing.
model::CircuitBreakers DecodeCircuitBreakers(const proto::CircuitBreakers& config,
                                             Decoding* decoding);

// The same of one endpoint, which has a limit of connections only; 0: none.
uint32_t DecodeMaxConnectionsPerHost(const proto::CircuitBreakers& config, Decoding* decoding);

}  // namespace mesh::xds

#endif  // MESH_XDS_RESOURCES_CIRCUIT_BREAKERS_H_
