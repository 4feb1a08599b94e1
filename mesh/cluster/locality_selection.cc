#include <algorithm>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "mesh/cluster/locality.h"

// Which endpoints of a locality are connected.

namespace mesh::cluster {
namespace {

using model::EndpointConfig;
using wire::ConnectionState;

// However few may be connected, this many may fail before the others are given up.
constexpr uint64_t kMinFailing = 16;

// Whatever the control plane says.
bool IsOut(const TableEndpoint& endpoint) {
  return endpoint.verdict().ejected || endpoint.verdict().unhealthy;
}

bool AwaitsCheck(const TableEndpoint& endpoint) {
  return endpoint.verdict().awaits_check && !endpoint.verdict().ejected;
}

}  // namespace

bool Locality::awaits_check() const {
  return std::any_of(entries_.begin(), entries_.end(), [this](const auto& entry) {
    const TableEndpoint* const endpoint = entry.second.endpoint;
    return endpoint != nullptr && AwaitsCheck(*endpoint) && IsUsable(*entry.second.config, nullptr);
  });
}

bool Locality::IsAttempt(const EndpointConfig& config, const TableEndpoint* endpoint) const {
  if (endpoint != nullptr && AwaitsCheck(*endpoint)) endpoint = nullptr;
  return ClassOf(config, endpoint) == PlaceClass::kHealthy;
}

void Locality::Select(uint64_t quota) {
  needs_selection_ = false;
  quota_ = quota;
  if (quota >= usable_) {
    SelectAll();
  } else {
    all_ = false;
    SelectFirst(quota, std::max(2 * quota, kMinFailing));
  }
}

uint64_t Locality::SelectOne(uint64_t attempts, uint64_t cap) {
  needs_selection_ = false;
  quota_ = attempts;
  all_ = false;
  return SelectFirst(attempts, std::max(2 * cap, kMinFailing),
                     attempts > 0 ? FirstReady() : nullptr,
                     /*one=*/true);
}

const TableEndpoint* Locality::FirstReady() const {
  const TableEndpoint* first = nullptr;
  uint64_t first_rank = 0;
  for (const auto& [endpoint, ranks] : attached_) {
    if (endpoint->state() != ConnectionState::kReady) continue;
    for (const uint64_t rank : ranks) {
      if (first != nullptr && first_rank <= rank) continue;
      auto [it, end] = entries_.equal_range(rank);
      for (; it != end; ++it) {
        if (it->second.endpoint != endpoint) continue;
        if (IsOut(*endpoint) || !IsAttempt(*it->second.config, endpoint)) continue;
        first = endpoint;
        first_rank = rank;
      }
    }
  }
  return first;
}

void Locality::SelectAll() {
  if (all_) return;
  all_ = true;
  for (auto& [rank, entry] : entries_) {
    if (entry.endpoint == nullptr && IsUsable(*entry.config, entry.endpoint)) Attach(rank, &entry);
  }
}

// `only`: that one alone, which is ready; null: the first ones. `one`: see SelectOne().
uint64_t Locality::SelectFirst(uint64_t quota, uint64_t most_failing, const TableEndpoint* only,
                               bool one) {
  absl::flat_hash_set<const TableEndpoint*> wanted;
  uint64_t taken = 0;
  uint64_t ready = 0;
  uint64_t failing = 0;
  if (only != nullptr) {
    wanted.insert(only);
    taken = ready = quota;
  }
  uint64_t settled = 0;
  const auto is_first = [&](const Entry& entry) {
    return one ? IsAttempt(*entry.config, entry.endpoint)
               : IsOfFirstList(*entry.config, entry.endpoint);
  };
  // Those that are degraded, or for `one` not healthy, come after all others, which calls would
  // wait for; and then for `one` one that is there is enough.
  for (const bool last : {false, true}) {
    if (one && last && taken > 0) continue;
    if (!one) failing = 0;
    for (auto& [rank, entry] : entries_) {
      if (taken == quota || failing == most_failing || settled > 0) break;
      const bool is_its_turn =
          last ? IsUsable(*entry.config, entry.endpoint) && (one || !is_first(entry))
               : is_first(entry);
      if (!is_its_turn) continue;
      if (entry.endpoint == nullptr) Attach(rank, &entry);
      if (!wanted.insert(entry.endpoint).second) continue;
      const ConnectionState state = entry.endpoint->state();
      if (state == ConnectionState::kReady) ++ready;
      const bool has_failed = state == ConnectionState::kFailing ||
                              (one && IsOut(*entry.endpoint) && !AwaitsCheck(*entry.endpoint));
      ++(has_failed ? failing : taken);
      if (one && last && !has_failed && state == ConnectionState::kReady) ++settled;
    }
  }
  // The others, in their order. One that is not usable now keeps its connection: it drains, or
  // comes back. So does one that is usable in panic alone: without it there might be no panic.
  std::vector<std::pair<Ranks, TableEndpoint*>> others;
  for (const auto& [endpoint, ranks] : attached_) {
    if (wanted.contains(endpoint) || (only == nullptr && IsOut(*endpoint))) continue;
    others.emplace_back(ranks, endpoint);
    std::sort(others.back().first.begin(), others.back().first.end());
  }
  std::sort(others.begin(), others.end());
  for (const auto& [ranks, endpoint] : others) {
    const bool serves = ready < quota && endpoint->state() == ConnectionState::kReady;
    bool usable = false;
    for (const uint64_t rank : ranks) {
      auto [it, end] = entries_.equal_range(rank);
      for (; it != end; ++it) {
        if (it->second.endpoint != endpoint) continue;
        if (!IsUsable(*it->second.config, it->second.endpoint)) continue;
        usable = true;
        if (!serves) Detach(rank, &it->second, /*given_up=*/true);
      }
    }
    if (usable && serves) ++ready;
  }
  return taken - settled;
}

void Locality::AttachKnown() {
  Touch();
  for (auto& [rank, entry] : entries_) {
    if (entry.endpoint == nullptr && table_->Has(entry.config->address)) Attach(rank, &entry);
  }
}

void Locality::Stop() {
  all_ = false;
  needs_selection_ = true;
  for (auto& [rank, entry] : entries_) {
    if (entry.endpoint != nullptr) Detach(rank, &entry, /*given_up=*/true);
  }
}

}  // namespace mesh::cluster
