// What an update of one endpoint of n costs a cluster, from Apply to the published picker, under
// each policy; what it costs to build one; and what an endpoint and a cluster weigh in memory.

#include <malloc.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "balancer/policy_builders.h"
#include "benchmark/benchmark.h"
#include "tests/bench/cluster_world.h"
#include "tests/bench/policy_cases.h"

namespace mesh::bench {
namespace {

using Clusters = std::vector<std::shared_ptr<cluster::Cluster>>;

std::shared_ptr<const model::Cluster> RoundRobin() {
  return PolicyCase{"round_robin", {}}.cluster();
}

// One endpoint is replaced by another of its weight in each update.
void BM_ReplaceOne(benchmark::State& state, const PolicyCase& policy_case, uint32_t max_connected) {
  const int64_t size = state.range(0);
  ClusterWorld world(max_connected);
  const auto config = policy_case.cluster();
  auto chunks = EndpointsOf(size, policy_case.weighted).chunks();
  auto cluster = world.ApplyAndConnect(ClusterOf("c", {model::EndpointList(chunks)}, config));
  int64_t next = size;
  for (auto _ : state) {
    state.PauseTiming();
    std::shared_ptr<const model::EndpointList::Chunk>& chunk = chunks[next * 7919 % chunks.size()];
    auto changed = std::make_shared<model::EndpointList::Chunk>(*chunk);
    changed->endpoints[next % changed->endpoints.size()].address = AddressOf(next);
    chunk = std::move(changed);
    ++next;
    state.ResumeTiming();
    cluster = world.ApplyAndConnect(ClusterOf("c", {model::EndpointList(chunks)}, config));
  }
  world.Drop(std::move(cluster));
}

// The part of that which is the policy's own, by itself.
void BM_BuildPolicy(benchmark::State& state, const PolicyCase& policy_case) {
  std::vector<uint32_t> weights;
  std::vector<std::string> keys;
  EndpointsOf(state.range(0), policy_case.weighted).ForEach([&](const auto& endpoint) {
    weights.push_back(endpoint.weight);
    keys.push_back(endpoint.address);
  });
  const auto key = [&keys](uint32_t place) -> absl::string_view { return keys[place]; };
  const balancer::Weights shared = balancer::Weights::Of(weights);
  const auto builder = balancer::NewPolicyBuilder(policy_case.balancing);
  for (auto _ : state) benchmark::DoNotOptimize(builder->Build({shared, key}));
}

// The first configuration of a cluster.
void BM_FirstApply(benchmark::State& state) {
  const model::EndpointList endpoints = EndpointsOf(state.range(0));
  for (auto _ : state) {
    ClusterWorld world(128);
    auto cluster = world.Apply(ClusterOf("c", {endpoints}, RoundRobin()));
    state.PauseTiming();
    world.Drop(std::move(cluster));
    state.ResumeTiming();
  }
}
BENCHMARK(BM_FirstApply)->Arg(1000)->Arg(10000)->Arg(100000)->Unit(benchmark::kMicrosecond);

size_t Allocated() { return mallinfo2().uordblks + mallinfo2().hblkhd; }

// Bytes of the cluster's own state, beside the configuration.
void BM_BytesOfAnUnconnectedEndpoint(benchmark::State& state) {
  const model::EndpointList endpoints = EndpointsOf(100000);
  for (auto _ : state) {
    ClusterWorld world(128);
    const size_t before = Allocated();
    auto cluster = world.Apply(ClusterOf("c", {endpoints}, RoundRobin()));
    state.counters["bytes"] = static_cast<double>(Allocated() - before) / 100000;
    world.Drop(std::move(cluster));
  }
  const size_t before = Allocated();
  const model::EndpointList more = EndpointsOf(100000);
  state.counters["configuration"] = static_cast<double>(Allocated() - before) / 100000;
}
BENCHMARK(BM_BytesOfAnUnconnectedEndpoint)->Iterations(1);

void BM_BytesOfACluster(benchmark::State& state) {
  const model::EndpointList endpoints = EndpointsOf(state.range(0));
  const auto config = RoundRobin();
  for (auto _ : state) {
    ClusterWorld world(128);
    std::vector<model::ClusterConfig> configs;
    for (int i = 0; i < 1000; ++i) {
      configs.push_back(ClusterOf("c" + std::to_string(i), {endpoints}, config));
    }
    Clusters clusters;
    clusters.reserve(1000);
    const size_t before = Allocated();
    for (const model::ClusterConfig& one : configs) clusters.push_back(world.Apply(one));
    state.counters["bytes"] = static_cast<double>(Allocated() - before) / 1000;
    for (std::shared_ptr<cluster::Cluster>& cluster : clusters) world.Drop(std::move(cluster));
  }
}
BENCHMARK(BM_BytesOfACluster)->Arg(1)->Arg(10)->Iterations(1);

void Register(const std::string& name, const PolicyCase& policy_case, uint32_t max_connected) {
  benchmark::RegisterBenchmark(name.c_str(), BM_ReplaceOne, policy_case, max_connected)
      ->Arg(1000)
      ->Arg(10000)
      ->Arg(100000)
      ->Unit(benchmark::kMicrosecond);
}

void RegisterAll() {
  for (const PolicyCase& policy_case : PolicyCases()) {
    if (policy_case.in_flight > 0 || policy_case.limited) continue;  // updates do not look at calls
    const std::string name = policy_case.name;
    Register("BM_ReplaceOne/" + name + "/all_connected", policy_case, 0);
    Register("BM_ReplaceOne/" + name + "/at_most_128_connected", policy_case, 128);
    benchmark::RegisterBenchmark(("BM_BuildPolicy/" + name).c_str(), BM_BuildPolicy, policy_case)
        ->Arg(10)
        ->Arg(1000)
        ->Arg(100000)
        ->Unit(benchmark::kMicrosecond);
  }
}

}  // namespace
}  // namespace mesh::bench

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  mesh::bench::RegisterAll();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
