// What an update of one endpoint of n costs a cluster, from Apply to the published picker, and
// what an endpoint and a cluster weigh in memory.

#include <malloc.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "benchmark/benchmark.h"
#include "mesh/base/epoch.h"
#include "mesh/base/random.h"
#include "mesh/base/reaper.h"
#include "mesh/base/serializer.h"
#include "mesh/cluster/cluster_table.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/fake_connector.h"
#include "tests/testing/fake_executor.h"

namespace mesh::cluster {
namespace {

struct World {
  explicit World(uint32_t max_connected) {
    connector.set_outcome(wire::ConnectionState::kReady);
    ClusterTable::Options options;
    options.serializer = &serializer;
    options.epochs = &epochs;
    options.clock = &clock;
    options.random = random.get();
    options.connector = &connector;
    options.reaper = reaper;
    options.max_connected_endpoints = max_connected;
    table = ClusterTable::Create(std::move(options));
  }
  ~World() {
    serializer.RunAndWait([&] {
      clusters.clear();
      table = nullptr;
    });
    reaper->Close();
    executor.RunReady();
    serializer.Shutdown();
  }

  testing::FakeClock clock;
  testing::FakeExecutor executor{&clock};
  Serializer serializer{&executor};
  EpochDomain epochs;
  std::unique_ptr<Random> random = NewSeededRandom(1);
  std::shared_ptr<Reaper> reaper = std::make_shared<Reaper>(&executor);
  testing::FakeConnector connector{&serializer};
  std::unique_ptr<ClusterTable> table;
  std::vector<std::shared_ptr<Cluster>> clusters;
};

std::string Address(int64_t i) {
  return "10." + std::to_string(i >> 16) + "." + std::to_string(i >> 8 & 255) + "." +
         std::to_string(i & 255) + ":80";
}

using Chunks = std::vector<std::shared_ptr<const model::EndpointList::Chunk>>;

Chunks ChunksOf(int64_t size) {
  std::vector<model::EndpointConfig> endpoints;
  for (int64_t i = 0; i < size; ++i) endpoints.push_back({Address(i)});
  return model::EndpointList::Of(std::move(endpoints)).chunks();
}

model::ClusterConfig ConfigOf(std::string name, Chunks chunks,
                              std::shared_ptr<const model::Cluster> cluster) {
  auto locality = std::make_shared<model::LocalityEndpoints>();
  locality->endpoints = model::EndpointList(std::move(chunks));
  auto assignment = std::make_shared<model::ClusterLoadAssignment>();
  assignment->localities.push_back(std::move(locality));
  model::ClusterConfig config;
  config.key = {"", std::move(name), ""};
  config.cluster = std::move(cluster);
  config.endpoints = std::move(assignment);
  return config;
}

// One endpoint is replaced by another in each update.
void BM_ReplaceOne(benchmark::State& state, uint32_t max_connected) {
  const int64_t size = state.range(0);
  World world(max_connected);
  const auto cluster = std::make_shared<const model::Cluster>();
  Chunks chunks = ChunksOf(size);
  const auto apply = [&] {
    const model::ClusterConfig config = ConfigOf("c", chunks, cluster);
    world.serializer.RunAndWait([&] {
      world.clusters = {world.table->Apply(config)};
      world.clusters[0]->Connect();
    });
    world.executor.RunReady();
  };
  apply();
  int64_t next = size;
  for (auto _ : state) {
    state.PauseTiming();
    std::shared_ptr<const model::EndpointList::Chunk>& chunk = chunks[next * 7919 % chunks.size()];
    auto changed = std::make_shared<model::EndpointList::Chunk>(*chunk);
    changed->endpoints[next % changed->endpoints.size()].address = Address(next);
    chunk = std::move(changed);
    ++next;
    state.ResumeTiming();
    apply();
  }
}

BENCHMARK_CAPTURE(BM_ReplaceOne, all_connected, 0)->Arg(1000)->Arg(10000)->Arg(100000);
BENCHMARK_CAPTURE(BM_ReplaceOne, at_most_128_connected, 128)->Arg(1000)->Arg(10000)->Arg(100000);

// The first configuration of a cluster.
void BM_FirstApply(benchmark::State& state) {
  const Chunks chunks = ChunksOf(state.range(0));
  const auto cluster = std::make_shared<const model::Cluster>();
  for (auto _ : state) {
    World world(128);
    world.serializer.RunAndWait(
        [&] { world.clusters = {world.table->Apply(ConfigOf("c", chunks, cluster))}; });
    state.PauseTiming();
    world.clusters.clear();
    state.ResumeTiming();
  }
}
BENCHMARK(BM_FirstApply)->Arg(1000)->Arg(10000)->Arg(100000)->Unit(benchmark::kMicrosecond);

size_t Allocated() { return mallinfo2().uordblks + mallinfo2().hblkhd; }

// Bytes of the cluster's own state, beside the configuration.
void BM_BytesOfAnUnconnectedEndpoint(benchmark::State& state) {
  const Chunks chunks = ChunksOf(100000);
  const auto cluster = std::make_shared<const model::Cluster>();
  for (auto _ : state) {
    World world(128);
    const size_t before = Allocated();
    world.serializer.RunAndWait(
        [&] { world.clusters = {world.table->Apply(ConfigOf("c", chunks, cluster))}; });
    state.counters["bytes"] = static_cast<double>(Allocated() - before) / 100000;
  }
  const size_t before = Allocated();
  const Chunks more = ChunksOf(100000);
  state.counters["configuration"] = static_cast<double>(Allocated() - before) / 100000;
}
BENCHMARK(BM_BytesOfAnUnconnectedEndpoint)->Iterations(1);

void BM_BytesOfACluster(benchmark::State& state) {
  const Chunks chunks = ChunksOf(state.range(0));
  const auto cluster = std::make_shared<const model::Cluster>();
  for (auto _ : state) {
    World world(128);
    std::vector<model::ClusterConfig> configs;
    for (int i = 0; i < 1000; ++i) {
      configs.push_back(ConfigOf("c" + std::to_string(i), chunks, cluster));
    }
    world.clusters.reserve(1000);
    const size_t before = Allocated();
    world.serializer.RunAndWait([&] {
      for (const model::ClusterConfig& config : configs) {
        world.clusters.push_back(world.table->Apply(config));
      }
    });
    state.counters["bytes"] = static_cast<double>(Allocated() - before) / 1000;
  }
}
BENCHMARK(BM_BytesOfACluster)->Arg(1)->Arg(10)->Iterations(1);

}  // namespace
}  // namespace mesh::cluster
