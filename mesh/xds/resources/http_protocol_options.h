#ifndef MESH_XDS_RESOURCES_HTTP_PROTOCOL_OPTIONS_H_
#define MESH_XDS_RESOURCES_HTTP_PROTOCOL_OPTIONS_H_

#include "absl/time/time.h"
#include "mesh/xds/proto/cluster.pb.h"
#include "mesh/xds/resources/decoding.h"

namespace mesh::xds {

// How long a connection of `cluster` is used, infinite if nothing or 0 is said: by the
// HttpProtocolOptions among its typed_extension_protocol_options if they are there, else by its
// common_http_protocol_options. Other extensions are listed. Not for gRPC's rules, which read none
// of it.
absl::Duration DecodeMaxConnectionDuration(const proto::Cluster& cluster, Decoding* decoding);

}  // namespace mesh::xds

#endif  // MESH_XDS_RESOURCES_HTTP_PROTOCOL_OPTIONS_H_
