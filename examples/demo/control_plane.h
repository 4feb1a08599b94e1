#ifndef EXAMPLES_DEMO_CONTROL_PLANE_H_
#define EXAMPLES_DEMO_CONTROL_PLANE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mesh::demo {

// The endpoints of one locality, with the locality's weight.
struct LocalityAssignment {
  std::string locality;  // a zone's name
  int weight = 1;
  std::vector<std::string> addresses;  // `127.0.0.1:port`
};

// `east=3:127.0.0.1:1,127.0.0.1:2 west=1:127.0.0.1:3`, and back.
std::string AssignmentText(const std::vector<LocalityAssignment>& assignment);
absl::StatusOr<std::vector<LocalityAssignment>> ParseAssignment(absl::string_view text);

// An xDS server on a port of loopback, which it prints: it serves the listener `echo` whose route
// retries on `unavailable`, and the endpoints of the last assignment that it read from its
// standard input, a line each, answered by a line `ok`. Until it is killed.
int ServeControlPlane();

}  // namespace mesh::demo

#endif  // EXAMPLES_DEMO_CONTROL_PLANE_H_
