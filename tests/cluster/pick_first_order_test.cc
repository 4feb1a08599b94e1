// Pick first tries the first endpoint of the list that can be used, whatever lists came before.

#include <algorithm>
#include <cstddef>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "mesh/model/load_balancing.h"
#include "tests/cluster/cluster_fixture.h"

namespace mesh::cluster {
namespace {

using Chunk = std::shared_ptr<const model::EndpointList::Chunk>;

class PickFirstOrderTest : public ClusterTest {
 protected:
  PickFirstOrderTest() : random_engine_(11) {}

  size_t Below(size_t bound) { return random_engine_() % bound; }
  Chunk AnyChunk() {
    auto chunk = std::make_shared<model::EndpointList::Chunk>();
    for (size_t i = 0; i <= Below(4); ++i) {
      chunk->endpoints.push_back(AnyEndpoint("e" + std::to_string(next_++) + ":1"));
    }
    return chunk;
  }
  // The endpoints of `chunk`, some of them changed, in another order, or gone.
  Chunk Changed(const Chunk& chunk) {
    auto changed = std::make_shared<model::EndpointList::Chunk>(*chunk);
    std::vector<model::EndpointConfig>& endpoints = changed->endpoints;
    switch (Below(3)) {
      case 0:
        std::swap(endpoints.front(), endpoints.back());
        break;
      case 1:
        endpoints.insert(endpoints.begin(), AnyEndpoint("e" + std::to_string(next_++) + ":1"));
        break;
      default:
        endpoints[Below(endpoints.size())].health = AnyHealth();
    }
    return changed;
  }
  void Change(std::vector<Chunk>* chunks) {
    const auto at = static_cast<ptrdiff_t>(Below(chunks->size()));
    switch (Below(5)) {
      case 0:
        chunks->insert(chunks->begin() + at, AnyChunk());
        break;
      case 1:
        if (chunks->size() > 3) chunks->erase(chunks->begin() + at);
        break;
      case 2:
        if (Below(4) == 0) std::swap((*chunks)[at], chunks->front());
        break;
      default:
        (*chunks)[at] = Changed((*chunks)[at]);
    }
  }
  void ApplyChunks(const std::vector<Chunk>& chunks) {
    model::Cluster cluster;
    cluster.balancing.policy = model::LbPolicy::kPickFirst;
    cluster.panic_threshold = 0;
    model::ClusterConfig config = Config(std::vector<TestLocality>{{"a", {}}}, cluster);
    auto assignment = std::make_shared<model::ClusterLoadAssignment>(*config.endpoints);
    auto locality = std::make_shared<model::LocalityEndpoints>(*assignment->localities[0]);
    locality->endpoints = model::EndpointList(chunks);
    assignment->localities[0] = std::move(locality);
    config.endpoints = std::move(assignment);
    Apply(config);
  }

 private:
  model::HealthStatus AnyHealth() {
    return Below(2) == 0 ? model::HealthStatus::kHealthy : model::HealthStatus::kUnhealthy;
  }
  model::EndpointConfig AnyEndpoint(std::string address) {
    return {std::move(address), 1, AnyHealth()};
  }

  std::mt19937 random_engine_;
  int next_ = 0;
};

TEST_F(PickFirstOrderTest, ThroughRandomUpdates) {
  std::vector<Chunk> chunks;
  for (int i = 0; i < 4; ++i) chunks.push_back(AnyChunk());
  int tried = 0;
  for (int round = 0; round < 2000; ++round) {
    for (size_t change = Below(3) + 1; change > 0; --change) Change(&chunks);
    ApplyChunks(chunks);
    if (round == 0) Connect();
    // One that must not be used for now keeps its connection.
    const std::vector<std::string> wanted = Wanted();
    std::string first;
    std::vector<std::string> usable;
    model::EndpointList(chunks).ForEach([&](const model::EndpointConfig& config) {
      if (!model::IsUsable(config.health)) return;
      if (first.empty()) first = config.address;
      if (std::find(wanted.begin(), wanted.end(), config.address) != wanted.end()) {
        usable.push_back(config.address);
      }
    });
    if (first.empty()) continue;
    ++tried;
    ASSERT_EQ(usable, std::vector<std::string>{first}) << "after update " << round;
  }
  EXPECT_GT(tried, 1500);
}

TEST_F(PickFirstOrderTest, AnAddressThatIsThereTwiceIsLeftAtBothPlaces) {
  model::Cluster cluster;
  cluster.balancing.policy = model::LbPolicy::kPickFirst;
  Apply(Config(Endpoints({"a:0", "a:0"}), cluster));
  Connect();
  EXPECT_EQ(Wanted(), (std::vector<std::string>{"a:0"}));
  Apply(Config(Endpoints({"b:0", "a:0", "a:0"}), cluster));
  EXPECT_EQ(Wanted(), (std::vector<std::string>{"b:0"}));
}

}  // namespace
}  // namespace mesh::cluster
