#ifndef MESH_CLUSTER_TABLE_ENDPOINT_H_
#define MESH_CLUSTER_TABLE_ENDPOINT_H_

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "mesh/cluster/connection_pool.h"
#include "mesh/cluster/endpoint.h"
#include "mesh/model/endpoints.h"
#include "mesh/wire/connection.h"

namespace mesh::cluster {

class EndpointTable;
class Locality;

// What an endpoint is good for at a place: what the control plane says of its health, active
// checks and outlier detection taken together (envoy load balancing, "Priority levels").
enum class PlaceClass : uint8_t {
  kHealthy,
  kDegraded,  // takes calls that healthy ones cannot
  kUnusable,
  kExcluded,  // left out of all counts: it drains, or no active check has seen it yet
};

// A place in a locality's configuration that names an endpoint.
struct Place {
  Locality* locality = nullptr;
  uint32_t weight = 1;
  model::HealthStatus health = model::HealthStatus::kUnknown;  // as the control plane has it
  PlaceClass place_class = PlaceClass::kHealthy;

  bool operator==(const Place& other) const {
    return locality == other.locality && weight == other.weight && health == other.health &&
           place_class == other.place_class;
  }
};

// What a cluster has found out about an endpoint, beyond its connection.
struct EndpointVerdict {
  bool ejected = false;       // by outlier detection
  bool unhealthy = false;     // an active check says so, or none has said otherwise yet
  bool awaits_check = false;  // with `unhealthy`: no check has seen it yet
  bool unchecked = false;     // with `awaits_check`: such ones do not count
  bool stalled = false;       // it takes calls and answers none

  bool operator==(const EndpointVerdict& other) const {
    return ejected == other.ejected && unhealthy == other.unhealthy &&
           awaits_check == other.awaits_check && unchecked == other.unchecked &&
           stalled == other.stalled;
  }
};

// An endpoint of the table: the object that calls know, its connection, and the places that name
// it. Serializer-bound.
class TableEndpoint {
 public:
  using Notice = absl::AnyInvocable<void(TableEndpoint&)>;

  // `table` is the one that it is in.
  TableEndpoint(Endpoint* endpoint, EndpointTable* table) : endpoint_(endpoint), table_(table) {}
  TableEndpoint(const TableEndpoint&) = delete;
  TableEndpoint& operator=(const TableEndpoint&) = delete;

  // The object that calls know: another one when a connection of other options takes its place.
  Endpoint* endpoint() const { return endpoint_; }
  wire::ConnectionState connection_state() const { return state_; }
  // What the connection is good for: that of a stalled endpoint counts as failing.
  wire::ConnectionState state() const {
    return verdict_.stalled ? wire::ConnectionState::kFailing : state_;
  }
  const absl::Status& reason() const { return reason_; }  // of the last failure since it was ready
  // Null while it is new.
  ConnectionPool::Share* share() const { return link_ == nullptr ? nullptr : link_->share.get(); }
  // Of the place that was configured last; null: none.
  const std::shared_ptr<const model::EndpointExtras>& extras() const { return extras_; }
  // Its places are what they are to be: others look at them.
  void SetExtras(std::shared_ptr<const model::EndpointExtras> extras);
  absl::InlinedVector<Place, 1>& places() { return places_; }
  const EndpointVerdict& verdict() const { return verdict_; }
  // Tells the localities.
  void SetVerdict(const EndpointVerdict& verdict);
  // What its weight is multiplied with, in percent; other than 100 while it warms up.
  uint32_t warmth() const { return warmth_; }
  void SetWarmth(uint32_t percent);

 private:
  friend class EndpointTable;
  // A connection of certain addresses and options, which it has or is to have.
  struct Link final : public wire::Connection::Observer {
    Link(TableEndpoint* owner, wire::ConnectionKey key) : owner(owner), key(std::move(key)) {}
    void OnConnectionState(wire::ConnectionState state, const absl::Status& reason) override {
      owner->OnLinkState(this, state, reason);
    }

    TableEndpoint* const owner;
    const wire::ConnectionKey key;
    std::unique_ptr<ConnectionPool::Share> share;
  };

  // What its connection is to be, as configured now.
  wire::ConnectionKey Key() const;
  // What that was when PrepareSuccessor() looked last.
  const wire::ConnectionKey& NewestKey() const;
  std::unique_ptr<Link> NewLink();
  void SetLink(std::unique_ptr<Link> link);
  void OnLinkState(const Link* link, wire::ConnectionState state, const absl::Status& reason);
  void OnConnectionState(wire::ConnectionState state, const absl::Status& reason);
  void PrepareSuccessor();
  void OnSuccessorState(wire::ConnectionState state);

  Endpoint* endpoint_;
  EndpointTable* const table_;
  std::unique_ptr<Link> link_;
  std::unique_ptr<Link> successor_;  // null: none
  bool may_succeed_ = false;         // it is in the table's list of those
  wire::ConnectionState state_ = wire::ConnectionState::kIdle;
  absl::Status reason_;
  absl::InlinedVector<Place, 1> places_;
  std::shared_ptr<const model::EndpointExtras> extras_;
  EndpointVerdict verdict_;
  uint32_t warmth_ = 100;
  bool maybe_unused_ = false;  // it is in the table's list of those
  bool given_up_ = false;      // with the last place that it lost
  bool configured_ = true;     // see EndpointTable::NoteConfigured()
  uint64_t lingering_ = 0;     // its number among those that linger; 0: it does not
};

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_TABLE_ENDPOINT_H_
