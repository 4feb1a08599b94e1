#ifndef MESH_CLUSTER_LOCALITY_H_
#define MESH_CLUSTER_LOCALITY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "balancer/policy.h"
#include "mesh/cluster/endpoint_table.h"
#include "mesh/cluster/locality_rules.h"
#include "mesh/cluster/ready_list.h"
#include "mesh/model/endpoint_order.h"
#include "mesh/model/endpoints.h"

namespace mesh::cluster {

// The endpoints that are configured for a locality at one priority, in an order of their own (by
// a seeded hash of the address), and those among them that are connected: the first ones in that
// order, so that few change when endpoints come and go, and clients with other seeds connect to
// others. Serializer-bound.
class Locality {
 public:
  // The endpoints that share calls: those that are healthy, and those that are degraded. In panic
  // all of them are in the first.
  static constexpr size_t kLists = 2;

  // `changed`, if it is not null, is called when something has changed that Select() looks at, or
  // that calls see. Both outlive the locality.
  Locality(EndpointTable* table, uint64_t seed, const std::function<void()>* changed = nullptr)
      : table_(table), seed_(seed), changed_(changed) {}
  // Detaches everything.
  ~Locality();
  Locality(const Locality&) = delete;
  Locality& operator=(const Locality&) = delete;

  // Takes over a configuration, at the cost of the chunks that it does not share with the last.
  void Update(std::shared_ptr<const model::LocalityEndpoints> endpoints,
              const LocalityRules& rules);
  // The same, where others know which of its endpoints are here: all that there are from now on,
  // or one more, fewer, or another in its place. What they point to is in the configuration that
  // was, and in that which is to come: SetEndpoints() takes it over.
  void SetMembers(std::vector<const model::EndpointConfig*> members, const LocalityRules& rules);
  void AddMember(const model::EndpointConfig* config);
  void RemoveMember(const model::EndpointConfig* config);
  void ChangeMember(const model::EndpointConfig* from, const model::EndpointConfig* to);
  void SetEndpoints(std::shared_ptr<const model::LocalityEndpoints> endpoints);
  // In panic every endpoint is usable, whatever its health.
  void SetPanic(bool panic);

  // Connects the first `quota` usable endpoints, degraded ones after all others. One that is
  // failing is replaced by the next one while it fails, but goes on trying. Those that are no
  // longer among the first stay while they are ready and not as many of the first are. Those that
  // must not be used for now (ejected, unhealthy) keep their connection: they drain, or come back.
  void Select(uint64_t quota);
  // The same of one endpoint that is to be connected: the first of those that are healthy and
  // ready, or while none is, so many attempts, which it returns how many there are of. One that
  // waits for its first check is one; one that fails, or that a check or outlier detection is
  // against, is none: it goes on in vain. No more than max(2 * cap, 16) do. Those that are usable,
  // but degraded or so in panic alone, are tried when nothing else is left, until one of them is
  // ready.
  uint64_t SelectOne(uint64_t attempts, uint64_t cap);
  // Of the healthy endpoints that are ready; null: none is.
  const TableEndpoint* FirstReady() const;
  // Has the endpoints that are in the table, until a selection lets them go.
  void AttachKnown();
  // Connects nothing any more.
  void Stop();

  // A connection of the endpoint, which `place` names, was in state `old`.
  void OnState(const TableEndpoint& endpoint, const Place& place, wire::ConnectionState old);
  // The endpoint, which `place` names, is about to be another object for calls, and is it now.
  void OnLeave(const TableEndpoint& endpoint, const Place& place);
  void OnEnter(const TableEndpoint& endpoint, const Place& place);
  // The verdict about the endpoint, which `place` names, has changed.
  void OnVerdict(const TableEndpoint& endpoint, Place* place);
  void OnWarmth(const TableEndpoint& endpoint, const Place& place, uint32_t old);

  const std::shared_ptr<const model::LocalityEndpoints>& endpoints() const { return endpoints_; }
  // Endpoints (places) of a class, connected or not.
  size_t count(PlaceClass place_class) const { return members_[Index(place_class)]; }
  // The sum of their weights.
  uint64_t weight(PlaceClass place_class) const { return weights_[Index(place_class)]; }
  // What it weighs among localities that share by weight: what is configured or, with
  // scales_weight, that in proportion to the places that the rules admit (envoy subset_lb.cc,
  // determineLocalityWeights), which may be 0.
  uint64_t share_weight() const;
  size_t usable() const { return usable_; }
  // Places that the rules admit.
  size_t size() const { return entries_.size(); }
  const LocalityRules& rules() const { return rules_; }
  bool has_connections() const { return !attached_.empty(); }
  // Whether an endpoint may take calls as soon as a first check has passed, in O(n).
  bool awaits_check() const;
  size_t attached() const { return attached_places_; }  // usable places
  // Usable attached places in a state.
  size_t count(wire::ConnectionState state) const { return counts_[static_cast<size_t>(state)]; }
  // Of a class, those whose connections are failing.
  size_t failing(PlaceClass place_class) const { return failing_[Index(place_class)]; }
  uint64_t ready_weight(size_t list) const { return ready_[list].weight(); }
  std::shared_ptr<const PickerPart> Part(
      size_t list, const std::shared_ptr<const balancer::PolicyBuilder>& policy,
      LoadLook look = {}) {
    look.warms = rules_.scaled;
    return ready_[list].Part(policy, look);
  }
  // What Part() returned last.
  const PickerPart* last_part(size_t list) const { return ready_[list].last_part(); }
  // Whether something has changed that Select() looks at, since the last one.
  bool needs_selection() const { return needs_selection_; }
  // The next Select() has another quota.
  void SelectAgain() { needs_selection_ = true; }
  // Goes up with each change of which endpoints there are, are attached and are of the first list,
  // and of what they and the locality weigh; not with the state of connections.
  uint64_t version() const { return version_; }

  // Calls `visit(const model::EndpointConfig&, TableEndpoint* or null)` with each place that is
  // configured, in that order; of members only with those.
  void ForEach(
      const std::function<void(const model::EndpointConfig&, TableEndpoint*)>& visit) const;
  // Whether an endpoint of that place is of any list, or of the first.
  bool IsUsable(const model::EndpointConfig& config, const TableEndpoint* endpoint) const;
  bool IsOfFirstList(const model::EndpointConfig& config, const TableEndpoint* endpoint) const;

 private:
  struct Entry {
    const model::EndpointConfig* config;  // in endpoints_
    TableEndpoint* endpoint;              // null: not connected
  };
  using Entries = absl::btree_multimap<uint64_t, Entry>;  // by rank
  // Of an endpoint's places, each once.
  using Ranks = absl::InlinedVector<uint64_t, 1>;
  static constexpr size_t kNoList = kLists;

  static size_t Index(PlaceClass place_class) { return static_cast<size_t>(place_class); }
  uint64_t HashOf(absl::string_view address) const;
  uint64_t RankOf(const model::EndpointConfig& config) const;
  PlaceClass ClassOf(const model::EndpointConfig& config, const TableEndpoint* endpoint) const;
  size_t ListOf(PlaceClass place_class) const;
  // Whether SelectOne() tries it before all that are not healthy.
  bool IsAttempt(const model::EndpointConfig& config, const TableEndpoint* endpoint) const;
  Place PlaceOf(const Entry& entry);
  void UpdateChunks(const model::EndpointList& before, const model::EndpointList& after);
  void ReplaceAll(const model::EndpointList& after, const LocalityRules& rules);
  void Touch() {
    needs_selection_ = true;
    if (changed_ != nullptr) (*changed_)();
  }
  void AddAll(std::vector<const model::EndpointConfig*> added);
  Entries::iterator Find(const model::EndpointConfig* config);
  void Add(uint64_t rank, const model::EndpointConfig* config);
  void Remove(Entries::iterator it);
  void Change(const model::EndpointConfig* from, const model::EndpointConfig* to);
  void Attach(uint64_t rank, Entry* entry);
  void Detach(uint64_t rank, Entry* entry, bool given_up);
  bool AttachesAll(const model::EndpointConfig& config);
  // Adds (sign 1) or takes away (-1) a place: from the numbers of classes, ...
  void Count(PlaceClass place_class, uint32_t weight, int sign);
  // ... and from those of connections.
  void CountState(const TableEndpoint& endpoint, const Place& place, wire::ConnectionState state,
                  int sign);
  int64_t ReadyWeight(uint32_t weight, uint32_t warmth) const;
  void SelectAll();
  uint64_t SelectFirst(uint64_t quota, uint64_t most_failing, const TableEndpoint* only = nullptr,
                       bool one = false);

  EndpointTable* const table_;
  const uint64_t seed_;
  const std::function<void()>* const changed_;
  LocalityRules rules_;
  bool has_members_ = false;  // others know which endpoints are here
  bool panic_ = false;
  std::shared_ptr<const model::LocalityEndpoints> endpoints_;
  Entries entries_;
  // With rules_.in_order: of the endpoints of the locality, and where others know which are here.
  model::EndpointOrder order_;
  absl::flat_hash_map<const model::EndpointConfig*, uint64_t> ranks_;
  absl::flat_hash_map<TableEndpoint*, Ranks> attached_;
  std::array<size_t, 4> members_ = {};  // places, by class
  std::array<uint64_t, 4> weights_ = {};
  std::array<size_t, 4> failing_ = {};  // attached places, by class
  std::array<size_t, 4> counts_ = {};   // usable attached places, by connection state
  size_t attached_places_ = 0;          // usable
  size_t usable_ = 0;
  ReadyList ready_[kLists];
  uint64_t version_ = 0;
  uint64_t quota_ = 0;  // of the last Select()
  bool all_ = false;    // every usable endpoint is attached, and new ones are at once
  bool needs_selection_ = true;
};

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_LOCALITY_H_
