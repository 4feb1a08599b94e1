#ifndef MESH_CLUSTER_ENDPOINT_H_
#define MESH_CLUSTER_ENDPOINT_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "mesh/base/reaper.h"
#include "mesh/cluster/endpoint_load.h"
#include "mesh/cluster/limits.h"
#include "mesh/cluster/outlier_counters.h"
#include "mesh/wire/connection.h"
#include "mesh/xds/load_report.h"

namespace mesh::cluster {

// What became of an attempt.
struct Report {
  int status_code = 0;    // gRPC's; 0 is OK
  bool delivered = true;  // false: certainly never given to a transport
  absl::Duration latency = absl::ZeroDuration();
  // With a `load_report`: when it ended, on the mesh's clock.
  absl::Time end = absl::InfinitePast();
  xds::EncodedLoadReport load_report;  // empty: none, or nobody asks
};

// One server of a cluster: the same object through every update that keeps its address and the
// options of its connection. What a call writes is in one cache line of its own. Made and retired
// on the serializer, and alive until then and until its last permit is given back. What is not
// marked otherwise is thread-safe.
class alignas(64) Endpoint {
 public:
  // Hears what calls find out about the endpoint, on the thread of the call: it must not block.
  class Suspicion {
   public:
    virtual ~Suspicion() = default;
    // A call failed as if the connection was lost. Not again until ForgetSuspicion().
    virtual void OnCallFailed(Endpoint* endpoint) = 0;
    // Failures in a row have reached thresholds of outlier detection.
    virtual void OnFailuresInARow(Endpoint* endpoint, Crossings crossings) = 0;
    // It takes calls and answers none, unlike others. Not again until ForgetStall().
    virtual void OnStall(Endpoint* endpoint) = 0;
  };
  // What calls tell the cluster of the endpoint. Shared because a permit may outlive the cluster.
  struct Hearing {
    std::shared_ptr<Suspicion> suspicion;       // null: nobody hears
    std::shared_ptr<const OutlierRules> rules;  // null: nothing is counted
  };

  Endpoint(std::string address, std::shared_ptr<Reaper> reaper, Hearing hearing);
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  const std::string& address() const { return address_; }
  // The attempts that hold a permit now.
  uint64_t in_flight() const { return word_.load(std::memory_order_relaxed) & kInFlightMask; }

  // The connection that calls use; set once, before the endpoint is first in a picker.
  // REQUIRES: has_connection(), which is so for every endpoint that was picked.
  wire::Connection& connection() const { return *connection_.load(std::memory_order_acquire); }
  bool has_connection() const { return connection_.load(std::memory_order_acquire) != nullptr; }

  // The state of that connection, as the cluster has heard of it: a copy, since picks that look at
  // many endpoints would wait for the connection's memory, too.
  wire::ConnectionState connection_state() const {
    return connection_state_.load(std::memory_order_acquire);
  }
  // Written on the serializer.
  void set_connection_state(wire::ConnectionState state) {
    connection_state_.store(state, std::memory_order_release);
  }

  // What became of the attempts, for outlier detection.
  OutlierCounters& counters() { return counters_; }

  // What it reports of its load with calls. Null: nobody asks them, and they need not look.
  EndpointLoad* load() const { return load_.load(std::memory_order_acquire); }
  // Serializer-bound. Null: nobody asks any more. What is known stays, if it is asked for again.
  // Calls are not asked where rules have it report out of band.
  void ListenForLoad(EndpointLoad::Rules rules);
  // Serializer-bound. What is known of its load, whoever has told it.
  // REQUIRES: ListenForLoad() was called with rules, of this or of whose load this shares.
  EndpointLoad& known_load() const { return *owned_load_; }
  // Serializer-bound. The endpoint is connected again, or is no more, while nobody asks: see
  // balancer::LoadWeight. No effect if nobody ever did.
  void RestartLoad() {
    if (owned_load_ != nullptr) owned_load_->Restart();
  }
  // Serializer-bound. This is the same server as `former`: what calls of both hear counts together.
  void ShareLoad(const Endpoint& former);

  // The calls that were begun since it last answered one, of those that await an answer: see
  // Permit::AwaitAnswer(). More or less: threads that meet may lose some.
  uint32_t unanswered() const { return unanswered_.load(std::memory_order_relaxed); }
  // It has answered something.
  void NoteAnswer() {
    if (unanswered() != 0) unanswered_.store(0, std::memory_order_relaxed);
  }
  // Takes calls and answers none, as a picker has found.
  void SuspectStall();
  void ForgetStall() { stall_told_.store(false, std::memory_order_relaxed); }
  // The cluster has it take no calls because of that. Written on the serializer.
  bool stalled() const { return stalled_.load(std::memory_order_relaxed); }
  void set_stalled(bool stalled) { stalled_.store(stalled, std::memory_order_relaxed); }

  // The next failed call is heard of again.
  void ForgetSuspicion() { suspected_.store(false, std::memory_order_relaxed); }

  // Serializer-bound. Keeps `connection` until the endpoint is destroyed, and takes over its state.
  void SetConnection(std::shared_ptr<wire::Connection> connection);
  // Serializer-bound. The endpoint left its cluster: destroyed (by the reaper) once the last
  // permit is back. The caller forgets the pointer. REQUIRES: no reader sees a picker with it.
  void Retire();

 private:
  friend class Permit;
  static constexpr uint64_t kRetired = uint64_t{1} << 63;
  static constexpr uint64_t kInFlightMask = kRetired - 1;

  struct Deleter {
    void operator()(Endpoint* endpoint) const { delete endpoint; }
  };

  ~Endpoint() = default;
  void Release();
  void Destroy();

  // Hot: written by every attempt. The number of permits, and kRetired. Who destroys the endpoint
  // is whoever makes the word kRetired|0, which happens exactly once:
  //   Retire:  (1) old = word.fetch_or(kRetired)    destroys if and only if old == 0
  //   Release: (2) old = word.fetch_sub(1)          destroys if and only if old == kRetired|1
  //   The modifications of the word have one order, and no permit is taken after (1), since no
  //   reader sees a picker with the endpoint. If the last (2) precedes (1), then (1) finds 0 and
  //   each (2) found no kRetired. If (1) precedes the last (2), then (1) found a count above 0,
  //   and the last (2), alone among them, finds kRetired|1. The acq_rel of both makes what other
  //   threads did with the endpoint happen before its end.
  std::atomic<uint64_t> word_{0};
  std::atomic<wire::Connection*> connection_{nullptr};
  std::atomic<wire::ConnectionState> connection_state_{wire::ConnectionState::kIdle};
  std::atomic<bool> suspected_{false};   // since ForgetSuspicion()
  std::atomic<bool> stall_told_{false};  // since ForgetStall()
  std::atomic<bool> stalled_{false};
  std::atomic<uint32_t> unanswered_{0};
  OutlierCounters counters_;
  // Cold.
  std::atomic<EndpointLoad*> load_{nullptr};
  const Hearing hearing_;
  const std::string address_;
  const std::shared_ptr<Reaper> reaper_;
  std::shared_ptr<wire::Connection> owned_connection_;  // serializer-bound
  std::shared_ptr<EndpointLoad> owned_load_;            // kept for calls that still use it
};

// The right to have one attempt in flight on an endpoint, which lives at least as long. Given
// back once, by End() with the outcome or by the destructor without one. Thread-compatible.
class Permit {
 public:
  Permit() = default;
  // REQUIRES: the endpoint is not retired, or in a picker that an EpochReader protects.
  explicit Permit(Endpoint* endpoint) : endpoint_(endpoint) {
    endpoint_->word_.fetch_add(1, std::memory_order_relaxed);
  }
  Permit(Permit&& other) noexcept
      : endpoint_(std::exchange(other.endpoint_, nullptr)),
        use_(std::move(other.use_)),
        request_(std::move(other.request_)),
        retry_(std::move(other.retry_)),
        awaits_answer_(other.awaits_answer_) {}
  Permit& operator=(Permit&& other) noexcept {
    if (this != &other) {
      Release();
      endpoint_ = std::exchange(other.endpoint_, nullptr);
      use_ = std::move(other.use_);
      request_ = std::move(other.request_);
      retry_ = std::move(other.retry_);
      awaits_answer_ = other.awaits_answer_;
    }
    return *this;
  }
  ~Permit() { Release(); }

  explicit operator bool() const { return endpoint_ != nullptr; }
  // Null once given back.
  Endpoint* endpoint() const { return endpoint_; }
  // The attempt is of a kind that is answered once, and soon: a unary call.
  void AwaitAnswer() {
    awaits_answer_ = true;
    endpoint_->unanswered_.store(endpoint_->unanswered() + 1, std::memory_order_relaxed);
  }
  // The connection for the attempt, which counts as in use until the permit is given back. Where
  // an endpoint has several, the first call chooses. REQUIRES: endpoint() has a connection.
  wire::Connection& connection() {
    if (use_.connection() == nullptr) use_ = endpoint_->connection().Use();
    return *use_.connection();
  }
  // The places within the cluster's limits that are given back with the permit.
  void Keep(LimitHold request, LimitHold retry) {
    request_ = std::move(request);
    retry_ = std::move(retry);
  }

  // Tells what became of the attempt and gives the permit back. No effect the second time.
  void End(const Report& report);

 private:
  void Release();

  Endpoint* endpoint_ = nullptr;
  wire::ConnectionUse use_;
  LimitHold request_;
  LimitHold retry_;
  bool awaits_answer_ = false;
};

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_ENDPOINT_H_
