#ifndef MESH_TESTS_XDS_RESOURCES_CLUSTER_POLICIES_TEXT_H_
#define MESH_TESTS_XDS_RESOURCES_CLUSTER_POLICIES_TEXT_H_

#include <string>

#include "mesh/model/cluster.h"
#include "mesh/model/profile.h"

// Policies that choose endpoints, in protobuf's text format.
namespace mesh::xds {

// Before the names of the types of policies.
inline const std::string kPolicies = "envoy.extensions.load_balancing_policies.";
// Where the first policy of a list has its fields.
inline const std::string kConfig =
    "load_balancing_policy.policies[0].typed_extension_config.typed_config";

// A policy of a list, from the text of its Any.
std::string Policy(const std::string& any);
// The same of each type, with its `fields`.
std::string RoundRobin(const std::string& fields = "");
std::string Random(const std::string& fields = "");
std::string LeastRequest(const std::string& fields = "");
std::string RingHash(const std::string& fields = "");
std::string Maglev(const std::string& fields = "");
std::string PickFirst(const std::string& fields = "");
std::string ClientSideWeightedRoundRobin(const std::string& fields = "");
// One that takes its endpoints by `policies`.
std::string WrrLocality(const std::string& policies);
// One of a type that nobody knows.
std::string Unknown();

// The field of a cluster that lists `policies`.
std::string List(const std::string& policies);

// How the endpoints of a good EDS cluster with `fields` as well are chosen.
model::LoadBalancing Balancing(Profile profile, const std::string& fields);

}  // namespace mesh::xds

#endif  // MESH_TESTS_XDS_RESOURCES_CLUSTER_POLICIES_TEXT_H_
