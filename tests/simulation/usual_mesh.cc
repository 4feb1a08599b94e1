#include "tests/simulation/usual_mesh.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace mesh::simulation {
namespace {

// How long a mesh may take from nothing to its first call.
constexpr absl::Duration kStart = absl::Seconds(2);

void StartMesh(World& world, const std::string& retry_on) {
  MeshModel::Service service;
  service.weights = {{kCluster, 1}};
  service.retry_on = retry_on;
  world.model().SetCluster(kCluster, UsualEndpoints());
  world.model().SetService(kService, std::move(service));
  world.OpenChannel(kService);
  Caller::Load load;
  load.targets = {kService};
  world.caller().Start(std::move(load));
  world.caller().Burst(2);
  world.RunFor(kStart);
}

}  // namespace

std::vector<std::string> Addresses(int number, int count) {
  std::vector<std::string> addresses;
  for (int i = 1; i <= count; ++i)
    addresses.push_back(absl::StrCat("10.0.", number, ".", i, ":80"));
  return addresses;
}

std::vector<Locality> UsualEndpoints() {
  return {{"y", 2, 0, Addresses(0, 2)}, {"z", 1, 0, Addresses(1, 1)}, {"w", 1, 1, Addresses(2, 1)}};
}

void UsualMesh(World& world) { StartMesh(world, ""); }
void UsualMeshWithRetries(World& world) { StartMesh(world, "unavailable"); }

Step At(double seconds, std::function<void(World&)> action) {
  return {absl::Seconds(seconds), absl::Seconds(seconds), std::move(action)};
}

Step Between(double from, double to, std::function<void(World&)> action) {
  return {absl::Seconds(from), absl::Seconds(to), std::move(action)};
}

std::function<void(World&)> UnderCalls(std::function<void(World&)> action) {
  return [action = std::move(action)](World& world) {
    world.caller().Burst(4);
    // Some calls have not begun, some are on their way, some are executed.
    const absl::Duration when = world.dice().Between(absl::ZeroDuration(), absl::Milliseconds(100));
    world.After(when, [&world, action] { action(world); });
  };
}

void Expect(World& world, bool condition, absl::string_view what) {
  if (!condition) world.violations().Add(Invariant::kExpectation, what);
}

void ExpectServed(World& world, double from, double to) {
  const absl::Duration begin = world.script_begin() + absl::Seconds(from);
  const absl::Duration end = world.script_begin() + absl::Seconds(to);
  size_t served = 0;
  for (const CallEnd& call : world.caller().ended()) {
    served += call.start >= begin && call.start < end ? 1 : 0;
  }
  Expect(world, served > 0, "no call was made");
  const std::vector<CallEnd> lost = world.caller().Lost(begin, end);
  if (lost.empty()) return;
  world.violations().Add(Invariant::kExpectation, lost.size(), " of ", served,
                         " calls are lost; the first is ", lost[0].number, ": ", lost[0].code, " ",
                         lost[0].message);
}

void ExpectRefused(World& world, double from, double to, absl::string_view because) {
  const absl::Duration begin = world.script_begin() + absl::Seconds(from);
  const absl::Duration end = world.script_begin() + absl::Seconds(to);
  size_t refused = 0;
  for (const CallEnd& call : world.caller().ended()) {
    if (call.start < begin || call.start >= end || call.spec.wait_for_ready) continue;
    ++refused;
    if (call.code == 14 && absl::StrContains(call.message, because) &&
        call.end - call.start <= absl::Milliseconds(100)) {
      continue;
    }
    world.violations().Add(Invariant::kExpectation, "call ", call.number, " ended with ", call.code,
                           " (", call.message, ") after ",
                           absl::FormatDuration(call.end - call.start),
                           ", instead of UNAVAILABLE at once");
    return;
  }
  Expect(world, refused > 0, "no call was made");
}

void ExpectLostOnlyOn(World& world, const std::vector<std::string>& addresses) {
  for (const CallEnd& call : world.caller().Lost(absl::ZeroDuration(), absl::InfiniteDuration())) {
    if (call.delivered > 0 &&
        std::find(addresses.begin(), addresses.end(), call.address) != addresses.end()) {
      continue;
    }
    world.violations().Add(Invariant::kExpectation, "call ", call.number, " is lost on ",
                           call.address, ": ", call.code, " ", call.message);
    return;
  }
}

void ExpectEndpoints(World& world, size_t count) {
  const Snapshot snapshot = world.SnapshotOf(kService);
  size_t endpoints = 0;
  for (const auto& cluster : snapshot.clusters) {
    for (const auto& locality : cluster.localities) endpoints += locality.endpoints.size();
  }
  if (endpoints == count) return;
  world.violations().Add(Invariant::kExpectation, "there are ", endpoints, " endpoints instead of ",
                         count);
}

}  // namespace mesh::simulation
