#ifndef MESH_CLUSTER_OUTLIER_DETECTOR_H_
#define MESH_CLUSTER_OUTLIER_DETECTOR_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "balancer/success_rate.h"
#include "mesh/base/random.h"
#include "mesh/cluster/outlier_counters.h"
#include "mesh/model/outlier_detection.h"

namespace mesh::cluster {

class Endpoint;  // a key here, never looked into: it may be gone

// What came of an endpoint that looked like an outlier; the later outranks the earlier.
enum class EjectionDecision : uint8_t {
  kIgnored,      // it is ejected already, it is unknown, or detection is off
  kNotEnforced,  // it would have been ejected, but for the enforcing percentage
  kOverCap,      // as many are ejected as may be
  kEjected,
};

// Decides which endpoints of a cluster are ejected for what became of their attempts, and when
// they are readmitted (envoy outlier_detection.proto, gRFC A50): values and clock readings in,
// decisions out. It has no timer and does not act on them.
//
//            failures in a row reached a threshold, at once;
//            or a rate is an outlier's, at the end of an interval:
//            if the cap leaves room, and a draw enforces it
//      ┌────┐ ────────────────────────────────────────────────► ┌─────────┐
//      │ in │                                                   │ ejected │
//      └────┘ ◄──────────────────────────────────────────────── └─────────┘
//            at the end of an interval, when its time is over;
//            or an active check passed; or detection is off
//
// Its time is base × multiplier, at most max(base, max), and a jitter. The multiplier grows with
// each ejection, until the time does not, and once more; it falls with each interval at whose end
// the endpoint is in, after the rates are judged. (Envoy passes over an interval that ends a moment
// too early for a whole one since the endpoint was readmitted; gRFC A50 lets it grow for ever.)
//
// Rates are judged of the endpoints that were in when the interval ended. Of several outliers the
// worst is ejected first, so that the cap keeps the better ones.
//
// Serializer-bound.
class OutlierDetector {
 public:
  struct Changes {
    std::vector<Endpoint*> ejected;
    std::vector<Endpoint*> readmitted;  // none of them is among the ejected
  };
  // Of one cause, ever.
  struct Counts {
    uint64_t detected = 0;  // ejections that a cap and a draw were asked for
    uint64_t enforced = 0;
    uint64_t over_cap = 0;
  };

  // Why and how long an endpoint is ejected. It is readmitted at the end of the interval in which
  // that is over.
  struct Ejection {
    EjectionCause cause = EjectionCause::kConsecutive5xx;
    absl::Time since;
    absl::Duration duration;
  };

  // `random` outlives the detector.
  explicit OutlierDetector(Random* random) : random_(random) {}
  OutlierDetector(const OutlierDetector&) = delete;
  OutlierDetector& operator=(const OutlierDetector&) = delete;

  // What attempts need for OutlierCounters::Record(); the same object always.
  std::shared_ptr<const OutlierRules> rules() const { return rules_; }

  // The rules from now on. No value, or one without a detector: detection is off, everybody is
  // readmitted, and multipliers are 0. (Failure percentages that are not enforced are no detector;
  // others detect without being enforced.) The interval begins `now` if it was off, else it keeps
  // its phase. Nobody is ejected by it.
  Changes Update(const std::optional<model::OutlierDetection>& config, absl::Time now);
  bool is_on() const { return config_.has_value(); }

  // `counters` outlive the endpoint's part in the detector. Endpoints that share a cap are those
  // that are here. REQUIRES: the endpoint is not here.
  void Add(Endpoint* endpoint, OutlierCounters* counters);
  // `by` is where `endpoint` was, with its history. REQUIRES: that is here.
  void Replace(const Endpoint* endpoint, Endpoint* by, OutlierCounters* counters);
  // No effect if it is not here.
  void Remove(const Endpoint* endpoint);

  // An attempt on the endpoint was told `crossings`. The counts of these start anew.
  EjectionDecision OnConsecutive(const Endpoint* endpoint, Crossings crossings, absl::Time now);

  // When OnInterval() is due; maybe past. Infinite while detection is off.
  absl::Time NextInterval() const;
  // Ends the interval: readmits, judges rates.
  Changes OnInterval(absl::Time now);

  // An active check of the endpoint passed. Returns whether that readmits it.
  bool ReadmitByActiveCheck(const Endpoint* endpoint);

  bool is_ejected(const Endpoint* endpoint) const { return ejection(endpoint).has_value(); }
  std::optional<Ejection> ejection(const Endpoint* endpoint) const;
  size_t size() const { return entries_.size(); }
  size_t ejected() const { return ejected_; }
  const Counts& counts(EjectionCause cause) const { return counts_[static_cast<size_t>(cause)]; }
  // Of the last interval, without local origin where that is apart; none if too few endpoints had
  // enough attempts.
  const std::optional<balancer::SuccessRates>& success_rates() const { return success_rates_; }

 private:
  struct Entry {
    Endpoint* endpoint = nullptr;
    OutlierCounters* counters = nullptr;
    uint32_t multiplier = 0;
    bool ejected = false;
    EjectionCause cause = EjectionCause::kConsecutive5xx;  // of this ejection, or the last one
    absl::Time ejected_at;
    absl::Duration jitter;
  };
  // An endpoint's attempts in the interval that ended.
  struct Measured {
    Entry* entry;
    OutlierCounters::Volume volume;

    double rate() const { return 100.0 * volume.success / volume.total; }
  };

  Entry* Find(const Endpoint* endpoint);
  EjectionDecision TryEject(Entry* entry, EjectionCause cause, absl::Time now);
  bool CapLeavesRoom() const;
  bool DrawEnforces(EjectionCause cause);
  absl::Duration EjectionTime(const Entry& entry) const;
  void Readmit(Entry* entry);
  Changes TurnOff();
  void JudgeSuccessRates(const std::vector<Measured>& measured, bool local_origin, absl::Time now,
                         Changes* changes);
  void JudgeFailurePercentages(const std::vector<Measured>& measured, bool local_origin,
                               absl::Time now, Changes* changes);
  void EjectWorstFirst(std::vector<Measured> outliers, EjectionCause cause, absl::Time now,
                       Changes* changes);

  Random* const random_;
  const std::shared_ptr<OutlierRules> rules_ = std::make_shared<OutlierRules>();
  std::optional<model::OutlierDetection> config_;  // none: off
  absl::Time interval_began_;                      // meaningful while it is on
  std::vector<Entry> entries_;
  absl::flat_hash_map<const Endpoint*, size_t> index_;  // in entries_
  size_t ejected_ = 0;
  std::array<Counts, kEjectionCauses> counts_ = {};
  std::optional<balancer::SuccessRates> success_rates_;
};

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_OUTLIER_DETECTOR_H_
