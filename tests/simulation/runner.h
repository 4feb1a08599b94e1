#ifndef TESTS_SIMULATION_RUNNER_H_
#define TESTS_SIMULATION_RUNNER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tests/simulation/plant.h"
#include "tests/simulation/scenario.h"
#include "tests/simulation/violations.h"

namespace mesh::simulation {

// How a run went. A value.
struct Outcome {
  std::vector<Violations::Entry> violations;
  uint64_t hash = 0;               // of the trace
  std::vector<std::string> trace;  // if it was asked for
  uint64_t calls = 0;
};

// Runs a scenario from a seed: the same every time.
Outcome Simulate(const Scenario& scenario, uint64_t seed, bool keep_trace = false,
                 Plant plant = Plant::kNone);

// What went wrong, the trace of it, and the command that runs it again.
std::string Report(const Scenario& scenario, uint64_t seed, const Outcome& outcome);

}  // namespace mesh::simulation

#endif  // TESTS_SIMULATION_RUNNER_H_
