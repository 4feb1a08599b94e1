// What a resolver says of listener, routes, clusters and endpoints that come and go.

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "mesh/xds/resources/model_resource.h"
#include "tests/resolver/xds_world.h"

namespace mesh::testing {
namespace {

using Events = std::vector<std::string>;

TEST(XdsJoinTest, PublishesOnceEveryClusterHasItsEndpoints) {
  XdsWorld world;
  // 1. The listener comes, then its routes: nothing is said yet.
  EXPECT_EQ(world.Settle(), Events());
  EXPECT_EQ(world.Dependencies(), "l:l");
  world.Listener("r");
  EXPECT_EQ(world.Settle(), Events());
  EXPECT_EQ(world.Dependencies(), "l:l r:r");
  world.Routes("r", {"b", "a", "b"});
  EXPECT_EQ(world.Settle(), Events());
  EXPECT_EQ(world.Dependencies(), "l:l r:r c:a c:b");
  // 2. One cluster is complete, the other has no endpoints yet.
  world.Complete("a", "1.1.1.1:1");
  EXPECT_EQ(world.Settle(), Events());
  world.Cluster("b", "b-eds");
  EXPECT_EQ(world.Settle(), Events());
  EXPECT_EQ(world.Dependencies(), "l:l r:r c:a c:b e:a e:b-eds");
  // 3. The last piece.
  world.Endpoints("b-eds", {"2.2.2.2:2", "2.2.2.2:3"});
  EXPECT_EQ(world.Settle(), Events{"a[1.1.1.1:1] b[2.2.2.2:2 2.2.2.2:3]"});
  const model::ClusterConfig& b = *world.config().clusters[1];
  EXPECT_EQ(b.key, (model::ClusterKey{"top", "b", "b-eds"}));
  EXPECT_EQ(b.cluster->name, "b");
  EXPECT_EQ(world.config().virtual_host, &world.config().routes->virtual_hosts[0]);
}

TEST(XdsJoinTest, TakesAllFromACacheThatHasIt) {
  XdsWorld world;
  world.Listener("r");
  world.Routes("r", {"a"});
  world.Complete("a", "1.1.1.1:1");
  EXPECT_EQ(world.Settle(), Events{"a[1.1.1.1:1]"});
  EXPECT_EQ(world.client().holds(), 0);
}

TEST(XdsJoinTest, RoutesMayBeInlineAndMoveToAResource) {
  XdsWorld world;
  // 1. Inline.
  world.InlineListener(XdsWorld::RoutesTo("", {"a"}));
  world.Complete("a", "1.1.1.1:1");
  EXPECT_EQ(world.SettleOne(), "a[1.1.1.1:1]");
  EXPECT_EQ(world.Dependencies(), "l:l c:a e:a");
  // 2. By name: the inline ones stay until the resource is there.
  world.Listener("r");
  EXPECT_EQ(world.Settle(), Events());
  world.Complete("b", "2.2.2.2:2");
  world.Routes("r", {"b"});
  EXPECT_EQ(world.SettleOne(), "b[2.2.2.2:2]");
  // 3. And back: the resource is given up.
  world.InlineListener(XdsWorld::RoutesTo("", {"b"}));
  EXPECT_EQ(world.SettleOne(), "b[2.2.2.2:2]");
  EXPECT_EQ(world.Dependencies(), "l:l c:b e:b");
}

TEST(XdsJoinTest, RoutesWithoutClustersArePublishedAtOnce) {
  XdsWorld world;
  world.InlineListener(XdsWorld::RoutesTo("", {}));
  EXPECT_EQ(world.Settle(), Events{""});
}

TEST(XdsJoinTest, AClusterMayHaveADefiniteErrorInPlaceOfEndpoints) {
  XdsWorld world;
  world.Listener("r");
  world.Routes("r", {"a", "b", "c"});
  world.Complete("a", "1.1.1.1:1");
  world.Cluster("b", "eb");
  // 1. A cluster that does not exist, and one whose endpoints do not: calls to `a` go on.
  world.Delete('c', "c", "does not exist (node n, control plane x:1)");
  EXPECT_EQ(world.Settle(), Events());
  world.Delete('e', "eb");
  EXPECT_EQ(world.SettleOne(),
            "a[1.1.1.1:1] b!cluster \"b\": ClusterLoadAssignment \"eb\": does not exist "
            "c!Cluster \"c\": does not exist (node n, control plane x:1)");
  for (const auto& cluster : world.config().clusters) {
    EXPECT_EQ(cluster->cluster == nullptr, !cluster->status.ok());
  }
  EXPECT_EQ(world.config().clusters[1]->status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(world.config().clusters[1]->key.eds_service_name, "eb");
  // 2. Each heals by itself. `c` first has an error still, because it has no endpoints yet.
  world.Endpoints("eb", {"2.2.2.2:2"});
  EXPECT_EQ(
      world.SettleOne(),
      "a[1.1.1.1:1] b[2.2.2.2:2] c!Cluster \"c\": does not exist (node n, control plane x:1)");
  world.Cluster("c");
  EXPECT_EQ(world.Settle(), Events());
  world.Endpoints("c", {"3.3.3.3:3"});
  EXPECT_EQ(world.SettleOne(), "a[1.1.1.1:1] b[2.2.2.2:2] c[3.3.3.3:3]");
}

// Codes of the control plane's do not become a call's (gRFC A54, A88).
TEST(XdsJoinTest, EveryErrorIsUnavailable) {
  XdsWorld world;
  world.client().SetError(world.type_url('l'), "l", absl::NotFoundError("no l"));
  world.Settle();
  EXPECT_EQ(world.observer().error, absl::UnavailableError("no l"));
  world.InlineListener(XdsWorld::RoutesTo("", {"a"}));
  world.client().SetError(world.type_url('c'), "a", absl::PermissionDeniedError("no a"));
  world.Settle();
  EXPECT_EQ(world.config().clusters[0]->status, absl::UnavailableError("no a"));
}

// EDS-18: the cluster's deletion fails its calls; F12: and it heals.
TEST(XdsJoinTest, ADeletedClusterOfTheRoutesInForceIsAnErrorUntilItIsBack) {
  XdsWorld world;
  world.Listener("r");
  world.Routes("r", {"a"});
  world.Complete("a", "1.1.1.1:1");
  world.Settle();
  world.Delete('c', "a");
  EXPECT_EQ(world.SettleOne(), "a!Cluster \"a\": does not exist");
  EXPECT_EQ(world.Dependencies(), "l:l r:r c:a");
  world.Cluster("a");
  EXPECT_EQ(world.SettleOne(), "a[1.1.1.1:1]");
}

// F12.
TEST(XdsJoinTest, ADeletedListenerIsAnErrorUntilItIsBack) {
  XdsWorld world;
  world.Listener("r");
  world.Routes("r", {"a"});
  world.Complete("a", "1.1.1.1:1");
  world.Settle();
  // 1. Deleted: said once, however often it is heard; what is below is given up.
  world.Delete('l', "l");
  world.Delete('l', "l");
  EXPECT_EQ(world.SettleOne(), "error: Listener \"l\": does not exist");
  EXPECT_EQ(world.Dependencies(), "l:l");
  world.Delete('l', "l");
  EXPECT_EQ(world.Settle(), Events());
  // 2. Another reason is another error.
  world.Delete('l', "l", "not authorized");
  EXPECT_EQ(world.SettleOne(), "error: Listener \"l\": not authorized");
  // 3. Restored.
  world.Listener("r");
  EXPECT_EQ(world.SettleOne(), "a[1.1.1.1:1]");
  // 4. The same error as the last one is an error again.
  world.Delete('l', "l", "not authorized");
  EXPECT_EQ(world.SettleOne(), "error: Listener \"l\": not authorized");
}

TEST(XdsJoinTest, MissingRoutesAreAnErrorThatNamesBothResources) {
  XdsWorld world;
  world.Listener("r");
  world.Delete('r', "r");
  EXPECT_EQ(world.SettleOne(), "error: Listener \"l\": RouteConfiguration \"r\": does not exist");
  world.Complete("a", "1.1.1.1:1");
  world.Routes("r", {"a"});
  EXPECT_EQ(world.SettleOne(), "a[1.1.1.1:1]");
  world.Delete('r', "r");
  EXPECT_EQ(world.SettleOne(), "error: Listener \"l\": RouteConfiguration \"r\": does not exist");
  EXPECT_EQ(world.Dependencies(), "l:l r:r");
}

TEST(XdsJoinTest, NoVirtualHostForTheDomainIsAnError) {
  XdsWorld world;
  world.Complete("a", "1.1.1.1:1");
  world.Listener("r");
  world.Routes("r", {"a"}, "other");
  EXPECT_EQ(world.SettleOne(),
            "error: RouteConfiguration \"r\": no virtual host serves \"svc\" (named by Listener "
            "\"l\"): their domains are other");
  world.Routes("r", {"a"}, "s*");
  EXPECT_EQ(world.SettleOne(), "a[1.1.1.1:1]");
  world.InlineListener(XdsWorld::RoutesTo("", {"a"}, "other"));
  EXPECT_EQ(world.SettleOne(),
            "error: Listener \"l\": its own routes: no virtual host serves \"svc\": their domains "
            "are other");
}

TEST(XdsJoinTest, AmbientErrorsAreKeptBesideWhatTheyLeftInForce) {
  XdsWorld world;
  world.Listener("r");
  world.Routes("r", {"a"});
  world.Complete("a", "1.1.1.1:1");
  world.Settle();
  // 1. Each kind of resource.
  world.Ambient('l', "l", "bad l");
  world.Ambient('r', "r", "bad r");
  world.Ambient('c', "a", "bad c");
  EXPECT_EQ(world.SettleOne(), "a[1.1.1.1:1]~bad c | bad l, bad r");
  world.Ambient('e', "a", "bad e");
  EXPECT_EQ(world.SettleOne(), "a[1.1.1.1:1]~bad c; bad e | bad l, bad r");
  EXPECT_TRUE(world.config().clusters[0]->status.ok());
  // 2. They go one by one; a good value ends its error as well.
  world.Healed('c', "a");
  world.Healed('l', "l");
  EXPECT_EQ(world.SettleOne(), "a[1.1.1.1:1]~bad e | bad r");
  world.Endpoints("a", {"1.1.1.1:2"});
  world.Routes("r", {"a"});
  EXPECT_EQ(world.SettleOne(), "a[1.1.1.1:2]");
}

TEST(XdsJoinTest, IgnoredFieldsAreListedWithTheirResource) {
  XdsWorld world;
  model::Listener listener;
  listener.name = "l";
  listener.routes = std::string("r");
  listener.ignored = {"bind_to_port", "stat_prefix"};
  world.client().Set(world.type_url('l'), "l",
                     std::make_shared<xds::ModelResource<model::Listener>>(std::move(listener)));
  model::RouteConfiguration routes = *XdsWorld::RoutesTo("r", {});
  routes.ignored = {"vhds"};
  world.client().Set(world.type_url('r'), "r",
                     std::make_shared<xds::ModelResource<model::RouteConfiguration>>(routes));
  world.Settle();
  EXPECT_EQ(world.config().ignored,
            (Events{"Listener \"l\": bind_to_port", "Listener \"l\": stat_prefix",
                    "RouteConfiguration \"r\": vhds"}));
}

// F15: no endpoints is a good value, which the cluster turns into failures by itself.
TEST(XdsJoinTest, AClusterWithoutEndpointsIsNoError) {
  XdsWorld world;
  world.Listener("r");
  world.Routes("r", {"a"});
  world.Cluster("a");
  world.Endpoints("a", {});
  EXPECT_EQ(world.SettleOne(), "a[]");
  world.Endpoints("a", {"1.1.1.1:1"});
  EXPECT_EQ(world.SettleOne(), "a[1.1.1.1:1]");
  world.Endpoints("a", {});
  EXPECT_EQ(world.SettleOne(), "a[]");
}

TEST(XdsJoinTest, ADestroyedResolverWatchesNothingAndSaysNothing) {
  XdsWorld world;
  world.Listener("r");
  world.Routes("r", {"a"});
  world.Complete("a", "1.1.1.1:1");
  world.Settle();
  // It hears of the change, and is destroyed before the update that it asked for.
  world.Endpoints("a", {"1.1.1.1:2"});
  world.DestroyResolver();
  EXPECT_TRUE(world.client().watched().empty());
  EXPECT_EQ(world.Settle(), Events());
}

}  // namespace
}  // namespace mesh::testing
