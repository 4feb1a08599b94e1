// Faults of a control plane: what was good goes on serving.

#include <algorithm>

#include "tests/simulation/usual_mesh.h"
#include "tests/testing/service_resources.h"

namespace mesh::simulation {

std::vector<Scenario> ControlPlaneScenarios();

namespace {

// Streams that were opened in a span of the script.
size_t Opened(World& world, double from, double to) {
  const auto& all = world.control_plane().opened();
  return static_cast<size_t>(std::count_if(all.begin(), all.end(), [&](absl::Duration at) {
    at -= world.script_begin();
    return at >= absl::Seconds(from) && at < absl::Seconds(to);
  }));
}

Scenario Killed() {
  Scenario s{"F01_killed_control_plane", UsualMesh, {}};
  s.script = {
      At(1, UnderCalls([](World& w) { w.control_plane().Kill(); })),
      At(2.2, [](World& w) { Expect(w, !w.ControlPlanes()[0].connected, "seems connected"); }),
  };
  s.length = absl::Seconds(61);
  s.settle = absl::Seconds(60);  // a back-off is in force
  s.expect = [](World& w) {
    ExpectServed(w, 0, 61);
    Expect(w, Opened(w, 1, 61) <= 9, "more than 9 attempts in 60 s");
    for (const auto& resource : w.Resources()) {
      Expect(w, resource.state == xds::ResourceStatus::State::kAcked, "a resource is lost");
    }
  };
  return s;
}

Scenario Restarted() {
  Scenario s{"F02_restarted_control_plane", UsualMesh, {}};
  s.script = {
      At(1, UnderCalls([](World& w) {
           w.noted("connections") = w.connector().established();
           w.control_plane().Kill();
         })),
      At(1.2,
         [](World& w) {
           w.noted("requests") = w.control_plane().requests();
           w.control_plane().Start();
         }),
  };
  s.length = absl::Seconds(10);
  s.expect = [](World& w) {
    ExpectServed(w, 0, 10);
    Expect(w, w.connector().established() == w.noted("connections"), "endpoints are reconnected");
    // All names, the version that is in force, and one acknowledgement of each type.
    const auto& first = w.control_plane().first_requests();
    Expect(w, first.size() == 4, "not all types are asked for");
    for (const auto& [type, request] : first) {
      Expect(w,
             request.resource_names_size() == 1 && request.version_info() == "1" &&
                 request.response_nonce().empty(),
             "the first request is not complete");
    }
    Expect(w, w.control_plane().requests() - w.noted("requests") == 8, "not one ACK of each type");
  };
  return s;
}

Scenario Hung() {
  Scenario s{"F03_hung_control_plane", UsualMesh, {}};
  s.script = {
      At(1, UnderCalls([](World& w) { w.control_plane().Hang(); })),
      Between(5, 40,
              [](World& w) {
                w.model().SetEndpoints(kCluster, {{"y", 1, 0, Addresses(0, 2)}});
              }),
      At(45, [](World& w) { Expect(w, Opened(w, 1, 45) > 0, "a silent stream is kept"); }),
      At(45, [](World& w) { w.control_plane().Resume(); }),
      At(50, [](World& w) { ExpectEndpoints(w, 2); }),
  };
  s.length = absl::Seconds(51);
  s.expect = [](World& w) { ExpectServed(w, 0, 51); };
  return s;
}

Scenario NotThereAtFirst() {
  Scenario s;
  s.name = "F04_no_control_plane_at_first";
  s.set_up = [](World& w) {
    w.control_plane().Kill();
    MeshModel::Service service;
    service.weights = {{kCluster, 1}};
    w.model().SetCluster(kCluster, UsualEndpoints());
    w.model().SetService(kService, std::move(service));
    w.OpenChannel(kService);
    Caller::Load load;
    load.targets = {kService};
    w.caller().Start(load);
  };
  s.script = {
      Between(0, 8,
              [](World& w) {
                CallSpec patient;
                patient.target = kService;
                patient.wait_for_ready = true;
                patient.timeout = absl::Minutes(1);
                patient.managed = w.dice().OneIn(2);
                w.noted("patient") = w.caller().Make(patient);
              }),
      Between(1, 9, [](World& w) { w.caller().Burst(3); }),
      At(10, [](World& w) { w.control_plane().Start(); }),
      Between(22, 24, [](World& w) { w.caller().Burst(3); }),
  };
  s.length = absl::Seconds(25);
  s.expect = [](World& w) {
    ExpectRefused(w, 1, 9.9, "connection refused");
    ExpectServed(w, 22, 25);  // the back-off was 6.6 s at most, with its jitter
    for (const CallEnd& call : w.caller().ended()) {
      if (call.number == w.noted("patient")) Expect(w, call.code == 0, "a patient call is lost");
    }
  };
  return s;
}

Scenario Omitting() {
  Scenario s;
  s.name = "F05_omitted_resource";
  s.set_up = [](World& w) {
    UsualMesh(w);
    w.model().SetRoute(kService, {{"late", 1}});
  };
  // The old route serves until it is known that the new one leads nowhere.
  s.script = {
      Between(16, 24, [](World& w) { w.caller().Burst(3); }),
      At(25, [](World& w) { w.model().SetCluster("late", UsualEndpoints()); }),
      At(26, [](World& w) { w.caller().Burst(3); }),
  };
  s.length = absl::Seconds(30);
  s.expect = [](World& w) {
    ExpectServed(w, 0, 14);
    ExpectRefused(w, 16, 25, "Cluster \"late\": does not exist (node \"node\"");
    ExpectServed(w, 26, 30);
  };
  return s;
}

Scenario Closing() {
  Scenario s{"F06_streams_that_end_at_once", UsualMesh, {}};
  s.script = {
      At(1, UnderCalls([](World& w) {
           w.control_plane().set_closes_at_once(true);
           w.control_plane().CloseStreams(absl::UnavailableError("not now"));
         })),
      At(61, [](World& w) { w.control_plane().set_closes_at_once(false); }),
      // After a good response, which may be a back-off of 51 s away, that begins anew.
      At(120, [](World& w) { w.control_plane().Kill(); }),
      At(124.5, [](World& w) { w.control_plane().Start(); }),
  };
  s.length = absl::Seconds(130);
  s.expect = [](World& w) {
    ExpectServed(w, 0, 130);
    // One at once, because the stream had served; then 1, 1.6, 2.56, ... seconds.
    Expect(w, Opened(w, 1, 61) <= 9, "more than 9 attempts in 60 s");
    Expect(w, Opened(w, 1, 61) >= 6, "fewer than 6 attempts in 60 s");
    Expect(w, Opened(w, 120, 128) >= 3, "the back-off was not reset");
  };
  return s;
}

Scenario Flapping() {
  Scenario s{"F31_flapping_link", UsualMesh, {}};
  for (int i = 0; i < 20; ++i) {
    s.script.push_back(Between(0.5 * i, 0.5 * i + 0.5, [](World& w) {
      w.control_plane().CloseStreams(absl::UnavailableError("connection reset"));
      if (w.dice().OneIn(4)) w.control_plane().PushAll();
    }));
  }
  s.script.push_back(Between(4, 9, UnderCalls([](World& w) {
                               w.model().SetEndpoints(kCluster, {{"y", 1, 0, Addresses(0, 2)}});
                             })));
  s.script.push_back(At(20, [](World& w) { ExpectEndpoints(w, 2); }));
  s.length = absl::Seconds(21);
  s.expect = [](World& w) { ExpectServed(w, 0, 21); };
  return s;
}

}  // namespace

std::vector<Scenario> ControlPlaneScenarios() {
  return {Killed(), Restarted(), Hung(), NotThereAtFirst(), Omitting(), Closing(), Flapping()};
}

}  // namespace mesh::simulation
