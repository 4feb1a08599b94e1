// Clusters whose endpoints are not a resource of their own: STATIC, those that are resolved by
// DNS, and aggregates of other clusters (gRFC A37).

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/resolver/xds_world.h"

namespace mesh::testing {
namespace {

using Events = std::vector<std::string>;
using model::ClusterType;

// Routes to `a`.
class XdsClusterTypesTest : public ::testing::Test {
 protected:
  XdsClusterTypesTest() {
    world_.Listener("r");
    world_.Routes("r", {"a"});
    EXPECT_EQ(world_.Settle(), Events());
  }
  void Static(const std::string& name, const Events& addresses) {
    world_.Cluster(name, ClusterType::kStatic, addresses);
  }
  void StrictDns(const std::string& name, const Events& names) {
    world_.Cluster(name, ClusterType::kStrictDns, names);
  }
  Events Awaited() {
    Events awaited;
    world_.serializer().RunAndWait([&] { awaited = world_.resolver().awaited_clusters(); });
    return awaited;
  }

  XdsWorld world_;
};

TEST_F(XdsClusterTypesTest, AStaticClusterNeedsNoEndpoints) {
  Static("a", {"1.1.1.1:1", "1.1.1.1:2"});
  EXPECT_EQ(world_.SettleOne(), "a[1.1.1.1:1 1.1.1.1:2]");
  EXPECT_EQ(world_.Dependencies(), "l:l r:r c:a");
  const model::ClusterConfig& config = *world_.config().clusters[0];
  EXPECT_EQ(config.key, (model::ClusterKey{"top", "a", ""}));
  EXPECT_EQ(config.endpoints, config.cluster->load_assignment);
  Static("a", {});
  EXPECT_EQ(world_.SettleOne(), "a[]");
  world_.Delete('c', "a");
  EXPECT_EQ(world_.SettleOne(), "a!Cluster \"a\": does not exist");
}

TEST_F(XdsClusterTypesTest, AClusterMayBecomeStaticAndBack) {
  world_.Complete("a", "1.1.1.1:1");
  EXPECT_EQ(world_.SettleOne(), "a[1.1.1.1:1]");
  Static("a", {"2.2.2.2:2"});
  EXPECT_EQ(world_.SettleOne(), "a[2.2.2.2:2]");
  EXPECT_EQ(world_.Dependencies(), "l:l r:r c:a");
  // The endpoints have to come first; those before stay.
  world_.client().Forget(world_.type_url('e'), "a");
  world_.Cluster("a");
  EXPECT_EQ(world_.Settle(), Events());
  EXPECT_EQ(world_.Dependencies(), "l:l r:r c:a e:a");
  world_.Endpoints("a", {"3.3.3.3:3"});
  EXPECT_EQ(world_.SettleOne(), "a[3.3.3.3:3]");
}

TEST_F(XdsClusterTypesTest, AStaticClusterStaysWhileNewRoutesWait) {
  Static("a", {"1.1.1.1:1"});
  EXPECT_EQ(world_.SettleOne(), "a[1.1.1.1:1]");
  world_.Routes("r", {"b"});
  world_.Delete('c', "a");
  EXPECT_EQ(world_.SettleOne(), "a[1.1.1.1:1]~Cluster \"a\": does not exist");
  Static("b", {"2.2.2.2:2"});
  EXPECT_EQ(world_.SettleOne(), "b[2.2.2.2:2]");
  EXPECT_EQ(world_.Dependencies(), "l:l r:r c:b");
}

TEST_F(XdsClusterTypesTest, NamesAreResolvedBeforeTheClusterIsKnown) {
  StrictDns("a", {"x.test:80", "y.test:81", "9.9.9.9:9", "x.test:82"});
  EXPECT_EQ(world_.Settle(), Events());
  EXPECT_EQ(world_.Dependencies(), "l:l r:r c:a");
  EXPECT_EQ(world_.dns().asked, (Events{"x.test", "y.test"}));
  world_.Dns("x.test=1.1.1.1 ::1");
  EXPECT_EQ(world_.Settle(), Events());
  EXPECT_EQ(Awaited(), Events{"a"});
  world_.Dns("y.test=2.2.2.2");
  EXPECT_EQ(world_.SettleOne(), "a[[::1]:80 2.2.2.2:81 9.9.9.9:9 [::1]:82]");
  EXPECT_EQ(Awaited(), Events());
  const model::ClusterConfig& config = *world_.config().clusters[0];
  EXPECT_EQ(config.key, (model::ClusterKey{"top", "a", ""}));
  // The next answer, with the addresses that the family prefers.
  world_.executor().Advance(absl::Seconds(5));
  world_.Dns("x.test=1.1.1.1");
  world_.Dns("y.test=2.2.2.2");
  EXPECT_EQ(world_.SettleOne(), "a[1.1.1.1:80 2.2.2.2:81 9.9.9.9:9 1.1.1.1:82]");
}

TEST_F(XdsClusterTypesTest, WithoutAnyAddressTheClusterIsAnErrorThatSaysWhy) {
  StrictDns("a", {"x.test:80", "y.test:80"});
  world_.Settle();
  world_.Dns("x.test!Domain name not found");
  EXPECT_EQ(world_.Settle(), Events());
  world_.Dns("y.test!Timeout");
  EXPECT_EQ(world_.SettleOne(),
            "a!cluster \"a\": host \"x.test\": Domain name not found; host \"y.test\": Timeout");
  EXPECT_EQ(world_.config().clusters[0]->status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(world_.config().clusters[0]->cluster, nullptr);
  // One of them is found: that is enough.
  world_.executor().Advance(absl::Seconds(5));
  world_.Dns("x.test=1.1.1.1");
  EXPECT_EQ(world_.SettleOne(), "a[1.1.1.1:80]~cluster \"a\": host \"y.test\": Timeout");
}

TEST_F(XdsClusterTypesTest, NamesAmongTheEndpointsOfEdsAreResolved) {
  world_.Cluster("a");
  world_.Endpoints("a", {"x.test:80", "y.test:81"});
  EXPECT_EQ(world_.Settle(), Events());
  EXPECT_EQ(world_.dns().asked, (Events{"x.test", "y.test"}));
  EXPECT_EQ(Awaited(), Events{"a"});
  // One that has an address is enough; the others come when they can.
  world_.Dns("x.test=1.1.1.1");
  EXPECT_EQ(world_.SettleOne(), "a[1.1.1.1:80]");
  EXPECT_EQ(Awaited(), Events());
  world_.Dns("y.test=2.2.2.2 3.3.3.3");
  EXPECT_EQ(world_.SettleOne(), "a[1.1.1.1:80 2.2.2.2:81 3.3.3.3:81]");
  // The cluster is still the same: only its endpoints are.
  EXPECT_EQ(world_.Dependencies(), "l:l r:r c:a e:a");
  const auto endpoints = world_.config().clusters[0]->endpoints;
  world_.executor().Advance(absl::Seconds(5));
  world_.Dns("x.test=1.1.1.1");
  world_.Dns("y.test=2.2.2.2 3.3.3.3");
  EXPECT_EQ(world_.Settle(), Events());
  EXPECT_EQ(world_.config().clusters[0]->endpoints, endpoints);
}

TEST_F(XdsClusterTypesTest, ANewVersionOfNamesKeepsTheAddressesThatAreKnown) {
  world_.Cluster("a");
  world_.Endpoints("a", {"x.test:80"});
  world_.Settle();
  world_.Dns("x.test=1.1.1.1");
  EXPECT_EQ(world_.SettleOne(), "a[1.1.1.1:80]");
  world_.Endpoints("a", {"x.test:80", "y.test:80", "9.9.9.9:9"});
  EXPECT_EQ(world_.SettleOne(), "a[1.1.1.1:80 9.9.9.9:9]");
  EXPECT_EQ(world_.dns().asked, (Events{"x.test", "y.test"}));
  world_.Dns("y.test!Timeout");
  EXPECT_EQ(world_.SettleOne(), "a[1.1.1.1:80 9.9.9.9:9]~cluster \"a\": host \"y.test\": Timeout");
  // Without names nobody is asked any more.
  world_.Endpoints("a", {"9.9.9.9:9"});
  EXPECT_EQ(world_.SettleOne(), "a[9.9.9.9:9]");
  world_.executor().Advance(absl::Minutes(1));
  EXPECT_EQ(world_.dns().asked, (Events{"x.test", "y.test"}));
}

TEST_F(XdsClusterTypesTest, AVersionOfWhichNoNameIsKnownWaitsForDns) {
  world_.Cluster("a");
  world_.Endpoints("a", {"1.1.1.1:1"});
  EXPECT_EQ(world_.SettleOne(), "a[1.1.1.1:1]");
  world_.Endpoints("a", {"x.test:80"});
  EXPECT_EQ(world_.Settle(), Events());
  EXPECT_EQ(RecordingObserver::Describe(world_.config()), "a[1.1.1.1:1]");
  world_.Dns("x.test=2.2.2.2");
  EXPECT_EQ(world_.SettleOne(), "a[2.2.2.2:80]");
}

TEST_F(XdsClusterTypesTest, EndpointsOfEdsWhoseNamesHaveNoAddressAreAnError) {
  world_.Cluster("a");
  world_.Endpoints("a", {"x.test:80"});
  world_.Settle();
  world_.Dns("x.test!Domain name not found");
  EXPECT_EQ(world_.SettleOne(), "a!cluster \"a\": host \"x.test\": Domain name not found");
  EXPECT_EQ(world_.config().clusters[0]->status.code(), absl::StatusCode::kUnavailable);
  world_.executor().Advance(absl::Seconds(5));
  world_.Dns("x.test=1.1.1.1");
  EXPECT_EQ(world_.SettleOne(), "a[1.1.1.1:80]");
}

// F36.
TEST_F(XdsClusterTypesTest, WithoutDnsTheLastAddressesAreKeptAndAskedForAgainWithBackOff) {
  model::Cluster cluster;
  cluster.name = "a";
  cluster.type = ClusterType::kLogicalDns;
  cluster.load_assignment = XdsWorld::AssignmentOf("a", {"x.test:80"});
  cluster.dns.refresh_rate = absl::Seconds(30);
  cluster.dns.failure_refresh_rate = absl::Seconds(1);
  cluster.dns.max_failure_refresh_rate = absl::Seconds(10);
  world_.SetCluster(cluster);
  world_.Settle();
  world_.Dns("x.test=1.1.1.1");
  EXPECT_EQ(world_.SettleOne(), "a[1.1.1.1:80]");
  const auto endpoints = world_.config().clusters[0]->endpoints;
  world_.executor().Advance(absl::Seconds(30));
  // 1. DNS is lost for long: the endpoints are the same value as before.
  int questions = 0;
  for (const int wait : {1, 2, 4, 8, 10, 10}) {
    world_.Dns("x.test!Timeout");
    ++questions;
    world_.Settle();
    EXPECT_EQ(RecordingObserver::Describe(world_.config()),
              "a[1.1.1.1:80]~cluster \"a\": host \"x.test\": Timeout");
    EXPECT_EQ(world_.config().clusters[0]->endpoints, endpoints);
    world_.executor().Advance(absl::Seconds(wait) - absl::Milliseconds(1));
    EXPECT_TRUE(world_.dns().unanswered.empty()) << wait;
    world_.executor().Advance(absl::Milliseconds(1));
    EXPECT_FALSE(world_.dns().unanswered.empty()) << wait;
  }
  EXPECT_EQ(world_.dns().asked.size(), 2u + static_cast<size_t>(questions));
  // 2. It is back.
  world_.Dns("x.test=1.1.1.2");
  EXPECT_EQ(world_.SettleOne(), "a[1.1.1.2:80]");
}

TEST_F(XdsClusterTypesTest, AnotherVersionOfTheClusterKeepsWhatIsKnownOfItsHosts) {
  StrictDns("a", {"x.test:80"});
  world_.Settle();
  world_.Dns("x.test=1.1.1.1");
  EXPECT_EQ(world_.SettleOne(), "a[1.1.1.1:80]");
  // 1. The same host at another port: no question.
  StrictDns("a", {"x.test:81"});
  EXPECT_EQ(world_.SettleOne(), "a[1.1.1.1:81]");
  EXPECT_EQ(world_.dns().asked.size(), 1u);
  // 2. Another host: the endpoints before stay until it is known.
  StrictDns("a", {"y.test:80"});
  EXPECT_EQ(world_.Settle(), Events());
  EXPECT_EQ(world_.dns().asked.back(), "y.test");
  world_.executor().Advance(absl::Seconds(5));
  world_.Dns("x.test=1.1.1.2");  // the old host is followed meanwhile
  EXPECT_EQ(world_.SettleOne(), "a[1.1.1.2:81]");
  world_.Dns("y.test=2.2.2.2");
  EXPECT_EQ(world_.SettleOne(), "a[2.2.2.2:80]");
  // 3. Nobody wants the old one any more.
  const size_t asked = world_.dns().asked.size();
  world_.executor().Advance(absl::Seconds(5));
  EXPECT_EQ(world_.dns().asked.size(), asked + 1);
  EXPECT_EQ(world_.dns().asked.back(), "y.test");
}

TEST_F(XdsClusterTypesTest, TargetsShareTheHostsOfTheMesh) {
  StrictDns("a", {"x.test:80"});
  world_.Settle();
  RecordingObserver observer;
  std::unique_ptr<resolver::XdsResolver> second;
  world_.serializer().RunAndWait([&] {
    second = world_.NewResolver();
    second->Start(&observer);
  });
  world_.Settle();
  EXPECT_EQ(world_.dns().asked.size(), 1u);
  world_.Dns("x.test=1.1.1.1");
  EXPECT_EQ(world_.SettleOne(), "a[1.1.1.1:80]");
  EXPECT_EQ(observer.Take(), Events{"a[1.1.1.1:80]"});
  world_.serializer().RunAndWait([&] { second = nullptr; });
}

TEST_F(XdsClusterTypesTest, ADestroyedResolverAsksForNothing) {
  StrictDns("a", {"x.test:80"});
  world_.Settle();
  EXPECT_EQ(world_.dns().unanswered.size(), 1u);
  world_.DestroyResolver();
  EXPECT_TRUE(world_.dns().unanswered.empty());
  EXPECT_EQ(world_.executor().pending_timers(), 0u);
}

TEST_F(XdsClusterTypesTest, AnAggregateIsKnownOnceAllThatItComesDownToIs) {
  // 1. Children are found one after the other, in and out of aggregates.
  world_.Aggregate("a", {"b", "g"});
  EXPECT_EQ(world_.Settle(), Events());
  EXPECT_EQ(world_.Dependencies(), "l:l r:r c:a c:b c:g");
  world_.Complete("b", "1.1.1.1:1");
  world_.Aggregate("g", {"c", "b", "d"});
  EXPECT_EQ(world_.Settle(), Events());
  EXPECT_EQ(world_.Dependencies(), "l:l r:r c:a c:b c:c c:d c:g e:b");
  EXPECT_EQ(Awaited(), (Events{"c", "d"}));
  Static("c", {"2.2.2.2:2"});
  StrictDns("d", {"d.test:4"});
  EXPECT_EQ(world_.Settle(), Events());
  EXPECT_EQ(Awaited(), Events{"d"});
  world_.Dns("d.test=3.3.3.3");
  // 2. The leaves, each once.
  EXPECT_EQ(world_.SettleOne(), "a{b[1.1.1.1:1] c[2.2.2.2:2] d[3.3.3.3:4]}");
  const model::ClusterConfig& config = *world_.config().clusters[0];
  EXPECT_EQ(config.key, (model::ClusterKey{"top", "a", ""}));
  EXPECT_EQ(config.cluster->aggregated, (Events{"b", "g"}));
  EXPECT_EQ(config.endpoints, nullptr);
  EXPECT_EQ(config.children[0]->key, (model::ClusterKey{"top", "b", "b"}));
  EXPECT_EQ(world_.config().clusters.size(), 1u);
}

TEST_F(XdsClusterTypesTest, OneChildsChangeLeavesTheOthersAsTheyAre) {
  world_.Aggregate("a", {"b", "c"});
  world_.Complete("b", "1.1.1.1:1");
  world_.Complete("c", "2.2.2.2:2");
  EXPECT_EQ(world_.SettleOne(), "a{b[1.1.1.1:1] c[2.2.2.2:2]}");
  const auto before = world_.config().clusters[0];
  world_.Endpoints("c", {"2.2.2.2:3"});
  EXPECT_EQ(world_.SettleOne(), "a{b[1.1.1.1:1] c[2.2.2.2:3]}");
  const auto after = world_.config().clusters[0];
  EXPECT_EQ(after->cluster, before->cluster);
  EXPECT_EQ(after->children[0], before->children[0]);
  EXPECT_NE(after->children[1], before->children[1]);
}

TEST_F(XdsClusterTypesTest, AChildThatDoesNotExistIsAnErrorOfThatChildAlone) {
  world_.Aggregate("a", {"b", "c"});
  world_.Delete('c', "b");
  world_.Complete("c", "2.2.2.2:2");
  EXPECT_EQ(world_.SettleOne(), "a{b!Cluster \"b\": does not exist c[2.2.2.2:2]}");
  EXPECT_TRUE(world_.config().clusters[0]->status.ok());
  world_.Complete("b", "1.1.1.1:1");
  EXPECT_EQ(world_.SettleOne(), "a{b[1.1.1.1:1] c[2.2.2.2:2]}");
  world_.Delete('e', "c");
  EXPECT_EQ(world_.SettleOne(),
            "a{b[1.1.1.1:1] c!cluster \"c\": ClusterLoadAssignment \"c\": does "
            "not exist}");
}

TEST_F(XdsClusterTypesTest, ACycleIsAnErrorUntilItIsGone) {
  world_.Aggregate("a", {"b", "c"});
  world_.Aggregate("b", {"a"});
  EXPECT_EQ(world_.SettleOne(), "a!cluster \"a\": clusters aggregate each other: a > b > a");
  EXPECT_EQ(world_.config().clusters[0]->status.code(), absl::StatusCode::kUnavailable);
  // All of it is watched, so that a change is noticed.
  EXPECT_EQ(world_.Dependencies(), "l:l r:r c:a c:b c:c");
  Static("b", {"1.1.1.1:1"});
  Static("c", {"2.2.2.2:2"});
  EXPECT_EQ(world_.SettleOne(), "a{b[1.1.1.1:1] c[2.2.2.2:2]}");
}

TEST_F(XdsClusterTypesTest, AChildMayServeItsOwnRoutesToo) {
  world_.Routes("r", {"a", "b"});
  world_.Aggregate("a", {"b", "c"});
  world_.Complete("b", "1.1.1.1:1");
  Static("c", {"2.2.2.2:2"});
  EXPECT_EQ(world_.SettleOne(), "a{b[1.1.1.1:1] c[2.2.2.2:2]} b[1.1.1.1:1]");
  EXPECT_EQ(world_.config().clusters[0]->children[0], world_.config().clusters[1]);
}

TEST_F(XdsClusterTypesTest, NewChildrenTakeOverOnceTheyAreKnown) {
  world_.Aggregate("a", {"b"});
  world_.Complete("b", "1.1.1.1:1");
  EXPECT_EQ(world_.SettleOne(), "a{b[1.1.1.1:1]}");
  // 1. The old child goes on hearing of its endpoints, and outlives its deletion.
  world_.Aggregate("a", {"c"});
  EXPECT_EQ(world_.Settle(), Events());
  world_.Endpoints("b", {"1.1.1.1:2"});
  EXPECT_EQ(world_.SettleOne(), "a{b[1.1.1.1:2]}");
  world_.Delete('c', "b");
  EXPECT_EQ(world_.SettleOne(), "a{b[1.1.1.1:2]~Cluster \"b\": does not exist}");
  EXPECT_EQ(world_.Dependencies(), "l:l r:r c:a c:b c:c e:b");
  // 2. The new one is there.
  world_.Complete("c", "2.2.2.2:2");
  EXPECT_EQ(world_.SettleOne(), "a{c[2.2.2.2:2]}");
  EXPECT_EQ(world_.Dependencies(), "l:l r:r c:a c:c e:c");
}

// F13.
TEST_F(XdsClusterTypesTest, AnAggregateStaysWholeWhileNewRoutesWait) {
  world_.Aggregate("a", {"b", "c"});
  world_.Complete("b", "1.1.1.1:1");
  world_.Complete("c", "2.2.2.2:2");
  EXPECT_EQ(world_.SettleOne(), "a{b[1.1.1.1:1] c[2.2.2.2:2]}");
  world_.Routes("r", {"new"});
  world_.Delete('c', "b");
  EXPECT_EQ(world_.SettleOne(), "a{b[1.1.1.1:1]~Cluster \"b\": does not exist c[2.2.2.2:2]}");
  world_.Delete('c', "a");
  world_.Delete('c', "c");
  world_.Settle();
  for (const auto& child : world_.config().clusters[0]->children) {
    EXPECT_TRUE(child->status.ok()) << child->status;
  }
  world_.Complete("new", "3.3.3.3:3");
  EXPECT_EQ(world_.SettleOne(), "new[3.3.3.3:3]");
  EXPECT_EQ(world_.Dependencies(), "l:l r:r c:new e:new");
}

TEST_F(XdsClusterTypesTest, AClusterMayBecomeAnAggregateAndBack) {
  world_.Complete("a", "1.1.1.1:1");
  EXPECT_EQ(world_.SettleOne(), "a[1.1.1.1:1]");
  world_.Aggregate("a", {"b"});
  EXPECT_EQ(world_.Settle(), Events());
  Static("b", {"2.2.2.2:2"});
  EXPECT_EQ(world_.SettleOne(), "a{b[2.2.2.2:2]}");
  EXPECT_EQ(world_.Dependencies(), "l:l r:r c:a c:b");
  Static("a", {"3.3.3.3:3"});
  EXPECT_EQ(world_.SettleOne(), "a[3.3.3.3:3]");
  EXPECT_EQ(world_.Dependencies(), "l:l r:r c:a");
}

// What was one's child becomes its parent, and is deleted, while both are kept.
TEST_F(XdsClusterTypesTest, KeptAggregatesMayChangePlaces) {
  world_.Routes("r", {"a", "b"});
  world_.Aggregate("a", {"b"});
  Static("b", {"1.1.1.1:1"});
  EXPECT_EQ(world_.SettleOne(), "a{b[1.1.1.1:1]} b[1.1.1.1:1]");
  world_.Routes("r", {"new"});
  Static("a", {"2.2.2.2:2"});
  world_.Aggregate("b", {"a"});
  EXPECT_EQ(world_.SettleOne(), "a[2.2.2.2:2] b{a[2.2.2.2:2]}");
  world_.Aggregate("a", {"b"});
  world_.Delete('c', "b");
  world_.Settle();
  for (const auto& cluster : world_.config().clusters) {
    EXPECT_TRUE(cluster->status.ok()) << cluster->status;
  }
  Static("new", {"3.3.3.3:3"});
  EXPECT_EQ(world_.SettleOne(), "new[3.3.3.3:3]");
}

}  // namespace
}  // namespace mesh::testing
