#ifndef MESH_XDS_RESOURCES_HTTP_PROTOCOL_OPTIONS_H_
#define MESH_XDS_RESOURCES_HTTP_PROTOCOL_OPTIONS_H_

#include "mesh/model/connection_options.h"
#include "mesh/xds/proto/cluster.pb.h"
#include "mesh/xds/resources/decoding.h"

namespace mesh::xds {

// What `cluster` says of its connections, but for the connect timeout: by the HttpProtocolOptions
// among its typed_extension_protocol_options if they are there, else by its own
// common_http_protocol_options and http2_protocol_options; beside both, its
// max_requests_per_connection. Other extensions are listed. Not for
// gRPC's rules, which read none of it.
void DecodeHttpProtocolOptions(const proto::Cluster& cluster, Decoding* decoding,
                               model::ConnectionOptions* connections);

}  // namespace mesh::xds

#endif  // MESH_XDS_RESOURCES_HTTP_PROTOCOL_OPTIONS_H_
