// What a pick with its permit costs, from the published picker to the permit's end, against an
// array that is indexed at random and whose element's count goes up and down.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "benchmark/benchmark.h"
#include "mesh/base/clock.h"
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

// A cluster of `size` endpoints in `localities` localities, all of them connected.
class ReadyCluster {
 public:
  ReadyCluster(int64_t size, int localities, model::LbPolicy policy) {
    connector_.set_outcome(wire::ConnectionState::kReady);
    ClusterTable::Options options;
    options.serializer = &serializer_;
    options.epochs = &epochs_;
    options.clock = &clock_;
    options.random = random_.get();
    options.connector = &connector_;
    options.reaper = reaper_;
    options.max_connected_endpoints = 0;
    auto assignment = std::make_shared<model::ClusterLoadAssignment>();
    for (int l = 0; l < localities; ++l) {
      std::vector<model::EndpointConfig> endpoints;
      for (int64_t i = 0; i < size / localities; ++i) {
        endpoints.push_back({"10.0." + std::to_string(l) + "." + std::to_string(i)});
      }
      auto locality = std::make_shared<model::LocalityEndpoints>();
      locality->locality.zone = std::to_string(l);
      locality->weight = 1 + l;
      locality->endpoints = model::EndpointList::Of(std::move(endpoints));
      assignment->localities.push_back(std::move(locality));
    }
    auto cluster = std::make_shared<model::Cluster>();
    cluster->balancing.policy = policy;
    model::ClusterConfig config;
    config.key = {"", "c", ""};
    config.cluster = std::move(cluster);
    config.endpoints = std::move(assignment);
    serializer_.RunAndWait([&] {
      table_ = ClusterTable::Create(std::move(options));
      cluster_ = table_->Apply(config);
      cluster_->Connect();
    });
    executor_.RunReady();
  }
  ~ReadyCluster() {
    serializer_.RunAndWait([&] {
      cluster_ = nullptr;
      table_ = nullptr;
    });
    reaper_->Close();
    executor_.RunReady();
    serializer_.Shutdown();
  }

  const Cluster& cluster() const { return *cluster_; }
  const EpochDomain& epochs() const { return epochs_; }

 private:
  testing::FakeClock clock_;
  testing::FakeExecutor executor_{&clock_};
  Serializer serializer_{&executor_};
  EpochDomain epochs_;
  std::unique_ptr<Random> random_ = NewSeededRandom(1);
  std::shared_ptr<Reaper> reaper_ = std::make_shared<Reaper>(&executor_);
  testing::FakeConnector connector_{&serializer_};
  std::unique_ptr<ClusterTable> table_;
  std::shared_ptr<Cluster> cluster_;
};

std::unique_ptr<ReadyCluster> shared_cluster;

void BM_Pick(benchmark::State& state, int localities, model::LbPolicy policy) {
  if (state.thread_index() == 0) {
    shared_cluster = std::make_unique<ReadyCluster>(state.range(0), localities, policy);
  }
  for (auto _ : state) {
    const EpochReader reader(shared_cluster->epochs());
    PickResult result = shared_cluster->cluster().Pick({}, reader);
    std::get<Picked>(result).permit.End({});
  }
  if (state.thread_index() == 0) shared_cluster = nullptr;
}

struct alignas(64) Counted {
  std::atomic<uint64_t> word{0};
  char cold[64];
};
std::vector<std::unique_ptr<Counted>> shared_array;

void BM_ArrayAtRandom(benchmark::State& state) {
  if (state.thread_index() == 0) {
    for (int64_t i = 0; i < state.range(0); ++i)
      shared_array.push_back(std::make_unique<Counted>());
  }
  for (auto _ : state) {
    Counted& counted = *shared_array[FastRandom() % shared_array.size()];
    counted.word.fetch_add(1, std::memory_order_relaxed);
    counted.word.fetch_sub(1, std::memory_order_acq_rel);
  }
  if (state.thread_index() == 0) shared_array.clear();
}

#define SIZES Arg(10)->Arg(1000)->Arg(100000)->ThreadRange(1, 2)->UseRealTime()
BENCHMARK(BM_ArrayAtRandom)->SIZES;
BENCHMARK_CAPTURE(BM_Pick, round_robin, 1, model::LbPolicy::kRoundRobin)->SIZES;
BENCHMARK_CAPTURE(BM_Pick, random, 1, model::LbPolicy::kRandom)->SIZES;
BENCHMARK_CAPTURE(BM_Pick, two_localities, 2, model::LbPolicy::kRoundRobin)->SIZES;

}  // namespace
}  // namespace mesh::cluster
