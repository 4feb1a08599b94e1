// What a pick with its permit costs under each policy, from the published picker to the permit's
// end, against the same policy written down naively on an array that never changes. And the same
// for the least that there is: an array that is indexed at random.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "benchmark/benchmark.h"
#include "mesh/base/epoch.h"
#include "mesh/base/random.h"
#include "tests/bench/cluster_world.h"
#include "tests/bench/naive_policies.h"
#include "tests/bench/policy_cases.h"

namespace mesh::bench {
namespace {

using cluster::Permit;
using cluster::Picked;
using cluster::PickRequest;
using cluster::PickResult;

// A hash that is another one each time, as good as random.
uint64_t NextHash(uint64_t hash) { return hash + 0x9e3779b97f4a7c15; }

// A cluster of `size` endpoints in `localities` localities, all of them connected and with as many
// calls as `policy_case` says.
class ReadyCluster {
 public:
  ReadyCluster(const PolicyCase& policy_case, int64_t size, int localities) {
    std::vector<model::EndpointList> lists;
    for (int i = 0; i < localities; ++i) {
      const int64_t part = size / localities;
      lists.push_back(EndpointsOf(part, policy_case.weighted, i * part));
    }
    // First in turns, which puts the same number of calls on each endpoint.
    cluster_ = world_.ApplyAndConnect(
        ClusterOf("c", {EndpointsOf(size)}, PolicyCase{"turns", {}}.cluster()));
    for (int64_t i = 0; i < size * policy_case.in_flight; ++i) permits_.push_back(Pick({}));
    cluster_ = world_.ApplyAndConnect(ClusterOf("c", lists, policy_case.cluster()));
  }
  ~ReadyCluster() {
    permits_.clear();
    world_.Drop(std::move(cluster_));
  }

  Permit Pick(const PickRequest& request) const {
    const EpochReader reader(world_.epochs());
    PickResult result = cluster_->Pick(request, reader);
    return std::move(std::get<Picked>(result).permit);
  }
  const cluster::Cluster& cluster() const { return *cluster_; }
  const EpochDomain& epochs() const { return world_.epochs(); }

 private:
  ClusterWorld world_{0};
  std::shared_ptr<cluster::Cluster> cluster_;
  std::vector<Permit> permits_;
};

// What the threads of a benchmark share, kept for the next one that wants the same: a benchmark is
// run several times until it has run for long enough.
template <typename T>
class Shared {
 public:
  template <typename Make>
  T* Get(const std::string& name, Make make) {
    if (value_ == nullptr || name != name_) {
      value_ = nullptr;
      value_ = make();
      name_ = name;
    }
    return value_.get();
  }

 private:
  std::string name_;
  std::unique_ptr<T> value_;
};

ReadyCluster* ready_cluster;
NaivePolicy* naive_policy;

void BM_Pick(benchmark::State& state, const PolicyCase& policy_case, int localities) {
  static Shared<ReadyCluster>& shared = *new Shared<ReadyCluster>;
  const int64_t size = state.range(0);
  if (state.thread_index() == 0) {
    ready_cluster =
        shared.Get(policy_case.name + std::to_string(localities) + "/" + std::to_string(size),
                   [&] { return std::make_unique<ReadyCluster>(policy_case, size, localities); });
  }
  PickRequest request;
  uint64_t hash = FastRandom();
  for (auto _ : state) {
    if (policy_case.balancing.hashes()) request.hash = hash = NextHash(hash);
    const EpochReader reader(ready_cluster->epochs());
    PickResult result = ready_cluster->cluster().Pick(request, reader);
    std::get<Picked>(result).permit.End({});
  }
}

void BM_Naive(benchmark::State& state, const PolicyCase& policy_case) {
  static Shared<NaivePolicy>& shared = *new Shared<NaivePolicy>;
  const int64_t size = state.range(0);
  if (state.thread_index() == 0) {
    naive_policy = shared.Get(policy_case.name + std::to_string(size),
                              [&] { return NewNaivePolicy(policy_case, size); });
  }
  NaiveInput input;
  input.hash = input.cursor = FastRandom();
  for (auto _ : state) {
    input.random = FastRandom();
    input.hash = NextHash(input.hash);
    ++input.cursor;
    naive_policy->GiveBack(naive_policy->Take(input));
  }
}

template <typename F, typename... Arguments>
void Register(const std::string& name, F function, Arguments... arguments) {
  benchmark::RegisterBenchmark(name.c_str(), function, arguments...)
      ->Arg(10)
      ->Arg(1000)
      ->Arg(100000)
      ->ThreadRange(1, 2)
      ->UseRealTime();
}

void RegisterAll() {
  for (const PolicyCase& policy_case : PolicyCases()) {
    const std::string name = policy_case.name;
    Register("BM_Naive/" + name, BM_Naive, policy_case);
    Register("BM_Pick/" + name, BM_Pick, policy_case, 1);
    if (name == "round_robin") Register("BM_Pick/two_localities", BM_Pick, policy_case, 2);
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
