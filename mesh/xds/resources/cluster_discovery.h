#ifndef MESH_XDS_RESOURCES_CLUSTER_DISCOVERY_H_
#define MESH_XDS_RESOURCES_CLUSTER_DISCOVERY_H_

#include "mesh/model/cluster.h"
#include "mesh/xds/proto/cluster.pb.h"
#include "mesh/xds/resources/decoding.h"

namespace mesh::xds {

// Decodes where the endpoints of a cluster come from: its type, and what goes with it. Notes in
// `decoding`, whose path is the cluster, what is wrong, and what does nothing for that type.
void DecodeDiscovery(const proto::Cluster& cluster, Decoding* decoding, model::Cluster* result);

// What the type decides of the balancing, whatever else the cluster says: the addresses of a
// LOGICAL_DNS cluster are one endpoint, of which one is connected at a time (envoy
// logical_dns_cluster.h, gRFC A37).
void BalanceByType(model::Cluster* result);

}  // namespace mesh::xds

#endif  // MESH_XDS_RESOURCES_CLUSTER_DISCOVERY_H_
