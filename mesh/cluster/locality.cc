#include "mesh/cluster/locality.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "mesh/model/endpoint_changes.h"
#include "mesh/model/endpoint_finder.h"

namespace mesh::cluster {
namespace {

using model::EndpointConfig;
using model::EndpointList;
using wire::ConnectionState;

}  // namespace

Locality::~Locality() {
  for (auto& [rank, entry] : entries_) {
    if (entry.endpoint != nullptr) Detach(rank, &entry, /*given_up=*/false);
  }
}

uint64_t Locality::HashOf(absl::string_view address) const {
  // FNV-1a, then the finalizer of MurmurHash3, because close addresses must not be close here.
  uint64_t hash = 0xcbf29ce484222325 ^ (rules_.same_everywhere ? 0 : seed_);
  for (const char c : address) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccd;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53;
  return hash ^ (hash >> 33);
}

uint64_t Locality::RankOf(const EndpointConfig& config) const {
  if (!rules_.in_order) return HashOf(config.address);
  return has_members_ ? ranks_.at(&config) : order_.NumberOf(&config);
}

PlaceClass Locality::ClassOf(const EndpointConfig& config, const TableEndpoint* endpoint) const {
  // envoy upstream_impl.cc, excludeBasedOnHealthFlag: it goes by plan, so that the others need not
  // stand in for it.
  if (config.health == model::HealthStatus::kDraining) return PlaceClass::kExcluded;
  if (endpoint != nullptr) {
    const EndpointVerdict& verdict = endpoint->verdict();
    if (verdict.unchecked) return PlaceClass::kExcluded;
    if (verdict.ejected || verdict.unhealthy) return PlaceClass::kUnusable;
  }
  if (model::IsUsable(config.health)) return PlaceClass::kHealthy;
  if (config.health == model::HealthStatus::kDegraded && rules_.knows_degraded) {
    return PlaceClass::kDegraded;
  }
  return PlaceClass::kUnusable;
}

size_t Locality::ListOf(PlaceClass place_class) const {
  if (panic_ || place_class == PlaceClass::kHealthy) return 0;
  return place_class == PlaceClass::kDegraded && rules_.degraded_takes_calls ? 1 : kNoList;
}

bool Locality::IsUsable(const EndpointConfig& config, const TableEndpoint* endpoint) const {
  return ListOf(ClassOf(config, endpoint)) != kNoList;
}

bool Locality::IsOfFirstList(const EndpointConfig& config, const TableEndpoint* endpoint) const {
  return ListOf(ClassOf(config, endpoint)) == 0;
}

Place Locality::PlaceOf(const Entry& entry) {
  return Place{this, entry.config->weight, entry.config->health,
               ClassOf(*entry.config, entry.endpoint)};
}

void Locality::Update(std::shared_ptr<const model::LocalityEndpoints> endpoints,
                      const LocalityRules& rules) {
  if (endpoints == endpoints_ && rules == rules_) return;
  if (rules == rules_) {
    UpdateChunks(endpoints_ == nullptr ? EndpointList() : endpoints_->endpoints,
                 endpoints->endpoints);
  } else {
    ReplaceAll(endpoints->endpoints, rules);
  }
  SetEndpoints(std::move(endpoints));
}

void Locality::SetEndpoints(std::shared_ptr<const model::LocalityEndpoints> endpoints) {
  if (endpoints == endpoints_) return;
  if (endpoints_ == nullptr || endpoints_->weight != endpoints->weight ||
      (rules_.scales_weight && endpoints_->endpoints.size() != endpoints->endpoints.size())) {
    ++version_;
    Touch();
  }
  // The former configuration, whose endpoints nothing points to any more, goes here.
  endpoints_ = std::move(endpoints);
}

uint64_t Locality::share_weight() const {
  const uint64_t weight = endpoints_->weight;
  const size_t whole = endpoints_->endpoints.size();
  if (!rules_.scales_weight || whole == 0) return weight;
  return static_cast<uint64_t>(
      std::round(static_cast<float>(weight * size()) / static_cast<float>(whole)));
}

void Locality::SetMembers(std::vector<const EndpointConfig*> members, const LocalityRules& rules) {
  while (!entries_.empty()) Remove(entries_.begin());
  has_members_ = true;
  rules_ = rules;
  ranks_.clear();
  for (size_t i = 0; rules.in_order && i < members.size(); ++i) ranks_.emplace(members[i], i);
  AddAll(std::move(members));
}

void Locality::AddMember(const EndpointConfig* config) { Add(RankOf(*config), config); }

void Locality::RemoveMember(const EndpointConfig* config) { Remove(Find(config)); }

void Locality::ChangeMember(const EndpointConfig* from, const EndpointConfig* to) {
  Change(from, to);
}

// What stays in the table keeps its object and its connection: see Add().
void Locality::ReplaceAll(const EndpointList& after, const LocalityRules& rules) {
  while (!entries_.empty()) Remove(entries_.begin());
  rules_ = rules;
  order_ = model::EndpointOrder();
  if (rules.in_order) order_.Update(after);
  std::vector<const EndpointConfig*> admitted;
  after.ForEach([&](const EndpointConfig& config) {
    if (rules.Admits(config)) admitted.push_back(&config);
  });
  AddAll(std::move(admitted));
}

// In an order that is the same in every process, so that a simulation repeats; and a tree is built
// faster in its order.
void Locality::AddAll(std::vector<const EndpointConfig*> added) {
  std::vector<std::pair<uint64_t, const EndpointConfig*>> ranked;
  ranked.reserve(added.size());
  for (const EndpointConfig* config : added) ranked.emplace_back(RankOf(*config), config);
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [rank, config] : ranked) Add(rank, config);
}

void Locality::UpdateChunks(const EndpointList& before, const EndpointList& after) {
  model::EndpointOrder order = order_;
  if (rules_.in_order && !order.Update(after)) return ReplaceAll(after, rules_);
  const auto stays_in_place = [&](const EndpointConfig* from, const EndpointConfig* to) {
    return !rules_.in_order || order_.NumberOf(from) == order.NumberOf(to);
  };
  model::EndpointChanges changes = model::ChangesBetween(before, after);
  const auto is_left_out = [this](const EndpointConfig* config) { return !rules_.Admits(*config); };
  std::vector<const EndpointConfig*>& removed = changes.removed;
  std::vector<const EndpointConfig*>& added = changes.added;
  removed.erase(std::remove_if(removed.begin(), removed.end(), is_left_out), removed.end());
  added.erase(std::remove_if(added.begin(), added.end(), is_left_out), added.end());
  for (const auto& [from, to] : changes.kept) {
    const bool was = rules_.Admits(*from);
    const bool is = rules_.Admits(*to);
    if (was && is && stays_in_place(from, to)) {
      Change(from, to);
      continue;
    }
    if (was) removed.push_back(from);
    if (is) added.push_back(to);
  }
  for (const EndpointConfig* config : removed) Remove(Find(config));
  order_ = std::move(order);
  AddAll(std::move(added));
}

void Locality::SetPanic(bool panic) {
  if (panic == panic_) return;
  needs_selection_ = true;
  all_ = false;
  ++version_;
  for (auto& [rank, entry] : entries_) {
    const Place place = PlaceOf(entry);
    if (entry.endpoint != nullptr) CountState(*entry.endpoint, place, entry.endpoint->state(), -1);
    Count(place.place_class, place.weight, -1);
  }
  panic_ = panic;
  for (auto& [rank, entry] : entries_) {
    const Place place = PlaceOf(entry);
    Count(place.place_class, place.weight, +1);
    if (entry.endpoint != nullptr) CountState(*entry.endpoint, place, entry.endpoint->state(), +1);
  }
}

Locality::Entries::iterator Locality::Find(const EndpointConfig* config) {
  auto [it, end] = entries_.equal_range(RankOf(*config));
  while (it != end && it->second.config != config) ++it;
  return it;
}

void Locality::Add(uint64_t rank, const EndpointConfig* config) {
  ++version_;
  const auto it = entries_.insert({rank, Entry{config, nullptr}});
  Count(ClassOf(*config, nullptr), config->weight, +1);
  Touch();
  // An endpoint that comes from another locality keeps its object and its connection, at least
  // until the next selection.
  if (AttachesAll(*config) || table_->Has(config->address)) Attach(rank, &it->second);
}

// What is beyond the quota waits for the next selection.
bool Locality::AttachesAll(const EndpointConfig& config) {
  all_ = all_ && usable_ <= quota_;
  return all_ && IsUsable(config, nullptr);
}

void Locality::Remove(Entries::iterator it) {
  const EndpointConfig* const config = it->second.config;
  if (it->second.endpoint != nullptr) Detach(it->first, &it->second, /*given_up=*/false);
  entries_.erase(it);
  ++version_;
  Count(ClassOf(*config, nullptr), config->weight, -1);
  Touch();
}

void Locality::Change(const EndpointConfig* from, const EndpointConfig* to) {
  const auto it = Find(from);
  Entry& entry = it->second;
  if (*from == *to) {
    entry.config = to;
    return;
  }
  const Place before = PlaceOf(entry);
  entry.config = to;
  const Place after = PlaceOf(entry);
  Touch();
  ++version_;
  Count(after.place_class, after.weight, +1);
  Count(before.place_class, before.weight, -1);
  if (entry.endpoint == nullptr) {
    if (AttachesAll(*to)) Attach(it->first, &entry);
    return;
  }
  auto& places = entry.endpoint->places();
  *std::find(places.begin(), places.end(), before) = after;
  // In this order, so that a ready endpoint keeps its turn.
  CountState(*entry.endpoint, after, entry.endpoint->state(), +1);
  CountState(*entry.endpoint, before, entry.endpoint->state(), -1);
  entry.endpoint->SetExtras(to->extras);
}

void Locality::Attach(uint64_t rank, Entry* entry) {
  Count(ClassOf(*entry->config, nullptr), entry->config->weight, -1);
  // The verdict that it has already, if another place names it, is read when it is there.
  Place place{this, entry->config->weight, entry->config->health, PlaceClass::kUnusable};
  entry->endpoint = table_->Attach(*entry->config, place);
  place = PlaceOf(*entry);
  entry->endpoint->places().back() = place;
  Ranks& ranks = attached_[entry->endpoint];
  if (std::find(ranks.begin(), ranks.end(), rank) == ranks.end()) ranks.push_back(rank);
  ++version_;
  Count(place.place_class, place.weight, +1);
  CountState(*entry->endpoint, place, entry->endpoint->state(), +1);
}

void Locality::Detach(uint64_t rank, Entry* entry, bool given_up) {
  const Place place = PlaceOf(*entry);
  TableEndpoint* endpoint = std::exchange(entry->endpoint, nullptr);
  ++version_;
  CountState(*endpoint, place, endpoint->state(), -1);
  Count(place.place_class, place.weight, -1);
  Count(ClassOf(*entry->config, nullptr), place.weight, +1);
  table_->Detach(endpoint, place, given_up);
  const auto [begin, end] = entries_.equal_range(rank);
  const bool is_there_again = std::any_of(
      begin, end, [endpoint](const auto& other) { return other.second.endpoint == endpoint; });
  if (is_there_again) return;
  const auto found = attached_.find(endpoint);
  Ranks& ranks = found->second;
  ranks.erase(std::find(ranks.begin(), ranks.end(), rank));
  if (ranks.empty()) attached_.erase(found);
}

void Locality::Count(PlaceClass place_class, uint32_t weight, int sign) {
  members_[Index(place_class)] += sign;
  weights_[Index(place_class)] += sign * static_cast<int64_t>(weight);
  if (ListOf(place_class) != kNoList) usable_ += sign;
}

void Locality::CountState(const TableEndpoint& endpoint, const Place& place, ConnectionState state,
                          int sign) {
  if (state == ConnectionState::kFailing) failing_[Index(place.place_class)] += sign;
  const size_t list = ListOf(place.place_class);
  if (list == kNoList) return;
  attached_places_ += sign;
  counts_[static_cast<size_t>(state)] += sign;
  if (state == ConnectionState::kReady) {
    ready_[list].Adjust(endpoint.endpoint(), sign * ReadyWeight(place.weight, endpoint.warmth()));
  }
}

int64_t Locality::ReadyWeight(uint32_t weight, uint32_t warmth) const {
  if (!rules_.weigh_endpoints) weight = 1;
  if (!rules_.scaled) return weight;
  return std::max<int64_t>(1, int64_t{weight} * warmth);
}

void Locality::OnState(const TableEndpoint& endpoint, const Place& place, ConnectionState old) {
  if (endpoint.state() == old) return;
  CountState(endpoint, place, endpoint.state(), +1);
  CountState(endpoint, place, old, -1);
  Touch();
}

void Locality::OnLeave(const TableEndpoint& endpoint, const Place& place) {
  CountState(endpoint, place, endpoint.state(), -1);
}

void Locality::OnEnter(const TableEndpoint& endpoint, const Place& place) {
  CountState(endpoint, place, endpoint.state(), +1);
  ++version_;
  Touch();
}

void Locality::OnVerdict(const TableEndpoint& endpoint, Place* place) {
  const Place before = *place;
  EndpointConfig config;
  config.health = place->health;
  place->place_class = ClassOf(config, &endpoint);
  Touch();  // whatever the class: SelectOne() looks at the verdict
  if (place->place_class == before.place_class) return;
  ++version_;
  Count(place->place_class, place->weight, +1);
  Count(before.place_class, before.weight, -1);
  CountState(endpoint, *place, endpoint.state(), +1);
  CountState(endpoint, before, endpoint.state(), -1);
}

void Locality::OnWarmth(const TableEndpoint& endpoint, const Place& place, uint32_t old) {
  const size_t list = ListOf(place.place_class);
  if (list == kNoList || endpoint.state() != ConnectionState::kReady) return;
  ready_[list].Adjust(endpoint.endpoint(), ReadyWeight(place.weight, endpoint.warmth()) -
                                               ReadyWeight(place.weight, old));
  if (changed_ != nullptr) (*changed_)();
}

void Locality::ForEach(
    const std::function<void(const EndpointConfig&, TableEndpoint*)>& visit) const {
  if (endpoints_ == nullptr) return;
  const EndpointList& list = endpoints_->endpoints;
  const model::EndpointFinder finder(list);
  std::vector<size_t> begins;  // of the chunks
  size_t size = 0;
  for (const auto& chunk : list.chunks()) {
    begins.push_back(size);
    size += chunk->endpoints.size();
  }
  const auto number_of = [&](const EndpointConfig* config) {
    const model::EndpointFinder::Position position = finder.Find(config);
    return begins[position.chunk] + position.offset;
  };
  if (has_members_) {
    std::vector<std::pair<size_t, const Entry*>> here;
    for (const auto& [rank, entry] : entries_) here.emplace_back(number_of(entry.config), &entry);
    std::sort(here.begin(), here.end());
    for (const auto& [number, entry] : here) visit(*entry->config, entry->endpoint);
    return;
  }
  std::vector<TableEndpoint*> attached(size, nullptr);
  for (const auto& [rank, entry] : entries_) attached[number_of(entry.config)] = entry.endpoint;
  for (const auto& chunk : list.chunks()) {
    const size_t begin = number_of(chunk->endpoints.data());
    for (size_t i = 0; i < chunk->endpoints.size(); ++i) {
      visit(chunk->endpoints[i], attached[begin + i]);
    }
  }
}

}  // namespace mesh::cluster
