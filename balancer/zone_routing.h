#ifndef BALANCER_ZONE_ROUTING_H_
#define BALANCER_ZONE_ROUTING_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "mesh/model/zone_aware.h"

namespace mesh::balancer {

// A locality of a cluster that calls go to, and of the local cluster, which the caller is one of.
struct ZoneView {
  uint64_t healthy = 0;       // endpoints of the cluster
  uint64_t weight = 0;        // what these count: their number, or the sum of their weights
  uint64_t local_weight = 0;  // what the healthy endpoints of the local cluster count
  uint64_t ready_weight = 0;  // what takes calls now, as a weight: its share without zones
};

// The local cluster.
struct LocalClusterView {
  size_t localities = 0;       // that have endpoints
  uint64_t own_endpoints = 0;  // in the caller's own locality, healthy or not
  uint64_t weight = 0;         // what its healthy endpoints count, wherever they are
  bool panics = false;         // too few of them are healthy to say anything
};

// What becomes of zone-aware routing.
enum class ZoneState : uint8_t {
  kDirect,    // all calls stay in the caller's locality
  kResidual,  // some do, the others go where there is more than callers there need
  // It is off, and localities share as without it, because ...
  kOneLocality,       // ... there are no other localities
  kOneLocalLocality,  // ... all callers are in one
  kNotLocal,          // ... the local cluster has no endpoint where the caller is
  kTooSmall,          // ... the cluster has too few healthy endpoints
  kLocalPanic,        // ... too few endpoints of the local cluster are healthy
};

// A value.
struct ZoneRouting {
  ZoneState state = ZoneState::kOneLocality;
  uint32_t stay = 0;             // kResidual: of 10,000 calls, those that stay in the locality
  std::vector<uint64_t> shares;  // of each locality, as weights; empty if it is off
};

// How callers in the locality `own` (none: the cluster has no endpoints there) share calls among
// localities so that as few as possible leave theirs, and all endpoints still get the same (envoy
// load_balancer_impl, ZoneAwareLoadBalancerBase). Percentages are cut to hundredths, as there;
// among the others calls go round by share, not at random. A locality where nothing is ready gets
// nothing; if that leaves nothing, localities share as without zones.
ZoneRouting RouteByZone(const std::vector<ZoneView>& zones, std::optional<size_t> own,
                        const LocalClusterView& local, const model::ZoneAware& settings);

}  // namespace mesh::balancer

#endif  // BALANCER_ZONE_ROUTING_H_
