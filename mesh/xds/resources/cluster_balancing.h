#ifndef MESH_XDS_RESOURCES_CLUSTER_BALANCING_H_
#define MESH_XDS_RESOURCES_CLUSTER_BALANCING_H_

#include "mesh/model/cluster.h"
#include "mesh/xds/proto/cluster.pb.h"
#include "mesh/xds/resources/decoding.h"

namespace mesh::xds {

// Sets what `cluster` says of the choice of endpoints: policy, localities, priorities, panic.
void DecodeClusterBalancing(const proto::Cluster& cluster, Decoding* decoding,
                            model::Cluster* result);

}  // namespace mesh::xds

#endif  // MESH_XDS_RESOURCES_CLUSTER_BALANCING_H_
