#ifndef MESH_CALL_CALL_CONFIG_H_
#define MESH_CALL_CALL_CONFIG_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "mesh/base/epoch.h"
#include "mesh/cluster/cluster.h"
#include "mesh/model/service_config.h"

namespace mesh::call {

// What stands for a call where a route and a policy choose, the same for all its attempts. A value.
struct CallKey {
  uint64_t random = 0;           // uniform; chooses among a route's clusters
  std::optional<uint64_t> hash;  // for the policies that follow one; none: they choose at random
};

// A route as calls use it. Immutable.
struct CallRoute {
  struct Share {
    std::shared_ptr<cluster::Cluster> cluster;
    uint64_t end = 0;  // of its part of [0, total weight): the sum of the weights up to it
    std::shared_ptr<const model::MetadataMatch> match;  // of the calls that go there; null: none
  };

  model::PathMatcher path;
  std::vector<Share> shares;  // at least one
  model::RetryPolicy retry;   // retry_on is empty where nothing is retried
  model::RoutingPriority priority = model::RoutingPriority::kDefault;
  absl::Duration timeout = absl::InfiniteDuration();

  // The share that `random`, uniform, stands for.
  const Share& Choose(uint64_t random) const;
};

// What a channel's calls read: the routes of its target, or why there are none. Published;
// immutable.
struct CallConfig {
  // Not OK: calls fail with it (UNAVAILABLE; the text names target and cause).
  absl::Status status;
  // With `status`: for good, also for calls that wait for readiness.
  bool shut_down = false;
  std::vector<CallRoute> routes;  // the first that matches wins

  // Null if none takes `path`.
  const CallRoute* Find(absl::string_view path) const;
};

// Ordered, so that whatever is done to all of them is done in one order.
using ClustersByName = absl::btree_map<std::string, std::shared_ptr<cluster::Cluster>>;

// The routes of `virtual_host`. REQUIRES: `clusters` has every cluster that they name (gRFC A74).
std::unique_ptr<const CallConfig> CompileCallConfig(const model::VirtualHost& virtual_host,
                                                    const ClustersByName& clusters);

// Where a call goes next.
struct GoTo {
  cluster::Permit permit;
  const CallRoute* route;  // valid while the reader lives
};
// Nothing is connected yet, or nothing is known yet: then both are null. They are valid while the
// reader lives.
struct WaitFor {
  const CallRoute* route;
  const cluster::Cluster* cluster;
};
struct GiveUp {
  absl::Status status;      // UNAVAILABLE
  bool for_good = false;    // it does not help to wait for readiness
  bool dropped = false;     // the cluster wants it so: what an earlier attempt ended with stands
  bool overloaded = false;  // a limit of the cluster is reached
};
using NextStep = std::variant<GoTo, WaitFor, GiveUp>;

// Routes and picks. `config` may be null. Takes no lock; allocates nothing if it can pick.
NextStep ChooseNextStep(const CallConfig* config, absl::string_view path, uint64_t random,
                        const cluster::PickRequest& request, const EpochReader& reader);

}  // namespace mesh::call

#endif  // MESH_CALL_CALL_CONFIG_H_
