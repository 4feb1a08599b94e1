#ifndef MESH_MODEL_ZONE_AWARE_H_
#define MESH_MODEL_ZONE_AWARE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mesh/model/endpoints.h"

namespace mesh::model {

// How calls prefer endpoints of the caller's own locality, where localities do not share by weight
// (envoy common.proto, ZoneAwareLbConfig). A value.
struct ZoneAware {
  bool asked = false;              // the configuration has it; else these are Envoy's defaults
  uint32_t routing_enabled = 100;  // of the calls, in percent
  uint64_t min_cluster_size = 6;   // with fewer healthy endpoints calls prefer none
  // All calls stay where so many healthy endpoints are, whatever others have; none: they do not.
  std::optional<uint32_t> force_local_zone;
  bool by_weight = false;  // endpoints count by their weights
};

// The cluster that the calling process is one of, as far as zone-aware routing looks at it: its
// first priority, as the control plane has it. Immutable.
struct LocalCluster {
  struct Zone {
    Locality locality;
    uint64_t endpoints = 0;  // above 0
    uint64_t healthy = 0;    // of them
    uint64_t weight = 0;     // of the healthy ones

    bool operator==(const Zone& other) const {
      return locality == other.locality && endpoints == other.endpoints &&
             healthy == other.healthy && weight == other.weight;
    }
  };

  Locality own;             // where the process is
  std::vector<Zone> zones;  // each locality once
  uint64_t endpoints = 0;   // of all zones
  uint64_t draining = 0;    // of those
  uint64_t usable = 0;      // of those, healthy or degraded

  // Null: nothing is known of it.
  static std::shared_ptr<const LocalCluster> Of(const ClusterLoadAssignment* endpoints,
                                                const Locality& own);

  bool operator==(const LocalCluster& other) const {
    return own == other.own && zones == other.zones && endpoints == other.endpoints &&
           draining == other.draining && usable == other.usable;
  }
};

}  // namespace mesh::model

#endif  // MESH_MODEL_ZONE_AWARE_H_
