// Changes of the configuration, good and bad.

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/simulation/usual_mesh.h"
#include "tests/testing/service_resources.h"

namespace mesh::simulation {

std::vector<Scenario> ConfigScenarios();

namespace {

using testing::kClusterLoadAssignmentType;
using testing::kClusterType;
using testing::kRouteConfigurationType;

Scenario ResentBad() {
  Scenario s{"F09_bad_resources_in_a_loop", UsualMesh, {}};
  s.script = {
      At(1, UnderCalls([](World& w) {
           w.control_plane().set_latency(absl::Milliseconds(200));
           w.control_plane().set_resends_on_nack(true);
           w.noted("requests") = w.control_plane().requests();
           w.noted("responses") = w.control_plane().responses();
           w.model().Spoil(w.dice().AnyOf<std::string>({kClusterType, kClusterLoadAssignmentType}),
                           kCluster);
           w.model().Spoil(kRouteConfigurationType, kService);
         })),
      At(12,
         [](World& w) {
           w.control_plane().set_latency(absl::Milliseconds(20));
           w.model().Repair();
           w.model().SetEndpoints(kCluster, {{"y", 1, 0, Addresses(0, 2)}});
         }),
      At(13.5, [](World& w) { ExpectEndpoints(w, 2); }),
  };
  s.length = absl::Seconds(14);
  s.expect = [](World& w) {
    ExpectServed(w, 0, 14);
    const uint64_t requests = w.control_plane().requests() - w.noted("requests");
    const uint64_t responses = w.control_plane().responses() - w.noted("responses");
    Expect(w, w.control_plane().nacks() > 10, "few were rejected");
    Expect(w, requests <= responses + 1, "more than one request for a response");
    Expect(w, w.log().size() <= 14, "more than a line of log a second");
  };
  return s;
}

Scenario OneBadOfMany() {
  constexpr int kClusters = 20;
  Scenario s;
  s.name = "F10_one_bad_cluster_of_many";
  s.set_up = [](World& w) {
    MeshModel::Service service;
    for (int i = 0; i < kClusters; ++i) {
      const std::string name = absl::StrCat("c", i);
      service.weights[name] = 1;
      w.model().SetCluster(name, {{"z", 1, 0, Addresses(i, 1)}});
    }
    w.model().SetService(kService, std::move(service));
    w.OpenChannel(kService);
    Caller::Load load;
    load.targets = {kService};
    w.caller().Start(load);
    w.RunFor(absl::Seconds(2));
  };
  s.script = {
      At(1, UnderCalls([](World& w) {
           for (int i = 0; i < kClusters; ++i) {
             w.model().SetCluster(absl::StrCat("c", i), {{"z", 1, 0, Addresses(i, 2)}});
           }
           w.noted("bad") = w.dice().Below(kClusters);
           const std::string bad = absl::StrCat("c", w.noted("bad"));
           w.model().Spoil(kClusterType, bad);
           w.model().Spoil(kClusterLoadAssignmentType, bad);
         })),
      At(2, [](World& w) { ExpectEndpoints(w, 2 * kClusters - 1); }),
      At(3, [](World& w) { w.model().Repair(); }),
      At(4, [](World& w) { ExpectEndpoints(w, 2 * kClusters); }),
  };
  s.length = absl::Seconds(5);
  s.expect = [](World& w) {
    ExpectServed(w, 0, 5);
    Expect(w, absl::StrContains(w.control_plane().last_nack(), absl::StrCat("c", w.noted("bad"))),
           "the rejection does not name the bad one");
  };
  s.seeds = 200;  // a larger world
  return s;
}

Scenario Deleted(bool listener) {
  Scenario s{listener ? "F12_deleted_listener" : "F12_deleted_cluster", UsualMesh, {}};
  s.script = {
      At(1, UnderCalls([listener](World& w) {
           if (listener) w.model().RemoveListener(kService);
           if (!listener) w.model().RemoveCluster(kCluster);
         })),
      Between(2, 5, [](World& w) { w.caller().Burst(3); }),
      At(6,
         [listener](World& w) {
           if (listener) w.model().RestoreListener(kService);
           if (!listener) w.model().RestoreCluster(kCluster);
         }),
      At(7, [](World& w) { w.caller().Burst(3); }),
  };
  s.length = absl::Seconds(12);
  s.expect = [](World& w) {
    ExpectRefused(w, 2, 6, "does not exist");
    ExpectServed(w, 7, 12);
  };
  return s;
}

Scenario DeletionIgnored() {
  Scenario s = Deleted(/*listener=*/false);
  s.name = "F12_deletion_ignored";
  s.options.ignore_resource_deletion = true;
  s.expect = [](World& w) { ExpectServed(w, 0, 12); };
  return s;
}

Scenario Torn() {
  Scenario s{"F13_torn_configuration", UsualMesh, {}};
  const auto cluster = [](World& w) { w.model().SetCluster("b", {{"z", 1, 0, Addresses(5, 2)}}); };
  const auto route = [](World& w) { w.model().SetRoute(kService, {{"b", 1}}); };
  const auto remove = [](World& w) { w.model().RemoveCluster(kCluster); };
  s.script = {
      At(1, UnderCalls([=](World& w) {
           switch (w.dice().Below(3)) {
             case 0:  // the route is early
               route(w);
               w.After(absl::Seconds(2), [&w, cluster] { cluster(w); });
               w.After(absl::Seconds(4), [&w, remove] { remove(w); });
               break;
             case 1:  // late
               cluster(w);
               w.After(absl::Seconds(2), [&w, route] { route(w); });
               w.After(absl::Seconds(4), [&w, remove] { remove(w); });
               break;
             default:  // early, and the old cluster goes before the new one comes
               route(w);
               w.After(absl::Milliseconds(200), [&w, remove] { remove(w); });
               w.After(absl::Seconds(2), [&w, cluster] { cluster(w); });
           }
         })),
      Between(1.2, 3.5, [](World& w) { w.caller().Burst(4); }),
  };
  s.length = absl::Seconds(10);
  s.expect = [](World& w) { ExpectServed(w, 0, 10); };
  return s;
}

// Two services share a cluster that goes: one of them is on its way to another, the other is not.
Scenario TornForOneOfTwo() {
  Scenario s;
  s.name = "F13_torn_for_one_of_two";
  s.set_up = [](World& w) {
    const bool first = w.dice().OneIn(2);
    w.noted("first moves") = first;
    w.model().SetCluster(kCluster, UsualEndpoints());
    for (const char* name : {"s0", "s1"}) {
      MeshModel::Service service;
      service.weights = {{kCluster, 1}};
      w.model().SetService(name, std::move(service));
      w.OpenChannel(name);
    }
    Caller::Load load;
    load.targets = {first ? "s0" : "s1"};
    w.caller().Start(std::move(load));
    w.caller().Burst(2);
    w.RunFor(absl::Seconds(2));
  };
  s.script = {
      At(1,
         [](World& w) {
           w.model().SetRoute(w.noted("first moves") != 0 ? "s0" : "s1", {{"b", 1}});
         }),
      At(1.2, UnderCalls([](World& w) { w.model().RemoveCluster(kCluster); })),
      Between(1.5, 3.5, [](World& w) { w.caller().Burst(4); }),
      // What is heard of everything makes both configurations new.
      Between(1.5, 3.5,
              [](World& w) { w.control_plane().CloseStreams(absl::UnavailableError("reset")); }),
      At(4, UnderCalls([](World& w) {
           w.model().SetCluster("b", {{"z", 1, 0, Addresses(5, 2)}});
         })),
  };
  s.length = absl::Seconds(8);
  s.expect = [](World& w) {
    ExpectServed(w, 0, 8);
    const Snapshot other = w.SnapshotOf(w.noted("first moves") != 0 ? "s1" : "s0");
    Expect(w, other.clusters.size() == 1 && other.clusters[0].state == "failing",
           "the other service does not see that its cluster is gone");
  };
  return s;
}

Scenario Churn() {
  Scenario s;
  s.name = "F14_churn_of_endpoints";
  s.set_up = [](World& w) {
    UsualMesh(w);
    w.model().SetEndpoints(kCluster, {{"y", 2, 0, Addresses(0, 4)}, {"z", 1, 0, Addresses(1, 2)}});
    w.RunFor(absl::Seconds(1));
    w.noted("made") = w.connector().made();
  };
  for (int i = 0; i < 8; ++i) {
    s.script.push_back(Between(
        i, i + 1, UnderCalls([](World& w) {
          // Two of four are others; those of the other locality stay.
          std::vector<std::string> some;
          const uint64_t first = w.dice().Below(8);
          for (uint64_t k = 0; k < 4; ++k) {
            some.push_back(Addresses(3, 8)[(first + k) % 8]);
          }
          w.model().SetEndpoints(kCluster, {{"y", 2, 0, some}, {"z", 1, 0, Addresses(1, 2)}});
        })));
  }
  s.length = absl::Seconds(9);
  s.expect = [](World& w) { ExpectServed(w, 0, 9); };
  return s;
}

Scenario NoEndpoints() {
  Scenario s{"F15_no_endpoints_for_a_while", UsualMesh, {}};
  s.script = {
      At(1, UnderCalls([](World& w) { w.model().SetEndpoints(kCluster, {}); })),
      Between(2, 10, [](World& w) { w.caller().Burst(3); }),
      At(11, [](World& w) { w.model().SetEndpoints(kCluster, UsualEndpoints()); }),
      Between(12, 14, [](World& w) { w.caller().Burst(3); }),
  };
  s.length = absl::Seconds(15);
  s.expect = [](World& w) {
    ExpectRefused(w, 2, 11, "no endpoints");
    ExpectServed(w, 12, 15);
  };
  return s;
}

Scenario EmptiedLocality() {
  Scenario s{"F15_emptied_locality", UsualMesh, {}};
  s.script = {
      At(1, UnderCalls([](World& w) {
           w.model().SetEndpoints(kCluster, {{"y", 2, 0, {}}, {"z", 1, 0, Addresses(1, 1)}});
         })),
      At(5, UnderCalls([](World& w) { w.model().SetEndpoints(kCluster, UsualEndpoints()); })),
  };
  s.length = absl::Seconds(8);
  s.expect = [](World& w) { ExpectServed(w, 0, 8); };
  return s;
}

}  // namespace

std::vector<Scenario> ConfigScenarios() {
  return {ResentBad(), OneBadOfMany(),    Deleted(true), Deleted(false), DeletionIgnored(),
          Torn(),      TornForOneOfTwo(), Churn(),       NoEndpoints(),  EmptiedLocality()};
}

}  // namespace mesh::simulation
