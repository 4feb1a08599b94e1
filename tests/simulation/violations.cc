#include "tests/simulation/violations.h"

#include <utility>

namespace mesh::simulation {

std::string ToString(Invariant invariant) {
  switch (invariant) {
    case Invariant::kOneStatus:
      return "one status";
    case Invariant::kPermits:
      return "permits";
    case Invariant::kRoutes:
      return "routes";
    case Invariant::kPicks:
      return "picks";
    case Invariant::kReplays:
      return "replays";
    case Invariant::kConvergence:
      return "convergence";
    case Invariant::kIdentity:
      return "identity";
    case Invariant::kGrowth:
      return "growth";
    case Invariant::kProtocol:
      return "protocol";
    case Invariant::kExpectation:
      return "expectation";
  }
  return "unknown";
}

void Violations::AddText(Invariant invariant, std::string text) {
  trace_->Note("*** ", ToString(invariant), ": ", text);
  if (all_.size() == kMost) return;
  all_.push_back({invariant, absl::StrCat(absl::FormatDuration(trace_->now()), ": ", text)});
}

}  // namespace mesh::simulation
