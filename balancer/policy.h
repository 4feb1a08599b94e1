#ifndef BALANCER_POLICY_H_
#define BALANCER_POLICY_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "balancer/weights.h"

namespace mesh::balancer {

// What a policy may see of its places while it picks. Thread-safe.
class PlaceView {
 public:
  // Calls that are in flight there.
  virtual uint64_t InFlight(uint32_t place) const = 0;
  // Whether a call can go there now. A policy that has a next best place skips those that cannot;
  // if none can, it returns any.
  virtual bool CanTake(uint32_t place) const = 0;
  // Calls that are in flight on all `places` places: their sum, unless it is counted somewhere.
  virtual uint64_t InFlightOfAll(uint32_t places) const {
    uint64_t sum = 0;
    for (uint32_t place = 0; place < places; ++place) sum += InFlight(place);
    return sum;
  }

 protected:
  ~PlaceView() = default;
};

// What a policy may take into account when it picks.
struct PickInput {
  uint64_t random = 0;           // uniform; a fresh one for each pick
  uint64_t cursor = 0;           // counts this thread's picks of this list, from a random start
  std::optional<uint64_t> hash;  // of the request, for the policies that follow one
  // Null: no calls are in flight, and all places can take one.
  const PlaceView* places = nullptr;
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

// What a policy is built of.
struct Places {
  Weights weights;  // of the places; REQUIRES: there are some
  // The text of a place that policies hash. Called, and read, only while a policy is built.
  absl::FunctionRef<absl::string_view(uint32_t)> key;
  // What the places weigh for policies that hash, where `weights` is not exact enough: parts of 1.
  // Null: what `weights` says. Read only while a policy is built.
  const std::vector<double>* shares = nullptr;
};

// A kind of policy with its parameters. Immutable, thread-safe.
class PolicyBuilder {
 public:
  virtual ~PolicyBuilder() = default;
  virtual std::unique_ptr<const Policy> Build(const Places& places) const = 0;
};

}  // namespace mesh::balancer

#endif  // BALANCER_POLICY_H_
