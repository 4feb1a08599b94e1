#include "mesh/cluster/priority.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include "balancer/subset.h"
#include "mesh/cluster/zone_sharing.h"

namespace mesh::cluster {
namespace {

using wire::ConnectionState;

constexpr size_t kHealthyList = 0;

// A place of several localities that are taken together.
struct MergedPlace {
  Endpoint* endpoint;
  const model::EndpointConfig* config;
  uint64_t weight;
  double share = 0;  // see PolicyPlace
};

// What is hashed in the endpoint's place.
absl::string_view KeyOf(const model::EndpointConfig& config, bool by_hostname) {
  const model::EndpointExtras* const extras = config.extras.get();
  if (extras != nullptr && !extras->hash_key.empty()) return extras->hash_key;
  if (by_hostname && extras != nullptr && !extras->hostname.empty()) return extras->hostname;
  return config.address;
}

// Adds the places of `locality` that are in its first list.
void AddPlaces(const Locality& locality, std::vector<MergedPlace>* places) {
  locality.ForEach([&](const model::EndpointConfig& config, TableEndpoint* endpoint) {
    if (endpoint == nullptr || !locality.IsOfFirstList(config, endpoint)) return;
    places->push_back({endpoint->endpoint(), &config, config.weight});
  });
}

// Of localities that share by weight, places that share the weight of theirs. In the order and the
// doubles of Envoy (thread_aware_lb_impl, normalizeLocalityWeights; localities by name), where one
// whose endpoints are all out keeps its share from the others.
std::vector<MergedPlace> MergeInDoubles(std::vector<Locality*> localities) {
  const auto name = [](const Locality* locality) {
    const model::Locality& name = locality->endpoints()->locality;
    return std::tie(name.region, name.zone, name.sub_zone);
  };
  std::stable_sort(localities.begin(), localities.end(),
                   [&name](const Locality* a, const Locality* b) { return name(a) < name(b); });
  uint64_t sum = 0;
  for (const Locality* locality : localities) {
    if (locality->size() > 0) sum += locality->share_weight();
  }
  std::vector<MergedPlace> places;
  for (const Locality* locality : localities) {
    if (locality->share_weight() == 0) continue;
    const size_t first = places.size();
    AddPlaces(*locality, &places);
    uint64_t sum_here = 0;
    for (size_t i = first; i < places.size(); ++i) sum_here += places[i].weight;
    const double share_here =
        static_cast<double>(locality->share_weight()) / static_cast<double>(sum);
    for (size_t i = first; i < places.size(); ++i) {
      places[i].share =
          static_cast<double>(places[i].weight) * share_here / static_cast<double>(sum_here);
      places[i].weight = static_cast<uint64_t>(places[i].share * (uint64_t{1} << 48));
    }
  }
  return places;
}

// The same as gRPC does it (gRFC A113; grpc-go's cdsbalancer and ringhash): endpoints that are out
// keep their share from the others of their locality.
std::vector<MergedPlace> MergeInFixedPoint(const std::vector<Locality*>& localities) {
  constexpr int kFractionBits = 31;
  const auto fraction = [](uint64_t part, uint64_t whole) {
    return (part << kFractionBits) / whole;
  };
  uint64_t sum = 0;
  for (const Locality* locality : localities) sum += locality->endpoints()->weight;
  std::vector<MergedPlace> places;
  for (const Locality* locality : localities) {
    const size_t first = places.size();
    AddPlaces(*locality, &places);
    uint64_t sum_here = 0;
    for (const PlaceClass place_class : {PlaceClass::kHealthy, PlaceClass::kDegraded,
                                         PlaceClass::kUnusable, PlaceClass::kExcluded}) {
      sum_here += locality->weight(place_class);
    }
    const uint64_t share_here = fraction(locality->endpoints()->weight, sum);
    for (size_t i = first; i < places.size(); ++i) {
      const uint64_t share = fraction(places[i].weight, sum_here) * share_here >> kFractionBits;
      places[i].weight = std::max<uint64_t>(1, share);
    }
  }
  std::sort(places.begin(), places.end(), [](const MergedPlace& a, const MergedPlace& b) {
    return KeyOf(*a.config, false) < KeyOf(*b.config, false);
  });
  return places;
}

// With weights that fit 32 bits.
std::vector<PolicyPlace> PolicyPlaces(const std::vector<MergedPlace>& merged, bool by_hostname) {
  uint64_t heaviest = 1;
  for (const MergedPlace& place : merged) heaviest = std::max(heaviest, place.weight);
  const uint64_t scale = heaviest / std::numeric_limits<uint32_t>::max() + 1;
  std::vector<PolicyPlace> places;
  places.reserve(merged.size());
  for (const MergedPlace& place : merged) {
    places.push_back({place.endpoint,
                      static_cast<uint32_t>(std::max<uint64_t>(1, place.weight / scale)),
                      KeyOf(*place.config, by_hostname), place.share});
  }
  return places;
}

}  // namespace

void Priority::SetLocalities(const std::vector<Locality*>& all, bool by_weight) {
  const std::vector<Locality*> before = std::move(localities_);
  localities_.clear();
  for (Locality* locality : all) {
    locality->SetPanic(panic_);
    if (by_weight && locality->endpoints()->weight == 0) {
      locality->Stop();
    } else {
      localities_.push_back(locality);
    }
  }
  // A new locality may be where an old one was, and have changed as often.
  if (localities_ != before || by_weight != by_weight_) {
    merged_of_.clear();
    // What one may connect depends on the others.
    for (Locality* locality : localities_) locality->SelectAgain();
  }
  by_weight_ = by_weight;
}

bool Priority::takes_load(const Locality* locality) const {
  return std::find(localities_.begin(), localities_.end(), locality) != localities_.end();
}

void Priority::Start() {
  started_ = true;
  if (std::exchange(standby_, false)) {
    for (Locality* locality : localities_) locality->SelectAgain();
  }
}

void Priority::StartStandby() {
  started_ = true;
  standby_ = true;
}

// Whether it is to be made anew; `by`: what it is made by.
bool Priority::NeedsSelection(uint64_t by) {
  if (std::exchange(selected_by_, by) != by) {
    for (Locality* locality : localities_) locality->SelectAgain();
  }
  return std::any_of(localities_.begin(), localities_.end(),
                     [](const Locality* locality) { return locality->needs_selection(); });
}

void Priority::Select(uint64_t cap) {
  if (!NeedsSelection(cap)) return;
  // What has no weight in a subset takes calls when the others cannot: see Shares().
  const bool by_weight = HasWeight();
  std::vector<balancer::SubsetView> views;
  for (const Locality* locality : localities_) {
    const uint64_t usable = locality->usable();
    views.push_back({usable, by_weight ? locality->share_weight() : usable});
  }
  std::vector<uint64_t> quotas;
  if (usable() <= cap) {
    quotas.assign(views.size(), cap);  // each has what it wants, and more if more come
  } else {
    quotas = balancer::SplitSubset(cap, views);
  }
  for (size_t i = 0; i < localities_.size(); ++i) localities_[i]->Select(quotas[i]);
}

void Priority::SelectOne(uint64_t cap, absl::Duration attempt_delay) {
  const auto has_it = [](const Locality* locality) { return locality->FirstReady() != nullptr; };
  const bool is_ready = std::any_of(localities_.begin(), localities_.end(), has_it);
  if (is_ready) attempts_ = 1;
  if (NeedsSelection(attempts_)) {
    under_way_ = 0;
    for (Locality* locality : localities_) {
      const bool none = is_ready && !has_it(locality);
      under_way_ += locality->SelectOne(none ? 0 : attempts_ - under_way_, cap);
    }
  }
  size_t size = 0;
  for (const Locality* locality : localities_) size += locality->size();
  if (is_ready || under_way_ == 0 || attempts_ >= size) {
    next_attempt_.Reset();
  } else if (!next_attempt_.pending()) {
    serializer_->AssertHeld();
    next_attempt_ = serializer_->After(attempt_delay, [this] {
      ++attempts_;
      (*changed_)();
    });
  }
}

void Priority::Observe() {
  const size_t ready = count(ConnectionState::kReady);
  const size_t failing = count(ConnectionState::kFailing);
  const size_t connecting = count(ConnectionState::kConnecting) + count(ConnectionState::kIdle);
  if (ready > 0) {
    failing_ = false;
    overdue_ = false;
  } else if (failing == 0) {
    failing_ = false;
  } else if (connecting == 0) {
    failing_ = true;
  }
  if (ready > 0 || failing_ || usable() == 0) {
    failover_.Reset();
  } else if (!overdue_ && !failover_.pending()) {
    serializer_->AssertHeld();
    failover_ = serializer_->After(kFailoverAfter, [this] {
      overdue_ = true;
      (*changed_)();
    });
  }
}

void Priority::Retain(bool needed) {
  if (needed) {
    retention_.Reset();
  } else if ((started_ || has_connections()) && !retention_.pending()) {
    serializer_->AssertHeld();
    retention_ = serializer_->After(kRetainFor, [this] {
      Stop();
      (*changed_)();
    });
  }
}

void Priority::Stop() {
  started_ = standby_ = failing_ = overdue_ = false;
  failover_.Reset();
  next_attempt_.Reset();
  attempts_ = 1;
  for (Locality* locality : localities_) locality->Stop();
}

bool Priority::awaits_check() const {
  return std::any_of(localities_.begin(), localities_.end(),
                     [](const Locality* locality) { return locality->awaits_check(); });
}

bool Priority::has_connections() const {
  return std::any_of(localities_.begin(), localities_.end(),
                     [](const Locality* locality) { return locality->has_connections(); });
}

size_t Priority::usable() const {
  size_t sum = 0;
  for (const Locality* locality : localities_) sum += locality->usable();
  return sum;
}

size_t Priority::count(ConnectionState state) const {
  size_t sum = 0;
  for (const Locality* locality : localities_) sum += locality->count(state);
  return sum;
}

balancer::PriorityCounts Priority::CountsByHealth(bool weighted) const {
  return Counts(weighted, false);
}

balancer::PriorityCounts Priority::CountsByConnections(bool weighted) const {
  return Counts(weighted, true);
}

balancer::PriorityCounts Priority::Counts(bool weighted, bool with_connections) const {
  balancer::PriorityCounts counts;
  for (const Locality* locality : localities_) {
    const auto of = [&](PlaceClass place_class) {
      return weighted ? locality->weight(place_class) : uint64_t{locality->count(place_class)};
    };
    // Of those that are connected, the part that is failing stands for all; but not one that moved
    // here failing, before the others were tried.
    const auto available = [&](PlaceClass place_class) {
      const uint64_t all = of(place_class);
      const uint64_t failing = locality->failing(place_class);
      if (!with_connections || !started_ || failing == 0) return all;
      if (failing_ || overdue_) return uint64_t{0};
      const uint64_t number = locality->count(place_class);
      const uint64_t tried =
          std::max<uint64_t>(failing, std::min<uint64_t>(number, locality->attached()));
      return static_cast<uint64_t>(static_cast<double>(all) * static_cast<double>(tried - failing) /
                                   static_cast<double>(tried));
    };
    counts.hosts += of(PlaceClass::kHealthy) + of(PlaceClass::kDegraded) +
                    of(PlaceClass::kUnusable) + of(PlaceClass::kExcluded);
    counts.excluded += of(PlaceClass::kExcluded);
    counts.healthy += available(PlaceClass::kHealthy);
    counts.degraded += available(PlaceClass::kDegraded);
  }
  if (with_connections && (failing_ || overdue_)) counts.healthy = counts.degraded = 0;
  return counts;
}

void Priority::SetPanic(bool panic) {
  panic_ = panic;
  for (Locality* locality : localities_) locality->SetPanic(panic);
}

bool Priority::SharesByWeight() const {
  return by_weight_ &&
         std::any_of(localities_.begin(), localities_.end(),
                     [](const Locality* locality) { return locality->share_weight() > 0; });
}

bool Priority::HasWeight() const {
  return by_weight_ &&
         std::any_of(localities_.begin(), localities_.end(), [](const Locality* locality) {
           return locality->share_weight() > 0 &&
                  locality->usable() > locality->count(ConnectionState::kFailing);
         });
}

std::vector<uint64_t> Priority::Shares(size_t list, const Sharing& sharing) {
  const bool by_weight = SharesByWeight();
  std::vector<uint64_t> shares;
  if (list == kHealthyList && sharing.zones != nullptr && !by_weight_ && !panic_) {
    zone_routing_ = ShareByZone(localities_, *sharing.zones);
    shares = zone_routing_->shares;
  }
  if (!shares.empty()) return shares;
  uint64_t sum = 0;
  for (const Locality* locality : localities_) {
    shares.push_back(Share(*locality, list, sharing, by_weight));
    sum += shares.back();
  }
  if (sum > 0) return shares;
  // What can take calls may have no weight in a subset: then all endpoints count alike (envoy
  // upstream_impl.cc, rebuildLocalityScheduler).
  for (size_t i = 0; i < shares.size(); ++i) shares[i] = localities_[i]->ready_weight(list);
  return shares;
}

void Priority::ServeNothing() {
  zone_routing_.reset();
  left_out_.clear();
}

bool Priority::leaves_out(const Locality* locality) const {
  return std::find(left_out_.begin(), left_out_.end(), locality) != left_out_.end();
}

uint64_t Priority::Share(const Locality& locality, size_t list, const Sharing& sharing,
                         bool by_weight) const {
  const uint64_t ready = locality.ready_weight(list);
  // In panic all endpoints count alike (envoy load_balancer_impl, hostSourceToUse).
  if (ready == 0 || !by_weight || (panic_ && sharing.by_availability)) return ready;
  const uint64_t weight = locality.share_weight();
  if (weight == 0 || !sharing.by_availability) return weight;
  const PlaceClass place_class =
      list == kHealthyList ? PlaceClass::kHealthy : PlaceClass::kDegraded;
  const uint64_t total = locality.count(PlaceClass::kHealthy) +
                         locality.count(PlaceClass::kDegraded) +
                         locality.count(PlaceClass::kUnusable);
  const uint64_t available = locality.count(place_class) - locality.failing(place_class);
  // Availability in millionths: weights are below 2^32, so the share stays below 2^52.
  using Wide = unsigned __int128;
  constexpr uint64_t kWhole = 1'000'000;
  const Wide availability = Wide{available} * sharing.overprovisioning * (kWhole / 100) / total;
  return std::max<uint64_t>(1,
                            weight * static_cast<uint64_t>(std::min<Wide>(kWhole, availability)));
}

BalancedPicker::Group Priority::Serve(size_t list, const Sharing& sharing) {
  BalancedPicker::Group group;
  if (sharing.hashes) {
    if (std::shared_ptr<const PickerPart> part = MergedPart(sharing)) {
      group.parts.push_back(std::move(part));
      group.shares.push_back(1);
    }
    return group;
  }
  const std::vector<uint64_t> shares = Shares(list, sharing);
  for (size_t i = 0; i < localities_.size(); ++i) {
    if (shares[i] > 0) {
      group.parts.push_back(localities_[i]->Part(list, sharing.policy, sharing.look));
      group.shares.push_back(shares[i]);
    } else if (list == kHealthyList && localities_[i]->ready_weight(list) > 0) {
      left_out_.push_back(localities_[i]);
    }
  }
  // Whatever it is, it is all: so that a picker does not change with it.
  if (group.shares.size() == 1) group.shares[0] = 1;
  return group;
}

std::shared_ptr<const PickerPart> Priority::MergedPart(const Sharing& sharing) {
  if (count(ConnectionState::kReady) == 0) return nullptr;
  const bool by_weight = HasWeight();
  std::vector<std::pair<const Locality*, uint64_t>> made_of;
  for (const Locality* locality : localities_) made_of.emplace_back(locality, locality->version());
  if (merged_ != nullptr && merged_by_ == sharing.policy && merged_by_weight_ == by_weight &&
      merged_weights_ == sharing.hashed_weights && merged_hostnames_ == sharing.hashes_hostname &&
      made_of == merged_of_) {
    return merged_;
  }
  std::vector<MergedPlace> merged;
  if (!by_weight) {
    for (const Locality* locality : localities_) AddPlaces(*locality, &merged);
  } else if (sharing.hashed_weights == model::HashedWeights::kInDoubles) {
    merged = MergeInDoubles(localities_);
  } else {
    merged = MergeInFixedPoint(localities_);
  }
  merged_ = merged.empty()
                ? nullptr
                : MakePickerPart(PolicyPlaces(merged, sharing.hashes_hostname), *sharing.policy);
  merged_of_ = std::move(made_of);
  merged_by_ = sharing.policy;
  merged_by_weight_ = by_weight;
  merged_weights_ = sharing.hashed_weights;
  merged_hostnames_ = sharing.hashes_hostname;
  return merged_;
}

}  // namespace mesh::cluster
