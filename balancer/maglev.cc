#include "balancer/maglev.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <queue>
#include <utility>

#include "absl/strings/string_view.h"
#include "balancer/load_bound.h"
#include "balancer/place_walk.h"
#include "mesh/base/hash64.h"

namespace mesh::balancer {
namespace {

constexpr uint64_t kMaxSize = 5'000'011;
constexpr uint32_t kUsualSize = 65'537;

// A place that fills slots.
class Filler {
 public:
  Filler(absl::string_view key, uint32_t place, double weight, uint32_t size)
      : place_(place),
        size_(size),
        slot_(Hash64(key) % size),
        step_(size == 1 ? 0 : Hash64(key, 1) % (size - 1) + 1),
        weight_(weight) {}

  uint32_t place() const { return place_; }
  // The next slot of the permutation.
  uint32_t NextSlot() {
    const auto slot = static_cast<uint32_t>(slot_);
    slot_ += step_;
    if (slot_ >= size_) slot_ -= size_;
    return slot;
  }
  // The first round that is its turn, after `round`, in which it had one: when rounds times weight
  // reach as many times `heaviest` as it had turns. In doubles, as Envoy has it.
  uint64_t RoundAfter(uint64_t round, double heaviest) {
    target_ += heaviest;
    const double guess = std::ceil(target_ / weight_);
    // The quotient may be off by its rounding: the comparison decides.
    auto next = std::max(round + 1, static_cast<uint64_t>(std::max(0.0, guess - 1)));
    while (static_cast<double>(next) * weight_ < target_) ++next;
    return next;
  }

 private:
  uint32_t place_;
  uint64_t size_;
  uint64_t slot_;
  uint64_t step_;
  double weight_;  // of a sum of 1
  double target_ = 0;
};

std::vector<Filler> Fillers(const std::vector<KeyedPlace>& places, uint32_t size) {
  std::vector<uint32_t> order;
  for (uint32_t i = 0; i < places.size(); ++i) {
    if (places[i].weight > 0) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&places](uint32_t a, uint32_t b) { return places[a].key < places[b].key; });
  std::vector<Filler> fillers;
  fillers.reserve(order.size());
  for (uint32_t i : order) {
    fillers.emplace_back(places[i].key, i, places[i].weight, size);
  }
  return fillers;
}

class Maglev final : public Policy {
 public:
  Maglev(MaglevTable table, LoadBound bound, uint32_t places)
      : table_(std::move(table)), bound_(std::move(bound)), places_(places) {}

  uint32_t Pick(const PickInput& input) const override {
    const uint32_t size = table_.size();
    const uint64_t start = input.hash.value_or(input.random) % size;
    const auto at = [this, size, start](uint64_t i) {
      const uint64_t slot = start + i;
      return table_.At(static_cast<uint32_t>(slot < size ? slot : slot - size));
    };
    return ChoosePlace(input, {places_, size, at}, bound_);
  }
  std::vector<uint64_t> Shares() const override {
    std::vector<uint64_t> shares(places_, 0);
    for (uint32_t slot = 0; slot < table_.size(); ++slot) ++shares[table_.At(slot)];
    return shares;
  }

 private:
  const MaglevTable table_;
  const LoadBound bound_;
  const uint32_t places_;
};

}  // namespace

bool IsMaglevSize(uint64_t size) {
  if (size == 0 || size > kMaxSize) return false;
  for (uint64_t divisor = 2; divisor * divisor <= size; ++divisor) {
    if (size % divisor == 0) return false;
  }
  return true;
}

MaglevTable::MaglevTable(const std::vector<KeyedPlace>& places, uint32_t size)
    : size_(size),
      width_(places.size() <= 1 << 8    ? 1
             : places.size() <= 1 << 16 ? 2
                                        : 4) {
  double most = 0;
  for (const KeyedPlace& place : places) most = std::max(most, place.weight);
  if (most == 0) return;
  std::vector<Filler> fillers = Fillers(places, size);
  bytes_.resize(size_t{size} * width_);
  std::vector<bool> is_taken(size, false);
  const auto fill = [&](Filler* filler) {
    uint32_t slot = filler->NextSlot();
    while (is_taken[slot]) slot = filler->NextSlot();
    is_taken[slot] = true;
    Set(slot, filler->place());
  };
  const auto is_lighter = [most](const KeyedPlace& place) {
    return place.weight > 0 && place.weight < most;
  };
  if (std::none_of(places.begin(), places.end(), is_lighter)) {  // each has a turn in each round
    for (uint32_t filled = 0; filled < size; ++filled) fill(&fillers[filled % fillers.size()]);
    return;
  }
  // {round, filler}: the turns to come, of which all have one in the first round. Rounds are not
  // gone through one by one, since a round may be a single place's turn.
  using Turn = std::pair<uint64_t, uint32_t>;
  std::priority_queue<Turn, std::vector<Turn>, std::greater<Turn>> turns;
  for (uint32_t i = 0; i < fillers.size(); ++i) turns.emplace(1, i);
  for (uint32_t filled = 0; filled < size; ++filled) {
    const auto [round, i] = turns.top();
    turns.pop();
    fill(&fillers[i]);
    turns.emplace(fillers[i].RoundAfter(round, most), i);
  }
}

void MaglevTable::Set(uint32_t slot, uint32_t place) {
  for (uint32_t i = 0; i < width_; ++i) {
    bytes_[size_t{slot} * width_ + i] = static_cast<uint8_t>(place >> (8 * i));
  }
}

std::unique_ptr<const Policy> BuildMaglev(const Places& places, const model::Maglev& options,
                                          uint32_t balance_factor) {
  const uint32_t size = IsMaglevSize(options.table_size) ? options.table_size : kUsualSize;
  return std::make_unique<Maglev>(MaglevTable(KeyedPlaces(places), size),
                                  LoadBound(places.weights, balance_factor), places.weights.size());
}

}  // namespace mesh::balancer
