#ifndef MESH_MODEL_CIRCUIT_BREAKERS_H_
#define MESH_MODEL_CIRCUIT_BREAKERS_H_

#include <cstdint>
#include <limits>
#include <optional>

namespace mesh::model {

// Limits of a cluster for one routing priority (envoy circuit_breaker.proto). A value.
struct Thresholds {
  static constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();  // no limit

  // Retries in flight: at most budget_percent of the calls that are active or pending, but
  // min_retry_concurrency at least. It replaces max_retries.
  struct RetryBudget {
    double budget_percent = 20;
    uint32_t min_retry_concurrency = 3;

    bool operator==(const RetryBudget& other) const {
      return budget_percent == other.budget_percent &&
             min_retry_concurrency == other.min_retry_concurrency;
    }
  };

  uint32_t max_connections = 1024;       // connected endpoints
  uint32_t max_pending_requests = 1024;  // calls that wait for a connected endpoint
  uint32_t max_requests = 1024;          // attempts in flight
  uint32_t max_retries = 3;              // attempts in flight that are retries
  std::optional<RetryBudget> retry_budget;

  bool operator==(const Thresholds& other) const {
    return max_connections == other.max_connections &&
           max_pending_requests == other.max_pending_requests &&
           max_requests == other.max_requests && max_retries == other.max_retries &&
           retry_budget == other.retry_budget;
  }
};

// By routing priority of the call. A value.
struct CircuitBreakers {
  Thresholds normal;  // RoutingPriority DEFAULT
  Thresholds high;    // RoutingPriority HIGH
};

}  // namespace mesh::model

#endif  // MESH_MODEL_CIRCUIT_BREAKERS_H_
