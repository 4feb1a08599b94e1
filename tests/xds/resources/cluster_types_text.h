#ifndef MESH_TESTS_XDS_RESOURCES_CLUSTER_TYPES_TEXT_H_
#define MESH_TESTS_XDS_RESOURCES_CLUSTER_TYPES_TEXT_H_

#include <memory>
#include <string>
#include <vector>

#include "mesh/model/cluster.h"
#include "mesh/model/profile.h"
#include "mesh/xds/resource_type.h"

// Clusters of each type, in protobuf's text format. All are named `c`.
namespace mesh::xds {

// What the rules of `profile` make of the cluster that `text` describes.
DecodeResult Decode(Profile profile, const std::string& text);
// The same where it must be good.
std::shared_ptr<const model::Cluster> Good(Profile profile, const std::string& text);
// Why it is refused; empty: accepted.
std::string Error(Profile profile, const std::string& text);

// The source of an EDS cluster.
inline const std::string kEds = "eds_cluster_config { eds_config { ads { } } } ";

// The field of a cluster, from the text of its message.
std::string LoadAssignment(const std::string& text);
// An LbEndpoint with the fields `more` as well, for use within `endpoints { }`.
std::string Endpoint(const std::string& host, int port, const std::string& more = "");

// A STATIC cluster; `assignment` is what its load assignment has besides the name.
std::string Static(const std::string& assignment);
// The same of a cluster of `type`, STRICT_DNS or LOGICAL_DNS, with the fields `more` as well.
std::string Dns(const std::string& type, const std::string& assignment,
                const std::string& more = "");
// A cluster that aggregates `clusters`, with the fields `more` as well.
std::string Aggregate(const std::vector<std::string>& clusters,
                      const std::string& more = "lb_policy: CLUSTER_PROVIDED");

}  // namespace mesh::xds

#endif  // MESH_TESTS_XDS_RESOURCES_CLUSTER_TYPES_TEXT_H_
