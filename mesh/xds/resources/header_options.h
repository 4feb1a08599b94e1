#ifndef MESH_XDS_RESOURCES_HEADER_OPTIONS_H_
#define MESH_XDS_RESOURCES_HEADER_OPTIONS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/repeated_field.h"
#include "mesh/model/health_check.h"
#include "mesh/xds/proto/health_check.pb.h"
#include "mesh/xds/resources/decoding.h"

// Headers of requests, as a configuration has them added and removed (envoy base.proto,
// HeaderValueOption). Names are compared, and become, lower case.

namespace mesh::xds {

// What headers stand in.
enum class HeadersOf { kHttp1, kGrpc };

// Takes those with the names out of `headers`. Notes what is wrong below `field`.
void RemoveHeaders(absl::string_view field,
                   const google::protobuf::RepeatedPtrField<std::string>& names,
                   model::HealthCheck::Headers* headers, Decoding* decoding);

// Adds to `headers`, or changes them, by each option in turn. A value may have `%%` for `%`; other
// formats of Envoy's are refused, as are names that the request itself must have, or cannot. Notes
// what is wrong below `field`; what becomes of `headers` then means nothing.
void AddHeaders(absl::string_view field,
                const google::protobuf::RepeatedPtrField<proto::HeaderValueOption>& options,
                HeadersOf where, model::HealthCheck::Headers* headers, Decoding* decoding);

}  // namespace mesh::xds

#endif  // MESH_XDS_RESOURCES_HEADER_OPTIONS_H_
