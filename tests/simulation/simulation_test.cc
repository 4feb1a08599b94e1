// Every scenario on many seeds. `--scenario=NAME` and `--seed=N` run one of them, `--trace` prints
// its events, `--seeds=N` says how many seeds of each, `--list` names the scenarios, `--hashes`
// prints nothing but the hash of each trace.

#include <cstdint>
#include <iostream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/simulation/runner.h"
#include "tests/testing/sanitized.h"

namespace mesh::simulation {
namespace {

// Sanitizers see what they see on fewer seeds, and are slow.
constexpr uint64_t kShareOfSeeds = testing::kSanitized ? 20 : 1;

struct Flags {
  std::string scenario;
  uint64_t seed = 0;   // 0: many
  uint64_t seeds = 0;  // 0: the scenario's own number
  bool trace = false;
  bool hashes = false;
};
Flags flags;

class ScenarioTest : public ::testing::Test {
 public:
  explicit ScenarioTest(const Scenario* scenario) : scenario_(*scenario) {}

  void TestBody() override {
    if (flags.seed != 0) {
      RunOne(flags.seed);
      return;
    }
    const uint64_t seeds = flags.seeds != 0 ? flags.seeds : scenario_.seeds / kShareOfSeeds;
    for (uint64_t seed = 1; seed <= seeds && !HasFailure(); ++seed) RunOne(seed);
  }

 private:
  void RunOne(uint64_t seed) {
    Outcome outcome = Simulate(scenario_, seed, flags.trace);
    if (flags.trace) {
      for (const std::string& line : outcome.trace) std::cout << line << "\n";
      std::cout << "hash of the trace: " << outcome.hash << "\n";
      outcome.trace.clear();
    }
    if (flags.hashes) std::cout << scenario_.name << " " << seed << " " << outcome.hash << "\n";
    if (outcome.violations.empty()) return;
    // The same once more, to tell how it came to that.
    if (!flags.trace) outcome = Simulate(scenario_, seed, /*keep_trace=*/true);
    ADD_FAILURE() << Report(scenario_, seed, outcome);
  }

  const Scenario& scenario_;
};

bool Parse(absl::string_view argument) {
  const size_t equals = argument.find('=');
  const absl::string_view name = argument.substr(0, equals);
  const absl::string_view value =
      equals == absl::string_view::npos ? absl::string_view() : argument.substr(equals + 1);
  if (name == "--scenario") {
    flags.scenario = std::string(value);
    return FindScenario(value) != nullptr;
  }
  if (name == "--seed") return absl::SimpleAtoi(value, &flags.seed) && flags.seed != 0;
  if (name == "--seeds") return absl::SimpleAtoi(value, &flags.seeds) && flags.seeds != 0;
  if (name == "--trace") {
    flags.trace = true;
    return value.empty();
  }
  if (name == "--hashes") {
    flags.hashes = true;
    return value.empty();
  }
  return false;
}

}  // namespace
}  // namespace mesh::simulation

int main(int argc, char** argv) {
  using mesh::simulation::ScenarioTest;
  ::testing::InitGoogleTest(&argc, argv);
  for (int i = 1; i < argc; ++i) {
    if (std::string(argv[i]) == "--list") {
      for (const auto& scenario : mesh::simulation::Scenarios()) std::cout << scenario.name << "\n";
      return 0;
    }
    if (mesh::simulation::Parse(argv[i])) continue;
    std::cerr << argv[i] << ": not known; --scenario=NAME, --seed=N, --seeds=N, --trace, --list\n";
    return 2;
  }
  for (const mesh::simulation::Scenario& scenario : mesh::simulation::Scenarios()) {
    const std::string& wanted = mesh::simulation::flags.scenario;
    if (!wanted.empty() && scenario.name != wanted) continue;
    ::testing::RegisterTest(
        "Simulation", scenario.name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
        [&scenario]() -> ::testing::Test* { return new ScenarioTest(&scenario); });
  }
  if (mesh::simulation::flags.hashes) {
    auto& listeners = ::testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());
  }
  return RUN_ALL_TESTS();
}
