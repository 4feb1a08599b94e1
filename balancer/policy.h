#ifndef BALANCER_POLICY_H_
#define BALANCER_POLICY_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "balancer/weights.h"

namespace mesh::balancer {

// What a policy may take into account when it picks.
struct PickInput {
  uint64_t random = 0;           // uniform; a fresh one for each pick
  uint64_t cursor = 0;           // counts this thread's picks of this list, from a random start
  std::optional<uint64_t> hash;  // of the request, for the policies that follow one
};

// Picks one of n equal or weighted places by number. Built off the call path from the weights of
// the places, run by any thread: it takes no lock and allocates nothing, in O(1) or O(log n).
// Immutable, thread-safe.
class Policy {
 public:
  virtual ~Policy() = default;
  // An index below the number of places. REQUIRES: that is above 0.
  virtual uint32_t Pick(const PickInput& input) const = 0;
  // How picks spread over the places in the long run: place i gets the i-th number out of their
  // sum. Told from what Pick() itself reads. Not for the call path: it costs n or more.
  virtual std::vector<uint64_t> Shares() const = 0;
};

// The kinds of policy, as values, so that a cluster's configuration can name one.
using PolicyBuilder = std::unique_ptr<const Policy> (*)(const Weights& weights);

}  // namespace mesh::balancer

#endif  // BALANCER_POLICY_H_
