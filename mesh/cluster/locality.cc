#include "mesh/cluster/locality.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/container/inlined_vector.h"

namespace mesh::cluster {
namespace {

using model::EndpointConfig;
using model::EndpointList;
using wire::ConnectionState;

// However few may be connected, this many may fail before the others are given up.
constexpr uint64_t kMinFailing = 16;

// The chunks of `list` that are not in `other`.
std::vector<const EndpointList::Chunk*> ChunksBeside(const EndpointList& list,
                                                     const EndpointList& other) {
  absl::flat_hash_set<const EndpointList::Chunk*> known;
  known.reserve(other.chunks().size());
  for (const auto& chunk : other.chunks()) known.insert(chunk.get());
  std::vector<const EndpointList::Chunk*> beside;
  for (const auto& chunk : list.chunks()) {
    if (!known.contains(chunk.get())) beside.push_back(chunk.get());
  }
  return beside;
}

}  // namespace

Locality::~Locality() {
  for (auto& [hash, entry] : entries_) {
    if (entry.endpoint != nullptr) Detach(&entry);
  }
}

uint64_t Locality::HashOf(absl::string_view address) const {
  // FNV-1a, then the finalizer of MurmurHash3, because close addresses must not be close here.
  uint64_t hash = 0xcbf29ce484222325 ^ seed_;
  for (const char c : address) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccd;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53;
  return hash ^ (hash >> 33);
}

Place Locality::PlaceOf(const EndpointConfig& config) {
  return Place{this, config.weight, model::IsUsable(config.health)};
}

void Locality::Update(std::shared_ptr<const model::LocalityEndpoints> endpoints) {
  if (endpoints == endpoints_) return;
  const EndpointList none;
  const EndpointList& before = endpoints_ == nullptr ? none : endpoints_->endpoints;
  absl::flat_hash_map<absl::string_view, absl::InlinedVector<const EndpointConfig*, 1>> old;
  for (const EndpointList::Chunk* chunk : ChunksBeside(before, endpoints->endpoints)) {
    for (const EndpointConfig& config : chunk->endpoints) old[config.address].push_back(&config);
  }
  std::vector<std::pair<uint64_t, const EndpointConfig*>> added;
  for (const EndpointList::Chunk* chunk : ChunksBeside(endpoints->endpoints, before)) {
    for (const EndpointConfig& config : chunk->endpoints) {
      const auto found = old.find(config.address);
      if (found == old.end() || found->second.empty()) {
        added.emplace_back(HashOf(config.address), &config);
      } else {
        Change(found->second.back(), &config);
        found->second.pop_back();
      }
    }
  }
  // In an order that is the same in every process, so that a simulation repeats.
  std::vector<std::pair<uint64_t, const EndpointConfig*>> removed;
  for (const auto& [address, configs] : old) {
    for (const EndpointConfig* config : configs) removed.emplace_back(HashOf(address), config);
  }
  std::sort(removed.begin(), removed.end());
  for (const auto& [hash, config] : removed) Remove(config);
  std::sort(added.begin(), added.end());  // a tree is built faster in its order
  for (const auto& [hash, config] : added) Add(hash, config);
  // The former configuration, whose endpoints nothing points to any more, goes here.
  endpoints_ = std::move(endpoints);
}

Locality::Entries::iterator Locality::Find(const EndpointConfig* config) {
  auto [it, end] = entries_.equal_range(HashOf(config->address));
  while (it != end && it->second.config != config) ++it;
  return it;
}

void Locality::Add(uint64_t hash, const EndpointConfig* config) {
  const auto it = entries_.insert({hash, Entry{config, nullptr}});
  const bool usable = model::IsUsable(config->health);
  if (usable) ++usable_;
  needs_selection_ = true;
  // An endpoint that comes from another locality keeps its object and its connection, at least
  // until the next selection.
  if ((all_ && usable) || table_->Has(config->address)) Attach(hash, &it->second);
}

void Locality::Remove(const EndpointConfig* config) {
  const auto it = Find(config);
  if (it->second.endpoint != nullptr) Detach(&it->second);
  entries_.erase(it);
  if (model::IsUsable(config->health)) --usable_;
  needs_selection_ = true;
}

void Locality::Change(const EndpointConfig* from, const EndpointConfig* to) {
  const auto it = Find(from);
  Entry& entry = it->second;
  entry.config = to;
  if (*from == *to) return;
  const Place before = PlaceOf(*from);
  const Place after = PlaceOf(*to);
  usable_ += (after.usable ? 1 : 0) - (before.usable ? 1 : 0);
  needs_selection_ = true;
  if (entry.endpoint == nullptr) {
    if (all_ && after.usable) Attach(it->first, &entry);
    return;
  }
  auto& places = entry.endpoint->places();
  *std::find(places.begin(), places.end(), before) = after;
  // In this order, so that a ready endpoint keeps its turn.
  Count(*entry.endpoint, after, entry.endpoint->state(), +1);
  Count(*entry.endpoint, before, entry.endpoint->state(), -1);
}

void Locality::Attach(uint64_t hash, Entry* entry) {
  const Place place = PlaceOf(*entry->config);
  entry->endpoint = table_->Attach(entry->config->address, place);
  attached_[entry->endpoint] = hash;
  Count(*entry->endpoint, place, entry->endpoint->state(), +1);
}

void Locality::Detach(Entry* entry) {
  TableEndpoint* endpoint = std::exchange(entry->endpoint, nullptr);
  const Place place = PlaceOf(*entry->config);
  Count(*endpoint, place, endpoint->state(), -1);
  table_->Detach(endpoint, place);
  const auto& places = endpoint->places();
  const bool elsewhere = std::any_of(places.begin(), places.end(),
                                     [this](const Place& other) { return other.locality == this; });
  if (!elsewhere) attached_.erase(endpoint);
}

void Locality::Count(const TableEndpoint& endpoint, const Place& place, ConnectionState state,
                     int sign) {
  if (!place.usable) return;
  counts_[static_cast<size_t>(state)] += sign;
  if (state == ConnectionState::kReady) {
    ready_.Adjust(endpoint.endpoint(), sign * static_cast<int64_t>(place.weight));
  }
}

void Locality::OnState(const TableEndpoint& endpoint, const Place& place, ConnectionState old) {
  if (endpoint.state() == old) return;
  Count(endpoint, place, endpoint.state(), +1);
  Count(endpoint, place, old, -1);
  needs_selection_ = true;
}

void Locality::Select(uint64_t quota) {
  needs_selection_ = false;
  if (quota >= usable_) {
    SelectAll();
  } else {
    all_ = false;
    SelectFirst(quota);
  }
}

void Locality::SelectAll() {
  if (all_) return;
  all_ = true;
  for (auto& [hash, entry] : entries_) {
    if (entry.endpoint == nullptr && model::IsUsable(entry.config->health)) Attach(hash, &entry);
  }
}

void Locality::SelectFirst(uint64_t quota) {
  const uint64_t most_failing = std::max(2 * quota, kMinFailing);
  absl::flat_hash_set<const TableEndpoint*> wanted;
  uint64_t taken = 0;
  uint64_t ready = 0;
  uint64_t failing = 0;
  for (auto& [hash, entry] : entries_) {
    if (taken == quota || failing == most_failing) break;
    if (!model::IsUsable(entry.config->health)) continue;
    if (entry.endpoint == nullptr) Attach(hash, &entry);
    if (!wanted.insert(entry.endpoint).second) continue;
    const ConnectionState state = entry.endpoint->state();
    if (state == ConnectionState::kReady) ++ready;
    ++(state == ConnectionState::kFailing ? failing : taken);
  }
  // The others, in their order. One that is not usable now keeps its connection: it drains, or
  // comes back.
  std::vector<std::pair<uint64_t, TableEndpoint*>> others;
  for (const auto& [endpoint, hash] : attached_) {
    if (!wanted.contains(endpoint)) others.emplace_back(hash, endpoint);
  }
  std::sort(others.begin(), others.end());
  for (const auto& [hash, endpoint] : others) {
    const bool serves = ready < quota && endpoint->state() == ConnectionState::kReady;
    bool usable = false;
    auto [it, end] = entries_.equal_range(hash);
    for (; it != end; ++it) {
      if (it->second.endpoint != endpoint) continue;
      if (!model::IsUsable(it->second.config->health)) continue;
      usable = true;
      if (!serves) Detach(&it->second);
    }
    if (usable && serves) ++ready;
  }
}

void Locality::Stop() {
  all_ = false;
  needs_selection_ = true;
  for (auto& [hash, entry] : entries_) {
    if (entry.endpoint != nullptr) Detach(&entry);
  }
}

void Locality::ForEach(
    const std::function<void(const EndpointConfig&, const TableEndpoint*)>& visit) const {
  if (endpoints_ == nullptr) return;
  absl::flat_hash_map<const EndpointConfig*, const TableEndpoint*> attached;
  for (const auto& [hash, entry] : entries_) {
    if (entry.endpoint != nullptr) attached.emplace(entry.config, entry.endpoint);
  }
  endpoints_->endpoints.ForEach([&](const EndpointConfig& config) {
    const auto found = attached.find(&config);
    visit(config, found == attached.end() ? nullptr : found->second);
  });
}

}  // namespace mesh::cluster
