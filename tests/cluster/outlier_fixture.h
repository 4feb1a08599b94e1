#ifndef TESTS_CLUSTER_OUTLIER_FIXTURE_H_
#define TESTS_CLUSTER_OUTLIER_FIXTURE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "mesh/base/random.h"
#include "mesh/cluster/outlier_detector.h"

namespace mesh::cluster {

// What the decoders make of an `outlier_detection` that sets nothing, by profile.
inline model::OutlierDetection EnvoyConfig() { return {}; }
inline model::OutlierDetection GrpcConfig() {
  model::OutlierDetection config;
  config.consecutive_5xx.threshold = 0;
  config.consecutive_gateway_failure.threshold = 0;
  config.consecutive_local_origin_failure.threshold = 0;
  config.cap_counts_the_next = false;
  config.failure_percentage.or_equal = false;
  return config;
}

// Gives the numbers it was told, in turn, and then zeroes. Thread-compatible.
class Draws final : public Random {
 public:
  explicit Draws(std::vector<uint64_t> draws = {}) : draws_(std::move(draws)) {}
  uint64_t Next() override { return next_ < draws_.size() ? draws_[next_++] : 0; }
  size_t drawn() const { return next_; }

 private:
  const std::vector<uint64_t> draws_;
  size_t next_ = 0;
};

// A detector with numbered endpoints and a clock that starts at 0 s. Thread-compatible.
class OutlierWorld {
 public:
  OutlierWorld(size_t endpoints, const std::optional<model::OutlierDetection>& config,
               std::vector<uint64_t> draws = {})
      : draws_(std::move(draws)), detector_(&draws_) {
    for (size_t i = 0; i < endpoints; ++i) Add();
    detector_.Update(config, now());
  }

  // The key of the endpoint: nothing is there.
  static Endpoint* Key(size_t i) { return reinterpret_cast<Endpoint*>((i + 1) * 4096); }
  static size_t NumberOf(const Endpoint* key) {
    return reinterpret_cast<uintptr_t>(key) / 4096 - 1;
  }

  size_t Add() {
    const size_t i = counters_.size();
    counters_.push_back(std::make_unique<OutlierCounters>());
    detector_.Add(Key(i), counters_.back().get());
    return i;
  }

  absl::Time now() const { return at(now_); }
  absl::Time at(absl::Duration time) const { return absl::UnixEpoch() + time; }

  // An attempt ends now.
  EjectionDecision Attempt(size_t i, AttemptVerdict verdict) {
    const Crossings crossings = counters_[i]->Record(verdict, *detector_.rules());
    if (crossings.empty()) return EjectionDecision::kIgnored;
    return detector_.OnConsecutive(Key(i), crossings, now());
  }
  // What came of the last one.
  EjectionDecision Attempts(size_t i, size_t count, AttemptVerdict verdict) {
    EjectionDecision last = EjectionDecision::kIgnored;
    for (size_t j = 0; j < count; ++j) last = Attempt(i, verdict);
    return last;
  }
  // `failures` of `total` fail, with 503.
  void Rate(size_t i, size_t failures, size_t total) {
    Attempts(i, failures, AttemptVerdict::kGatewayError);
    Attempts(i, total - failures, AttemptVerdict::kSuccess);
  }

  // Ends the intervals that are due until then. What changed, in words: `eject 4, readmit 2`.
  std::string RunUntil(absl::Duration time) {
    std::string changed;
    while (detector_.NextInterval() <= at(time)) {
      now_ = detector_.NextInterval() - absl::UnixEpoch();
      const std::string changes = Words(detector_.OnInterval(now()));
      absl::StrAppend(&changed, changed.empty() || changes.empty() ? "" : ", ", changes);
    }
    now_ = time;
    return changed;
  }
  static std::string Words(const OutlierDetector::Changes& changes) {
    std::string words;
    const auto append = [&](const char* word, const std::vector<Endpoint*>& endpoints) {
      for (const Endpoint* endpoint : endpoints) {
        absl::StrAppend(&words, words.empty() ? "" : ", ", word, " ", NumberOf(endpoint));
      }
    };
    append("readmit", changes.readmitted);
    append("eject", changes.ejected);
    return words;
  }

  bool is_ejected(size_t i) const { return detector_.is_ejected(Key(i)); }
  // Of all causes.
  OutlierDetector::Counts counts() const {
    OutlierDetector::Counts sum;
    for (size_t i = 0; i < kEjectionCauses; ++i) {
      const OutlierDetector::Counts& counts = detector_.counts(static_cast<EjectionCause>(i));
      sum.detected += counts.detected;
      sum.enforced += counts.enforced;
      sum.over_cap += counts.over_cap;
    }
    return sum;
  }
  OutlierDetector& detector() { return detector_; }
  const OutlierDetector& detector() const { return detector_; }
  OutlierCounters& counters(size_t i) { return *counters_[i]; }
  const Draws& draws() const { return draws_; }

 private:
  Draws draws_;
  OutlierDetector detector_;
  std::vector<std::unique_ptr<OutlierCounters>> counters_;
  absl::Duration now_;
};

}  // namespace mesh::cluster

#endif  // TESTS_CLUSTER_OUTLIER_FIXTURE_H_
