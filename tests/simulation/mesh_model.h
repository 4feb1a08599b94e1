#ifndef TESTS_SIMULATION_MESH_MODEL_H_
#define TESTS_SIMULATION_MESH_MODEL_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/control_plane.h"
#include "tests/testing/service_resources.h"

namespace mesh::simulation {

using Locality = testing::ServiceResources::Locality;

// What the operator of a mesh wants: services with a weighted route each, clusters with endpoints.
// Every change goes to the control plane at once. It remembers the last good state of each
// resource, which is what clients must end up with. Thread-compatible.
class MeshModel {
 public:
  struct Service {
    std::map<std::string, uint32_t> weights;
    std::string retry_on;
    uint32_t num_retries = 1;
    bool listed = true;   // it has a listener
    std::string version;  // of the endpoints that its route asks for; empty: of any
  };
  // Whether a cluster has a subset of its endpoints for each version, and who takes calls that ask
  // for a version that none has, or for none.
  enum class Subsets { kNone, kOrNobody, kOrAnybody };
  struct Cluster {
    std::vector<Locality> localities;
    bool named = true;             // there is a Cluster resource
    std::string assignment;        // of its endpoints; empty: its own
    bool ejects = false;           // see SetOutlierDetection()
    uint32_t connect_timeout = 5;  // in seconds
    Subsets subsets = Subsets::kNone;
    std::vector<std::string> children = {};  // not empty: it aggregates these, and has no endpoints
  };

  explicit MeshModel(ControlPlane* control_plane) : control_plane_(control_plane) {}

  void SetService(const std::string& name, Service service);
  void SetRoute(const std::string& service, std::map<std::string, uint32_t> weights);
  void SetVersion(const std::string& service, const std::string& version);
  void RemoveListener(const std::string& service);
  void RestoreListener(const std::string& service);
  void SetCluster(const std::string& name, std::vector<Locality> localities);
  void SetEndpoints(const std::string& cluster, std::vector<Locality> localities);
  // Its endpoints are those of another cluster from now on; empty: its own again.
  void SetAssignment(const std::string& cluster, const std::string& assignment);
  // Whether endpoints are ejected: for five failures in a row, all of them if need be, for two
  // seconds and as many more for each time before.
  void SetOutlierDetection(const std::string& cluster, bool on);
  // An option of connections: another one makes them anew.
  void SetConnectTimeout(const std::string& cluster, uint32_t seconds);
  void SetSubsets(const std::string& cluster, Subsets subsets);
  // None of the children aggregates others. REQUIRES: they are known.
  void SetAggregate(const std::string& cluster, std::vector<std::string> children);
  void RemoveCluster(const std::string& name);
  void RestoreCluster(const std::string& name);

  // What a client must reject, in place of the good resource, which stays the last good one.
  void Spoil(const std::string& type_url, const std::string& name);
  // All that was spoilt is good again.
  void Repair();
  bool IsSpoilt() const { return !spoilt_.empty(); }

  const std::map<std::string, Service>& services() const { return services_; }
  const std::map<std::string, Cluster>& clusters() const { return clusters_; }
  // The endpoints of a cluster. REQUIRES: it is known, and aggregates none.
  const std::vector<Locality>& Endpoints(const std::string& cluster) const;
  // Those that calls for a version are shared among, whatever their health.
  std::vector<Locality> Candidates(const std::string& cluster, const std::string& version) const;
  // Those that take its calls for a version while all servers are well, as priorities share them.
  std::set<std::string> Serving(const std::string& cluster, const std::string& version) const;
  // All that a service's route leads to.
  std::set<std::string> Addresses(const std::string& service) const;

 private:
  void PutService(const std::string& name);
  void PutRoute(const std::string& service);
  void PutCluster(const std::string& name);
  void PutEndpoints(const std::string& name);

  ControlPlane* const control_plane_;
  std::map<std::string, Service> services_;
  std::map<std::string, Cluster> clusters_;
  std::set<std::pair<std::string, std::string>> spoilt_;  // type and name
};

}  // namespace mesh::simulation

#endif  // TESTS_SIMULATION_MESH_MODEL_H_
