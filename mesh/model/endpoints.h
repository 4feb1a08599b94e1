#ifndef MESH_MODEL_ENDPOINTS_H_
#define MESH_MODEL_ENDPOINTS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "mesh/model/metadata_match.h"

namespace mesh::model {

// What the control plane says of an endpoint (envoy.config.core.v3.HealthStatus).
enum class HealthStatus : uint8_t {
  kUnknown,
  kHealthy,
  kUnhealthy,
  kDraining,
  kTimeout,
  kDegraded
};

// Whether calls may go to an endpoint of that status while others are there. (kDegraded counts as
// usable only for the rules that know degraded endpoints.)
inline bool IsUsable(HealthStatus health) {
  return health == HealthStatus::kUnknown || health == HealthStatus::kHealthy;
}

// What few endpoints have. Immutable.
struct EndpointExtras {
  std::string hash_key;     // what is hashed for ring and table; empty: the address (gRFC A76)
  std::string hostname;     // what policies that hash by name hash if there is no hash_key
  MetadataFields metadata;  // that subsets may name
  std::string health_check_hostname;  // the host or authority of its checks; empty: as they say
  // Further addresses of the endpoint, as EndpointConfig::address, but no names (gRFC A61).
  std::vector<std::string> additional_addresses;
  uint32_t health_check_port = 0;  // 0: that of the address
  bool disable_active_health_check = false;

  bool operator==(const EndpointExtras& other) const {
    return hash_key == other.hash_key && hostname == other.hostname && metadata == other.metadata &&
           health_check_hostname == other.health_check_hostname &&
           additional_addresses == other.additional_addresses &&
           health_check_port == other.health_check_port &&
           disable_active_health_check == other.disable_active_health_check;
  }
};

// One server as the control plane names it. Immutable.
struct EndpointConfig {
  // `10.0.0.1:8080`, `[2001:db8::1]:8080`, `unix:/path`, or `name:port` where the name is still
  // to be resolved.
  std::string address;
  uint32_t weight = 1;
  HealthStatus health = HealthStatus::kUnknown;
  std::shared_ptr<const EndpointExtras> extras;  // null: none

  bool operator==(const EndpointConfig& other) const {
    return address == other.address && weight == other.weight && health == other.health &&
           (extras == other.extras ||
            (extras != nullptr && other.extras != nullptr && *extras == *other.extras));
  }
};

// Whether the host of an endpoint's address is neither an IPv4 nor an IPv6 address, nor a path.
bool IsNamed(const EndpointConfig& endpoint);

// An immutable sequence of endpoints in chunks that successive versions share, so that a change
// of one endpoint of 100,000 copies a chunk and the list of chunks. Two versions that share a
// chunk share its pointer: whoever compares them skips it. Immutable once built.
class EndpointList {
 public:
  static constexpr size_t kChunkSize = 256;  // the most endpoints in a chunk
  struct Chunk {
    std::vector<EndpointConfig> endpoints;  // not empty
    bool has_names = false;                 // the address of one of them may be a name
  };

  EndpointList() = default;
  // REQUIRES: no chunk is there twice.
  explicit EndpointList(std::vector<std::shared_ptr<const Chunk>> chunks);
  // The list of `endpoints`, in full chunks, which know whether they have names.
  static EndpointList Of(std::vector<EndpointConfig> endpoints);

  const std::vector<std::shared_ptr<const Chunk>>& chunks() const { return chunks_; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // Costs a look at each chunk.
  bool has_names() const;

  template <typename F>
  void ForEach(F f) const {
    for (const std::shared_ptr<const Chunk>& chunk : chunks_) {
      for (const EndpointConfig& endpoint : chunk->endpoints) f(endpoint);
    }
  }

 private:
  std::vector<std::shared_ptr<const Chunk>> chunks_;
  size_t size_ = 0;
};

// Where endpoints are (envoy.config.core.v3.Locality). Any part may be empty.
struct Locality {
  std::string region;
  std::string zone;
  std::string sub_zone;

  bool operator==(const Locality& other) const {
    return region == other.region && zone == other.zone && sub_zone == other.sub_zone;
  }
  // `region/zone/sub_zone`.
  std::string ToString() const;
};

// The endpoints of one locality at one priority. Immutable.
struct LocalityEndpoints {
  Locality locality;
  uint32_t priority = 0;  // 0 is the highest
  uint32_t weight = 0;    // relative to the priority's other localities; meaningful if weighted
  EndpointList endpoints;
};

// Calls that are to fail (envoy ClusterLoadAssignment.Policy.DropOverload).
struct DropCategory {
  std::string name;
  uint32_t per_million = 0;  // of the calls that the categories before left; at most 1,000,000

  bool operator==(const DropCategory& other) const {
    return name == other.name && per_million == other.per_million;
  }
};

// All endpoints of a cluster (envoy.config.endpoint.v3.ClusterLoadAssignment). Immutable.
struct ClusterLoadAssignment {
  std::string cluster_name;
  // In the order received; priorities are contiguous from 0. Localities that take no load are
  // not here. Versions share the localities that did not change.
  std::vector<std::shared_ptr<const LocalityEndpoints>> localities;
  uint32_t overprovisioning_factor = 140;  // percent
  // Priorities are weighed by the weights of their endpoints instead of by their number.
  bool weighted_priority_health = false;
  std::vector<DropCategory> drops;   // in their order
  std::vector<std::string> ignored;  // names of the fields that were received and do nothing

  size_t endpoint_count() const;
  // Whether names are to be resolved. Costs a look at each chunk of endpoints.
  bool has_names() const;
};

}  // namespace mesh::model

#endif  // MESH_MODEL_ENDPOINTS_H_
