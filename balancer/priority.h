#ifndef BALANCER_PRIORITY_H_
#define BALANCER_PRIORITY_H_

#include <cstddef>
#include <optional>
#include <vector>

namespace mesh::balancer {

// What the choice of a priority takes into account.
struct PriorityView {
  size_t usable = 0;     // endpoints that may take calls once they are connected
  size_t ready = 0;      // of them, those that are connected
  bool started = false;  // its endpoints were told to connect
  bool failing = false;  // since it was last ready (or started), all that was tried has failed
  bool overdue = false;  // it has not been ready for too long, though not all has failed
};

// Which priority takes the calls. At most one of `chosen` and `start` has a value.
struct PriorityChoice {
  // The calls are for this one: at once if it is ready, else when it will be.
  std::optional<size_t> chosen;
  // This one has to be told to connect; then choose again.
  std::optional<size_t> start;
};

// The first usable priority (gRFC A56): ready, or not yet known to be failing or overdue. When
// there is none, the first that is overdue: it may still come. No value at all: nothing is usable
// or all of it is failing.
PriorityChoice ChoosePriority(const std::vector<PriorityView>& priorities);

}  // namespace mesh::balancer

#endif  // BALANCER_PRIORITY_H_
