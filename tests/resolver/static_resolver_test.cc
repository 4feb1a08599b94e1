#include "resolver/static/static_resolver.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/resolver/recording_observer.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/fake_executor.h"

namespace mesh::resolver {
namespace {

class StaticResolverTest : public ::testing::Test {
 protected:
  ~StaticResolverTest() override { serializer_.Shutdown(); }

  testing::FakeClock clock_;
  testing::FakeExecutor executor_{&clock_};
  Serializer serializer_{&executor_};
  testing::RecordingObserver observer_;
};

TEST_F(StaticResolverTest, ResolvesToItsAddressesOnce) {
  const std::string list = "a:1,10.0.0.1:2,[::1]:3,unix:///tmp/x";
  absl::StatusOr<std::unique_ptr<Resolver>> resolver =
      NewStaticResolver(&serializer_, {"static", "", list});
  ASSERT_TRUE(resolver.ok()) << resolver.status();
  serializer_.Post([&] {
    (*resolver)->Start(&observer_);
    EXPECT_TRUE(observer_.configs.empty());  // never inside the call
  });
  executor_.RunReady();
  ASSERT_EQ(observer_.Take(),
            std::vector<std::string>{list + "[a:1 10.0.0.1:2 [::1]:3 unix:/tmp/x]"});

  const model::ServiceConfig& config = *observer_.configs[0];
  EXPECT_EQ(config.virtual_host, model::FindVirtualHost(*config.routes, "anything"));
  ASSERT_EQ(config.virtual_host->routes.size(), 1u);
  EXPECT_TRUE(config.virtual_host->routes[0].path.Matches("/a.B/C"));
  EXPECT_EQ(config.virtual_host->routes[0].clusters[0].cluster, config.clusters[0]->key.cluster);
  EXPECT_EQ(config.clusters[0]->key.authority, "static");
  EXPECT_EQ(config.clusters[0]->endpoints->endpoint_count(), 4u);
  serializer_.RunAndWait([&] { resolver->reset(); });
}

TEST_F(StaticResolverTest, SaysNothingOnceDestroyed) {
  absl::StatusOr<std::unique_ptr<Resolver>> resolver =
      NewStaticResolver(&serializer_, {"static", "", "a:1"});
  ASSERT_TRUE(resolver.ok());
  serializer_.Post([&] {
    (*resolver)->Start(&observer_);
    resolver->reset();
  });
  executor_.RunReady();
  EXPECT_TRUE(observer_.configs.empty());
}

TEST_F(StaticResolverTest, RefusesTheListWithAllThatIsWrong) {
  EXPECT_EQ(NewStaticResolver(&serializer_, {"static", "", "a:1,,b,a:1,c:2"}).status(),
            absl::InvalidArgumentError(
                "target \"static:///a:1,,b,a:1,c:2\": addresses[1]: it is empty; addresses[2]: the "
                "port is missing; addresses[3]: a:1 is there twice"));
}

}  // namespace
}  // namespace mesh::resolver
