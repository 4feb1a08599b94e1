#ifndef MESH_CLUSTER_CLUSTER_TEXT_H_
#define MESH_CLUSTER_CLUSTER_TEXT_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "mesh/model/endpoints.h"
#include "mesh/model/load_balancing.h"

namespace mesh::cluster {

// How many endpoints a cluster has, and how they do.
struct EndpointCounts {
  size_t configured = 0;
  size_t admitted = 0;  // of them, those of the subset that takes the calls
  size_t usable = 0;    // take load as the control plane has it
  size_t failing = 0;   // of them
};

// Why a cluster whose configuration is in force cannot take a call: UNAVAILABLE. `last_error` is
// the last that was heard from a connection, or empty.
absl::Status UnavailableCluster(absl::string_view cluster, absl::string_view assignment,
                                const EndpointCounts& counts, absl::string_view last_error);

// The same for one of whose `configured` endpoints none is in the subset that takes the calls.
absl::Status UnavailableSubset(absl::string_view cluster, const model::SubsetSelection& subsets,
                               size_t configured);

// `status` as a call fails with it: the same text, UNAVAILABLE.
absl::Status AsUnavailable(const absl::Status& status);

// `healthy`, `unknown`, `draining`, ...
absl::string_view ToString(model::HealthStatus health);

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_CLUSTER_TEXT_H_
