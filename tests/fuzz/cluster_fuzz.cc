// The decoder of clusters, by the rules of each profile.

#include "mesh/model/cluster.h"
#include "mesh/xds/resources/model_resource.h"
#include "tests/fuzz/decoder_rules.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/seed_resources.h"

namespace mesh::fuzz {
namespace {

bool IsPercent(uint32_t value) { return value <= 100; }

// What the balancer may rely on.
void CheckBalancing(const model::Cluster& cluster) {
  const model::LoadBalancing& balancing = cluster.balancing;
  Require(balancing.least_request.choice_count >= 2, "two endpoints are compared at least");
  Require(balancing.least_request.active_request_bias >= 0, "a bias is a number");
  Require(balancing.ring_hash.minimum_size >= 1 &&
              balancing.ring_hash.minimum_size <= balancing.ring_hash.maximum_size &&
              balancing.ring_hash.maximum_size <= 8'388'608,
          "a ring has its size");
  Require(balancing.maglev.table_size >= 2 && balancing.maglev.table_size <= 5'000'011,
          "a table has its size");
  Require(balancing.hash_balance_factor == 0 || balancing.hash_balance_factor >= 100,
          "the average may be reached");
  Require(IsPercent(cluster.panic_threshold), "a threshold is a percentage");
  if (!balancing.slow_start.has_value()) return;
  Require(balancing.slow_start->window > absl::ZeroDuration() &&
              balancing.slow_start->aggression > 0 && balancing.slow_start->min_weight >= 0 &&
              balancing.slow_start->min_weight <= 1,
          "a slow start can be computed");
}

}  // namespace

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
    CheckBalancing(*cluster);
  }
}

std::vector<std::string> Seeds() { return ClusterSeeds(); }

}  // namespace mesh::fuzz
