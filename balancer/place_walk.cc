#include "balancer/place_walk.h"

#include <algorithm>
#include <limits>

namespace mesh::balancer {
namespace {

constexpr uint32_t kMarks = 1 << 16;
constexpr uint64_t kPositionsPerPlace = 8;

// Which places were looked at.
class Marks {
 public:
  explicit Marks(uint32_t places) { std::fill_n(words_, (std::min(places, kMarks) + 63) / 64, 0); }
  // Whether it was not there before.
  bool Set(uint32_t place) {
    uint64_t& word = words_[place % kMarks / 64];
    const uint64_t bit = uint64_t{1} << (place % 64);
    const bool is_new = (word & bit) == 0;
    word |= bit;
    return is_new;
  }

 private:
  uint64_t words_[kMarks / 64];
};

// Looks at one place after the other, and keeps the best.
class Search {
 public:
  Search(const PlaceView& view, const LoadBound& bound, uint32_t places, uint32_t first)
      : view_(view), bound_(bound), places_(places), best_(first) {}

  // Whether nothing better need be looked for.
  bool IsFound(uint32_t place) {
    if (!view_.CanTake(place)) return false;
    if (!bound_.exists()) return Keep(place, 0);
    const uint64_t in_flight = view_.InFlight(place);
    if (in_flight <= 1) return Keep(place, 0);  // a limit is never below 1
    if (in_flight_of_all_ == 0) in_flight_of_all_ = view_.InFlightOfAll(places_);
    const uint64_t limit = bound_.Limit(place, in_flight_of_all_);
    if (in_flight <= limit) return Keep(place, 0);
    const double excess = static_cast<double>(in_flight) / static_cast<double>(limit);
    if (excess < excess_) Keep(place, excess);
    return false;
  }
  // The first place if none can take a call.
  uint32_t best() const { return best_; }

 private:
  bool Keep(uint32_t place, double excess) {
    best_ = place;
    excess_ = excess;
    return true;
  }

  const PlaceView& view_;
  const LoadBound& bound_;
  const uint32_t places_;
  uint64_t in_flight_of_all_ = 0;  // 0: not asked for yet, which may cost O(places)
  uint32_t best_;
  double excess_ = std::numeric_limits<double>::infinity();
};

}  // namespace

uint32_t WalkPlaces(const PickInput& input, const PlaceCircle& circle, const LoadBound& bound) {
  const uint32_t first = circle.at(0);
  if (input.places == nullptr) return first;
  Marks marks(circle.places);
  Search search(*input.places, bound, circle.places, first);
  const uint64_t positions = std::min(circle.positions, kPositionsPerPlace * circle.places);
  uint32_t unmarked = std::min(circle.places, kMarks);
  for (uint64_t i = 0; i < positions && unmarked > 0; ++i) {
    const uint32_t place = circle.at(i);
    if (!marks.Set(place)) continue;
    --unmarked;
    if (search.IsFound(place)) return place;
  }
  const bool are_shared = circle.places > kMarks;
  if (are_shared || unmarked > 0) {
    for (uint64_t i = 1; i < circle.places; ++i) {
      const auto place = static_cast<uint32_t>((first + i) % circle.places);
      if ((are_shared || marks.Set(place)) && search.IsFound(place)) return place;
    }
  }
  return search.best();
}

}  // namespace mesh::balancer
