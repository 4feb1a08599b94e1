// The decoder of clusters, by the rules of each profile.

#include "mesh/model/cluster.h"
#include "mesh/xds/resources/model_resource.h"
#include "tests/fuzz/decoder_rules.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/seed_resources.h"

namespace mesh::fuzz {

bool IsWireFormat() { return true; }

void RunInput(absl::string_view input) {
  for (const Profile profile : kProfiles) {
    const auto cluster =
        xds::ModelOf<model::Cluster>(CheckedDecode(*TypesOf(profile).cluster, input).resource);
    if (cluster == nullptr) continue;
    Require(cluster->eds_service_name.empty() == (cluster->type != model::ClusterType::kEds),
            "its endpoints have a name if they are a resource");
    Require((cluster->load_assignment != nullptr) == (cluster->type == model::ClusterType::kStatic),
            "its endpoints are there if they are no resource");
    Require(cluster->connect_timeout > absl::ZeroDuration(), "a timeout is above zero");
  }
}

std::vector<std::string> Seeds() { return ClusterSeeds(); }

}  // namespace mesh::fuzz
