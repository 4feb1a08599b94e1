#ifndef MESH_CLUSTER_HEALTH_CHECKER_H_
#define MESH_CLUSTER_HEALTH_CHECKER_H_

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "mesh/base/clock.h"
#include "mesh/base/random.h"
#include "mesh/base/serializer.h"
#include "mesh/cluster/health_check_state.h"
#include "mesh/model/endpoints.h"
#include "mesh/model/health_check.h"
#include "mesh/wire/connection.h"
#include "mesh/wire/prober.h"

namespace mesh::cluster {

// The active checks of one cluster. Each check of each endpoint goes round:
//
//   waiting ──due──► queued ──fewer than max_probes run──► probing ──result──► waiting
//
// An endpoint is healthy if all its checks are; HealthCheckState says when one is. How a cluster
// uses it:
//
//   Update() with the checks it is configured with, before the first Add(), and again on changes
//   Add() and Remove() for each endpoint that is to be checked; health() for those it has
//   NoteConnection() when the state of an endpoint's connection changes, for checks by gRPC
//   NoteCalls() when calls begin; only the first time does something
//   Owner::OnHealth() when health() of an endpoint has changed by itself
//
// A check by gRPC goes over the endpoint's own connection (its health_check_port is of checks by
// TCP and HTTP). It fails while that is failing or lost, but the first one waits for it: so the
// cluster must connect endpoints that are not healthy yet. When it is ready, an endpoint that is
// not healthy is checked at once. Serializer-bound.
class HealthChecker {
 public:
  // More probes at a time would open more sockets than they are worth (many processes may have
  // 1,024), and start 10,000 in one turn of the serializer.
  static constexpr size_t kMaxProbes = 128;

  // Whose endpoints they are. Called on the serializer, never inside a call of the checker. It
  // may call the checker, but not destroy it.
  class Owner {
   public:
    virtual ~Owner() = default;
    // The connection to an endpoint, or null while it has none.
    virtual std::shared_ptr<wire::Connection> ConnectionTo(absl::string_view address) = 0;
    // A result has changed health(address) into `health`.
    virtual void OnHealth(absl::string_view address, CheckedHealth health) = 0;
    // A check of a healthy endpoint has passed, after OnHealth() if that is new: one that outlier
    // detection has ejected may be readmitted (envoy
    // successful_active_health_check_uneject_host).
    virtual void OnPassed(absl::string_view address) = 0;
  };

  struct Options {
    Serializer* serializer = nullptr;  // all of these outlive the checker
    const Clock* clock = nullptr;
    Random* random = nullptr;
    wire::Prober* prober = nullptr;
    std::string cluster_name;  // what a check names that nothing else names
    size_t max_probes = kMaxProbes;
  };

  HealthChecker(Options options, Owner* owner);
  // Cancels what runs.
  ~HealthChecker();
  HealthChecker(const HealthChecker&) = delete;
  HealthChecker& operator=(const HealthChecker&) = delete;

  // The checks from now on; none: every endpoint is healthy. A check that stays what it was keeps
  // its state; endpoints that are there stay what they are until a new one has a result.
  void Update(std::vector<model::HealthCheck> checks);

  // Checks an endpoint, or takes note of its new `extras` (null: none) if it is there, which keep
  // its health. It is healthy if there is nothing to check.
  void Add(absl::string_view address, std::shared_ptr<const model::EndpointExtras> extras);
  // Forgets the endpoint, if it is there.
  void Remove(absl::string_view address);

  // The cluster has had a call, so that no_traffic_interval is no longer meant.
  void NoteCalls();
  // The connection to an endpoint is in that state now, or it is another one.
  void NoteConnection(absl::string_view address, wire::ConnectionState state);

  // kHealthy for an endpoint that is not there.
  CheckedHealth health(absl::string_view address) const;
  // What went wrong, in words, with an endpoint that is not healthy; else empty.
  std::string reason(absl::string_view address) const;
  size_t size() const { return subjects_.size(); }

 private:
  struct Check;
  struct Subject;

  Subject* Find(absl::string_view address) const;
  const model::HealthCheck& ConfigOf(const Check& check) const;

  // Gives the endpoint the checks that it has to have; `kept` says which of those that it has.
  void SetChecks(Subject* subject, const std::vector<bool>& kept);
  // Has the check made `delay` from now, whatever it does now.
  void Schedule(Check* check, absl::Duration delay);
  // It does nothing any more.
  void Stop(Check* check);
  void Enqueue(Check* check);
  void ScheduleTurn();
  // Starts what is queued, as far as it may.
  void Turn();
  void Start(Check* check);
  // The check is made when it is known whether there will be a connection.
  void AwaitConnection(Check* check);
  void Finish(Check* check, const wire::ProbeResult& result);

  const Options options_;
  Owner* const owner_;
  std::vector<model::HealthCheck> checks_;
  bool had_calls_ = false;
  // The keys are their own. Sorted, so that a seed gives the same delays in every run.
  absl::btree_map<absl::string_view, std::unique_ptr<Subject>> subjects_;
  std::list<Check*> queue_;
  size_t probing_ = 0;
  Serializer::Timer turn_;
};

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_HEALTH_CHECKER_H_
