#ifndef MESH_MODEL_SERVICE_CONFIG_H_
#define MESH_MODEL_SERVICE_CONFIG_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "mesh/model/cluster.h"
#include "mesh/model/route.h"

namespace mesh::model {

// All that a resolver knows of a target at one moment, consistent in itself: every cluster that
// a route names is among the clusters (gRFC A74). Immutable; an update is a new value that shares
// what did not change, so that pointers tell what did.
struct ServiceConfig {
  // Keeps `virtual_host` alive.
  std::shared_ptr<const RouteConfiguration> routes;
  // The one that serves the target; never null.
  const VirtualHost* virtual_host = nullptr;
  // Sorted by key.cluster, each once.
  std::vector<std::shared_ptr<const ClusterConfig>> clusters;
  // Errors that left the last good listener or routes in force; empty if all is well.
  std::vector<std::string> ambient_errors;
  // `Listener "a": bypass_...`: fields of the listener and routes that do nothing here.
  std::vector<std::string> ignored;
};

// Adds the fields of `config`'s cluster and endpoints, and of its children's, that do nothing
// here, as ServiceConfig::ignored has those of listener and routes; each once.
void AppendIgnored(const ClusterConfig& config, std::vector<std::string>* ignored);

}  // namespace mesh::model

#endif  // MESH_MODEL_SERVICE_CONFIG_H_
