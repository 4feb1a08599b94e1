#ifndef MESH_CLUSTER_ENDPOINT_TABLE_H_
#define MESH_CLUSTER_ENDPOINT_TABLE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "mesh/base/reaper.h"
#include "mesh/cluster/connection_pool.h"
#include "mesh/cluster/endpoint.h"
#include "mesh/cluster/table_endpoint.h"
#include "mesh/model/connection_options.h"
#include "mesh/model/endpoints.h"

namespace mesh::cluster {

// The endpoints of a cluster that have a connection, by address: an address has one endpoint,
// however many places name it, and the same one until no place does. Endpoints that are only
// configured are not here; they cost nothing but their place. Serializer-bound.
//
// Where places are made for those alone whom calls ask for, an update may leave an endpoint without
// one that is configured as before. Its connection, its health and its ejection are not to be
// forgotten for that: it lingers until a place names it again, or long enough that none will.
class EndpointTable {
 public:
  // How long an endpoint lingers, and again as long while it is ejected: as priorities that are not
  // needed any more do (gRFC A56).
  static constexpr absl::Duration kLingerFor = absl::Minutes(15);
  // How long after `on_successor` TakeSuccessors() is due: so that others may be ready by then, and
  // a table over all endpoints is not made anew for each.
  static constexpr absl::Duration kGatherSuccessorsFor = absl::Milliseconds(50);

  struct Options {
    ConnectionPool* pool = nullptr;  // outlives the table
    std::shared_ptr<Reaper> reaper;
    Endpoint::Hearing hearing;
    // Called when the state of a connection has changed, or is not idle from the beginning
    // because another cluster has it. It must not call the table.
    TableEndpoint::Notice on_connection;
    // Called when the verdict about an endpoint has changed.
    TableEndpoint::Notice on_verdict;
    // Called when an endpoint that is there has other extras.
    TableEndpoint::Notice on_extras;
    // Called for each endpoint that is new, before anything else is done with it.
    TableEndpoint::Notice on_new;
    // Called when TakeSuccessors() is due. It must not call the table.
    std::function<void()> on_successor;
    // Called by that for each endpoint that is another object than `former` from now on, in whose
    // place it is: what is known of that one is to be known of it.
    absl::AnyInvocable<void(TableEndpoint&, Endpoint* former)> on_succeeded;
    // Called for each that TakeUnused() takes.
    TableEndpoint::Notice on_unused;
  };

  explicit EndpointTable(Options options) : options_(std::move(options)) {}
  // REQUIRES: TakeUnused() has left nothing.
  ~EndpointTable();
  EndpointTable(const EndpointTable&) = delete;
  EndpointTable& operator=(const EndpointTable&) = delete;

  // What connections are like from now on. Endpoints that have other ones, or have other additional
  // addresses now, get new ones beside them, by PrepareSuccessors(), which take their place, by
  // TakeSuccessors(), when they are ready or have failed to be.
  void SetConnectionOptions(const model::ConnectionOptions& options);
  // Those whose endpoints are not used any more are to be taken before. No effect without others.
  void PrepareSuccessors();
  // Calls that go on keep the endpoint's former object and its connection.
  void TakeSuccessors();

  // The endpoint of that address; a new one connects.
  TableEndpoint* Attach(const model::EndpointConfig& config, const Place& place);
  // `given_up`: whoever has the place wants no connection for it, though it is there as before.
  // Such an endpoint does not linger, unless it is ejected.
  void Detach(TableEndpoint* endpoint, const Place& place, bool given_up);

  // Whether endpoints linger. If they do, NoteConfigured() says of which addresses.
  void SetLingering(bool on);
  // An endpoint of that address, if there is one, is configured or is not any more. New ones are.
  void NoteConfigured(absl::string_view address, bool configured);
  // None is, until that is noted again.
  void NoteNoneConfigured();

  // Forgets the endpoints that no place names any more and that do not linger, and their
  // connections. The caller retires them when no picker holds them, and the former objects of those
  // that have others.
  std::vector<Endpoint*> TakeUnused(absl::Time now);
  // When TakeUnused() may take one that lingers now; infinite future: there is none.
  absl::Time linger_end() const;

  template <typename F>
  void ForEach(F f) const {
    for (const auto& [address, endpoint] : by_address_) f(*endpoint);
  }
  // All of them by address: the same order in every process, so that a simulation repeats.
  std::vector<TableEndpoint*> InOrder() const;
  bool Has(absl::string_view address) const { return by_address_.contains(address); }
  // Null if it is not in the table. Does not look into `endpoint`, which may be gone.
  TableEndpoint* Find(const Endpoint* endpoint) const;
  // Null if it is not in the table.
  TableEndpoint* Find(absl::string_view address) const;
  size_t size() const { return by_address_.size(); }
  // Those whose connection is ready, stalled or not.
  size_t ready() const { return ready_; }

 private:
  friend class TableEndpoint;
  struct Lingering {
    TableEndpoint* endpoint;
    absl::Time end;
  };

  TableEndpoint* New(const model::EndpointConfig& config);
  void Succeed(TableEndpoint* endpoint);
  void MarkMaybeUnused(TableEndpoint* endpoint);
  void StopLingering(TableEndpoint* endpoint);
  bool Lingers(TableEndpoint* endpoint, absl::Time now);

  Options options_;
  size_t ready_ = 0;
  model::ConnectionOptions connection_options_;
  bool prepares_successors_ = false;  // what connections are to be has changed since that
  // The keys are the endpoints' own.
  absl::flat_hash_map<absl::string_view, std::unique_ptr<TableEndpoint>> by_address_;
  absl::flat_hash_map<const Endpoint*, TableEndpoint*> by_endpoint_;
  std::vector<TableEndpoint*> maybe_unused_;  // each once, in the order they came to be so
  std::vector<const Endpoint*> may_succeed_;  // in the order they came to be so; may have gone
  std::vector<Endpoint*> former_;             // that have successors, since the last TakeUnused()
  bool lingering_on_ = false;
  uint64_t last_lingering_ = 0;
  absl::btree_map<uint64_t, Lingering> lingering_;  // by number: in the order of their ends
};

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_ENDPOINT_TABLE_H_
