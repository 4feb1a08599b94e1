// Clusters whose policy follows a hash: all their endpoints are picked, connected or not.

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/cluster/cluster_fixture.h"

namespace mesh::cluster {
namespace {

class ClusterHashingTest : public ClusterTest {
 protected:
  static model::Cluster Hashing() {
    model::Cluster cluster;
    cluster.balancing.policy = model::LbPolicy::kRingHash;
    return cluster;
  }
  // The address that a hash goes to, or `pending`.
  std::string AddressOf(uint64_t hash, const std::vector<const Endpoint*>& tried = {}) {
    PickRequest request;
    request.hash = hash;
    request.tried = tried;
    const PickResult result = Pick(request);
    const auto* picked = std::get_if<Picked>(&result);
    return picked == nullptr ? "pending" : picked->permit.endpoint()->address();
  }
  // How many of 1,000 hashes go to each address.
  std::map<std::string, int> Spread() {
    std::map<std::string, int> spread;
    for (uint64_t i = 0; i < 1000; ++i) ++spread[AddressOf(i * 0x9e3779b97f4a7c15)];
    return spread;
  }
  uint64_t HashThatWaits() {
    uint64_t hash = 0;
    while (AddressOf(hash) != "pending") hash += 0x9e3779b97f4a7c15;
    return hash;
  }
  const Endpoint* EndpointOf(uint64_t hash) {
    PickRequest request;
    request.hash = hash;
    const PickResult result = Pick(request);
    return std::get<Picked>(result).permit.endpoint();
  }
};

class CountingObserver final : public Cluster::Observer {
 public:
  void OnPickerChanged() override { ++changes; }
  int changes = 0;
};

TEST_F(ClusterHashingTest, CallsThatWaitForAnEndpointAreToldThatItIsReady) {
  Apply(Config(Numbered("a:", 2), Hashing()));
  Connect();
  Become("a:0", ConnectionState::kReady);
  const uint64_t hash = HashThatWaits();
  CountingObserver observer;
  On([&] { cluster_->AddObserver(&observer); });
  Become("a:1", ConnectionState::kReady);
  EXPECT_EQ(AddressOf(hash), "a:1");
  EXPECT_EQ(observer.changes, 1);
  // And that it cannot be connected: the next one takes it.
  Become("a:1", ConnectionState::kConnecting);
  EXPECT_EQ(AddressOf(hash), "pending");
  observer.changes = 0;
  Become("a:1", ConnectionState::kFailing);
  EXPECT_EQ(AddressOf(hash), "a:0");
  EXPECT_EQ(observer.changes, 1);
  On([&] { cluster_->RemoveObserver(&observer); });
}

TEST_F(ClusterHashingTest, AnEndpointThatWasTriedIsNotPickedWhileItIsNotConnected) {
  connector_.set_outcome(ConnectionState::kReady);
  Apply(Config(Numbered("a:", 1), Hashing()));
  Connect();
  EXPECT_EQ(AddressOf(7, {EndpointOf(7)}), "a:0");  // there is no other
  Apply(Config(Numbered("a:", 2), Hashing()));
  Become("a:0", ConnectionState::kConnecting);
  const uint64_t hash = HashThatWaits();
  Become("a:0", ConnectionState::kReady);
  EXPECT_EQ(AddressOf(hash), "a:0");
  uint64_t other = hash;
  while (AddressOf(other) != "a:1") other += 0x9e3779b97f4a7c15;
  const std::vector<const Endpoint*> all = {EndpointOf(hash), EndpointOf(other)};
  Become("a:0", ConnectionState::kConnecting);
  EXPECT_EQ(AddressOf(hash, all), "pending");
}

// All retries of a hash agree on where they go: to where it would belong without the endpoint.
TEST_F(ClusterHashingTest, ARetryGoesToTheNextOnTheRing) {
  connector_.set_outcome(ConnectionState::kReady);
  for (const model::LbPolicy policy : {model::LbPolicy::kRingHash, model::LbPolicy::kMaglev}) {
    model::Cluster cluster = Hashing();
    cluster.balancing.policy = policy;
    cluster.balancing.ring_hash.minimum_size = 5 * 200;
    Apply(Config(Numbered("a:", 5), cluster));
    Connect();
    std::map<uint64_t, std::string> retried;  // of the hashes of a:4
    for (uint64_t i = 0; i < 1000; ++i) {
      const uint64_t hash = i * 0x9e3779b97f4a7c15;
      const std::string again = AddressOf(hash, {EndpointOf(hash)});
      EXPECT_NE(again, AddressOf(hash));
      EXPECT_EQ(again, AddressOf(hash, {EndpointOf(hash)}));
      if (AddressOf(hash) == "a:4") retried[hash] = again;
    }
    EXPECT_GT(retried.size(), 50u);
    if (policy != model::LbPolicy::kRingHash) continue;  // Maglev's table is another one then
    cluster.balancing.ring_hash.minimum_size = 4 * 200;  // the same entries for each
    Apply(Config(Numbered("a:", 4), cluster));
    for (const auto& [hash, address] : retried) EXPECT_EQ(AddressOf(hash), address);
  }
}

TEST_F(ClusterHashingTest, ALocalitysNewWeightCounts) {
  connector_.set_outcome(ConnectionState::kReady);
  model::ClusterConfig config =
      Config({{"x", Endpoints({"x:0"}), 0, 1}, {"y", Endpoints({"y:0"}), 0, 1}}, Hashing());
  Apply(config);
  Connect();
  EXPECT_NEAR(Spread()["x:0"], 500, 100);
  config.endpoints = Assignment({{"x", Endpoints({"x:0"}), 0, 9}, {"y", Endpoints({"y:0"}), 0, 1}});
  Apply(config);
  EXPECT_NEAR(Spread()["x:0"], 900, 50);
}

// envoy common.proto, ConsistentHashingLbConfig.use_hostname_for_hashing.
TEST_F(ClusterHashingTest, EndpointsMayBeHashedByName) {
  connector_.set_outcome(ConnectionState::kReady);
  const auto named = [](const std::string& address, const std::string& hostname,
                        const std::string& hash_key) {
    model::EndpointConfig endpoint{address};
    auto extras = std::make_shared<model::EndpointExtras>();
    extras->hostname = hostname;
    extras->hash_key = hash_key;
    endpoint.extras = std::move(extras);
    return endpoint;
  };
  // Whose address is what the other is called.
  const std::vector<model::EndpointConfig> endpoints = {
      named("a:0", "b:0", ""), named("b:0", "a:0", ""), named("c:0", "a:0", "c:0"), {"d:0"}};
  model::Cluster cluster = Hashing();
  Apply(Config(endpoints, cluster));
  Connect();
  std::map<uint64_t, std::string> by_address;
  for (uint64_t i = 0; i < 500; ++i) {
    const uint64_t hash = i * 0x9e3779b97f4a7c15;
    by_address[hash] = AddressOf(hash);
  }
  cluster.balancing.hashes_hostname = true;
  Apply(Config(endpoints, cluster));
  std::set<std::string> seen;
  for (const auto& [hash, address] : by_address) {
    const std::string expected = address == "a:0" ? "b:0" : address == "b:0" ? "a:0" : address;
    EXPECT_EQ(AddressOf(hash), expected);
    seen.insert(expected);
  }
  EXPECT_EQ(seen.size(), 4u);
}

TEST_F(ClusterHashingTest, EveryClientConnectsTheSameEndpoints) {
  model::Cluster cluster = Hashing();
  cluster.circuit_breakers.normal.max_connections = 4;
  std::set<std::vector<std::string>> wanted;
  for (int client = 0; client < 3; ++client) {
    cluster_.reset();
    On([this] { table_.reset(); });
    MakeTable(128);  // of another seed
    Apply(Config(Numbered("a:", 40), cluster));
    Connect();
    EXPECT_EQ(Wanted().size(), 4u);
    wanted.insert(Wanted());
  }
  EXPECT_EQ(wanted.size(), 1u);
}

// Two updates before anything is decided, and the new locality may be where the old one was.
TEST_F(ClusterHashingTest, AReplacedLocalityIsAnotherOne) {
  connector_.set_outcome(ConnectionState::kReady);
  const model::Cluster cluster = Hashing();
  model::ClusterConfig config =
      Config({{"x", Endpoints({"x:0"})}, {"z", Endpoints({"z:0"})}}, cluster);
  Apply(config);
  Connect();
  for (int i = 0; i < 20; ++i) {
    const std::string name = "y" + std::to_string(i);
    On([&] {
      config.endpoints = Assignment({{"z", Endpoints({"z:0"})}});
      table_->Apply(config, nullptr);
      config.endpoints = Assignment({{name, Endpoints({name + ":0"})}, {"z", Endpoints({"z:0"})}});
      table_->Apply(config, nullptr);
    });
    std::set<std::string> picked;
    for (const auto& [address, count] : Spread()) picked.insert(address);
    EXPECT_EQ(picked, (std::set<std::string>{name + ":0", "z:0"}));
  }
}

}  // namespace
}  // namespace mesh::cluster
