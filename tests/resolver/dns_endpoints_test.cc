// Names and what takes their place.

#include "resolver/xds/dns_endpoints.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "mesh/model/endpoints.h"

namespace mesh::resolver {
namespace {

using Texts = std::vector<std::string>;

std::shared_ptr<const model::LocalityEndpoints> Locality(
    const std::string& zone, uint32_t priority, uint32_t weight,
    std::vector<model::EndpointConfig> endpoints) {
  auto locality = std::make_shared<model::LocalityEndpoints>();
  locality->locality.zone = zone;
  locality->priority = priority;
  locality->weight = weight;
  locality->endpoints = model::EndpointList::Of(std::move(endpoints));
  return locality;
}

model::EndpointConfig Endpoint(const std::string& address, uint32_t weight = 1,
                               model::HealthStatus health = model::HealthStatus::kUnknown,
                               std::shared_ptr<const model::EndpointExtras> extras = nullptr) {
  model::EndpointConfig config;
  config.address = address;
  config.weight = weight;
  config.health = health;
  config.extras = std::move(extras);
  return config;
}

AddressesByHost Hosts(const std::vector<std::pair<std::string, Texts>>& hosts) {
  AddressesByHost result;
  for (const auto& [host, addresses] : hosts) {
    result[host] =
        addresses.empty() ? nullptr : std::make_shared<const HostResolver::Addresses>(addresses);
  }
  return result;
}

// `zone/priority/weight: address*weight (hostname) ...` of each locality.
Texts Lines(const model::ClusterLoadAssignment& assignment) {
  Texts lines;
  for (const auto& locality : assignment.localities) {
    std::string line =
        absl::StrCat(locality->locality.zone, "/", locality->priority, "/", locality->weight, ":");
    locality->endpoints.ForEach([&](const model::EndpointConfig& endpoint) {
      absl::StrAppend(&line, " ", endpoint.address, "*", endpoint.weight);
      if (!model::IsUsable(endpoint.health)) absl::StrAppend(&line, "!");
      if (endpoint.extras != nullptr) {
        absl::StrAppend(&line, "(", endpoint.extras->hostname, endpoint.extras->hash_key, ")");
      }
    });
    lines.push_back(line);
  }
  return lines;
}

TEST(DnsEndpointsTest, EveryAddressTakesAfterItsName) {
  auto extras = std::make_shared<model::EndpointExtras>();
  extras->hash_key = "#k";
  auto named = std::make_shared<model::EndpointExtras>();
  named->hostname = "other";
  model::ClusterLoadAssignment assignment;
  assignment.cluster_name = "c";
  assignment.overprovisioning_factor = 120;
  assignment.localities = {
      Locality("z", 0, 7,
               {Endpoint("a.test:80", 3), Endpoint("1.2.3.4:81", 2),
                Endpoint("a.test:82", 1, model::HealthStatus::kDraining, extras)}),
      Locality("y", 1, 5, {Endpoint("b.test:90", 1, model::HealthStatus::kHealthy, named)}),
      Locality("x", 2, 0, {Endpoint("none.test:90"), Endpoint("[::9]:1"), Endpoint("unix:/p")}),
  };
  const auto result =
      ReplaceNames(assignment, Hosts({{"a.test", {"10.0.0.2", "2001:db8::1", "fe80::1%2"}},
                                      {"b.test", {"10.0.0.3"}},
                                      {"none.test", {}}}));
  EXPECT_EQ(Lines(*result), (Texts{"z/0/7: 10.0.0.2:80*3(a.test) [2001:db8::1]:80*3(a.test) "
                                   "[fe80::1%2]:80*3(a.test) 1.2.3.4:81*2 10.0.0.2:82*1!(a.test#k) "
                                   "[2001:db8::1]:82*1!(a.test#k) [fe80::1%2]:82*1!(a.test#k)",
                                   "y/1/5: 10.0.0.3:90*1(other)", "x/2/0: [::9]:1*1 unix:/p*1"}));
  EXPECT_EQ(result->cluster_name, "c");
  EXPECT_EQ(result->overprovisioning_factor, 120u);
}

// Priorities stay contiguous.
TEST(DnsEndpointsTest, ALocalityOfWhichNothingIsKnownStays) {
  model::ClusterLoadAssignment assignment;
  assignment.localities = {Locality("z", 0, 1, {Endpoint("a.test:80")}),
                           Locality("y", 1, 1, {Endpoint("b.test:80")})};
  EXPECT_EQ(Lines(*ReplaceNames(assignment, Hosts({{"b.test", {"::1"}}}))),
            (Texts{"z/0/1:", "y/1/1: [::1]:80*1(b.test)"}));
}

}  // namespace
}  // namespace mesh::resolver
