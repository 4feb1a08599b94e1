#include "balancer/keyed_place.h"

namespace mesh::balancer {

std::vector<KeyedPlace> KeyedPlaces(const Places& places) {
  std::vector<KeyedPlace> keyed;
  keyed.reserve(places.weights.size());
  for (uint32_t i = 0; i < places.weights.size(); ++i) {
    keyed.push_back({places.key(i), places.weights.weight(i)});
  }
  return keyed;
}

}  // namespace mesh::balancer
