#include "balancer/zone_routing.h"

#include <algorithm>

namespace mesh::balancer {
namespace {

constexpr uint64_t kWhole = 10'000;

uint64_t PartOf(uint64_t part, uint64_t whole) { return whole == 0 ? 0 : kWhole * part / whole; }

template <typename F>
uint64_t Sum(const std::vector<ZoneView>& zones, F value) {
  uint64_t sum = 0;
  for (const ZoneView& zone : zones) sum += value(zone);
  return sum;
}

std::optional<ZoneState> WhyOff(const std::vector<ZoneView>& zones, const LocalClusterView& local,
                                const model::ZoneAware& settings) {
  if (zones.size() < 2) return ZoneState::kOneLocality;
  if (!settings.force_local_zone.has_value() && local.localities < 2) {
    return ZoneState::kOneLocalLocality;
  }
  if (local.own_endpoints == 0) return ZoneState::kNotLocal;
  if (Sum(zones, [](const ZoneView& zone) { return zone.healthy; }) < settings.min_cluster_size) {
    return ZoneState::kTooSmall;
  }
  if (local.panics) return ZoneState::kLocalPanic;
  return std::nullopt;
}

bool StaysWhole(const ZoneView& own, uint64_t part, uint64_t local_part,
                const model::ZoneAware& settings) {
  if (part > 0 && part >= local_part) return true;
  return settings.force_local_zone.has_value() && own.healthy >= *settings.force_local_zone;
}

// Of the calls that zones decide; `zones` counts what each has beyond what its callers need.
void FillShares(const std::vector<ZoneView>& zones, std::optional<size_t> own,
                const LocalClusterView& local, const model::ZoneAware& settings,
                ZoneRouting* result) {
  const uint64_t sum = Sum(zones, [](const ZoneView& zone) { return zone.weight; });
  std::vector<uint64_t> spare(zones.size(), 0);
  uint64_t all_spare = 0;
  for (size_t i = 0; i < zones.size(); ++i) {
    const uint64_t part = PartOf(zones[i].weight, sum);
    const uint64_t local_part = PartOf(zones[i].local_weight, local.weight);
    if (own != i) {
      spare[i] = part - std::min(part, local_part);
      all_spare += spare[i];
    } else if (StaysWhole(zones[i], part, local_part, settings)) {
      result->state = ZoneState::kDirect;
    } else {
      result->stay = local_part == 0 ? 0 : static_cast<uint32_t>(kWhole * part / local_part);
    }
  }
  result->shares.assign(zones.size(), 0);
  if (result->state == ZoneState::kDirect) {
    result->shares[*own] = 1;
    return;
  }
  const uint64_t leave = kWhole - result->stay;
  for (size_t i = 0; i < zones.size(); ++i) {
    // All parts may have been cut to nothing: then those that leave go anywhere.
    result->shares[i] = all_spare == 0 ? leave : leave * spare[i];
    if (own == i) result->shares[i] += result->stay * (all_spare == 0 ? zones.size() : all_spare);
  }
}

}  // namespace

ZoneRouting RouteByZone(const std::vector<ZoneView>& zones, std::optional<size_t> own,
                        const LocalClusterView& local, const model::ZoneAware& settings) {
  ZoneRouting result;
  if (const std::optional<ZoneState> off = WhyOff(zones, local, settings)) {
    result.state = *off;
    return result;
  }
  result.state = ZoneState::kResidual;
  FillShares(zones, own, local, settings, &result);
  uint64_t sum = 0;
  for (size_t i = 0; i < zones.size(); ++i) {
    if (zones[i].ready_weight == 0) result.shares[i] = 0;
    sum += result.shares[i];
  }
  const uint64_t ready = Sum(zones, [](const ZoneView& zone) { return zone.ready_weight; });
  const uint64_t by_zone = sum == 0 ? 0 : settings.routing_enabled;
  if (by_zone == 100) return result;
  // The rest of the calls shares as without zones. Exact to a part of 2^32.
  using Wide = unsigned __int128;
  for (size_t i = 0; i < zones.size(); ++i) {
    const Wide zone = sum == 0 ? 0 : (Wide{by_zone} * result.shares[i] << 32) / sum;
    const Wide rest = ready == 0 ? 0 : (Wide{100 - by_zone} * zones[i].ready_weight << 32) / ready;
    result.shares[i] = static_cast<uint64_t>(zone + rest);
  }
  return result;
}

}  // namespace mesh::balancer
