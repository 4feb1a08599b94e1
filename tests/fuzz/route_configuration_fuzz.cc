// The decoder of route configurations, by the rules of each profile.

#include <algorithm>

#include "mesh/model/route.h"
#include "mesh/xds/resources/model_resource.h"
#include "tests/fuzz/decoder_rules.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/seed_resources.h"

namespace mesh::fuzz {
namespace {

void CheckRoute(const model::Route& route) {
  Require(!route.clusters.empty(), "a route leads somewhere");
  uint64_t sum = 0;
  for (const model::WeightedCluster& cluster : route.clusters) {
    if (cluster.match != nullptr) {
      const auto& fields = cluster.match->fields();
      Require(!fields.empty() && fields.size() <= model::MetadataMatch::kMostFields,
              "calls name some metadata, but not many");
      Require(std::is_sorted(fields.begin(), fields.end(),
                             [](const auto& a, const auto& b) { return a.key < b.key; }),
              "metadata are sorted");
    }
    Require(!cluster.cluster.empty() && cluster.weight > 0, "a share has a name and a weight");
    sum += cluster.weight;
  }
  Require(sum <= 0xffffffff, "weights add up to 32 bits");
  Require(route.timeout > absl::ZeroDuration(), "a timeout is above zero");
}

}  // namespace

bool IsWireFormat() { return true; }

void RunInput(absl::string_view input) {
  for (const Profile profile : kProfiles) {
    const auto routes = xds::ModelOf<model::RouteConfiguration>(
        CheckedDecode(*TypesOf(profile).route_configuration, input).resource);
    if (routes == nullptr) continue;
    for (const model::VirtualHost& host : routes->virtual_hosts) {
      Require(!host.domains.empty(), "a virtual host has a domain");
      for (const model::Route& route : host.routes) CheckRoute(route);
    }
  }
}

std::vector<std::string> Seeds() { return RouteConfigurationSeeds(); }

}  // namespace mesh::fuzz
