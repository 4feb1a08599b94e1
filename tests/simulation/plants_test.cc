// Each invariant sees the fault that is planted for it; without the plant it sees nothing.

#include <ostream>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "mesh/xds/proto/discovery.pb.h"
#include "mesh/xds/transport.h"
#include "tests/simulation/runner.h"
#include "tests/simulation/world.h"
#include "tests/testing/service_resources.h"

namespace mesh::simulation {
namespace {

struct Case {
  Plant plant;
  std::string scenario;
  Invariant seen_by;
};

void PrintTo(const Case& planted, std::ostream* out) { *out << ToString(planted.seen_by); }

class PlantsTest : public ::testing::TestWithParam<Case> {};

TEST_P(PlantsTest, IsSeen) {
  const Scenario* const scenario = FindScenario(GetParam().scenario);
  ASSERT_NE(scenario, nullptr);
  // Some need luck: the planted call must be the one that is hit.
  std::set<Invariant> seen;
  uint64_t seed = 0;
  while (seen.count(GetParam().seen_by) == 0 && seed < 30) {
    ++seed;
    const Outcome good = Simulate(*scenario, seed);
    EXPECT_TRUE(good.violations.empty()) << Report(*scenario, seed, good);
    for (const auto& entry : Simulate(*scenario, seed, false, GetParam().plant).violations) {
      seen.insert(entry.invariant);
    }
  }
  std::string all;
  for (const Invariant invariant : seen) absl::StrAppend(&all, ToString(invariant), ", ");
  EXPECT_EQ(seen.count(GetParam().seen_by), 1u) << "seen by " << all;
  RecordProperty("seeds", static_cast<int>(seed));
}

INSTANTIATE_TEST_SUITE_P(
    All, PlantsTest,
    ::testing::Values(
        Case{Plant::kLosesStatus, "F02_restarted_control_plane", Invariant::kOneStatus},
        Case{Plant::kTwoStatuses, "F02_restarted_control_plane", Invariant::kOneStatus},
        Case{Plant::kLeaksPermit, "F02_restarted_control_plane", Invariant::kPermits},
        Case{Plant::kReturnsPermitEarly, "F02_restarted_control_plane", Invariant::kPermits},
        Case{Plant::kRouteEarly, "F13_torn_configuration", Invariant::kRoutes},
        Case{Plant::kStaleConfig, "F15_emptied_locality", Invariant::kPicks},
        Case{Plant::kDeafConnection, "F16_killed_endpoint", Invariant::kPicks},
        Case{Plant::kForgetsDelivery, "F16_killed_endpoint", Invariant::kReplays},
        Case{Plant::kLosesPush, "F14_churn_of_endpoints", Invariant::kConvergence},
        Case{Plant::kNewEndpoints, "F14_churn_of_endpoints", Invariant::kIdentity},
        Case{Plant::kKeepsClusters, "F13_torn_configuration", Invariant::kGrowth}),
    [](const auto& info) {
      return absl::StrCat(static_cast<int>(info.param.plant), "_", info.param.scenario);
    });

// What a scenario itself promises can fail, too.
TEST(PlantsTest, AnExpectationIsSeen) {
  Scenario scenario = *FindScenario("F16_killed_endpoint");
  scenario.expect = FindScenario("F12_deleted_cluster")->expect;
  const Outcome outcome = Simulate(scenario, 1);
  ASSERT_FALSE(outcome.violations.empty());
  EXPECT_EQ(outcome.violations[0].invariant, Invariant::kExpectation);
}

// Hears nothing and asks for nothing.
class Silent final : public xds::AdsStream::Observer {
 public:
  void OnSent() override {}
  void OnMessage(std::string /*bytes*/) override {}
  void OnClosed(const absl::Status& /*status*/) override {}
};

TEST(PlantsTest, ABrokenProtocolIsSeen) {
  const auto break_it = [](const std::string& nonce, const std::string& name) {
    World world{World::Options()};
    Silent observer;
    const auto transport = world.control_plane().transports()->Create(xds::ServerConfig());
    auto stream = (*transport)->Open("/any", &observer);
    xds::discovery::DiscoveryRequest request;
    request.set_type_url(testing::kClusterType);
    request.set_response_nonce(nonce);
    if (!name.empty()) request.add_resource_names(name);
    stream->Send(request.SerializeAsString());
    world.RunFor(absl::Seconds(1));
    stream = nullptr;
    const auto& all = world.violations().all();
    return !all.empty() && all[0].invariant == Invariant::kProtocol;
  };
  EXPECT_TRUE(break_it("", ""));         // asks for everything
  EXPECT_TRUE(break_it("old", "name"));  // answers what this stream never sent
  EXPECT_FALSE(break_it("", "name"));
}

}  // namespace
}  // namespace mesh::simulation
