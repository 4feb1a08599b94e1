#ifndef MESH_XDS_RESOURCES_RETRY_POLICY_H_
#define MESH_XDS_RESOURCES_RETRY_POLICY_H_

#include <optional>

#include "mesh/model/route.h"
#include "mesh/xds/proto/route.pb.h"
#include "mesh/xds/resources/decoding.h"

namespace mesh::xds {

// A retry policy (gRFC A44); none if it names no condition that is known, but it is checked all
// the same. Conditions that are not known are listed. The decoding's path is that of `policy`.
std::optional<model::RetryPolicy> DecodeRetryPolicy(const proto::RetryPolicy& policy,
                                                    Decoding* decoding);

}  // namespace mesh::xds

#endif  // MESH_XDS_RESOURCES_RETRY_POLICY_H_
