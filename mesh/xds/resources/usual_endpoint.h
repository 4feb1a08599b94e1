#ifndef MESH_XDS_RESOURCES_USUAL_ENDPOINT_H_
#define MESH_XDS_RESOURCES_USUAL_ENDPOINT_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "mesh/model/endpoints.h"

namespace mesh::xds {

// The endpoint in the bytes of an envoy.config.endpoint.v3.LbEndpoint if it is of the usual kind:
// an IPv4 address and a port, perhaps a health status and a weight, each once and valid, and
// nothing else. None for all others, be they valid or not: those are for EndpointDecoder's full
// decode, of which this is the short cut. It takes a tenth of the instructions, which counts
// where ten thousand endpoints arrive at once (tests/bench/eds_decode_benchmark.cc).
std::optional<model::EndpointConfig> DecodeUsualEndpoint(absl::string_view bytes);

}  // namespace mesh::xds

#endif  // MESH_XDS_RESOURCES_USUAL_ENDPOINT_H_
