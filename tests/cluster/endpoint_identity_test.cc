// An endpoint is the same object through every update that keeps its address, and leaves the
// picker at once with an update that does not.

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/cluster/cluster_fixture.h"

namespace mesh::cluster {
namespace {

class EndpointIdentityTest : public ClusterTest {
 protected:
  EndpointIdentityTest() : ClusterTest(/*max_connected=*/0) {
    connector_.set_outcome(ConnectionState::kReady);
  }

  // All endpoints that come in `picks` picks, by address.
  std::map<std::string, const Endpoint*> Objects(int picks) {
    std::map<std::string, const Endpoint*> objects;
    for (int i = 0; i < picks; ++i) {
      const PickResult result = Pick();
      const auto* picked = std::get_if<Picked>(&result);
      if (picked == nullptr) continue;
      objects[picked->permit.endpoint()->address()] = picked->permit.endpoint();
    }
    return objects;
  }
};

TEST_F(EndpointIdentityTest, SurvivesEveryUpdateThatKeepsTheAddress) {
  Apply(Config(Endpoints({"a:1", "a:2", "a:3"})));
  Connect();
  const std::map<std::string, const Endpoint*> before = Objects(12);
  ASSERT_EQ(before.size(), 3u);
  const auto same = [&](const std::string& address) {
    return Objects(40)[address] == before.at(address);
  };
  // 1. Other endpoints come and go.
  Apply(Config(Endpoints({"a:4", "a:2", "a:1"})));
  EXPECT_TRUE(same("a:1"));
  EXPECT_TRUE(same("a:2"));
  // 2. The weight changes.
  std::vector<model::EndpointConfig> weighted = Endpoints({"a:1", "a:2"});
  weighted[0].weight = 3;
  Apply(Config(weighted));
  EXPECT_TRUE(same("a:1"));
  EXPECT_EQ(Shares(8), (std::map<std::string, int>{{"a:1", 6}, {"a:2", 2}}));
  // 3. It moves to another locality.
  Apply(Config({{"x", Endpoints({"a:2"})}, {"y", Endpoints({"a:1"})}}));
  EXPECT_TRUE(same("a:1"));
  EXPECT_TRUE(same("a:2"));
  // 4. It drains, and comes back.
  weighted = Endpoints({"a:1", "a:2"});
  weighted[0].health = model::HealthStatus::kDraining;
  Apply(Config(weighted));
  EXPECT_EQ(Picks(5), (std::vector<std::string>{"a:2"}));
  Apply(Config(Endpoints({"a:1", "a:2"})));
  EXPECT_TRUE(same("a:1"));
  EXPECT_TRUE(same("a:2"));
  // 5. No connection was made anew.
  EXPECT_EQ(connector_.made(), 4);
}

TEST_F(EndpointIdentityTest, MovesFromOnePriorityToAnotherWithoutReconnecting) {
  // EDS-07: all localities of the priority in use move to a higher one.
  Apply(Config({{"x", Endpoints({"a:1"}), 0}, {"y", Endpoints({"a:2", "a:3"}), 1}}));
  connector_.set_outcome("a:1", ConnectionState::kFailing);
  Connect();
  const std::map<std::string, const Endpoint*> before = Objects(10);
  ASSERT_EQ(before.size(), 2u);
  Apply(Config({{"y", Endpoints({"a:2", "a:3"}), 0}}));
  EXPECT_EQ(Objects(10), before);
  EXPECT_EQ(connector_.made(), 3);
}

// EDS-08: localities come to priorities and leave them, all in turn.
TEST_F(EndpointIdentityTest, LocalitiesWanderThroughPrioritiesWithoutReconnecting) {
  const TestLocality x{"x", Endpoints({"x:1"})}, y{"y", Endpoints({"y:1"})};
  const TestLocality z{"z", Endpoints({"z:1"})};
  const auto at = [](TestLocality locality, uint32_t priority) {
    locality.priority = priority;
    return locality;
  };
  Apply(Config({at(x, 0), at(y, 1), at(z, 2)}));
  Connect();
  EXPECT_EQ(Picks(3), (std::vector<std::string>{"x:1"}));
  Apply(Config({at(y, 0), at(x, 1), at(z, 2)}));
  EXPECT_EQ(Picks(3), (std::vector<std::string>{"y:1"}));
  Apply(Config({at(z, 0), at(y, 1)}));
  EXPECT_EQ(Picks(3), (std::vector<std::string>{"z:1"}));
  Apply(Config({at(y, 0), at(z, 1)}));
  EXPECT_EQ(Picks(3), (std::vector<std::string>{"y:1"}));
  Apply(Config({at(y, 0), at(z, 0)}));
  EXPECT_EQ(Picks(10), (std::vector<std::string>{"y:1", "z:1"}));
  EXPECT_EQ(connector_.made(), 3);
}

// EDS-09: no call fails; those that come before a new endpoint is connected wait for it.
TEST_F(EndpointIdentityTest, AllLocalitiesOfAPriorityAreReplacedAtOnce) {
  Apply(Config({{"x", Endpoints({"x:1"})}, {"y", Endpoints({"y:1"})}}));
  Connect();
  EXPECT_EQ(Picks(10).size(), 2u);
  connector_.set_outcome(ConnectionState::kConnecting);
  Apply(Config({{"z", Endpoints({"z:1", "z:2"})}}));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(PickText(), "pending");
  Become("z:2", ConnectionState::kReady);
  EXPECT_EQ(Picks(3), (std::vector<std::string>{"z:2"}));
}

TEST_F(EndpointIdentityTest, PermitsOutliveTheEndpointsRemoval) {
  Apply(Config(Endpoints({"a:1"})));
  Connect();
  PickResult result = Pick();
  Permit& permit = std::get<Picked>(result).permit;
  // 1. The endpoint leaves: at once no pick finds it.
  Apply(Config(Endpoints({"a:2"})));
  EXPECT_EQ(PickText(), "a:2");
  // 2. The call goes on.
  EXPECT_EQ(permit.endpoint()->address(), "a:1");
  EXPECT_EQ(permit.endpoint()->connection().state(), ConnectionState::kReady);
  EXPECT_EQ(Wanted(), (std::vector<std::string>{"a:2"}));
  EXPECT_EQ(connector_.live(), 2);
  // 3. With its end the endpoint and the connection go.
  permit.End({});
  Settle();
  EXPECT_EQ(connector_.live(), 1);
}

TEST_F(EndpointIdentityTest, PermitsOutliveTheClusterAndTheTable) {
  Apply(Config(Endpoints({"a:1"})));
  Connect();
  PickResult first = Pick();
  PickResult second = Pick();
  cluster_.reset();
  Settle();
  EXPECT_EQ(table_->size(), 0u);
  std::get<Picked>(first).permit.End({14});
  On([this] { table_.reset(); });
  std::get<Picked>(second).permit.End({14});
  Settle();
  EXPECT_EQ(connector_.live(), 0);
}

TEST_F(EndpointIdentityTest, ARemovedEndpointThatComesBackIsANewOne) {
  Apply(Config(Endpoints({"a:1", "a:2"})));
  Connect();
  PickResult held = Pick();
  const std::string address = std::get<Picked>(held).permit.endpoint()->address();
  Apply(Config(Endpoints({address == "a:1" ? "a:2" : "a:1"})));
  Apply(Config(Endpoints({"a:1", "a:2"})));
  EXPECT_NE(Objects(10)[address], std::get<Picked>(held).permit.endpoint());
  // While the old one's call goes on they share the connection, which is asked for again.
  EXPECT_EQ(connector_.made(), 2);
  EXPECT_EQ(Wanted(), (std::vector<std::string>{"a:1", "a:2"}));
}

TEST_F(EndpointIdentityTest, PlacesThatNameOneAddressShareAnEndpoint) {
  // 1. Twice in a locality: its weight is the sum.
  Apply(Config(Endpoints({"a:1", "a:2", "a:1"})));
  Connect();
  EXPECT_EQ(Shares(9), (std::map<std::string, int>{{"a:1", 6}, {"a:2", 3}}));
  EXPECT_EQ(Objects(9).size(), 2u);
  EXPECT_EQ(connector_.made(), 2);
  const Endpoint* before = Objects(9)["a:1"];
  // 2. In two localities.
  Apply(Config({{"x", Endpoints({"a:1"})}, {"y", Endpoints({"a:1", "a:2"})}}));
  EXPECT_EQ(Objects(20)["a:1"], before);
  EXPECT_EQ(Shares(20), (std::map<std::string, int>{{"a:1", 15}, {"a:2", 5}}));
  // 3. One of the places goes.
  Apply(Config(Endpoints({"a:2", "a:1"})));
  EXPECT_EQ(Objects(9)["a:1"], before);
  EXPECT_EQ(Shares(8), (std::map<std::string, int>{{"a:1", 4}, {"a:2", 4}}));
  // 4. The other one as well.
  Apply(Config(Endpoints({"a:2"})));
  EXPECT_EQ(Picks(5), (std::vector<std::string>{"a:2"}));
  EXPECT_EQ(connector_.live(), 1);
}

// Random updates against a model that knows nothing of chunks: after each the picks are exactly
// the configured endpoints, and those that stayed are the same objects.
TEST_F(EndpointIdentityTest, FollowsRandomUpdatesOfManyChunks) {
  const std::unique_ptr<Random> random = NewSeededRandom(11);
  std::vector<model::EndpointConfig> endpoints = Numbered("a:", 700);
  int next = 700;
  const auto cluster = std::make_shared<const model::Cluster>();
  std::vector<std::shared_ptr<const model::EndpointList::Chunk>> chunks =
      model::EndpointList::Of(endpoints).chunks();
  std::map<std::string, const Endpoint*> before;
  for (int round = 0; round < 60; ++round) {
    // Change a chunk: drop one, change one, add one.
    auto chunk =
        std::make_shared<model::EndpointList::Chunk>(*chunks[random->NextBelow(chunks.size())]);
    const size_t which = random->NextBelow(chunks.size());
    *chunk = *chunks[which];
    auto& list = chunk->endpoints;
    if (list.size() > 1) list.erase(list.begin() + random->NextBelow(list.size()));
    list[random->NextBelow(list.size())].weight = 1 + random->NextBelow(3);
    if (random->NextBelow(3) > 0) list.push_back({"a:" + std::to_string(next++)});
    std::shuffle(list.begin(), list.end(), std::minstd_rand(round));
    chunks[which] = std::move(chunk);

    auto locality = std::make_shared<model::LocalityEndpoints>();
    locality->endpoints = model::EndpointList(chunks);
    auto assignment = std::make_shared<model::ClusterLoadAssignment>();
    assignment->localities.push_back(locality);
    model::ClusterConfig config;
    config.key = {"", "c", "eds"};
    config.cluster = cluster;
    config.endpoints = assignment;
    Apply(config);
    Connect();

    uint64_t weight = 0;
    std::set<std::string> configured;
    locality->endpoints.ForEach([&](const model::EndpointConfig& endpoint) {
      configured.insert(endpoint.address);
      weight += endpoint.weight;
    });
    std::map<std::string, const Endpoint*> now = Objects(static_cast<int>(4 * weight));
    std::set<std::string> picked;
    for (const auto& [address, endpoint] : now) {
      picked.insert(address);
      const auto found = before.find(address);
      if (found != before.end()) {
        ASSERT_EQ(found->second, endpoint) << address;
      }
    }
    ASSERT_EQ(picked, configured) << round;
    ASSERT_EQ(connector_.live(), static_cast<int>(configured.size()));
    before = std::move(now);
  }
}

}  // namespace
}  // namespace mesh::cluster
