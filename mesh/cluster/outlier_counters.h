#ifndef MESH_CLUSTER_OUTLIER_COUNTERS_H_
#define MESH_CLUSTER_OUTLIER_COUNTERS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "mesh/model/outlier_detection.h"

namespace mesh::cluster {

// What an attempt tells about its endpoint. As HTTP statuses, by Envoy's table (grpcToHttpStatus):
enum class AttemptVerdict : uint8_t {
  kNothing,       // nobody blames the endpoint: the caller ended the attempt, or kept it from
                  // beginning
  kSuccess,       // below 500: an answer, if only that the caller was wrong
  kServerError,   // 500, 501: UNKNOWN, UNIMPLEMENTED, INTERNAL, DATA_LOSS
  kGatewayError,  // 503: the endpoint answered UNAVAILABLE
  kLocalError,    // no answer: it was not reached (503), or not in time (504)
};

// The verdict on an attempt that ended with this status (gRPC's code); `delivered` is false if it
// was certainly never given to a transport. With `every_error_fails` no status but OK of an attempt
// that was delivered is less than a server error (gRFC A50). Pure.
//
// gRPC does not tell whose a status is. DEADLINE_EXCEEDED counts as ours, a time-out. UNAVAILABLE
// counts as the endpoint's answer once the attempt was delivered, though the connection may have
// been lost after that. CANCELLED counts as the caller's. Unlike Envoy's router, which knows only
// a status that comes instead of an answer (Trailers-Only), this is told the final one of every
// call.
AttemptVerdict JudgeAttempt(int status_code, bool delivered, bool every_error_fails);

// Why an endpoint is ejected. Local origin: for attempts that got no answer, where those count
// apart.
enum class EjectionCause : uint8_t {
  kConsecutive5xx,
  kConsecutiveGatewayFailure,
  kConsecutiveLocalOriginFailure,
  kSuccessRate,
  kSuccessRateLocalOrigin,
  kFailurePercentage,
  kFailurePercentageLocalOrigin,
};
inline constexpr size_t kEjectionCauses = 7;

// As in the names of Envoy's counters: `consecutive_5xx`, `local_origin_success_rate`.
absl::string_view NameOf(EjectionCause cause);

// A set of the causes that count in a row, the first three. A value.
class Crossings {
 public:
  bool empty() const { return bits_ == 0; }
  bool contains(EjectionCause cause) const { return (bits_ & BitOf(cause)) != 0; }
  void insert(EjectionCause cause) { bits_ |= BitOf(cause); }

 private:
  static uint8_t BitOf(EjectionCause cause) {
    return static_cast<uint8_t>(1u << static_cast<unsigned>(cause));
  }

  uint8_t bits_ = 0;
};

// What attempts need to know of a cluster's outlier detection: shared by its endpoints, which may
// outlive it. Written on the serializer, read by any thread. Thread-safe.
class OutlierRules {
 public:
  // No value: detection is off, and nothing is counted. Returns whether that changed anything.
  bool Update(const std::optional<model::OutlierDetection>& config);

 private:
  friend class OutlierCounters;

  std::atomic<bool> on_{false};
  std::atomic<bool> every_error_fails_{false};
  std::atomic<bool> split_local_origin_{false};
  std::array<std::atomic<uint32_t>, 3> thresholds_ = {};  // by cause; 0: off
};

// What became of the attempts on one endpoint. Attempts write it without a lock, and mostly by one
// addition; the detector reads it. Thread-safe.
class OutlierCounters {
 public:
  // Attempts that ended in an interval. A value.
  struct Volume {
    uint32_t success = 0;
    uint32_t total = 0;
  };

  // Counts an attempt. Returns the thresholds of failures in a row that this very one has reached:
  // of all threads one is told, and the detector is to be told by it. None again until the count
  // was set back, by a success or by the detector.
  Crossings Record(AttemptVerdict verdict, const OutlierRules& rules);
  // The same, by the verdict that the rules have of it.
  Crossings Record(int status_code, bool delivered, const OutlierRules& rules);

  // What was counted since it was last taken. Local origin: only if that counts apart. An interval
  // of 2^32 attempts or more overflows, which only spoils that interval.
  Volume TakeVolume(bool local_origin);
  // Sets back a count of failures in a row. REQUIRES: `cause` is one of those in a row.
  void ResetConsecutive(EjectionCause cause);
  void ResetAllConsecutive();
  // Goes on where `other` is now, which begins anew; attempts that end at this moment may be lost.
  // Returns the thresholds of failures in a row that `other` has reached: its detector may not have
  // been told yet. REQUIRES: nobody writes this one yet.
  Crossings TakeOver(OutlierCounters* other, const OutlierRules& rules);

 private:
  void Count(bool local_origin, bool success);
  void Succeed(EjectionCause cause);
  void Fail(EjectionCause cause, const OutlierRules& rules, Crossings* crossings);

  std::array<std::atomic<uint32_t>, 3> consecutive_ = {};  // by cause
  // The successes in the lower half and all attempts in the upper, so that one exchange takes both
  // of one moment; first of all attempts, then of local origin.
  std::array<std::atomic<uint64_t>, 2> volumes_ = {};
};

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_OUTLIER_COUNTERS_H_
