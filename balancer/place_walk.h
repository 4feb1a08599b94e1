#ifndef BALANCER_PLACE_WALK_H_
#define BALANCER_PLACE_WALK_H_

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "balancer/load_bound.h"
#include "balancer/policy.h"

namespace mesh::balancer {

// A circle of positions, many of them a place's, as a hash sees it from where it falls.
struct PlaceCircle {
  uint32_t places = 0;     // above 0
  uint64_t positions = 0;  // above 0
  // The place at the i-th position from there; i < positions.
  absl::FunctionRef<uint32_t(uint64_t)> at;
};

// The first place round the circle that can take a call and has no more in flight than `bound`
// allows. If all that can take one have more, the one that exceeds its limit least; if none can,
// the first place. A place is looked at once, however many positions it has: after eight positions
// for each place the rest of them come in the order of their numbers, so that it costs O(places) at
// most. Beyond 2^16 places, those are not known apart that differ by a multiple of it: one may be
// passed over at first, and looked at again at the end. Allocates nothing; needs 8 KB of stack.
uint32_t WalkPlaces(const PickInput& input, const PlaceCircle& circle, const LoadBound& bound);

// The same, at the cost of a look if the first place will do.
inline uint32_t ChoosePlace(const PickInput& input, const PlaceCircle& circle,
                            const LoadBound& bound) {
  if (input.places == nullptr) return circle.at(0);
  const uint32_t first = circle.at(0);
  // A limit is never below 1.
  if (input.places->CanTake(first) && (!bound.exists() || input.places->InFlight(first) <= 1)) {
    return first;
  }
  return WalkPlaces(input, circle, bound);
}

}  // namespace mesh::balancer

#endif  // BALANCER_PLACE_WALK_H_
