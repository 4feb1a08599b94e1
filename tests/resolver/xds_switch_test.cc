// New routes whose clusters are not there yet: the old configuration stays in force, whole
// (gRFC A74; XDS-28, F13).

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/resolver/xds_world.h"

namespace mesh::testing {
namespace {

using Events = std::vector<std::string>;

// Routes to `old`, published.
class XdsSwitchTest : public ::testing::Test {
 protected:
  XdsSwitchTest() {
    world_.Listener("r");
    world_.Routes("r", {"old"});
    world_.Complete("old", "1.1.1.1:1");
    EXPECT_EQ(world_.SettleOne(), "old[1.1.1.1:1]");
  }
  // Ends the story: `new` is in force, and nothing of `old` is watched any more.
  void ExpectSwitched(absl::string_view event) {
    EXPECT_EQ(world_.SettleOne(), event);
    EXPECT_EQ(world_.Dependencies(), "l:l r:r c:new e:new");
  }

  XdsWorld world_;
};

TEST_F(XdsSwitchTest, RoutesFirst) {
  // 1. The new routes come: nothing is said; both clusters are watched.
  world_.Routes("r", {"new"});
  EXPECT_EQ(world_.Settle(), Events());
  EXPECT_EQ(world_.Dependencies(), "l:l r:r c:new c:old e:old");
  // 2. The old cluster goes on hearing of its endpoints.
  world_.Endpoints("old", {"1.1.1.1:1", "1.1.1.1:2"});
  EXPECT_EQ(world_.SettleOne(), "old[1.1.1.1:1 1.1.1.1:2]");
  // 3. The new one comes, in two parts.
  world_.Cluster("new");
  EXPECT_EQ(world_.Settle(), Events());
  world_.Endpoints("new", {"2.2.2.2:2"});
  ExpectSwitched("new[2.2.2.2:2]");
}

TEST_F(XdsSwitchTest, ClusterFirst) {
  // Before anybody names it, the client does not even ask for it.
  world_.Complete("new", "2.2.2.2:2");
  EXPECT_EQ(world_.Settle(), Events());
  world_.Routes("r", {"new"});
  ExpectSwitched("new[2.2.2.2:2]");
}

TEST_F(XdsSwitchTest, OldClusterDeletedAtOnceAfterTheRoutes) {
  world_.Routes("r", {"new"});
  EXPECT_EQ(world_.Settle(), Events());
  // 1. The control plane knows `old` no more: its calls go on.
  world_.Delete('c', "old");
  EXPECT_EQ(world_.SettleOne(), "old[1.1.1.1:1]~Cluster \"old\": does not exist");
  EXPECT_TRUE(world_.config().clusters[0]->status.ok());
  world_.Delete('e', "old");
  world_.Settle();
  EXPECT_TRUE(world_.config().clusters[0]->status.ok());
  EXPECT_EQ(world_.Dependencies(), "l:l r:r c:new c:old e:old");
  // 2. The new one is complete.
  world_.Complete("new", "2.2.2.2:2");
  ExpectSwitched("new[2.2.2.2:2]");
}

TEST_F(XdsSwitchTest, OldClusterDeletedInTheSameTurnAsTheRoutesChange) {
  world_.Delete('c', "old");
  world_.Routes("r", {"new"});
  EXPECT_EQ(world_.SettleOne(), "old[1.1.1.1:1]~Cluster \"old\": does not exist");
  world_.Complete("new", "2.2.2.2:2");
  ExpectSwitched("new[2.2.2.2:2]");
}

TEST_F(XdsSwitchTest, OldClusterDeletedWhileANamedRouteConfigurationIsAwaited) {
  world_.Listener("r2");
  EXPECT_EQ(world_.Settle(), Events());
  EXPECT_EQ(world_.Dependencies(), "l:l r:r r:r2 c:old e:old");
  world_.Delete('c', "old");
  EXPECT_EQ(world_.SettleOne(), "old[1.1.1.1:1]~Cluster \"old\": does not exist");
  // The old routes themselves may go as well.
  world_.Delete('r', "r");
  EXPECT_EQ(world_.SettleOne(),
            "old[1.1.1.1:1]~Cluster \"old\": does not exist | RouteConfiguration \"r\": does not "
            "exist");
  world_.Routes("r2", {"new"});
  EXPECT_EQ(world_.Settle(), Events());
  world_.Complete("new", "2.2.2.2:2");
  EXPECT_EQ(world_.SettleOne(), "new[2.2.2.2:2]");
  EXPECT_EQ(world_.Dependencies(), "l:l r:r2 c:new e:new");
}

TEST_F(XdsSwitchTest, TheNewClusterDoesNotExist) {
  world_.Routes("r", {"old", "new"});
  EXPECT_EQ(world_.Settle(), Events());
  world_.Delete('c', "new");
  EXPECT_EQ(world_.SettleOne(), "new!Cluster \"new\": does not exist old[1.1.1.1:1]");
}

TEST_F(XdsSwitchTest, AClusterOfBothSidesIsDeletedWhileAnotherIsAwaited) {
  world_.Routes("r", {"old", "new"});
  EXPECT_EQ(world_.Settle(), Events());
  // Old and new routes agree on it: nothing is gained by pretending.
  world_.Delete('c', "old");
  EXPECT_EQ(world_.SettleOne(), "old!Cluster \"old\": does not exist");
  world_.Complete("new", "2.2.2.2:2");
  EXPECT_EQ(world_.SettleOne(), "new[2.2.2.2:2] old!Cluster \"old\": does not exist");
}

TEST_F(XdsSwitchTest, TheSwitchIsTakenBack) {
  world_.Routes("r", {"new"});
  EXPECT_EQ(world_.Settle(), Events());
  world_.Routes("r", {"old"});
  EXPECT_EQ(world_.SettleOne(), "old[1.1.1.1:1]");
  EXPECT_EQ(world_.Dependencies(), "l:l r:r c:old e:old");
  EXPECT_EQ(world_.client().TakeSubscriptionLog(),
            (Events{"+l", "+r", "+old", "+old", "+new", "-new"}));
}

TEST_F(XdsSwitchTest, TakenBackAfterTheOldClusterWasDeleted) {
  world_.Routes("r", {"new"});
  world_.Delete('c', "old");
  EXPECT_EQ(world_.SettleOne(), "old[1.1.1.1:1]~Cluster \"old\": does not exist");
  // The routes want it again, and it is not there: now that is an error.
  world_.Routes("r", {"old"});
  EXPECT_EQ(world_.SettleOne(), "old!Cluster \"old\": does not exist");
}

TEST_F(XdsSwitchTest, TheTargetChangesAgainBeforeTheSwitch) {
  world_.Routes("r", {"new"});
  EXPECT_EQ(world_.Settle(), Events());
  world_.Routes("r", {"newer"});
  EXPECT_EQ(world_.Settle(), Events());
  EXPECT_EQ(world_.Dependencies(), "l:l r:r c:newer c:old e:old");
  world_.Complete("newer", "3.3.3.3:3");
  EXPECT_EQ(world_.SettleOne(), "newer[3.3.3.3:3]");
}

// A cluster that takes its endpoints from another resource keeps the old ones until these come.
TEST_F(XdsSwitchTest, EdsServiceNameChanges) {
  world_.Cluster("old", "old-v2");
  EXPECT_EQ(world_.Settle(), Events());
  world_.Endpoints("old", {"1.1.1.1:2"});
  EXPECT_EQ(world_.SettleOne(), "old[1.1.1.1:2]");
  EXPECT_EQ(world_.config().clusters[0]->key.eds_service_name, "old");
  EXPECT_EQ(world_.Dependencies(), "l:l r:r c:old e:old e:old-v2");
  world_.Endpoints("old-v2", {"1.1.1.1:3"});
  EXPECT_EQ(world_.SettleOne(), "old[1.1.1.1:3]");
  EXPECT_EQ(world_.config().clusters[0]->key.eds_service_name, "old-v2");
  EXPECT_EQ(world_.Dependencies(), "l:l r:r c:old e:old-v2");
}

TEST_F(XdsSwitchTest, EdsServiceNameChangesToOneThatDoesNotExist) {
  world_.Cluster("old", "old-v2");
  EXPECT_EQ(world_.Settle(), Events());
  world_.Delete('e', "old-v2");
  EXPECT_EQ(world_.SettleOne(),
            "old!cluster \"old\": ClusterLoadAssignment \"old-v2\": does not exist");
}

TEST_F(XdsSwitchTest, AListenerDeletedDuringASwitchEndsBothSides) {
  world_.Routes("r", {"new"});
  EXPECT_EQ(world_.Settle(), Events());
  world_.Delete('l', "l");
  EXPECT_EQ(world_.SettleOne(), "error: Listener \"l\": does not exist");
  EXPECT_EQ(world_.Dependencies(), "l:l");
  // The old routes are not in force any more, so nothing stands in for the new ones.
  world_.Listener("r");
  EXPECT_EQ(world_.Settle(), Events());
  world_.Complete("new", "2.2.2.2:2");
  ExpectSwitched("new[2.2.2.2:2]");
}

}  // namespace
}  // namespace mesh::testing
