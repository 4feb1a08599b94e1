// Which endpoints are connected when not all may be, and how that follows changes.

#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "tests/cluster/cluster_fixture.h"

namespace mesh::cluster {
namespace {

class ConnectionSubsetTest : public ClusterTest {
 protected:
  ConnectionSubsetTest() : ClusterTest(/*max_connected=*/4) {}
  void AllReady() { connector_.set_outcome(ConnectionState::kReady); }

  static std::vector<std::string> Common(const std::vector<std::string>& a,
                                         const std::vector<std::string>& b) {
    std::vector<std::string> both;
    std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
    return both;
  }
};

TEST_F(ConnectionSubsetTest, ConnectsNoMoreThanTheCap) {
  AllReady();
  Apply(Config(Numbered("a:", 100)));
  Connect();
  EXPECT_EQ(Wanted().size(), 4u);
  EXPECT_EQ(Picks(40), Wanted());
  EXPECT_EQ(connector_.made(), 4);
}

TEST_F(ConnectionSubsetTest, TheClustersOwnCapWins) {
  AllReady();
  model::Cluster cluster;
  cluster.max_connected_endpoints = 7;
  Apply(Config(Numbered("a:", 100), cluster));
  Connect();
  EXPECT_EQ(Wanted().size(), 7u);
}

// A changed cap applies at once, up and down: of the cluster, of its circuit breaker, and that of a
// policy which wants one connection.
TEST_F(ConnectionSubsetTest, AChangedCapAppliesAtOnce) {
  AllReady();
  model::Cluster cluster;
  const auto wanted = [&] {
    Apply(Config(Numbered("a:", 10), cluster));
    return Wanted().size();
  };
  cluster.circuit_breakers.normal.max_connections = 1;
  Apply(Config(Numbered("a:", 10), cluster));
  Connect();
  EXPECT_EQ(Wanted().size(), 1u);
  cluster.circuit_breakers.normal.max_connections = 3;
  EXPECT_EQ(wanted(), 3u);
  EXPECT_EQ(Picks(30), Wanted());
  cluster.circuit_breakers.normal.max_connections = 2;
  EXPECT_EQ(wanted(), 2u);
  EXPECT_EQ(Picks(30), Wanted());
  cluster.circuit_breakers = {};
  EXPECT_EQ(wanted(), 4u);
  cluster.max_connected_endpoints = 20;
  EXPECT_EQ(wanted(), 10u);
  cluster.balancing.policy = model::LbPolicy::kPickFirst;
  EXPECT_EQ(wanted(), 1u);
  cluster.balancing.policy = model::LbPolicy::kRoundRobin;
  EXPECT_EQ(wanted(), 10u);
  EXPECT_EQ(Picks(100).size(), 10u);
}

TEST_F(ConnectionSubsetTest, ZeroMeansAll) {
  AllReady();
  MakeTable(/*max_connected=*/0);
  Apply(Config(Numbered("a:", 100)));
  Connect();
  EXPECT_EQ(Wanted().size(), 100u);
}

TEST_F(ConnectionSubsetTest, ClientsChooseSubsetsOfTheirOwn) {
  AllReady();
  Apply(Config(Numbered("a:", 100)));
  Connect();
  const std::vector<std::string> mine = Wanted();
  cluster_.reset();
  Settle();
  EXPECT_TRUE(Wanted().empty());
  MakeTable(4);  // another seed
  Apply(Config(Numbered("a:", 100)));
  Connect();
  EXPECT_NE(Wanted(), mine);
}

TEST_F(ConnectionSubsetTest, FewChangeWhenEndpointsComeAndGo) {
  AllReady();
  std::vector<model::EndpointConfig> endpoints = Numbered("a:", 100);
  Apply(Config(endpoints));
  Connect();
  const std::vector<std::string> before = Wanted();
  // 1. A tenth of those that are not connected is replaced: at most a few new ones come in.
  std::vector<model::EndpointConfig> next;
  int dropped = 0;
  for (const model::EndpointConfig& endpoint : endpoints) {
    const bool connected =
        std::find(before.begin(), before.end(), endpoint.address) != before.end();
    if (!connected && dropped < 10) {
      ++dropped;
      next.push_back({"b:" + std::to_string(dropped)});
    } else {
      next.push_back(endpoint);
    }
  }
  Apply(Config(next));
  EXPECT_EQ(Wanted().size(), 4u);
  EXPECT_GE(Common(before, Wanted()).size(), 2u);
  // 2. A connected one goes: exactly one takes its place.
  const std::vector<std::string> old = Wanted();
  next.erase(std::find_if(next.begin(), next.end(), [&](const model::EndpointConfig& endpoint) {
    return endpoint.address == old[0];
  }));
  Apply(Config(next));
  EXPECT_EQ(Wanted().size(), 4u);
  EXPECT_EQ(Common(old, Wanted()).size(), 3u);
}

TEST_F(ConnectionSubsetTest, AFailingEndpointIsReplacedWhileItFails) {
  AllReady();
  Apply(Config(Numbered("a:", 100)));
  Connect();
  const std::vector<std::string> before = Wanted();
  // 1. It goes on trying, and one more is connected.
  Become(before[0], ConnectionState::kFailing);
  const std::vector<std::string> during = Wanted();
  EXPECT_EQ(during.size(), 5u);
  EXPECT_EQ(Common(before, during), before);
  EXPECT_EQ(Picks(40).size(), 4u);
  // 2. When it is back the other is given up.
  Become(before[0], ConnectionState::kReady);
  EXPECT_EQ(Wanted(), before);
  EXPECT_EQ(Picks(40), before);
  EXPECT_EQ(connector_.live(), 4);
}

TEST_F(ConnectionSubsetTest, ManyFailingEndpointsDoNotHideTheRest) {
  AllReady();
  for (int i = 0; i < 12; ++i) {
    connector_.set_outcome("a:" + std::to_string(i), ConnectionState::kFailing);
  }
  Apply(Config(Numbered("a:", 16)));
  Connect();
  EXPECT_EQ(Picks(40), (std::vector<std::string>{"a:12", "a:13", "a:14", "a:15"}));
}

TEST_F(ConnectionSubsetTest, WhenAllFailSomeAreTriedAndNotAll) {
  connector_.set_outcome(ConnectionState::kFailing);
  Apply(Config(Numbered("a:", 1000)));
  Connect();
  EXPECT_EQ(Wanted().size(), 16u);
  EXPECT_NE(PickText(), "pending");
}

TEST_F(ConnectionSubsetTest, AReadyEndpointServesUntilThoseThatReplaceItAreReady) {
  AllReady();
  std::vector<model::EndpointConfig> endpoints = Numbered("a:", 20);
  Apply(Config(endpoints));
  Connect();
  const std::vector<std::string> before = Wanted();
  // 1. Many endpoints come, which do not connect yet; some are among the first now.
  connector_.set_outcome(ConnectionState::kConnecting);
  for (const model::EndpointConfig& endpoint : Numbered("b:", 200)) endpoints.push_back(endpoint);
  Apply(Config(endpoints));
  const std::vector<std::string> during = Wanted();
  ASSERT_GT(during.size(), 4u);
  EXPECT_EQ(Picks(40), before);
  // 2. As each gets ready, one of the old ones goes.
  for (const std::string& address : during) {
    if (address[0] == 'b') Become(address, ConnectionState::kReady);
    EXPECT_EQ(Picks(40).size(), 4u);
  }
  EXPECT_EQ(Wanted().size(), 4u);
  EXPECT_EQ(Picks(40), Wanted());
  EXPECT_LT(Common(before, Wanted()).size(), 4u);
  EXPECT_EQ(connector_.live(), 4);
}

TEST_F(ConnectionSubsetTest, EachLocalityHasItsPart) {
  AllReady();
  Apply(Config({{"big", Numbered("a:", 90), 0, 1}, {"small", Numbered("b:", 10), 0, 1}}));
  Connect();
  // By weight, not by size.
  int small = 0;
  for (const std::string& address : Wanted()) small += address[0] == 'b' ? 1 : 0;
  EXPECT_EQ(Wanted().size(), 4u);
  EXPECT_EQ(small, 2);
}

TEST_F(ConnectionSubsetTest, AllAreConnectedAgainWhenFewAreLeft) {
  AllReady();
  Apply(Config(Numbered("a:", 100)));
  Connect();
  Apply(Config(Endpoints({"a:1", "a:2", "a:3"})));
  EXPECT_EQ(Picks(10), (std::vector<std::string>{"a:1", "a:2", "a:3"}));
  Apply(Config(Numbered("a:", 5)));
  EXPECT_EQ(Picks(40).size(), 4u);
}

}  // namespace
}  // namespace mesh::cluster
