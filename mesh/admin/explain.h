#ifndef MESH_ADMIN_EXPLAIN_H_
#define MESH_ADMIN_EXPLAIN_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mesh/model/explanation.h"
#include "mesh/model/service_config.h"
#include "mesh/model/snapshot.h"

namespace mesh::admin {

// All that is known of a target at one moment. Immutable.
struct TargetFacts {
  std::shared_ptr<const model::ServiceConfig> config;  // null: the snapshot's error says why
  Snapshot snapshot;                                   // of the same moment
  // Clusters that the newest routes name and of which nothing is known yet: those routes are held.
  std::vector<std::string> awaited_clusters;
  // A cluster as calls see it that name metadata, at the same moment; nothing: it is not there.
  // Null: as others do.
  std::function<std::optional<Snapshot::Cluster>(const std::string& cluster,
                                                 const model::MetadataMatch& match)>
      cluster_for;
};

// What would become of `call`. A pure function: routes are matched by their own matchers, shares
// are those that the clusters' pickers told.
Explanation ExplainCall(const CallDescription& call, const TargetFacts& facts);

}  // namespace mesh::admin

#endif  // MESH_ADMIN_EXPLAIN_H_
