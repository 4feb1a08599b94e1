#ifndef MESH_XDS_RESOURCES_HTTP_FILTERS_H_
#define MESH_XDS_RESOURCES_HTTP_FILTERS_H_

#include "google/protobuf/repeated_ptr_field.h"
#include "mesh/xds/proto/http_connection_manager.pb.h"
#include "mesh/xds/proto/route.pb.h"
#include "mesh/xds/resources/decoding.h"

namespace mesh::xds {

// Checks the filters of a connection manager: the router is last, each is known or optional
// (gRFC A39). Optional ones that are not known are listed. The decoding's path is that of the
// connection manager.
void CheckHttpFilters(const proto::HttpConnectionManager& manager, Decoding* decoding);

// Checks what a virtual host, route or cluster says of filters: each is known or optional.
void CheckPerFilterConfigs(const google::protobuf::RepeatedPtrField<proto::PerFilterConfig>& all,
                           Decoding* decoding);

}  // namespace mesh::xds

#endif  // MESH_XDS_RESOURCES_HTTP_FILTERS_H_
