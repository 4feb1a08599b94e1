#include "balancer/ring_hash.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "balancer/load_bound.h"
#include "balancer/place_walk.h"
#include "mesh/base/hash64.h"

namespace mesh::balancer {
namespace {

using Entry = HashRing::Entry;

class RingHash final : public Policy {
 public:
  RingHash(HashRing ring, LoadBound bound, uint32_t places)
      : ring_(std::move(ring)), bound_(std::move(bound)), places_(places) {}

  uint32_t Pick(const PickInput& input) const override {
    const std::vector<Entry>& entries = ring_.entries();
    const size_t start = ring_.Find(input.hash.value_or(input.random));
    const auto at = [&entries, start](uint64_t i) {
      const uint64_t index = start + i;
      return entries[index < entries.size() ? index : index - entries.size()].place();
    };
    return ChoosePlace(input, {places_, entries.size(), at}, bound_);
  }
  std::vector<uint64_t> Shares() const override { return ring_.Shares(places_); }

 private:
  const HashRing ring_;
  const LoadBound bound_;
  const uint32_t places_;
};

}  // namespace

HashRing::HashRing(const std::vector<KeyedPlace>& places, const model::RingHash& options) {
  double least = 1;
  bool empty = true;
  for (const KeyedPlace& place : places) {
    if (place.weight <= 0) continue;
    least = std::min(least, place.weight);
    empty = false;
  }
  if (empty) return;
  const double scale =
      std::min(std::ceil(least * static_cast<double>(options.minimum_size)) / least,
               static_cast<double>(std::min(options.maximum_size, kMaxSize)));

  entries_.reserve(static_cast<size_t>(std::ceil(scale)));
  double due = 0;  // entries of the places so far, which need not be a whole number
  std::string text;
  for (uint32_t i = 0; i < places.size(); ++i) {
    due += scale * places[i].weight;
    text.assign(places[i].key.data(), places[i].key.size());
    text += '_';
    const size_t prefix = text.size();
    for (uint64_t copy = 0; static_cast<double>(entries_.size()) < due; ++copy) {
      text.resize(prefix);
      absl::StrAppend(&text, copy);
      entries_.emplace_back(Hash64(text), i);
    }
  }
  std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
    return a.hash() != b.hash() ? a.hash() < b.hash() : a.place() < b.place();
  });
  BuildIndex();
}

void HashRing::BuildIndex() {
  while (shift_ > 0 && (uint64_t{2} << (63 - shift_)) < entries_.size()) --shift_;
  const uint64_t buckets = uint64_t{2} << (63 - shift_);
  starts_.reserve(buckets + 1);
  uint32_t at = 0;
  for (uint64_t bucket = 0; bucket < buckets; ++bucket) {
    while (at < entries_.size() && entries_[at].hash() >> shift_ < bucket) ++at;
    starts_.push_back(at);
  }
  starts_.push_back(static_cast<uint32_t>(entries_.size()));
}

size_t HashRing::Find(uint64_t hash) const {
  const uint64_t bucket = hash >> shift_;
  const auto found = std::lower_bound(
      entries_.begin() + starts_[bucket], entries_.begin() + starts_[bucket + 1], hash,
      [](const Entry& entry, uint64_t value) { return entry.hash() < value; });
  return found == entries_.end() ? 0 : found - entries_.begin();
}

std::vector<uint64_t> HashRing::Shares(uint32_t places) const {
  using Wide = unsigned __int128;
  std::vector<Wide> arcs(places, 0);
  for (size_t i = 0; i < entries_.size(); ++i) {
    // The first entry's arc begins after the last one; if there is no other hash, it is all.
    const uint64_t before = entries_[i == 0 ? entries_.size() - 1 : i - 1].hash();
    const uint64_t arc = entries_[i].hash() - before;
    arcs[entries_[i].place()] += i == 0 && arc == 0 ? Wide{1} << 64 : Wide{arc};
  }
  std::vector<uint64_t> shares;
  shares.reserve(places);
  for (Wide arc : arcs) shares.push_back(static_cast<uint64_t>(arc >> 32));
  return shares;
}

std::unique_ptr<const Policy> BuildRingHash(const Places& places, const model::RingHash& options,
                                            uint32_t balance_factor) {
  return std::make_unique<RingHash>(HashRing(KeyedPlaces(places), options),
                                    LoadBound(places.weights, balance_factor),
                                    places.weights.size());
}

}  // namespace mesh::balancer
