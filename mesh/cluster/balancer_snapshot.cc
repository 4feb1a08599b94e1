// What a cluster tells of itself: Balancer::snapshot().

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "mesh/cluster/balancer.h"
#include "mesh/cluster/zone_sharing.h"

namespace mesh::cluster {
namespace {

using wire::ConnectionState;

Snapshot::Share Lowest(uint64_t part, uint64_t of) {
  const uint64_t divisor = std::gcd(part, of);
  if (part == 0 || divisor == 0) return {};
  return {part / divisor, of / divisor};
}

// To a billionth.
Snapshot::Share Nearest(double share) {
  constexpr uint64_t kOf = 1'000'000'000;
  return Lowest(static_cast<uint64_t>(std::llround(share * kOf)), kOf);
}

Snapshot::Share Product(const Snapshot::Share& a, const Snapshot::Share& b) {
  const Snapshot::Share left = Lowest(a.part, b.of);
  const Snapshot::Share right = Lowest(b.part, a.of);
  if (left.part == 0 || right.part == 0) return {};
  uint64_t part, of;
  if (__builtin_mul_overflow(left.part, right.part, &part) ||
      __builtin_mul_overflow(left.of, right.of, &of)) {
    return Nearest(a.value() * b.value());
  }
  return {part, of};
}

uint64_t Sum(const std::vector<uint64_t>& shares) {
  return std::accumulate(shares.begin(), shares.end(), uint64_t{0});
}

}  // namespace

std::string Balancer::StateOf(size_t priority) const {
  const Priority& here = *priorities_[priority];
  if (here.usable() == 0) return "empty";
  if (!here.started()) return "unstarted";
  if (Load(priority) > 0 && Refuses(priority)) return "refusing";
  const bool ready = here.count(ConnectionState::kReady) > 0;
  if (Load(priority) > 0 && ready) return "serving";
  if (here.failing()) return "failing";
  if (Load(priority) > 0) return "connecting";
  return here.overdue() ? "overdue" : "standby";
}

// REQUIRES: the published picker does not pick it.
std::string Balancer::WhyNotPicked(const Locality& locality, const model::EndpointConfig& config,
                                   const TableEndpoint* connected) const {
  if (!locality.rules().Admits(config)) return "not in the subset that takes the calls";
  const size_t number = locality.endpoints()->priority;
  const Priority& priority = *priorities_[number];
  if (connected != nullptr && (!priority.panic() || connected->verdict().stalled)) {
    const std::string why = shared_.health->WhyNot(*connected);
    if (!why.empty()) return why;
  }
  const bool is_degraded = config.health == model::HealthStatus::kDegraded;
  if (!priority.panic() && !model::IsUsable(config.health) &&
      !(is_degraded && shared_.rules.degraded_takes_calls)) {
    return absl::StrCat("the control plane says that it is ", ToString(config.health));
  }
  if (!priority.takes_load(&locality)) {
    return "its locality has no weight, and localities share by weight";
  }
  if (connected != nullptr && connected->state() == ConnectionState::kFailing) {
    return absl::StrCat("connection: ", connected->reason().message());
  }
  std::vector<size_t> loaded;
  for (size_t i = 0; i < priorities_.size(); ++i) {
    if (Load(i) > 0) loaded.push_back(i);
  }
  if (!loaded.empty() && Load(number) == 0) {
    return absl::StrCat(loaded.size() == 1 ? "priority " : "priorities ",
                        absl::StrJoin(loaded, ", "), loaded.size() == 1 ? " takes" : " take",
                        " the calls");
  }
  if (is_degraded && !loaded.empty() && loads_.degraded[number] == 0) {
    return "degraded, and healthy endpoints take the calls";
  }
  if (Refuses(number)) {
    return "too few endpoints of its priority are healthy, and fail_traffic_on_panic is set";
  }
  if (!asked_) return "no call has asked for connections yet";
  if (connected == nullptr) {
    const uint64_t cap = ConnectionCap();
    if (priority.started() && priority.usable() > cap) {
      return absl::StrCat("not connected: only ", cap, " of the priority's ", priority.usable(),
                          " usable endpoints are, at a time");
    }
    return "not connected";
  }
  if (connected->state() == ConnectionState::kReady && priority.leaves_out(&locality)) {
    return priority.zone_routing().has_value()
               ? "calls go to other localities: see zone_routing"
               : "its locality has no weight with so few endpoints in the subset";
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

Balancer::EndpointShares Balancer::SharesOf(const Locality& locality) const {
  EndpointShares result;
  const BalancedPicker& picker = this->picker();
  const auto* serving = std::get_if<BalancedPicker::Serving>(&picker.state());
  if (serving == nullptr) return result;
  absl::flat_hash_set<const Endpoint*> here;
  locality.ForEach([&](const model::EndpointConfig& config, const TableEndpoint* endpoint) {
    if (endpoint == nullptr || !locality.IsUsable(config, endpoint)) return;
    here.insert(endpoint->endpoint());
  });
  const Priority& priority = *priorities_[locality.endpoints()->priority];
  // Of all calls. One part is the usual case, and exact.
  std::vector<std::pair<Snapshot::Share, absl::flat_hash_map<const Endpoint*, Snapshot::Share>>>
      parts;
  for (size_t g = 0; g < serving->groups.size(); ++g) {
    const BalancedPicker::Group& group = serving->groups[g];
    const std::vector<uint64_t> shares = picker.PartShares(g);
    const uint64_t shares_sum = Sum(shares);
    for (size_t i = 0; i < group.parts.size(); ++i) {
      const PickerPart& part = *group.parts[i];
      const bool merged = &part == priority.merged_part();
      if (!merged && &part != locality.last_part(0) && &part != locality.last_part(1)) continue;
      const std::vector<uint64_t> places = part.Shares();
      absl::flat_hash_map<const Endpoint*, uint64_t> sums;
      for (uint32_t place = 0; place < part.size(); ++place) {
        if (here.contains(part.at(place))) sums[part.at(place)] += places[place];
      }
      const uint64_t mine =
          std::accumulate(sums.begin(), sums.end(), uint64_t{0},
                          [](uint64_t sum, const auto& entry) { return sum + entry.second; });
      auto& one = parts.emplace_back();
      // Of a merged part, what its endpoints have of it.
      const Snapshot::Share of_part = Lowest(mine, Sum(places));
      one.first = Product(Lowest(group.load, 100), Product(Lowest(shares[i], shares_sum), of_part));
      for (const auto& [endpoint, sum] : sums) one.second[endpoint] = Lowest(sum, mine);
    }
  }
  if (parts.size() == 1) return {parts[0].first, std::move(parts[0].second)};
  double all = 0;
  absl::flat_hash_map<const Endpoint*, double> sums;
  for (const auto& [share, endpoints] : parts) {
    all += share.value();
    for (const auto& [endpoint, part] : endpoints) sums[endpoint] += share.value() * part.value();
  }
  if (all == 0) return result;
  result.locality = Nearest(all);
  for (const auto& [endpoint, sum] : sums) result.endpoints[endpoint] = Nearest(sum / all);
  return result;
}

void Balancer::FillEndpoints(const Locality& locality, Snapshot::LocalityEndpoints* out) const {
  const EndpointShares shares = SharesOf(locality);
  out->share = shares.locality;
  absl::flat_hash_set<const Endpoint*> given;
  locality.ForEach([&](const model::EndpointConfig& config, TableEndpoint* connected) {
    Snapshot::Endpoint& endpoint = out->endpoints.emplace_back();
    endpoint.address = config.address;
    endpoint.weight = config.weight;
    endpoint.health = std::string(ToString(config.health));
    const ConnectionState connection =
        connected == nullptr ? ConnectionState::kIdle : connected->connection_state();
    endpoint.state = std::string(wire::ToString(connection));
    if (connected != nullptr) {
      endpoint.in_flight = connected->endpoint()->in_flight();
      endpoint.connections = connected->endpoint()->connection().count();
    }
    // A place that takes no calls may name an endpoint that does so by another.
    const auto share = connected == nullptr || !locality.IsUsable(config, connected)
                           ? shares.endpoints.end()
                           : shares.endpoints.find(connected->endpoint());
    if (share == shares.endpoints.end() || share->second.part == 0) {
      endpoint.excluded = WhyNotPicked(locality, config, connected);
    } else if (!given.insert(connected->endpoint()).second) {
      endpoint.excluded = "named twice: the first one has the share of both";
    } else {
      endpoint.share = share->second;
    }
  });
}

void Balancer::FillSnapshot(Snapshot::Cluster* out) const {
  out->state = std::string(wire::ToString(state()));
  if (const auto* failed = std::get_if<Failed>(&picker().state())) {
    out->error = std::string(failed->status.message());
  }
  for (size_t i = 0; i < priorities_.size(); ++i) {
    const Priority& priority = *priorities_[i];
    out->priorities.push_back(
        {static_cast<uint32_t>(i), StateOf(i), priority.usable(),
         priority.count(ConnectionState::kReady),
         priority.count(ConnectionState::kConnecting) + priority.count(ConnectionState::kIdle),
         Load(i), Panics(i)});
  }
  if (!priorities_.empty()) {
    out->zone_routing = WhyNoZones(shared_.config, shared_.by_weight[0]);
    const std::optional<balancer::ZoneRouting>& routing = priorities_[0]->zone_routing();
    if (out->zone_routing.empty() && shared_.config.zones_apply() && routing.has_value()) {
      out->zone_routing = ToString(*routing, *shared_.config.cluster->zone_aware);
    }
  }
  for (const std::unique_ptr<Locality>& locality : localities_) {
    const model::LocalityEndpoints& configured = *locality->endpoints();
    Snapshot::LocalityEndpoints& to = out->localities.emplace_back();
    to.locality = configured.locality.ToString();
    to.priority = configured.priority;
    to.weight = configured.weight;
    FillEndpoints(*locality, &to);
  }
}

}  // namespace mesh::cluster
