#include "balancer/keyed_place.h"

#include <cstdint>
#include <utility>

namespace mesh::balancer {

std::vector<KeyedPlace> Normalized(std::vector<KeyedPlace> places) {
  double sum = 0;
  for (const KeyedPlace& place : places) sum += place.weight;
  if (sum == 0) return places;
  for (KeyedPlace& place : places) place.weight /= sum;
  return places;
}

std::vector<KeyedPlace> KeyedPlaces(const Places& places) {
  const std::vector<double>* const shares = places.shares;
  std::vector<KeyedPlace> keyed;
  keyed.reserve(places.weights.size());
  for (uint32_t i = 0; i < places.weights.size(); ++i) {
    keyed.push_back(
        {places.key(i), shares != nullptr ? (*shares)[i] : double{1} * places.weights.weight(i)});
  }
  return shares != nullptr ? keyed : Normalized(std::move(keyed));
}

}  // namespace mesh::balancer
