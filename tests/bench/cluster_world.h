#ifndef TESTS_BENCH_CLUSTER_WORLD_H_
#define TESTS_BENCH_CLUSTER_WORLD_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "mesh/base/epoch.h"
#include "mesh/base/random.h"
#include "mesh/base/reaper.h"
#include "mesh/base/serializer.h"
#include "mesh/cluster/cluster_table.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/fake_connector.h"
#include "tests/testing/fake_executor.h"

namespace mesh::bench {

// A table of clusters whose connections are ready as soon as they are asked for, with all that it
// needs. Tasks run on the thread that calls. Thread-compatible.
class ClusterWorld {
 public:
  // `max_connected`: of each cluster; 0: all endpoints.
  explicit ClusterWorld(uint32_t max_connected);
  // REQUIRES: nobody holds a cluster any more.
  ~ClusterWorld();

  // Has `config` in force; does not connect.
  std::shared_ptr<cluster::Cluster> Apply(const model::ClusterConfig& config);
  // The same, and connects what is to be connected.
  std::shared_ptr<cluster::Cluster> ApplyAndConnect(const model::ClusterConfig& config);
  // Drops the reference where that is allowed.
  void Drop(std::shared_ptr<cluster::Cluster> cluster);

  const EpochDomain& epochs() const { return epochs_; }

 private:
  testing::FakeClock clock_;
  testing::FakeExecutor executor_{&clock_};
  Serializer serializer_{&executor_};
  EpochDomain epochs_;
  const std::unique_ptr<Random> random_ = NewSeededRandom(1);
  const std::shared_ptr<Reaper> reaper_ = std::make_shared<Reaper>(&executor_);
  testing::FakeConnector connector_{&serializer_};
  std::unique_ptr<cluster::ClusterTable> table_;
};

// The address of the i-th of up to 2^24 endpoints.
std::string AddressOf(int64_t i);

// So many endpoints, from the `first` on; of weights 1 to 4 in turn if they are `weighted`.
model::EndpointList EndpointsOf(int64_t size, bool weighted = false, int64_t first = 0);

// The configuration of a cluster of that name with those localities, the i-th of weight i + 1.
model::ClusterConfig ClusterOf(std::string name, std::vector<model::EndpointList> localities,
                               std::shared_ptr<const model::Cluster> cluster);

}  // namespace mesh::bench

#endif  // TESTS_BENCH_CLUSTER_WORLD_H_
