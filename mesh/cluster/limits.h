#ifndef MESH_CLUSTER_LIMITS_H_
#define MESH_CLUSTER_LIMITS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "mesh/model/circuit_breakers.h"
#include "mesh/model/routing_priority.h"

namespace mesh::cluster {

// What a limit is of; see model::Thresholds.
enum class LimitKind : uint8_t { kConnections, kPending, kRequests, kRetries };

// `max_connections`, `max_pending_requests`, `max_requests`, `max_retries`.
absl::string_view NameOf(LimitKind kind);

// One limit at a moment, for telemetry.
struct LimitView {
  uint64_t limit = 0;  // model::Thresholds::kNone: none. A retry budget: what it allows now
  bool is_budget = false;
  uint64_t in_use = 0;  // the holds that were counted and are not given back
  // How many more are possible; never below 0, and 0 with a retry budget (Envoy's remaining_*).
  uint64_t remaining = 0;
  uint64_t overflows = 0;  // how often it refused, ever
};

class LimitHold;

// The limits of a cluster (its circuit breakers) and the counts that they are of, for both
// routing priorities, which count apart. Every channel that routes to the cluster shares them.
//
// Calls touch a count of the cluster only when a limit below 2^32-1 applies to it, or when a retry
// budget depends on it; then it is exact in both directions: never one more than the limit, and
// nothing is refused while there is less. What began while it was not counted is not counted
// later either: a limit that comes while calls are in flight is of those that begin from then on.
// A limit that falls below what is in use ends nothing; it refuses until enough was given back.
//
// What is not marked otherwise is thread-safe: it takes no lock and allocates nothing.
class Limits {
 public:
  // Ends the cluster's part of the limits: they are freed when the last hold is given back, on
  // whichever thread that is.
  struct Retirer {
    void operator()(Limits* limits) const { limits->Retire(); }
  };
  // REQUIRES, at its end: nobody is inside a call of the limits or begins one.
  using Owner = std::unique_ptr<Limits, Retirer>;

  // The limits of the cluster of that name. Allocates.
  static Owner Create(std::string cluster, const model::CircuitBreakers& breakers);
  Limits(const Limits&) = delete;
  Limits& operator=(const Limits&) = delete;

  // Serializer-bound. The limits from now on. What is in use stays counted.
  void Update(const model::CircuitBreakers& breakers);

  // A place within the limit, or nothing: it is reached, which is counted as an overflow. A retry
  // is one of the requests as well, and takes a place of each.
  std::optional<LimitHold> TryAcquire(LimitKind kind, model::RoutingPriority priority);

  // What a call that was refused fails with (UNAVAILABLE; the limit as it is now):
  // `cluster "x": circuit breaker: max_requests 1024 reached`. Allocates.
  absl::Status OverflowError(LimitKind kind, model::RoutingPriority priority) const;

  // Not of one moment while others take and give back.
  LimitView View(LimitKind kind, model::RoutingPriority priority) const;

 private:
  friend class LimitHold;
  static constexpr size_t kKinds = 4;
  static constexpr size_t kGauges = 2 * kKinds;
  static constexpr uint64_t kRetired = uint64_t{1} << 63;
  static constexpr uint64_t kCountMask = kRetired - 1;

  // The count of one limit of one priority, in a cache line of its own.
  struct alignas(64) Gauge {
    // The limit and whether it is counted, in one word, so that no reader sees half an update;
    // limits.cc has the format.
    std::atomic<uint64_t> rule{0};
    // The holds that are counted, and kRetired. The limits are freed by whoever makes the last of
    // the words kRetired|0, each of which happens exactly once:
    //   Retire:  (1) old = word.fetch_or(kRetired)   drains the word if and only if old == 0
    //   Release: (2) old = word.fetch_sub(1)         drains it if and only if old == kRetired|1
    //   (3) undrained.fetch_sub(1)                   frees if it was the last one
    //   The modifications of a word have one order, and none adds to it after (1). If the last (2)
    //   precedes (1), then (1) finds 0 and each (2) found no kRetired. If (1) precedes the last
    //   (2), then (1) found a count above 0, and the last (2) alone finds kRetired|1. Retire()
    //   counts as one more word, so that it does not walk over limits that are gone. The acq_rel
    //   of all three makes what other threads did with the limits happen before their end.
    std::atomic<uint64_t> word{0};
    Limits* limits = nullptr;
  };

  explicit Limits(std::string cluster);
  ~Limits() = default;

  static constexpr size_t IndexOf(LimitKind kind, model::RoutingPriority priority) {
    return static_cast<size_t>(priority) * kKinds + static_cast<size_t>(kind);
  }
  void UpdatePriority(model::RoutingPriority priority, const model::Thresholds& thresholds);
  // What `rule` allows now.
  uint64_t LimitOf(uint64_t rule, model::RoutingPriority priority) const;
  void Retire();
  void OnWordDrained();
  static void Release(Gauge* gauge);

  std::array<Gauge, kGauges> gauges_;
  std::array<std::atomic<uint64_t>, kGauges> overflows_ = {};
  std::atomic<size_t> undrained_{kGauges + 1};
  const std::string cluster_;
};

// A place within a limit, given back once, by Release() or the destructor. It may outlive the
// cluster. Empty where the limit was not counted, which is a place all the same.
// Thread-compatible, and may be given back on any thread.
class LimitHold {
 public:
  LimitHold() = default;
  LimitHold(LimitHold&& other) noexcept : gauge_(std::exchange(other.gauge_, nullptr)) {}
  LimitHold& operator=(LimitHold&& other) noexcept {
    if (this != &other) {
      Release();
      gauge_ = std::exchange(other.gauge_, nullptr);
    }
    return *this;
  }
  ~LimitHold() { Release(); }

  // Whether it is a place that is counted: else there is nothing to give back.
  bool counts() const { return gauge_ != nullptr; }
  // No effect the second time.
  void Release() {
    if (gauge_ != nullptr) Limits::Release(std::exchange(gauge_, nullptr));
  }

 private:
  friend class Limits;
  explicit LimitHold(Limits::Gauge* gauge) : gauge_(gauge) {}

  Limits::Gauge* gauge_ = nullptr;
};

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_LIMITS_H_
