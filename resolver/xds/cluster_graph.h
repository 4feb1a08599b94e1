#ifndef RESOLVER_XDS_CLUSTER_GRAPH_H_
#define RESOLVER_XDS_CLUSTER_GRAPH_H_

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "mesh/model/cluster.h"

namespace mesh::resolver {

// What an aggregate cluster comes down to (gRFC A37). A value.
struct ClusterLeaves {
  // The clusters that aggregate no others, or of which nothing is known; each once, the first
  // preferred: in the order that a walk from the root meets them, children in their order.
  std::vector<std::string> clusters;
  // UNAVAILABLE: clusters aggregate each other, which it names, or are too deep in each other.
  absl::Status error;
};

// The most clusters in each other, the root and the leaf among them; as in gRPC.
inline constexpr size_t kMostClustersInEachOther = 16;

// Walks from `root`. `find` gives each cluster that is met, once; null: it is not known.
ClusterLeaves FindLeaves(absl::string_view root,
                         absl::FunctionRef<const model::Cluster*(absl::string_view cluster)> find);

}  // namespace mesh::resolver

#endif  // RESOLVER_XDS_CLUSTER_GRAPH_H_
