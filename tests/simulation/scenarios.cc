#include "tests/simulation/scenario.h"
#include "tests/simulation/usual_mesh.h"

namespace mesh::simulation {

// Files of scenarios.
std::vector<Scenario> ControlPlaneScenarios();
std::vector<Scenario> ConfigScenarios();
std::vector<Scenario> EndpointScenarios();
std::vector<Scenario> BalancingScenarios();
std::vector<Scenario> RandomScenarios();

const std::vector<Scenario>& Scenarios() {
  static const auto* const all = [] {
    auto* const scenarios = new std::vector<Scenario>;
    for (auto* file : {ControlPlaneScenarios, ConfigScenarios, EndpointScenarios,
                       BalancingScenarios, RandomScenarios}) {
      for (Scenario& scenario : file()) scenarios->push_back(std::move(scenario));
    }
    return scenarios;
  }();
  return *all;
}

const Scenario* FindScenario(absl::string_view name) {
  for (const Scenario& scenario : Scenarios()) {
    if (scenario.name == name) return &scenario;
  }
  return nullptr;
}

}  // namespace mesh::simulation
