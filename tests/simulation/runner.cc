#include "tests/simulation/runner.h"

#include "absl/strings/str_cat.h"

namespace mesh::simulation {
namespace {

constexpr size_t kLinesOfTrace = 400;  // the last ones

}  // namespace

Outcome Simulate(const Scenario& scenario, uint64_t seed, bool keep_trace, Plant plant) {
  World::Options options = scenario.options;
  options.seed = seed;
  options.keep_trace = keep_trace;
  options.plant = plant;
  World world(options);
  scenario.set_up(world);
  world.BeginScript();
  for (const Step& step : scenario.script) {
    world.After(world.dice().Between(step.from, step.to), [&world, &step] { step.action(world); });
  }
  world.RunFor(scenario.length);
  if (scenario.expect) scenario.expect(world);
  if (scenario.ends_calm) {
    world.servers().HealAll();
    world.control_plane().Calm();
    world.caller().Stop();
    world.RunFor(scenario.settle);
    world.CheckCalm();
  }
  world.TearDown();
  Outcome outcome;
  outcome.violations = world.violations().all();
  outcome.hash = world.trace().hash();
  outcome.trace = world.trace().lines();
  outcome.calls = world.caller().made();
  return outcome;
}

std::string Report(const Scenario& scenario, uint64_t seed, const Outcome& outcome) {
  std::string report = absl::StrCat("scenario ", scenario.name, ", seed ", seed, ":\n");
  for (const Violations::Entry& violation : outcome.violations) {
    absl::StrAppend(&report, "  ", ToString(violation.invariant), ": ", violation.text, "\n");
  }
  const size_t lines = outcome.trace.size();
  const size_t from = lines > kLinesOfTrace ? lines - kLinesOfTrace : 0;
  if (lines > 0) absl::StrAppend(&report, "the last of ", lines, " events:\n");
  for (size_t i = from; i < lines; ++i) absl::StrAppend(&report, outcome.trace[i], "\n");
  absl::StrAppend(&report,
                  "run it again, with all events:\n  bazel test --test_output=all "
                  "//tests/simulation:simulation_test --test_arg=--scenario=",
                  scenario.name, " --test_arg=--seed=", seed, " --test_arg=--trace\n");
  return report;
}

}  // namespace mesh::simulation
