#ifndef MESH_XDS_RESOURCES_LOAD_BALANCING_POLICY_H_
#define MESH_XDS_RESOURCES_LOAD_BALANCING_POLICY_H_

#include <memory>

#include "mesh/model/cluster.h"
#include "mesh/xds/proto/load_balancing.pb.h"
#include "mesh/xds/resources/decoding.h"

namespace mesh::xds {

// How a cluster's endpoints are chosen.
struct Balancing {
  model::LoadBalancing policy;
  model::LocalityWeighting weighting = model::LocalityWeighting::kIgnored;
  std::shared_ptr<const model::SubsetSelection> subsets;  // null: none
  model::ZoneAware zone_aware;
  bool fail_traffic_on_panic = false;
};

// The first policy of the list that is known (gRFC A52); those before it are listed. Notes an
// error if none is. The decoding's path is that of `list`.
Balancing DecodeLoadBalancingPolicy(const proto::LoadBalancingPolicy& list, Decoding* decoding);

}  // namespace mesh::xds

#endif  // MESH_XDS_RESOURCES_LOAD_BALANCING_POLICY_H_
