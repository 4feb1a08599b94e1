// What successive configurations share, how often they come, and what watches that costs.

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "resolver/xds/xds_resolver.h"
#include "tests/resolver/xds_world.h"

namespace mesh::testing {
namespace {

using Events = std::vector<std::string>;

class XdsSharingTest : public ::testing::Test {
 protected:
  XdsSharingTest() {
    world_.Listener("r");
    world_.Routes("r", {"a", "b", "c"});
    world_.Complete("a", "1.1.1.1:1");
    world_.Complete("b", "2.2.2.2:2");
    world_.Complete("c", "3.3.3.3:3");
    EXPECT_EQ(world_.SettleOne(), "a[1.1.1.1:1] b[2.2.2.2:2] c[3.3.3.3:3]");
    before_ = world_.observer().configs.back();
  }

  XdsWorld world_;
  std::shared_ptr<const model::ServiceConfig> before_;
};

TEST_F(XdsSharingTest, ANewEndpointReplacesOneClusterOnly) {
  world_.Endpoints("b", {"2.2.2.2:2", "2.2.2.2:3"});
  EXPECT_EQ(world_.SettleOne(), "a[1.1.1.1:1] b[2.2.2.2:2 2.2.2.2:3] c[3.3.3.3:3]");
  const model::ServiceConfig& after = world_.config();
  EXPECT_EQ(after.routes, before_->routes);
  EXPECT_EQ(after.virtual_host, before_->virtual_host);
  EXPECT_EQ(after.clusters[0], before_->clusters[0]);
  EXPECT_NE(after.clusters[1], before_->clusters[1]);
  EXPECT_EQ(after.clusters[1]->cluster, before_->clusters[1]->cluster);
  EXPECT_EQ(after.clusters[2], before_->clusters[2]);
}

TEST_F(XdsSharingTest, NewRoutesKeepTheClustersThatTheyNameStill) {
  world_.client().TakeSubscriptionLog();
  world_.Complete("d", "4.4.4.4:4");
  world_.Routes("r", {"b", "d"});
  EXPECT_EQ(world_.SettleOne(), "b[2.2.2.2:2] d[4.4.4.4:4]");
  EXPECT_EQ(world_.config().clusters[0], before_->clusters[1]);
  // Each resource once, and `b` not at all; cluster, then endpoints.
  EXPECT_EQ(world_.client().TakeSubscriptionLog(), (Events{"+d", "+d", "-a", "-c", "-a", "-c"}));
}

TEST_F(XdsSharingTest, AnotherRouteResourceKeepsTheClusters) {
  world_.client().TakeSubscriptionLog();
  world_.Routes("r2", {"a", "b", "c"});
  world_.Listener("r2");
  world_.Settle();
  EXPECT_EQ(world_.config().clusters, before_->clusters);
  EXPECT_EQ(world_.client().TakeSubscriptionLog(), (Events{"+r2", "-r"}));
}

TEST_F(XdsSharingTest, ChangesOfOneTurnAreOneConfiguration) {
  world_.Endpoints("a", {"1.1.1.1:9"});
  world_.Endpoints("b", {"2.2.2.2:9"});
  world_.Endpoints("b", {"2.2.2.2:8"});
  world_.Routes("r", {"a", "b"});
  EXPECT_EQ(world_.Settle(), Events{"a[1.1.1.1:9] b[2.2.2.2:8]"});
}

TEST_F(XdsSharingTest, WhatChangesNothingSaysNothing) {
  world_.Healed('e', "a");
  world_.Listener("r");  // another value, which says the same
  EXPECT_EQ(world_.Settle(), Events());
}

TEST_F(XdsSharingTest, TwoResolversOfOneClientShareWhatTheyResolveTo) {
  XdsWorld other;  // two clients share nothing
  other.Listener("r");
  other.Routes("r", {"a"});
  other.Complete("a", "1.1.1.1:1");
  other.Settle();
  EXPECT_NE(other.config().clusters[0]->endpoints, before_->clusters[0]->endpoints);

  RecordingObserver observer;
  std::unique_ptr<resolver::XdsResolver> second;
  world_.serializer().RunAndWait([&] {
    second = world_.NewResolver();
    second->Start(&observer);
  });
  world_.Settle();
  ASSERT_EQ(observer.configs.size(), 1u);
  EXPECT_EQ(observer.configs[0]->routes, before_->routes);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(observer.configs[0]->clusters[i]->cluster, before_->clusters[i]->cluster);
    EXPECT_EQ(observer.configs[0]->clusters[i]->endpoints, before_->clusters[i]->endpoints);
  }
  world_.serializer().RunAndWait([&] { second = nullptr; });
}

// Destroys its resolver as soon as it hears of it.
class FatalObserver final : public resolver::ResolverObserver {
 public:
  void OnConfig(std::shared_ptr<const model::ServiceConfig> /*config*/) override { End(); }
  void OnError(const absl::Status& /*status*/) override { End(); }
  void End() {
    ++calls;
    resolver = nullptr;
  }

  std::unique_ptr<resolver::XdsResolver> resolver;
  int calls = 0;
};

TEST_F(XdsSharingTest, AnObserverMayDestroyItsResolver) {
  for (const bool fail : {false, true}) {
    if (fail) world_.Delete('l', "l");
    FatalObserver observer;
    world_.serializer().RunAndWait([&] {
      observer.resolver = world_.NewResolver();
      observer.resolver->Start(&observer);
    });
    world_.Settle();
    EXPECT_EQ(observer.calls, 1);
    EXPECT_EQ(observer.resolver, nullptr);
  }
}

TEST(ListenerNameTest, Table) {
  struct Case {
    std::string name_template, target, want;
  };
  const Case cases[] = {
      {"%s", "svc:80", "svc:80"},
      {"%s", "a b%", "a b%"},
      {"prefix/%s/x", "svc", "prefix/svc/x"},
      {"no-slot", "svc", "no-slot"},
      {"xdstp://auth/envoy.config.listener.v3.Listener/%s", "a b/c:80?d%[::1]",
       "xdstp://auth/envoy.config.listener.v3.Listener/a%20b/c:80%3Fd%25%5B::1%5D"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(resolver::ListenerName(c.name_template, c.target), c.want) << c.name_template;
  }
}

}  // namespace
}  // namespace mesh::testing
