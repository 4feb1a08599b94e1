#ifndef TESTS_BALANCER_FAKE_PLACES_H_
#define TESTS_BALANCER_FAKE_PLACES_H_

#include <cstdint>
#include <vector>

#include "balancer/policy.h"

namespace mesh::balancer {

// Places whose loads a test sets, and which count how often they were looked at.
// Thread-compatible.
class FakePlaces final : public PlaceView {
 public:
  explicit FakePlaces(uint32_t size) : in_flight(size, 0), can_take(size, true), looks(size, 0) {}

  uint64_t InFlight(uint32_t place) const override { return in_flight[place]; }
  bool CanTake(uint32_t place) const override {
    ++looks[place];
    return can_take[place];
  }

  std::vector<uint64_t> in_flight;
  std::vector<bool> can_take;
  mutable std::vector<int> looks;  // CanTake() is const, and this is a test
};

}  // namespace mesh::balancer

#endif  // TESTS_BALANCER_FAKE_PLACES_H_
