#ifndef MESH_XDS_RESOURCES_HEALTH_CHECKS_H_
#define MESH_XDS_RESOURCES_HEALTH_CHECKS_H_

#include <vector>

#include "google/protobuf/repeated_field.h"
#include "mesh/model/health_check.h"
#include "mesh/xds/proto/health_check.pb.h"
#include "mesh/xds/resources/decoding.h"

namespace mesh::xds {

// How the health of a cluster's endpoints is asked for. Not for gRPC's rules, which know no such
// checks. Notes what is wrong below the current path of the decoding, which is the cluster's; what
// it returns then means nothing.
std::vector<model::HealthCheck> DecodeHealthChecks(
    const google::protobuf::RepeatedPtrField<proto::HealthCheck>& checks, Decoding* decoding);

}  // namespace mesh::xds

#endif  // MESH_XDS_RESOURCES_HEALTH_CHECKS_H_
