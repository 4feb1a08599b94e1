#ifndef MESH_TESTS_XDS_RESOURCES_CLUSTER_TEXT_H_
#define MESH_TESTS_XDS_RESOURCES_CLUSTER_TEXT_H_

#include <string>
#include <vector>

#include "mesh/model/cluster.h"
#include "mesh/model/profile.h"
#include "mesh/xds/resource_type.h"

namespace mesh::xds {

// Fields of an EDS cluster besides its name and source, and what becomes of it.
struct ClusterCase {
  std::string what;
  std::string fields;  // in protobuf's text format
  std::string error;   // part of it; empty: accepted
};

// What the rules of `profile` make of an EDS cluster with `fields` as well.
DecodeResult DecodeCluster(Profile profile, const std::string& fields);
// The same where it must be good.
model::Cluster GoodCluster(Profile profile, const std::string& fields);

// Expects each case to be accepted or refused as it says, by the rules of each profile.
void CheckClusters(const std::vector<Profile>& profiles, const std::vector<ClusterCase>& cases);
inline const std::vector<Profile> kAllProfiles = {Profile::kMesh, Profile::kEnvoy, Profile::kGrpc};
inline const std::vector<Profile> kNotGrpc = {Profile::kMesh, Profile::kEnvoy};

}  // namespace mesh::xds

#endif  // MESH_TESTS_XDS_RESOURCES_CLUSTER_TEXT_H_
