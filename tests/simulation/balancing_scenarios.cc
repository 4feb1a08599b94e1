// Endpoints that are ill, by what the control plane says or by what becomes of their calls, and
// priorities that take over from each other.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/simulation/usual_mesh.h"

namespace mesh::simulation {

std::vector<Scenario> BalancingScenarios();

namespace {

constexpr char kVictim[] = "10.0.0.1:80";

// Three priorities: of three endpoints, two and one.
std::vector<Locality> ThreePriorities() {
  return {{"y", 2, 0, Addresses(0, 2)},
          {"z", 1, 0, Addresses(1, 1)},
          {"w", 1, 1, Addresses(2, 2)},
          {"v", 1, 2, Addresses(3, 1)}};
}

void ManyPriorities(World& w) {
  UsualMeshWithRetries(w);
  w.model().SetEndpoints(kCluster, ThreePriorities());
  w.RunFor(absl::Seconds(2));
}

void DetectingMesh(World& w) {
  UsualMesh(w);
  w.model().SetOutlierDetection(kCluster, true);
  w.RunFor(absl::Seconds(1));
}

std::vector<std::string> All(const std::vector<Locality>& localities) {
  std::vector<std::string> all;
  for (const Locality& locality : localities) {
    all.insert(all.end(), locality.addresses.begin(), locality.addresses.end());
  }
  return all;
}

// Each endpoint is healthy, draining or unhealthy; one at least is healthy.
void Flap(World& w) {
  std::vector<Locality> localities = UsualEndpoints();
  const std::string healthy = w.dice().AnyOf(All(localities));
  for (Locality& locality : localities) {
    for (const std::string& address : locality.addresses) {
      const uint64_t health = w.dice().Below(3);
      if (address == healthy) continue;
      if (health == 0) locality.draining.push_back(address);
      if (health == 1) locality.unhealthy.push_back(address);
    }
  }
  w.model().SetEndpoints(kCluster, localities);
}

Scenario HealthFlaps() {
  Scenario s{"F21_health_flaps", UsualMesh, {}};
  for (int i = 0; i < 12; ++i) s.script.push_back(Between(0, 6, UnderCalls(Flap)));
  s.length = absl::Seconds(7);
  s.expect = [](World& w) { ExpectServed(w, 0, 7); };
  return s;
}

Scenario HealthFlapsWithSubsets() {
  Scenario s = HealthFlaps();
  s.name = "F21_health_flaps_with_subsets";
  s.options.max_connected_endpoints = 2;
  return s;
}

// The calm finds a part of the calls on the second priority.
Scenario IllPriority() {
  Scenario s{"F21_ill_first_priority", UsualMesh, {}};
  s.script = {Between(1, 2, UnderCalls([](World& w) {
                        std::vector<Locality> localities = UsualEndpoints();
                        Locality& ill = localities[w.dice().Below(2)];
                        ill.unhealthy = ill.addresses;
                        w.model().SetEndpoints(kCluster, localities);
                      }))};
  s.length = absl::Seconds(3);
  s.expect = [](World& w) { ExpectServed(w, 0, 3); };
  return s;
}

// Ejected by its calls of a moment, before that is over.
Scenario FailingEndpoint() {
  Scenario s{"F22_failing_endpoint", DetectingMesh, {}};
  s.script = {
      At(1,
         [](World& w) {
           w.servers().at(kVictim).fails = 1;
           w.caller().Burst(60);
         }),
      Between(1.6, 2.8, [](World& w) { w.caller().Burst(10); }),
      // By then it may be in again, and is tried again.
      Between(4, 5, [](World& w) { w.caller().Burst(20); }),
      At(6, [](World& w) { w.servers().at(kVictim).fails = 0; }),
      Between(6, 8, [](World& w) { w.caller().Burst(10); }),
  };
  s.length = absl::Seconds(9);
  s.expect = [](World& w) {
    ExpectLostOnlyOn(w, {kVictim});
    Expect(w, w.caller().Lost(w.script_begin(), w.script_begin() + absl::Seconds(1.5)).size() >= 5,
           "fewer calls fail than it takes");
    ExpectServed(w, 1.5, 3);
    ExpectServed(w, 6, 9);
  };
  return s;
}

// All are ejected, which is none: all are tried, and serve as soon as they can.
Scenario AllFailing() {
  Scenario s{"F22_all_endpoints_fail", DetectingMesh, {}};
  s.script = {
      At(1,
         [](World& w) {
           for (const std::string& address : All(UsualEndpoints())) {
             w.servers().at(address).fails = 1;
           }
           w.caller().Burst(60);
         }),
      At(1.3, [](World& w) { w.caller().Burst(40); }),
      At(2,
         [](World& w) {
           const Snapshot snapshot = w.SnapshotOf(kService);
           for (const auto& priority : snapshot.clusters[0].priorities) {
             Expect(w, priority.panic, "not all are ejected");
           }
         }),
      Between(1.5, 3, [](World& w) { w.caller().Burst(10); }),
      At(4, [](World& w) { w.servers().HealAll(); }),
      Between(4, 5, [](World& w) { w.caller().Burst(10); }),
  };
  s.length = absl::Seconds(6);
  s.expect = [](World& w) {
    for (const CallEnd& call : w.caller().Lost(absl::ZeroDuration(), absl::InfiniteDuration())) {
      Expect(w, call.delivered == 1, "a call was given to no server, though all can be tried");
    }
    ExpectServed(w, 4, 6);
  };
  return s;
}

// Failures, ejections, statuses and deaths, in any order.
void Strike(World& w) {
  w.caller().Burst(static_cast<int>(5 + w.dice().Below(15)));
  const std::string victim = w.dice().AnyOf(All(UsualEndpoints()));
  switch (w.dice().Below(6)) {
    case 0:
      w.servers().at(victim).fails = 1;
      return;
    case 1:
      w.servers().at(victim).fails = 0.5;
      return;
    case 2:
      return w.servers().Kill(victim);
    case 3:
      return w.servers().HealAll();
    case 4:
      return w.model().SetOutlierDetection(kCluster, w.dice().OneIn(2));
    default:
      return Flap(w);
  }
}

Scenario OutliersAtRandom() {
  Scenario s{"F22_outliers_at_random", DetectingMesh, {}};
  for (int i = 0; i < 15; ++i) s.script.push_back(Between(0, 8, Strike));
  s.length = absl::Seconds(9);
  s.settle = absl::Seconds(40);  // past the longest ejection
  return s;
}

// Each death is known before the next; the calls go where there is somebody left, and back.
Scenario DyingPriorities() {
  Scenario s{"F20_priorities_die_one_by_one", ManyPriorities, {}};
  std::vector<std::string> victims = All(ThreePriorities());
  victims.pop_back();
  double when = 0;
  for (const std::string& victim : victims) {
    when += 1;
    s.script.push_back(
        Between(when, when + 0.3, UnderCalls([victim](World& w) { w.servers().Kill(victim); })));
  }
  std::reverse(victims.begin(), victims.end());
  for (const std::string& victim : victims) {
    when += 1;
    s.script.push_back(
        Between(when, when + 0.3, UnderCalls([victim](World& w) { w.servers().Start(victim); })));
  }
  s.length = absl::Seconds(when + 2);
  s.expect = [when](World& w) { ExpectServed(w, 0, when + 2); };
  return s;
}

// Priorities die and come back, as a whole or in part, while others are declared ill.
Scenario FailoverAtRandom() {
  Scenario s{"F20_failover_at_random", ManyPriorities, {}};
  for (int i = 0; i < 12; ++i) {
    s.script.push_back(Between(0, 8, UnderCalls([](World& w) {
                                 std::vector<Locality> localities = ThreePriorities();
                                 const uint32_t priority = static_cast<uint32_t>(w.dice().Below(3));
                                 for (Locality& locality : localities) {
                                   if (locality.priority != priority) continue;
                                   for (const std::string& address : locality.addresses) {
                                     const uint64_t fate = w.dice().Below(4);
                                     if (fate == 0) w.servers().Start(address);
                                     if (fate == 1) w.servers().Kill(address);
                                     if (fate == 2) locality.unhealthy.push_back(address);
                                   }
                                 }
                                 w.model().SetEndpoints(kCluster, localities);
                               })));
  }
  s.length = absl::Seconds(9);
  return s;
}

// Connections are made anew while calls are on them, and while endpoints come and go.
void ChangeConnections(World& w) {
  w.model().SetConnectTimeout(kCluster, static_cast<uint32_t>(1 + w.dice().Below(5)));
}

Scenario OtherConnections() {
  Scenario s{"connections_of_other_options", UsualMesh, {}};
  for (int i = 0; i < 10; ++i) s.script.push_back(Between(0, 6, UnderCalls(ChangeConnections)));
  for (int i = 0; i < 5; ++i) s.script.push_back(Between(0, 6, UnderCalls(Flap)));
  s.length = absl::Seconds(7);
  s.expect = [](World& w) { ExpectServed(w, 0, 7); };
  return s;
}

Scenario OtherConnectionsAtRandom() {
  Scenario s{"connections_of_other_options_at_random", DetectingMesh, {}};
  for (int i = 0; i < 10; ++i) s.script.push_back(Between(0, 8, ChangeConnections));
  for (int i = 0; i < 10; ++i) s.script.push_back(Between(0, 8, Strike));
  s.length = absl::Seconds(9);
  s.settle = absl::Seconds(40);  // past the longest ejection
  return s;
}

// Of three versions, each of which one endpoint has at least; two of the endpoints are on a second
// priority.
std::vector<Locality> Versions(World& w) {
  std::vector<Locality> localities = {
      {"y", 2, 0, Addresses(0, 3)}, {"z", 1, 0, Addresses(1, 2)}, {"w", 1, 1, Addresses(2, 2)}};
  const uint64_t first = w.dice().Below(3);
  uint64_t number = 0;
  for (Locality& locality : localities) {
    for (const std::string& address : locality.addresses) {
      const uint64_t version = number < 3 ? (first + number) % 3 : w.dice().Below(3);
      locality.versions[address] = absl::StrCat("v", version);
      ++number;
    }
  }
  return localities;
}

void MeshOfVersions(World& w) {
  UsualMesh(w);
  w.model().SetEndpoints(kCluster, Versions(w));
  w.model().SetVersion(kService, "v0");
  w.model().SetSubsets(kCluster, MeshModel::Subsets::kOrNobody);
  w.RunFor(absl::Seconds(2));
}

// Calls move from version to version, endpoints have others, and subsets come and go: there is
// always one that may take a call.
Scenario ChangingVersions() {
  Scenario s{"subsets_change", MeshOfVersions, {}};
  s.seeds = 300;
  for (int i = 0; i < 12; ++i) {
    s.script.push_back(
        Between(0, 6, UnderCalls([](World& w) {
                  switch (w.dice().Below(3)) {
                    case 0:
                      return w.model().SetVersion(kService, absl::StrCat("v", w.dice().Below(3)));
                    case 1:
                      return w.model().SetSubsets(
                          kCluster, static_cast<MeshModel::Subsets>(w.dice().Below(3)));
                    default:
                      return w.model().SetEndpoints(kCluster, Versions(w));
                  }
                })));
  }
  s.length = absl::Seconds(7);
  s.expect = [](World& w) { ExpectServed(w, 0, 7); };
  return s;
}

// The same while endpoints fail, die and are ejected.
Scenario ChangingVersionsAtRandom() {
  Scenario s = ChangingVersions();
  s.name = "subsets_change_at_random";
  s.set_up = [](World& w) {
    MeshOfVersions(w);
    w.model().SetOutlierDetection(kCluster, true);
    w.RunFor(absl::Seconds(1));
  };
  for (int i = 0; i < 10; ++i) {
    s.script.push_back(Between(0, 6, [](World& w) {
      w.caller().Burst(static_cast<int>(5 + w.dice().Below(15)));
      const std::string victim = w.dice().AnyOf(All(w.model().Endpoints(kCluster)));
      switch (w.dice().Below(4)) {
        case 0:
          w.servers().at(victim).fails = 1;
          return;
        case 1:
          return w.servers().Kill(victim);
        case 2:
          return w.servers().HealAll();
        default:
          return w.model().SetOutlierDetection(kCluster, w.dice().OneIn(2));
      }
    }));
  }
  s.expect = nullptr;
  s.settle = absl::Seconds(40);  // past the longest ejection
  return s;
}

}  // namespace

std::vector<Scenario> BalancingScenarios() {
  return {HealthFlaps(),      HealthFlapsWithSubsets(),
          IllPriority(),      FailingEndpoint(),
          AllFailing(),       OutliersAtRandom(),
          DyingPriorities(),  FailoverAtRandom(),
          OtherConnections(), OtherConnectionsAtRandom(),
          ChangingVersions(), ChangingVersionsAtRandom()};
}

}  // namespace mesh::simulation
