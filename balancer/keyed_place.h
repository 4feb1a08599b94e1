#ifndef BALANCER_KEYED_PLACE_H_
#define BALANCER_KEYED_PLACE_H_

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "balancer/policy.h"

namespace mesh::balancer {

// A place as consistent hashing knows it.
struct KeyedPlace {
  absl::string_view key;
  uint32_t weight = 1;
};

// All places, in order. The keys are those of `places`.
std::vector<KeyedPlace> KeyedPlaces(const Places& places);

}  // namespace mesh::balancer

#endif  // BALANCER_KEYED_PLACE_H_
