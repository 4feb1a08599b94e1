#ifndef MESH_MODEL_SNAPSHOT_H_
#define MESH_MODEL_SNAPSHOT_H_

#include <cstdint>
#include <string>
#include <vector>

namespace mesh {

// A value that says all that a mesh knows of a target at one moment: what Mesh::Watch delivers.
// Everything is text or numbers, ready to print. Immutable once delivered.
struct Snapshot {
  // So many of so many calls, in lowest terms; 0 of 1: none.
  struct Share {
    uint64_t part = 0;
    uint64_t of = 1;
    double value() const { return static_cast<double>(part) / static_cast<double>(of); }
  };
  struct Resource {    // one xDS resource that the target depends on
    std::string type;  // short name: `Listener`, `RouteConfiguration`, `Cluster`, ...
    std::string name;
    std::string state;    // `REQUESTED`, `ACKED`, `NACKED`, `DOES_NOT_EXIST`, ... as CSDS has it
    std::string version;  // of the accepted resource; empty if there is none
    std::string error;    // of the last failed update; empty if there is none
    std::string failed_version;  // of the rejected update; empty if there is none
  };
  struct Endpoint {
    std::string address;
    std::string state;   // connection: `idle`, `connecting`, `ready`, `failing`
    std::string health;  // as the control plane says: `healthy`, `unknown`, `draining`, ...
    uint32_t weight = 1;
    uint64_t in_flight = 0;    // calls now
    Share share = {};          // of the calls that its locality gets now
    std::string excluded;      // why that is none; empty if it is some
    uint32_t connections = 0;  // to it now, those that connect or end included
  };
  struct LocalityEndpoints {
    std::string locality;  // `region/zone/sub_zone`
    uint32_t priority = 0;
    uint32_t weight = 0;
    std::vector<Endpoint> endpoints;
    Share share = {};          // of the calls that the cluster gets now
    std::string cluster = {};  // of an aggregate: the child that it is of; else empty
  };
  struct Priority {
    uint32_t priority = 0;  // 0 is the highest
    // `serving`; `connecting`: it is to take calls, and no endpoint of it is connected yet;
    // `failing`; `overdue`: another one takes its calls; `standby`: connected but not needed;
    // `refusing`: its calls fail, as it panics and fail_traffic_on_panic is set; `unstarted`: never
    // needed; `empty`: no endpoint of it may take calls.
    std::string state;
    uint64_t usable = 0;       // endpoints that may take calls once they are connected
    uint64_t ready = 0;        // of them, those that are connected
    uint64_t connecting = 0;   // of them, those that are to be connected and are not yet
    uint32_t load = 0;         // of the cluster's calls, in percent
    bool panic = false;        // too few are healthy to leave the others out, or to serve
    std::string cluster = {};  // of an aggregate: the child that it is of; else empty
  };
  // A circuit breaker of a cluster, for the calls of one routing priority. Limits that are not set
  // are not here.
  struct Limit {
    // `max_connections`, `max_pending_requests`, `max_requests`, `max_retries`, or `retry_budget`.
    std::string name;
    std::string priority;  // `DEFAULT` or `HIGH`
    uint64_t limit = 0;    // of a retry_budget: the retries that it allows now
    uint64_t in_use = 0;
    // How many more there may be; 0 of a retry_budget, as in Envoy (remaining_rq, remaining_cx,
    // ...).
    uint64_t remaining = 0;
    uint64_t refused = 0;      // ever (Envoy's upstream_*_overflow); connections are not refused
    std::string cluster = {};  // of an aggregate: the child that it is of; else empty
  };
  struct Child {  // of an aggregate
    std::string name;
    std::string state;  // as a cluster's
    std::string error;
  };
  struct Subset {          // of a cluster's endpoints
    std::string metadata;  // that they have: `stage="prod", version="v1"`
    std::string state;     // as a cluster's; `idle`: no call has named it yet
    uint64_t endpoints = 0;
    uint64_t ready = 0;  // of them, those that are connected to take its calls
  };
  struct Cluster {
    std::string name;
    std::string state;  // `idle`, `connecting`, `ready`, `failing`
    std::string error;  // why it does not serve, or what was wrong with its last update
    std::vector<LocalityEndpoints> localities;
    // `round_robin`, `least_request`, `ring_hash`, ...; `aggregate`: the first of its children that
    // can; empty: the cluster has no configuration.
    std::string policy;
    std::vector<Priority> priorities;  // of an aggregate: its children's, one after the other
    std::vector<Child> children = {};  // the first is preferred; empty but for an aggregate
    std::vector<Limit> limits = {};    // of an aggregate: its children's
    // Where only what takes the calls of one route is told of: what these name, and the subset that
    // takes them; empty: what they fall back to does. Else both are empty.
    std::string named = {};
    std::string subset = {};
    std::vector<Subset> subsets = {};  // at most 100: first those that calls have named
    uint64_t subset_count = 0;         // all
    // How the localities of priority 0 share calls by zone: `direct`, `residual: 55.5 % stay`, or
    // `off: ` and why. Empty: they do not, and nobody asked for it.
    std::string zone_routing = {};
    // News of endpoints, which is told here, is about to change which of them take calls.
    bool unsettled = false;
  };
  struct WeightedCluster {
    std::string cluster;
    uint32_t weight = 1;
    std::string metadata = {};  // that its calls name: `version="v1"`; empty: none
  };
  struct Route {
    std::string name;
    std::string match;  // `prefix "/"`
    std::vector<WeightedCluster> clusters;
    std::string retry;    // `UNAVAILABLE, at most 2 retries`; empty: none
    std::string timeout;  // `1.5s`; empty: none
  };
  struct ControlPlane {
    std::string server;  // its URI
    bool connected = false;
    std::string error;  // of the last failure; empty if there is none
  };

  std::string target;
  std::string node_id;
  std::string error;  // why the target has no configuration; empty if it has one
  std::vector<ControlPlane> control_planes;
  std::vector<Resource> resources;
  std::vector<Route> routes;
  std::vector<Cluster> clusters;
  std::vector<std::string> ignored;  // fields that were received and do nothing, by name
};

}  // namespace mesh

#endif  // MESH_MODEL_SNAPSHOT_H_
