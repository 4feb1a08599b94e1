#include "examples/demo/story.h"

#include <chrono>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "examples/demo/child_process.h"
#include "examples/demo/control_plane.h"
#include "examples/demo/load.h"
#include "examples/demo/view.h"
#include "mesh/mesh.h"

namespace mesh::demo {
namespace {

constexpr int kThreads = 4;
constexpr int kCallsPerSecond = 800;

struct Endpoint {
  std::string name;
  std::string locality;
  std::string address;
  ChildProcess process;
};

// The processes of a small mesh: six echo endpoints in two localities, and a control plane.
class Cast {
 public:
  absl::Status Start() {
    for (const char* name : {"e1", "e2", "e3", "w1", "w2", "w3"}) {
      absl::StatusOr<ChildProcess> process = ChildProcess::Start({"endpoint", name});
      if (!process.ok()) return process.status();
      absl::StatusOr<std::string> port = process->ReadLine();
      if (!port.ok()) return port.status();
      endpoints_.push_back({name, name[0] == 'e' ? "east" : "west",
                            absl::StrCat("127.0.0.1:", *port), *std::move(process)});
    }
    absl::StatusOr<ChildProcess> process = ChildProcess::Start({"control-plane"});
    if (!process.ok()) return process.status();
    control_plane_ = *std::move(process);
    absl::StatusOr<std::string> port = control_plane_.ReadLine();
    if (!port.ok()) return port.status();
    control_plane_address_ = absl::StrCat("127.0.0.1:", *port);
    return Assign(1, 1, 6);
  }

  // Tells the control plane the localities' weights, and how many of the endpoints there are.
  absl::Status Assign(int east, int west, size_t count) {
    std::vector<LocalityAssignment> assignment = {{"east", east, {}}, {"west", west, {}}};
    for (size_t i = 0; i < count; ++i) {
      assignment[endpoints_[i].locality == "east" ? 0 : 1].addresses.push_back(
          endpoints_[i].address);
    }
    if (absl::Status status = control_plane_.WriteLine(AssignmentText(assignment)); !status.ok()) {
      return status;
    }
    const absl::StatusOr<std::string> answer = control_plane_.ReadLine();
    if (!answer.ok()) return answer.status();
    return *answer == "ok" ? absl::OkStatus() : absl::InternalError(*answer);
  }

  void KillEndpoint(size_t index) { endpoints_[index].process.Kill(); }
  void KillControlPlane() { control_plane_.Kill(); }

  const std::string& control_plane_address() const { return control_plane_address_; }
  const std::vector<Endpoint>& endpoints() const { return endpoints_; }

 private:
  std::vector<Endpoint> endpoints_;
  ChildProcess control_plane_;
  std::string control_plane_address_;
};

std::string Bootstrap(const std::string& control_plane) {
  return absl::StrCat(R"({"xds_servers": [{"server_uri": ")", control_plane,
                      R"(", "channel_creds": [{"type": "insecure"}]}],)",
                      R"("node": {"id": "demo", "locality": {"zone": "east"}}})");
}

struct Scene {
  double at_second;
  std::string headline;
  std::function<absl::Status()> act;
};

std::vector<Scene> Scenes(Cast* cast) {
  const auto kill_endpoint = [cast] {
    cast->KillEndpoint(0);
    return absl::OkStatus();
  };
  const auto kill_control_plane = [cast] {
    cast->KillControlPlane();
    return absl::OkStatus();
  };
  return {
      {4, "new weights: east 3, west 1", [cast] { return cast->Assign(3, 1, 6); }},
      {8, "endpoint w3 is removed from the configuration",
       [cast] { return cast->Assign(3, 1, 5); }},
      {12, "endpoint e1 is killed (the route carries retry_on: unavailable)", kill_endpoint},
      {16, "the control plane is killed: the last configuration goes on serving",
       kill_control_plane},
  };
}

}  // namespace

int TellStory(bool terminal) {
  Cast cast;
  if (absl::Status status = cast.Start(); !status.ok()) {
    std::cerr << "demo: " << status.message() << "\n";
    return 1;
  }
  Options options;
  options.bootstrap_json = Bootstrap(cast.control_plane_address());
  absl::StatusOr<std::unique_ptr<Mesh>> mesh = Mesh::Create(std::move(options));
  if (!mesh.ok()) {
    std::cerr << "demo: " << mesh.status().message() << "\n";
    return 1;
  }

  std::vector<View::Column> columns;
  for (const Endpoint& endpoint : cast.endpoints()) {
    columns.push_back({endpoint.name, endpoint.locality});
  }
  View view(std::move(columns), terminal);
  view.Headline(absl::StrCat("a control plane on ", cast.control_plane_address(),
                             ", six endpoints in two localities, ", kCallsPerSecond,
                             " calls a second to xds:///echo"));

  Load load((*mesh)->Channel("xds:///echo"), kThreads, kCallsPerSecond);
  const auto begin = std::chrono::steady_clock::now();
  const std::vector<Scene> scenes = Scenes(&cast);
  size_t next = 0;
  for (;;) {
    std::this_thread::sleep_for(std::chrono::milliseconds(250));
    const double second =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    view.Show(second, load.counts());
    if (second >= 20.5) break;
    if (next < scenes.size() && second >= scenes[next].at_second) {
      const Scene& scene = scenes[next++];
      view.Headline(scene.headline);
      if (absl::Status status = scene.act(); !status.ok()) {
        std::cerr << "demo: " << status.message() << "\n";
        return 1;
      }
    }
  }
  load.Stop();
  const Load::Counts counts = load.counts();
  if (counts.failed > 0) view.Finish(absl::StrCat("first failure: ", counts.first_error));
  view.Finish(absl::StrCat(counts.calls, " calls, ", counts.failed, " failed"));
  return counts.failed == 0 && counts.calls > 0 ? 0 : 1;
}

}  // namespace mesh::demo
