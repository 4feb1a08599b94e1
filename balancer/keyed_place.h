#ifndef BALANCER_KEYED_PLACE_H_
#define BALANCER_KEYED_PLACE_H_

#include <vector>

#include "absl/strings/string_view.h"
#include "balancer/policy.h"

namespace mesh::balancer {

// A place as consistent hashing knows it.
struct KeyedPlace {
  absl::string_view key;
  double weight = 1;  // 0: it gets nothing
};

// The same places, with weights whose sum is 1. In doubles and in this order, as Envoy has it: how
// many entries a place gets hangs on rounding.
std::vector<KeyedPlace> Normalized(std::vector<KeyedPlace> places);

// All places, in order, normalized. The keys are those of `places`.
std::vector<KeyedPlace> KeyedPlaces(const Places& places);

}  // namespace mesh::balancer

#endif  // BALANCER_KEYED_PLACE_H_
