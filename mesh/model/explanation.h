#ifndef MESH_MODEL_EXPLANATION_H_
#define MESH_MODEL_EXPLANATION_H_

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "mesh/model/snapshot.h"

namespace mesh {

// A call as routes see it. A value.
struct CallDescription {
  std::string path;  // `/package.Service/Method`
  // Keys in lower case. No route looks at metadata so far: routes that ask for it are rejected.
  std::vector<std::pair<std::string, std::string>> metadata;
};

// What would become of a call to a target at one moment, and why: what Mesh::Explain delivers.
// Immutable once delivered.
struct Explanation {
  enum class Outcome {
    kServed,  // it is given to an endpoint
    kPartly,  // which of the route's clusters it draws decides: some can serve, others cannot
    kWaits,   // it is held until it can be served or its deadline ends
    kFails,   // UNAVAILABLE; a call that waits for readiness is held
  };
  // Of the routes in force. The target's name chooses one.
  struct VirtualHost {
    std::string name;
    std::vector<std::string> domains;
    bool serves = false;
  };
  // Of the virtual host that serves the target. The first that matches takes the call.
  struct Route {
    Snapshot::Route route;
    bool takes = false;
    std::string mismatch;  // why it does not match; empty for the one that takes the call, and for
                           // those after it, which are not reached
  };
  // Of the route that takes the call.
  struct Cluster {
    Snapshot::Share share;  // of the route's calls
    Snapshot::Cluster cluster;
  };

  std::string target;
  std::string node_id;
  CallDescription call;
  Outcome outcome = Outcome::kWaits;
  std::string reason;    // why it is not kServed; empty if it is
  bool settled = false;  // nothing is under way that may soon change the answer

  std::vector<VirtualHost> virtual_hosts;
  std::vector<Route> routes;
  std::optional<size_t> route;  // in `routes`; none: no route takes the call, or there is none
  std::vector<Cluster> clusters;

  std::vector<Snapshot::ControlPlane> control_planes;
  // Those that the call depends on, and those of the target with which something is wrong.
  std::vector<Snapshot::Resource> resources;
  // One text each, the resource first, the cause after the colon.
  std::vector<std::string> held;  // in force, though it is not the newest; or kept from being it
  std::vector<std::string> rejected;  // received and refused
  std::vector<std::string> missing;   // asked for and not there
  std::vector<std::string> ignored;   // fields that were received and do nothing

  // The share of all calls like this one that the endpoint would get now. REQUIRES: indices of
  // `clusters`, of its localities and of their endpoints.
  double ShareOf(size_t cluster, size_t locality, size_t endpoint) const;
};

// `served`, `partly`, `waits`, `fails`.
absl::string_view ToString(Explanation::Outcome outcome);

}  // namespace mesh

#endif  // MESH_MODEL_EXPLANATION_H_
