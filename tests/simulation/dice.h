#ifndef TESTS_SIMULATION_DICE_H_
#define TESTS_SIMULATION_DICE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "mesh/base/random.h"

namespace mesh::simulation {

// What a seed decides. Each part of a world has dice of its own, so that one more throw here
// changes nothing there. Thread-compatible.
class Dice {
 public:
  Dice(uint64_t seed, uint64_t part) : random_(NewSeededRandom(seed * 1000003 + part)) {}

  uint64_t Number() { return random_->Next(); }
  // Uniform in [0, bound). REQUIRES: bound > 0.
  uint64_t Below(uint64_t bound) { return random_->NextBelow(bound); }
  bool OneIn(uint64_t n) { return Below(n) == 0; }
  bool Chance(double share) { return random_->NextDouble() < share; }
  // Uniform in [from, to], in microseconds.
  absl::Duration Between(absl::Duration from, absl::Duration to) {
    const auto span = static_cast<uint64_t>(absl::ToInt64Microseconds(to - from));
    return from + absl::Microseconds(static_cast<int64_t>(Below(span + 1)));
  }
  // REQUIRES: not empty.
  template <typename T>
  const T& AnyOf(const std::vector<T>& values) {
    return values[Below(values.size())];
  }

  Random* random() { return random_.get(); }

 private:
  const std::unique_ptr<Random> random_;
};

}  // namespace mesh::simulation

#endif  // TESTS_SIMULATION_DICE_H_
