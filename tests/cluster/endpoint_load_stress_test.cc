// Calls that end with load reports on many threads, while the cluster looks at what they make, and
// asks for them or not. For the sanitizers, and for what must hold whatever the order.

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "mesh/base/reaper.h"
#include "mesh/cluster/endpoint.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/fake_executor.h"
#include "tests/testing/orca.pb.h"

namespace mesh::cluster {
namespace {

TEST(EndpointLoadStressTest, ReportsMeetLooksAndUpdates) {
  testing::FakeClock clock;
  testing::FakeExecutor executor(&clock);
  const auto reaper = std::make_shared<Reaper>(&executor);
  auto* const endpoint = new Endpoint("127.0.0.1:1", reaper, {});
  std::atomic<bool> over{false};
  std::vector<std::thread> callers;
  for (int i = 1; i <= 4; ++i) {
    callers.emplace_back([&, i] {
      mesh::testing::OrcaLoadReport message;
      message.set_rps_fractional(16);
      message.set_application_utilization(1.0 / i);  // a weight of 16 to 64
      const std::string bytes = message.SerializeAsString();
      while (!over) {
        Report report;
        report.end = clock.Now();
        report.load_report.value = i == 4 ? absl::string_view("no report") : bytes;
        Permit(endpoint).End(report);
      }
    });
  }
  const auto rules = [](absl::Duration blackout) {
    auto made = std::make_shared<model::ClientSideWeightedRoundRobin>();
    made->blackout_period = blackout;
    made->metric_names_for_computing_utilization = {"named_metrics.queue"};
    return made;
  };
  int known = 0;
  for (int round = 0; round < 20000; ++round) {
    const bool asks = round % 5 != 0;
    endpoint->ListenForLoad(asks ? rules(absl::Seconds(round % 2)) : nullptr);
    EXPECT_EQ(endpoint->load() != nullptr, asks);
    if (round % 7 == 0) clock.Advance(absl::Seconds(round % 49 == 0 ? 200 : 1));
    if (!asks) continue;
    const double weight = endpoint->load()->Weight(clock.Now());
    EXPECT_TRUE(weight == 0 || weight == 16 || weight == 32 || weight == 48) << weight;
    if (weight > 0) ++known;
    if (round % 11 == 0) endpoint->load()->Restart();
  }
  over = true;
  for (std::thread& caller : callers) caller.join();
  EXPECT_GT(known, 0);
  EXPECT_EQ(endpoint->in_flight(), 0u);
  endpoint->Retire();
  reaper->Close();
  executor.RunReady();
}

}  // namespace
}  // namespace mesh::cluster
