#ifndef MESH_CLUSTER_LOCALITY_H_
#define MESH_CLUSTER_LOCALITY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "balancer/policy.h"
#include "mesh/cluster/endpoint_table.h"
#include "mesh/cluster/ready_list.h"
#include "mesh/model/endpoints.h"

namespace mesh::cluster {

// The endpoints that are configured for a locality at one priority, in an order of their own (by
// a seeded hash of the address), and those among them that are connected: the first ones in that
// order, so that few change when endpoints come and go, and clients with other seeds connect to
// others. Serializer-bound.
class Locality {
 public:
  // `table` outlives the locality.
  Locality(EndpointTable* table, uint64_t seed) : table_(table), seed_(seed) {}
  // Detaches everything.
  ~Locality();
  Locality(const Locality&) = delete;
  Locality& operator=(const Locality&) = delete;

  // Takes over a configuration, at the cost of the chunks that it does not share with the last.
  void Update(std::shared_ptr<const model::LocalityEndpoints> endpoints);

  // Connects the first `quota` usable endpoints. One that is failing is replaced by the next one
  // while it fails, but goes on trying. Those that are no longer among the first stay while they
  // are ready and not as many of the first are.
  void Select(uint64_t quota);
  // Connects nothing any more.
  void Stop();

  // A connection of the endpoint, which `place` names, was in state `old`.
  void OnState(const TableEndpoint& endpoint, const Place& place, wire::ConnectionState old);

  const std::shared_ptr<const model::LocalityEndpoints>& endpoints() const { return endpoints_; }
  size_t usable() const { return usable_; }
  bool has_connections() const { return !attached_.empty(); }
  // Usable endpoints in a state.
  size_t count(wire::ConnectionState state) const { return counts_[static_cast<size_t>(state)]; }
  uint64_t ready_weight() const { return ready_.weight(); }
  std::shared_ptr<const PickerPart> Part(const balancer::PolicyBuilder& policy) {
    return ready_.Part(policy);
  }
  // What Part() returned last.
  const PickerPart* last_part() const { return ready_.last_part(); }
  // Whether something has changed that Select() looks at, since the last one.
  bool needs_selection() const { return needs_selection_; }

  // Calls `visit(const model::EndpointConfig&, const TableEndpoint* or null)` with each place.
  void ForEach(
      const std::function<void(const model::EndpointConfig&, const TableEndpoint*)>& visit) const;

 private:
  struct Entry {
    const model::EndpointConfig* config;  // in endpoints_
    TableEndpoint* endpoint;              // null: not connected
  };
  using Entries = absl::btree_multimap<uint64_t, Entry>;  // by hash

  uint64_t HashOf(absl::string_view address) const;
  Place PlaceOf(const model::EndpointConfig& config);
  Entries::iterator Find(const model::EndpointConfig* config);
  void Add(uint64_t hash, const model::EndpointConfig* config);
  void Remove(const model::EndpointConfig* config);
  void Change(const model::EndpointConfig* from, const model::EndpointConfig* to);
  void Attach(uint64_t hash, Entry* entry);
  void Detach(Entry* entry);
  void Count(const TableEndpoint& endpoint, const Place& place, wire::ConnectionState state,
             int sign);
  void SelectAll();
  void SelectFirst(uint64_t quota);

  EndpointTable* const table_;
  const uint64_t seed_;
  std::shared_ptr<const model::LocalityEndpoints> endpoints_;
  Entries entries_;
  absl::flat_hash_map<TableEndpoint*, uint64_t> attached_;  // with its hash
  size_t usable_ = 0;
  std::array<size_t, 4> counts_ = {};  // of usable attached places, by connection state
  ReadyList ready_;
  bool all_ = false;  // every usable endpoint is attached, and new ones are at once
  bool needs_selection_ = true;
};

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_LOCALITY_H_
