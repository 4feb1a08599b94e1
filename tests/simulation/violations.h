#ifndef TESTS_SIMULATION_VIOLATIONS_H_
#define TESTS_SIMULATION_VIOLATIONS_H_

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/simulation/trace.h"

namespace mesh::simulation {

// Promises that a mesh makes, each the name of an invariant.
enum class Invariant {
  kOneStatus,    // each call gets exactly one status, not later than a little after its deadline
  kPermits,      // as many permits are out as attempts are in flight
  kRoutes,       // no route is published without its clusters
  kPicks,        // nothing is picked that the newest published configuration lacks
  kReplays,      // nothing that a server may have executed is tried again unasked
  kConvergence,  // once all is calm, the state is the control plane's last good one
  kIdentity,     // an endpoint is the same object through every update that keeps it
  kGrowth,       // nothing is left over, and no queue grows
  kProtocol,     // the control plane is asked as the protocol has it
  kExpectation,  // what a scenario promises beyond that
};
std::string ToString(Invariant invariant);

// What was broken, in order. Thread-compatible.
class Violations {
 public:
  static constexpr size_t kMost = 20;  // later ones say nothing new

  explicit Violations(Trace* trace) : trace_(trace) {}

  template <typename... Parts>
  void Add(Invariant invariant, const Parts&... parts) {
    AddText(invariant, absl::StrCat(parts...));
  }

  struct Entry {
    Invariant invariant;
    std::string text;
  };
  const std::vector<Entry>& all() const { return all_; }

 private:
  void AddText(Invariant invariant, std::string text);

  Trace* const trace_;
  std::vector<Entry> all_;
};

}  // namespace mesh::simulation

#endif  // TESTS_SIMULATION_VIOLATIONS_H_
