// Everything at random: two services, which share clusters, which share endpoints, and anything
// that can happen to them.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/simulation/usual_mesh.h"
#include "tests/testing/service_resources.h"

namespace mesh::simulation {

std::vector<Scenario> RandomScenarios();

namespace {

constexpr int kClusters = 3;
constexpr int kAddresses = 5;

std::string AnyService(World& w) { return w.dice().OneIn(2) ? "s0" : "s1"; }
// Where there are aggregates: two that come down to those.
std::string AnyAggregate(World& w) { return w.dice().OneIn(2) ? "g0" : "g1"; }
std::string AnyCluster(World& w) { return absl::StrCat("c", w.dice().Below(kClusters)); }
std::string AnyAddress(World& w) { return w.dice().AnyOf(Addresses(0, kAddresses)); }

// Each address in one locality at most, between which it may move; some draining or unhealthy.
std::vector<Locality> AnyEndpoints(World& w) {
  std::vector<Locality> localities = {{"y", 1, 0, {}}, {"z", 1, 0, {}}, {"w", 1, 1, {}}};
  for (Locality& locality : localities) locality.weight += static_cast<uint32_t>(w.dice().Below(3));
  for (const std::string& address : Addresses(0, kAddresses)) {
    const uint64_t place = w.dice().Below(5);
    if (place >= localities.size()) continue;
    localities[place].addresses.push_back(address);
    const uint64_t health = w.dice().Below(12);
    if (health == 0) localities[place].draining.push_back(address);
    if (health == 1) localities[place].unhealthy.push_back(address);
  }
  // Priorities have no gaps.
  if (localities[0].addresses.empty() && localities[1].addresses.empty()) {
    localities[2].priority = 0;
  }
  localities.erase(std::remove_if(localities.begin(), localities.end(),
                                  [](const Locality& l) { return l.addresses.empty(); }),
                   localities.end());
  return localities;
}

std::map<std::string, uint32_t> AnyRoute(World& w) {
  std::map<std::string, uint32_t> weights = {{AnyCluster(w), 1}};
  while (w.dice().OneIn(2)) weights[AnyCluster(w)] = static_cast<uint32_t>(1 + w.dice().Below(3));
  return weights;
}

void SetUp(World& w) {
  for (int i = 0; i < kClusters; ++i) w.model().SetCluster(absl::StrCat("c", i), AnyEndpoints(w));
  for (const char* name : {"s0", "s1"}) {
    MeshModel::Service service;
    service.weights = AnyRoute(w);
    if (w.dice().OneIn(2)) service.retry_on = "unavailable";
    w.model().SetService(name, std::move(service));
    w.OpenChannel(name);
  }
  Caller::Load load;
  load.targets = {"s0", "s1"};
  load.wait_for_ready = 0.2;
  load.cancelled = 0.1;
  load.endless = 0.1;
  w.caller().Start(std::move(load));
}

// One thing that happens.
void Strike(World& w) {
  w.caller().Burst(static_cast<int>(w.dice().Below(4)));
  switch (w.dice().Below(19)) {
    case 0:
      return w.servers().Kill(AnyAddress(w));
    case 1:
      return w.servers().Vanish(AnyAddress(w));
    case 2:
      w.servers().at(AnyAddress(w)).fails = 0.5;
      return;
    case 3:
    case 4:
      return w.servers().HealAll();
    case 5:
      return w.control_plane().Kill();
    case 6:
      return w.control_plane().Hang();
    case 7:
    case 8:
      w.control_plane().Calm();
      return;
    case 9:
      return w.control_plane().CloseStreams(w.dice().OneIn(2) ? absl::OkStatus()
                                                              : absl::UnavailableError("reset"));
    case 10:
      return w.model().SetRoute(AnyService(w), AnyRoute(w));
    case 11:
    case 12:
      return w.model().SetEndpoints(AnyCluster(w), AnyEndpoints(w));
    case 13: {
      const std::string cluster = AnyCluster(w);
      if (w.model().clusters().at(cluster).named) {
        w.model().RemoveCluster(cluster);
      } else {
        w.model().RestoreCluster(cluster);
      }
      return;
    }
    case 14: {
      const std::string service = AnyService(w);
      if (w.model().services().at(service).listed) {
        w.model().RemoveListener(service);
      } else {
        w.model().RestoreListener(service);
      }
      return;
    }
    case 15:
    case 16: {
      const std::string service = AnyService(w);
      if (w.has_channel(service)) {
        w.CloseChannel(service);
      } else {
        w.OpenChannel(service);
      }
      return;
    }
    case 17:
      return w.model().SetAssignment(AnyCluster(w), w.dice().OneIn(2) ? "" : AnyCluster(w));
    default:
      switch (w.dice().Below(3)) {
        case 0:
          return w.model().Spoil(testing::kClusterType, AnyCluster(w));
        case 1:
          return w.model().Spoil(testing::kClusterLoadAssignmentType, AnyCluster(w));
        default:
          return w.model().Spoil(testing::kRouteConfigurationType, AnyService(w));
      }
  }
}

// The same with versions, for clusters that have subsets by them or not.
void StrikeVersions(World& w) {
  w.caller().Burst(static_cast<int>(w.dice().Below(4)));
  const auto any_version = [&w] { return absl::StrCat(1 + w.dice().Below(3)); };
  switch (w.dice().Below(4)) {
    case 0:
      return w.model().SetVersion(AnyService(w), w.dice().OneIn(4) ? "" : any_version());
    case 1:
      return w.model().SetSubsets(AnyCluster(w),
                                  static_cast<MeshModel::Subsets>(w.dice().Below(3)));
    default: {
      std::vector<Locality> localities = AnyEndpoints(w);
      for (Locality& locality : localities) {
        for (const std::string& address : locality.addresses) {
          if (!w.dice().OneIn(4)) locality.versions[address] = any_version();
        }
      }
      return w.model().SetEndpoints(AnyCluster(w), localities);
    }
  }
}

std::vector<std::string> AnyChildren(World& w) {
  std::vector<std::string> children = {AnyCluster(w)};
  while (w.dice().OneIn(2)) {
    const std::string child = AnyCluster(w);
    if (std::count(children.begin(), children.end(), child) == 0) children.push_back(child);
  }
  return children;
}

void SetUpAggregates(World& w) {
  SetUp(w);
  for (const char* name : {"g0", "g1"}) w.model().SetAggregate(name, AnyChildren(w));
}

// The same with aggregates of the other clusters.
void StrikeAggregates(World& w) {
  w.caller().Burst(static_cast<int>(w.dice().Below(4)));
  const std::string aggregate = AnyAggregate(w);
  switch (w.dice().Below(4)) {
    case 0:
      return w.model().SetAggregate(aggregate, AnyChildren(w));
    case 1:
      if (w.model().clusters().at(aggregate).named) {
        w.model().RemoveCluster(aggregate);
      } else {
        w.model().RestoreCluster(aggregate);
      }
      return;
    default: {
      std::map<std::string, uint32_t> weights;
      if (w.dice().OneIn(2)) weights = AnyRoute(w);
      weights[aggregate] = static_cast<uint32_t>(1 + w.dice().Below(3));
      return w.model().SetRoute(AnyService(w), weights);
    }
  }
}

}  // namespace

std::vector<Scenario> RandomScenarios() {
  Scenario s;
  s.name = "everything_at_random";
  s.set_up = SetUp;
  for (int i = 0; i < 30; ++i) s.script.push_back(Between(0, 15, Strike));
  s.script.push_back(At(15, [](World& w) {
    w.model().Repair();
    for (const char* service : {"s0", "s1"}) w.OpenChannel(service);
  }));
  s.length = absl::Seconds(15.1);
  s.settle = absl::Seconds(90);  // past the back-offs and the timers of what does not exist
  Scenario subsets = s;
  subsets.name = "everything_at_random_with_subsets";
  subsets.options.max_connected_endpoints = 2;
  Scenario versions = s;
  versions.name = "everything_at_random_with_versions";
  versions.seeds = 300;
  for (int i = 0; i < 30; ++i) {
    versions.script.insert(versions.script.begin(), Between(0, 15, StrikeVersions));
  }
  Scenario aggregates = s;
  aggregates.name = "everything_at_random_with_aggregates";
  aggregates.set_up = SetUpAggregates;
  aggregates.seeds = 300;
  for (int i = 0; i < 20; ++i) {
    aggregates.script.insert(aggregates.script.begin(), Between(0, 15, StrikeAggregates));
  }
  Scenario taken_down = s;
  taken_down.name = "everything_at_random_taken_down";
  taken_down.script.pop_back();
  taken_down.length = absl::Seconds(8);
  taken_down.ends_calm = false;
  return {std::move(s), std::move(subsets), std::move(versions), std::move(aggregates),
          std::move(taken_down)};
}

}  // namespace mesh::simulation
