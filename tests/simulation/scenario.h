#ifndef TESTS_SIMULATION_SCENARIO_H_
#define TESTS_SIMULATION_SCENARIO_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tests/simulation/world.h"

namespace mesh::simulation {

// A step of a script: what happens, in a span of time from the beginning. The seed says when.
struct Step {
  absl::Duration from;
  absl::Duration to;
  std::function<void(World&)> action;
};

// What a mesh has to survive. The script begins when the world has been set up; its last step is
// followed by calm, in which everything must become as the model has it. A value.
struct Scenario {
  std::string name;  // `F01_...`
  std::function<void(World&)> set_up;
  std::vector<Step> script;
  absl::Duration length = absl::Seconds(30);  // of the script
  // Otherwise the mesh is taken down at once.
  bool ends_calm = true;
  // How long the calm may take to set in, with everything well.
  absl::Duration settle = absl::Seconds(20);
  // What the scenario promises beyond the invariants: asked before the calm sets in.
  std::function<void(World&)> expect;
  World::Options options;
  uint64_t seeds = 1000;  // that a test runs
};

// All that there are.
const std::vector<Scenario>& Scenarios();
// Null if there is none of that name.
const Scenario* FindScenario(absl::string_view name);

}  // namespace mesh::simulation

#endif  // TESTS_SIMULATION_SCENARIO_H_
