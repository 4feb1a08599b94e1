#ifndef MESH_CLUSTER_CLUSTER_TEXT_H_
#define MESH_CLUSTER_CLUSTER_TEXT_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "mesh/model/cluster.h"
#include "mesh/model/endpoints.h"
#include "mesh/model/load_balancing.h"
#include "mesh/model/metadata_match.h"

namespace mesh::cluster {

// How many endpoints a cluster has, and how they do.
struct EndpointCounts {
  size_t configured = 0;
  size_t admitted = 0;  // of them, those of the subset that takes the calls
  size_t usable = 0;    // take load as the control plane has it
  size_t failing = 0;   // of them
};

// Why endpoints of a cluster whose configuration is in force cannot take a call: UNAVAILABLE.
// `label` says which: `cluster "echo"`. `last_error` is the last that was heard from a connection,
// or empty.
absl::Status UnavailableCluster(absl::string_view label, const model::ClusterConfig& config,
                                const EndpointCounts& counts, absl::string_view last_error);

// The same for calls that fall to a priority that panics, where fail_traffic_on_panic is set.
absl::Status PanickingCluster(absl::string_view label);

// The same where of its `configured` endpoints none is in the default subset; null: none takes
// calls that name no metadata.
absl::Status UnavailableSubset(absl::string_view label, const model::MetadataFields* default_subset,
                               size_t configured);

// Why nobody takes a call that names `match`: UNAVAILABLE. `is_complete`: there are not more
// subsets than `most`, which are all that there may be.
absl::Status NoSubset(absl::string_view cluster, const model::MetadataMatch& match,
                      bool is_complete, size_t most);

// `status` as a call fails with it: the same text, UNAVAILABLE.
absl::Status AsUnavailable(const absl::Status& status);

// `healthy`, `unknown`, `draining`, ...
absl::string_view ToString(model::HealthStatus health);

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_CLUSTER_TEXT_H_
