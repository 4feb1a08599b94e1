// What a cluster tells of itself: LiveCluster::snapshot().

#include <algorithm>
#include <string>
#include <vector>

#include "mesh/cluster/live_cluster.h"

namespace mesh::cluster {
namespace {

std::string Name(model::LbPolicy policy) {
  switch (policy) {
    case model::LbPolicy::kRoundRobin:
      return "round_robin";
    case model::LbPolicy::kLeastRequest:
      return "least_request";
    case model::LbPolicy::kRingHash:
      return "ring_hash";
    case model::LbPolicy::kMaglev:
      return "maglev";
    case model::LbPolicy::kRandom:
      return "random";
    case model::LbPolicy::kPickFirst:
      return "pick_first";
  }
  return "unknown";
}

}  // namespace

std::vector<Snapshot::Limit> LiveCluster::LimitsNow() const {
  std::vector<Snapshot::Limit> limits;
  const auto add = [&](LimitKind kind, model::RoutingPriority priority) {
    LimitView view = limits_->View(kind, priority);
    if (view.limit == model::Thresholds::kNone) return;
    if (kind == LimitKind::kConnections) {  // not acquired, but a cap on what is connected
      view.in_use = table_.size();
      view.remaining = view.limit - std::min(view.limit, view.in_use);
    }
    limits.push_back({std::string(view.is_budget ? "retry_budget" : NameOf(kind)),
                      priority == model::RoutingPriority::kHigh ? "HIGH" : "DEFAULT", view.limit,
                      view.in_use, view.remaining, view.overflows});
  };
  add(LimitKind::kConnections, model::RoutingPriority::kDefault);
  for (auto priority : {model::RoutingPriority::kDefault, model::RoutingPriority::kHigh}) {
    for (LimitKind kind : {LimitKind::kPending, LimitKind::kRequests, LimitKind::kRetries}) {
      add(kind, priority);
    }
  }
  return limits;
}

Snapshot::Cluster LiveCluster::snapshot() const {
  const model::ClusterConfig& config = shared_.config;
  Snapshot::Cluster result;
  result.name = name();
  if (config.cluster != nullptr) {
    result.policy = Name(config.cluster->balancing.policy);
    result.limits = LimitsNow();
  }
  base_->FillSnapshot(&result);
  if (result.error.empty()) result.error = std::string(config.ambient.message());
  return result;
}

}  // namespace mesh::cluster
