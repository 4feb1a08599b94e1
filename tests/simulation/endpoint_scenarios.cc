// Faults of endpoints.

#include "tests/simulation/usual_mesh.h"

namespace mesh::simulation {

std::vector<Scenario> EndpointScenarios();

namespace {

constexpr char kVictim[] = "10.0.0.1:80";

// Every endpoint of the first priority.
std::vector<std::string> FirstPriority() {
  std::vector<std::string> all = Addresses(0, 2);
  all.push_back(Addresses(1, 1)[0]);
  return all;
}

Scenario Killed() {
  Scenario s{"F16_killed_endpoint", UsualMesh, {}};
  s.script = {
      At(1, UnderCalls([](World& w) { w.servers().Kill(kVictim); })),
      Between(1.3, 7, [](World& w) { w.caller().Burst(3); }),
  };
  s.length = absl::Seconds(8);
  s.expect = [](World& w) {
    ExpectLostOnlyOn(w, {kVictim});
    ExpectServed(w, 1.3, 8);
  };
  return s;
}

Scenario KilledWithRetries() {
  Scenario s = Killed();
  s.name = "F16_killed_endpoint_with_retries";
  s.set_up = UsualMeshWithRetries;
  s.expect = [](World& w) { ExpectServed(w, 0, 8); };
  return s;
}

Scenario Restarted() {
  Scenario s{"F16_restarted_endpoints_with_retries", UsualMeshWithRetries, {}};
  for (int i = 0; i < 3; ++i) {
    s.script.push_back(Between(4 * i, 4 * i + 1, UnderCalls([i](World& w) {
                                 const std::string victim = FirstPriority()[i];
                                 w.servers().Kill(victim);
                                 w.After(w.dice().Between(absl::ZeroDuration(), absl::Seconds(1)),
                                         [&w, victim] { w.servers().Start(victim); });
                               })));
  }
  s.length = absl::Seconds(14);
  s.expect = [](World& w) { ExpectServed(w, 0, 14); };
  return s;
}

Scenario Vanished() {
  Scenario s{"F17_vanished_endpoint", UsualMesh, {}};
  s.script = {
      At(1, UnderCalls([](World& w) { w.servers().Vanish(kVictim); })),
      Between(17, 20, [](World& w) { w.caller().Burst(4); }),
  };
  s.length = absl::Seconds(22);
  s.expect = [](World& w) {
    ExpectLostOnlyOn(w, {kVictim});
    ExpectServed(w, 16.5, 22);  // once the keepalive has told
  };
  return s;
}

Scenario Slow() {
  Scenario s{"F18_slow_endpoint", UsualMesh, {}};
  s.script = {
      At(1, [](World& w) { w.servers().at(kVictim).takes = absl::Seconds(20); }),
      Between(2, 4, [](World& w) { w.caller().Burst(6); }),
  };
  s.length = absl::Seconds(10);
  s.expect = [](World& w) {
    ExpectLostOnlyOn(w, {kVictim});
    for (const CallEnd& call : w.caller().Lost(absl::ZeroDuration(), absl::InfiniteDuration())) {
      const absl::Duration late = call.end - call.start - call.spec.timeout;
      Expect(w, call.code == 4 && late >= absl::ZeroDuration() && late <= absl::Milliseconds(50),
             "a deadline was not kept");
    }
    w.servers().at(kVictim).takes = absl::Milliseconds(100);
  };
  return s;
}

Scenario RefusingPriority() {
  Scenario s{"F20_refusing_first_priority", UsualMesh, {}};
  s.script = {
      At(1, UnderCalls([](World& w) {
           for (const std::string& address : FirstPriority()) w.servers().Kill(address);
         })),
      Between(2.2, 5, [](World& w) { w.caller().Burst(4); }),
  };
  s.length = absl::Seconds(8);
  s.expect = [](World& w) {
    ExpectLostOnlyOn(w, FirstPriority());
    ExpectServed(w, 2.1, 8);
  };
  return s;
}

Scenario VanishedPriority() {
  Scenario s{"F20_vanished_first_priority", UsualMesh, {}};
  s.script = {
      At(1, UnderCalls([](World& w) {
           for (const std::string& address : FirstPriority()) w.servers().Vanish(address);
         })),
      Between(27, 30, [](World& w) { w.caller().Burst(4); }),
  };
  s.length = absl::Seconds(32);
  s.settle = absl::Seconds(40);
  s.expect = [](World& w) {
    ExpectServed(w, 26.7, 32);  // keepalive 15 s, failover 10 s
  };
  return s;
}

Scenario UnneededPriority() {
  Scenario s{"F20_unneeded_priority_is_let_go", UsualMesh, {}};
  // 3 endpoints of the first priority, 5 of the second, of which 2 stand by.
  s.script = {
      At(0.5,
         [](World& w) {
           std::vector<Locality> endpoints = UsualEndpoints();
           endpoints.back().addresses = Addresses(2, 5);
           w.model().SetCluster(kCluster, endpoints);
         }),
      At(1,
         [](World& w) {
           for (const std::string& address : FirstPriority()) w.servers().Kill(address);
         }),
      Between(3, 5, [](World& w) { w.servers().HealAll(); }),
      At(20,
         [](World& w) {
           Expect(w, w.connector().live() == 8, "the second priority is not kept for a while");
           w.caller().Stop();
         }),
  };
  s.length = absl::Minutes(16);
  s.expect = [](World& w) {
    Expect(w, w.connector().live() == 5, "the second priority is kept for good");
  };
  return s;
}

Scenario AllFail() {
  Scenario s{"F24_all_endpoints_fail", UsualMeshWithRetries, {}};
  s.script = {
      At(1, UnderCalls([](World& w) {
           for (const std::string& address : FirstPriority()) w.servers().at(address).fails = 1;
         })),
      Between(2, 4, [](World& w) { w.caller().Burst(5); }),
      At(6,
         [](World& w) {
           for (const std::string& address : FirstPriority()) w.servers().at(address).fails = 0;
         }),
      Between(6.5, 11, [](World& w) { w.caller().Burst(3); }),
  };
  s.length = absl::Seconds(12);
  s.expect = [](World& w) { ExpectServed(w, 6.5, 12); };
  return s;
}

Scenario TakenDown() {
  Scenario s{"F33_taken_down_in_the_middle", UsualMeshWithRetries, {}};
  s.script = {
      Between(0.8, 1, UnderCalls([](World& w) { w.servers().Kill(kVictim); })),
      Between(0.8, 1,
              [](World& w) {
                w.model().SetRoute(kService, {{"late", 1}});
              }),
      Between(0.8, 1, [](World& w) { w.caller().Burst(6); }),
  };
  s.length = absl::Seconds(1);
  s.ends_calm = false;
  return s;
}

}  // namespace

std::vector<Scenario> EndpointScenarios() {
  return {Killed(),           KilledWithRetries(), Restarted(),        Vanished(), Slow(),
          RefusingPriority(), VanishedPriority(),  UnneededPriority(), AllFail(),  TakenDown()};
}

}  // namespace mesh::simulation
