// Threads that pick while everything changes: what they get is an endpoint that is alive, and
// connected when it was published. For the sanitizers.

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "mesh/base/clock.h"
#include "mesh/base/epoch.h"
#include "mesh/base/random.h"
#include "mesh/base/reaper.h"
#include "mesh/base/serializer.h"
#include "mesh/base/thread_executor.h"
#include "mesh/cluster/cluster_table.h"
#include "tests/testing/fake_connector.h"

namespace mesh::cluster {
namespace {

// `timeout` is one of the options of connections: another one makes them anew.
model::ClusterConfig ConfigOf(std::vector<model::EndpointConfig> endpoints,
                              absl::Duration timeout) {
  auto locality = std::make_shared<model::LocalityEndpoints>();
  locality->endpoints = model::EndpointList::Of(std::move(endpoints));
  auto assignment = std::make_shared<model::ClusterLoadAssignment>();
  assignment->localities.push_back(std::move(locality));
  model::ClusterConfig config;
  config.key = {"", "c", ""};
  model::Cluster cluster;
  cluster.connections.connect_timeout = timeout;
  config.cluster = std::make_shared<const model::Cluster>(cluster);
  config.endpoints = std::move(assignment);
  return config;
}

TEST(PickStressTest, PicksAgainstUpdatesConnectionsAndTheEnd) {
  const SteadyClock clock;
  const std::unique_ptr<Random> random = NewSeededRandom(5);
  EpochDomain epochs;
  std::atomic<int> picked{0};
  std::atomic<int> live_at_end{-1};
  int successors_seen = 0;
  {
    ThreadExecutor executor(&clock);
    Serializer serializer(&executor);
    const auto reaper = std::make_shared<Reaper>(&executor);
    testing::FakeConnector connector(&serializer);
    connector.set_outcome(wire::ConnectionState::kReady);
    ClusterTable::Options options;
    options.serializer = &serializer;
    options.epochs = &epochs;
    options.clock = &clock;
    options.random = random.get();
    options.connector = &connector;
    options.reaper = reaper;
    options.max_connected_endpoints = 0;
    std::unique_ptr<ClusterTable> table;
    std::shared_ptr<Cluster> cluster;

    const auto update = [&](int round) {
      std::vector<model::EndpointConfig> endpoints;
      for (int i = 0; i < 300; ++i) {
        if ((i + round) % 7 == 0) continue;
        endpoints.push_back({"a:" + std::to_string(i), static_cast<uint32_t>(1 + round % 2 * i)});
      }
      cluster =
          table->Apply(ConfigOf(std::move(endpoints), absl::Seconds(5 + round / 50)), nullptr);
    };
    serializer.RunAndWait([&] {
      table = ClusterTable::Create(std::move(options));
      update(0);
    });

    std::atomic<bool> stop{false};
    std::vector<std::thread> callers;
    for (int t = 0; t < 3; ++t) {
      callers.emplace_back([&, held = cluster] {
        std::vector<PickResult> open;
        int mine = 0;
        while (!stop.load(std::memory_order_relaxed)) {
          {
            const EpochReader reader(epochs);
            open.push_back(held->Pick({}, reader));
          }
          auto* result = std::get_if<Picked>(&open.back());
          if (result != nullptr) {
            // Reads what an update may just be giving up.
            ASSERT_EQ(result->permit.endpoint()->address().substr(0, 2), "a:");
            ASSERT_TRUE(result->permit.endpoint()->has_connection());
            if (++mine % 5 == 0) result->permit.End({14});
          }
          if (open.size() > 50) open.clear();
        }
        picked += mine;
      });
    }
    // The object that stands for `a:255`; null if it is not found.
    const auto object_of_255 = [&]() -> const Endpoint* {
      for (int i = 0; i < 3000; ++i) {
        const EpochReader reader(epochs);
        const PickResult result = cluster->Pick({}, reader);
        const auto* const picked = std::get_if<Picked>(&result);
        if (picked != nullptr && picked->permit.endpoint()->address() == "a:255") {
          return picked->permit.endpoint();
        }
      }
      return nullptr;
    };
    for (int round = 1; round < 150; ++round) {
      const bool is_with_other_options = round % 50 == 0;
      const absl::Time deadline = clock.Now() + absl::Seconds(30);
      const Endpoint* former = nullptr;
      // It left a few rounds ago and came back, and may still be connecting.
      while (is_with_other_options && former == nullptr && clock.Now() < deadline) {
        former = object_of_255();
      }
      serializer.RunAndWait([&] {
        update(round);
        const std::string address = "a:" + std::to_string(round);
        if (connector.connection(address) != nullptr) {
          connector.Become(address, round % 3 == 0 ? wire::ConnectionState::kReady
                                                   : wire::ConnectionState::kConnecting);
        }
        epochs.Reclaim();
      });
      while (former != nullptr && clock.Now() < deadline) {
        const Endpoint* const now = object_of_255();
        if (now == nullptr || now == former) continue;
        ++successors_seen;
        break;
      }
    }
    // The end of the table comes while threads still pick.
    serializer.RunAndWait([&] {
      table = nullptr;
      cluster = nullptr;
    });
    stop = true;
    for (std::thread& caller : callers) caller.join();
    while (epochs.Reclaim() > 0) {
    }
    serializer.Shutdown();
    // What the reaper still has runs before the executor ends, and is counted after it.
    executor.Post(
        [&] { executor.Post([&] { executor.Post([&] { live_at_end = connector.live(); }); }); });
    while (live_at_end < 0) std::this_thread::yield();
    reaper->Close();
  }
  EXPECT_GT(picked, 0);
  EXPECT_EQ(successors_seen, 2);
  EXPECT_EQ(live_at_end, 0);
}

}  // namespace
}  // namespace mesh::cluster
