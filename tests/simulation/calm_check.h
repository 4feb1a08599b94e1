#ifndef TESTS_SIMULATION_CALM_CHECK_H_
#define TESTS_SIMULATION_CALM_CHECK_H_

#include <set>
#include <string>

#include "tests/simulation/world.h"

namespace mesh::simulation {

// What holds in a world that has been calm for a while. Thread-compatible.
class CalmCheck {
 public:
  explicit CalmCheck(World* world) : world_(*world) {}

  // Of each channel: routes, clusters and endpoints are the model's.
  void CheckState();
  // Of each channel: every endpoint of the first priority is reached by calls, and nothing else.
  void CheckReach();
  // Clusters, connections, subscriptions, streams, timers: as many as that takes. No permit is out.
  void CheckLeftovers();

 private:
  void CheckChannel(const std::string& service, const MeshModel::Service& wanted);
  void CheckCluster(const std::string& service, const std::string& name);
  void CheckEndpoints(const std::string& label, const std::string& version,
                      const Snapshot::Cluster& cluster);
  // What takes the service's calls to that cluster, as its channel tells it.
  Snapshot::Cluster Taker(const std::string& service, const std::string& cluster);
  template <typename... Parts>
  void Differ(const Parts&... parts) {
    world_.violations_.Add(Invariant::kConvergence, parts...);
  }
  bool MayWait(const CallSpec& call) const;
  std::set<std::string> ConfiguredAddresses();

  World& world_;
};

}  // namespace mesh::simulation

#endif  // TESTS_SIMULATION_CALM_CHECK_H_
