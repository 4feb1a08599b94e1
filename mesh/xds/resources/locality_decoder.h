#ifndef MESH_XDS_RESOURCES_LOCALITY_DECODER_H_
#define MESH_XDS_RESOURCES_LOCALITY_DECODER_H_

#include <string>

#include "absl/strings/string_view.h"
#include "mesh/xds/resources/endpoint_chunks.h"
#include "mesh/xds/resources/endpoint_decoder.h"

namespace mesh::xds {

// What the bytes of a locality hold.
struct LocalityParts {
  std::string header;     // serialized LocalityLbEndpoints without its endpoints
  EndpointChunks chunks;  // its endpoints
  bool ok = true;         // whether the bytes are well-formed
};

// Decodes a locality (envoy.config.endpoint.v3.LocalityLbEndpoints) in one pass over its bytes,
// parsing only the endpoints that are not in `old`, an earlier version of it or of any other.
// Chunks of `old` that did not change are shared. Notes in `errors`, below its current path, what
// is wrong with endpoints.
LocalityParts DecodeLocalityParts(absl::string_view bytes, const EndpointChunks& old,
                                  EndpointDecoder* decoder, FieldErrors* errors);

}  // namespace mesh::xds

#endif  // MESH_XDS_RESOURCES_LOCALITY_DECODER_H_
