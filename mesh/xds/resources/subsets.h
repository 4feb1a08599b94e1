#ifndef MESH_XDS_RESOURCES_SUBSETS_H_
#define MESH_XDS_RESOURCES_SUBSETS_H_

#include <memory>

#include "mesh/model/cluster.h"
#include "mesh/model/load_balancing.h"
#include "mesh/xds/proto/load_balancing.pb.h"
#include "mesh/xds/resources/decoding.h"

// Subsets of endpoints, which gRPC does not know.

namespace mesh::xds {

// Which endpoints a call with metadata goes to. Notes what is wrong at the current path of the
// decoding; what it returns then means nothing.
std::shared_ptr<const model::SubsetSelection> DecodeSubsets(const proto::LbSubsetConfig& config,
                                                            Decoding* decoding);
std::shared_ptr<const model::SubsetSelection> DecodeSubsets(const proto::Subset& config,
                                                            Decoding* decoding);

// How localities share within subsets if they share by `whole` otherwise: in Envoy's own rules
// without weights, unless locality_weight_aware says that they count.
model::LocalityWeighting WeightingInSubsets(model::LocalityWeighting whole, bool weight_aware,
                                            const Decoding& decoding);

}  // namespace mesh::xds

#endif  // MESH_XDS_RESOURCES_SUBSETS_H_
