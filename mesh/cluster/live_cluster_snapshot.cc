// What a cluster tells of itself: LiveCluster::snapshot().

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "mesh/cluster/live_cluster.h"

namespace mesh::cluster {
namespace {

using wire::ConnectionState;

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

Snapshot::Share Lowest(uint64_t part, uint64_t of) {
  const uint64_t divisor = std::gcd(part, of);
  if (part == 0 || divisor == 0) return {};
  return {part / divisor, of / divisor};
}

uint64_t Sum(const std::vector<uint64_t>& shares) {
  return std::accumulate(shares.begin(), shares.end(), uint64_t{0});
}

}  // namespace

std::string LiveCluster::StateOf(size_t priority) const {
  const Priority& here = priorities_[priority];
  const bool ready = here.count(ConnectionState::kReady) > 0;
  if (here.usable() == 0) return "empty";
  if (!here.started) return "unstarted";
  if (chosen_ == priority) return ready ? "serving" : "connecting";
  if (here.failing) return "failing";
  return here.overdue ? "overdue" : "standby";
}

// REQUIRES: the published picker does not pick it.
std::string LiveCluster::WhyNotPicked(const Locality& locality, const model::EndpointConfig& config,
                                      const TableEndpoint* connected) const {
  if (!model::IsUsable(config.health)) {
    return absl::StrCat("the control plane says that it is ", ToString(config.health));
  }
  const size_t number = locality.endpoints()->priority;
  const std::vector<Locality*>& loaded = priorities_[number].localities;
  if (std::find(loaded.begin(), loaded.end(), &locality) == loaded.end()) {
    return "its locality has no weight, and localities share by weight";
  }
  if (connected != nullptr && connected->state() == ConnectionState::kFailing) {
    return absl::StrCat("connection: ", connected->reason().message());
  }
  if (chosen_.has_value() && *chosen_ != number) {
    return absl::StrCat("priority ", *chosen_, " takes the calls");
  }
  if (!asked_) return "no call has asked for connections yet";
  if (connected == nullptr) {
    const uint64_t cap = ConnectionCap();
    if (priorities_[number].started && priorities_[number].usable() > cap) {
      return absl::StrCat("not connected: only ", cap, " of the priority's ",
                          priorities_[number].usable(), " usable endpoints are, at a time");
    }
    return "not connected";
  }
  switch (connected->state()) {
    case ConnectionState::kConnecting:
      return "not connected yet";
    case ConnectionState::kReady:
      return "connected a moment ago";
    case ConnectionState::kIdle:
    case ConnectionState::kFailing:
      break;
  }
  return "not connected";
}

void LiveCluster::FillEndpoints(const Locality& locality, Snapshot::LocalityEndpoints* out) const {
  const BalancedPicker& picker = *picker_.writer_view();
  // The shares of the published picker, by endpoint.
  absl::flat_hash_map<const Endpoint*, Snapshot::Share> shares;
  if (const auto* serving = std::get_if<BalancedPicker::Serving>(&picker.state())) {
    for (size_t i = 0; i < serving->parts.size(); ++i) {
      const PickerPart& part = *serving->parts[i];
      if (&part != locality.last_part()) continue;
      const std::vector<uint64_t> parts = picker.PartShares();
      out->share = Lowest(parts[i], Sum(parts));
      const std::vector<uint64_t> places = part.Shares();
      const uint64_t sum = Sum(places);
      for (uint32_t place = 0; place < part.size(); ++place) {
        shares.emplace(part.at(place), Lowest(places[place], sum));
      }
    }
  }
  absl::flat_hash_set<const Endpoint*> given;
  locality.ForEach([&](const model::EndpointConfig& config, const TableEndpoint* connected) {
    Snapshot::Endpoint& endpoint = out->endpoints.emplace_back();
    endpoint.address = config.address;
    endpoint.weight = config.weight;
    endpoint.health = std::string(ToString(config.health));
    const ConnectionState connection =
        connected == nullptr ? ConnectionState::kIdle : connected->state();
    endpoint.state = std::string(wire::ToString(connection));
    if (connected != nullptr) endpoint.in_flight = connected->endpoint()->in_flight();
    const auto share = connected == nullptr || !model::IsUsable(config.health)
                           ? shares.end()
                           : shares.find(connected->endpoint());
    if (share == shares.end()) {
      endpoint.excluded = WhyNotPicked(locality, config, connected);
    } else if (!given.insert(connected->endpoint()).second) {
      endpoint.excluded = "named twice: the first one has the share of both";
    } else {
      endpoint.share = share->second;
    }
  });
}

Snapshot::Cluster LiveCluster::snapshot() const {
  Snapshot::Cluster result;
  result.name = name();
  result.state = std::string(wire::ToString(state()));
  if (config_.cluster != nullptr) result.policy = Name(config_.cluster->balancing.policy);
  if (const auto* failed = std::get_if<Failed>(&picker_.writer_view()->state())) {
    result.error = std::string(failed->status.message());
  } else if (!config_.ambient.ok()) {
    result.error = std::string(config_.ambient.message());
  }
  for (size_t i = 0; i < priorities_.size(); ++i) {
    result.priorities.push_back({static_cast<uint32_t>(i), StateOf(i), priorities_[i].usable(),
                                 priorities_[i].count(ConnectionState::kReady),
                                 priorities_[i].count(ConnectionState::kConnecting) +
                                     priorities_[i].count(ConnectionState::kIdle)});
  }
  for (const std::unique_ptr<Locality>& locality : localities_) {
    const model::LocalityEndpoints& configured = *locality->endpoints();
    Snapshot::LocalityEndpoints& out = result.localities.emplace_back();
    out.locality = configured.locality.ToString();
    out.priority = configured.priority;
    out.weight = configured.weight;
    FillEndpoints(*locality, &out);
  }
  return result;
}

}  // namespace mesh::cluster
