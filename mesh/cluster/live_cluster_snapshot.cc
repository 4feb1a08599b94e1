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
    case model::LbPolicy::kClientSideWeightedRoundRobin:
      return "client_side_weighted_round_robin";
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

Snapshot::Cluster LiveCluster::SnapshotOf(const Balancer& balancer) const {
  const model::ClusterConfig& config = shared_.config;
  Snapshot::Cluster result;
  result.name = name();
  result.unsettled = turn_scheduled_;
  if (config.cluster != nullptr) {
    result.policy = Name(config.cluster->balancing.policy);
    result.limits = LimitsNow();
  }
  balancer.FillSnapshot(&result);
  if (result.error.empty()) result.error = std::string(config.ambient.message());
  subsets_.FillSnapshot(&result);
  return result;
}

Snapshot::Cluster LiveCluster::snapshot() const {
  Snapshot::Cluster result = SnapshotOf(*base_);
  result.state = std::string(wire::ToString(state()));
  return result;
}

Snapshot::Cluster LiveCluster::SnapshotFor(const model::MetadataMatch* match) const {
  const SubsetMap* const map = subsets_.map().get();
  if (match == nullptr || map == nullptr) return SnapshotOf(*base_);
  // Of alternatives the first that has a subset; what it can take is not looked at.
  SubsetMap::Choice choice = map->Choose(*match);
  if (map->selection().obeys_fallback_list) {
    for (const model::MetadataMatch& alternative : match->alternatives()) {
      choice = map->Choose(alternative);
      if (choice.taker == SubsetMap::Taker::kSubset) break;
    }
  }
  const Balancer* const balancer =
      choice.subset == nullptr ? &*base_ : subsets_.BalancerOf(*choice.subset);
  Snapshot::Cluster result;
  if (balancer != nullptr) {
    result = SnapshotOf(*balancer);
  } else {  // no call has asked for it yet
    result = SnapshotOf(*base_);
    result.state = std::string(wire::ToString(wire::ConnectionState::kIdle));
    result.error.clear();
    result.priorities.clear();
    result.localities.clear();
  }
  result.named = match->ToString();
  const bool is_fallback = choice.subset == nullptr && choice.taker != SubsetMap::Taker::kNobody &&
                           map->selection().fallback != model::SubsetSelection::Fallback::kNone;
  if (choice.taker == SubsetMap::Taker::kSubset) {
    result.subset = model::ToString(choice.subset->fields());
  } else if (!map->is_complete() || (choice.subset == nullptr && !is_fallback)) {
    result.state = std::string(wire::ToString(wire::ConnectionState::kFailing));
    result.error = std::string(NoTaker(*map, *match).status.message());
  }
  return result;
}

}  // namespace mesh::cluster
