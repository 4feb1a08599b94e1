// When a DNS target asks, and what it makes of the answers.

#include "resolver/dns/dns_resolver.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "tests/resolver/fake_host_resolver.h"
#include "tests/resolver/recording_observer.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/fake_executor.h"
#include "tests/testing/fake_random.h"

namespace mesh::resolver {
namespace {

using Events = std::vector<std::string>;

class DnsResolverTest : public ::testing::Test {
 protected:
  ~DnsResolverTest() override {
    serializer_.RunAndWait([this] { resolver_ = nullptr; });
    serializer_.Shutdown();
  }

  DnsResolverOptions options() { return {&serializer_, &clock_, &random_}; }

  void Start(const std::string& name, const std::string& authority = "") {
    absl::StatusOr<std::unique_ptr<Resolver>> resolver =
        NewDnsResolver(options(), {"dns", authority, name},
                       std::make_unique<testing::FakeHostResolver>(&serializer_, record_));
    ASSERT_TRUE(resolver.ok()) << resolver.status();
    serializer_.RunAndWait([&] {
      resolver_ = *std::move(resolver);
      resolver_->Start(&observer_);
    });
  }
  void ReResolve() {
    serializer_.RunAndWait([this] { resolver_->ReResolve(); });
  }
  // REQUIRES: a query waits.
  void Answer(absl::StatusOr<HostResolver::Addresses> addresses) {
    ASSERT_TRUE(is_asking());
    absl::StatusOr<HostResolver::Answer> answer;
    if (addresses.ok()) {
      answer = HostResolver::Answer{*std::move(addresses)};
    } else {
      answer = addresses.status();
    }
    serializer_.RunAndWait([&] { record_->Answer(record_->asked.back(), std::move(answer)); });
  }
  bool is_asking() const { return !record_->unanswered.empty(); }
  size_t queries() const { return record_->asked.size(); }

  testing::FakeClock clock_;
  testing::FakeExecutor executor_{&clock_};
  testing::FakeRandom random_{{0.5}};  // the middle: delays without jitter
  Serializer serializer_{&executor_};
  testing::RecordingObserver observer_;
  const std::shared_ptr<testing::FakeHostResolver::Record> record_ =
      std::make_shared<testing::FakeHostResolver::Record>();
  std::unique_ptr<Resolver> resolver_;
};

TEST_F(DnsResolverTest, ResolvesToEveryAddressWithThePortOfTheTarget) {
  Start("svc.example:8080");
  EXPECT_EQ(observer_.Take(), Events());
  Answer(HostResolver::Addresses{"10.0.0.2", "::1", "10.0.0.1"});
  EXPECT_EQ(observer_.Take(), Events{"svc.example:8080[10.0.0.1:8080 10.0.0.2:8080 [::1]:8080]"});
  EXPECT_EQ(record_->asked, Events{"svc.example"});
  EXPECT_EQ(observer_.configs[0]->clusters[0]->key.authority, "dns");
}

TEST_F(DnsResolverTest, TheDefaultPortIs443) {
  Start("svc", "10.0.0.53");
  Answer(HostResolver::Addresses{"10.0.0.2"});
  EXPECT_EQ(observer_.Take(), Events{"svc:443[10.0.0.2:443]"});
  // What one DNS server says is not what another one says.
  EXPECT_EQ(observer_.configs[0]->clusters[0]->key.authority, "dns://10.0.0.53");
}

TEST_F(DnsResolverTest, ANumericAddressIsNotAskedFor) {
  Start("[::1]:80");
  executor_.RunReady();
  EXPECT_EQ(observer_.Take(), Events{"[::1]:80[[::1]:80]"});
  ReResolve();
  executor_.Advance(absl::Hours(1));
  EXPECT_EQ(queries(), 0u);
}

// F36.
TEST_F(DnsResolverTest, AsksAgainWithBackOffUntilItSucceeds) {
  Start("svc:80");
  // 1. The first failure is an error, its repetition is not worth a word.
  Answer(absl::UnavailableError("timeout"));
  EXPECT_EQ(observer_.Take(), Events{"error: target \"dns:///svc:80\": host \"svc\": timeout"});
  EXPECT_EQ(observer_.error.code(), absl::StatusCode::kUnavailable);
  executor_.Advance(absl::Milliseconds(999));
  EXPECT_FALSE(is_asking());
  executor_.Advance(absl::Milliseconds(1));
  Answer(absl::UnavailableError("timeout"));
  EXPECT_EQ(observer_.Take(), Events());
  // 2. The next wait is longer, and nobody can shorten it.
  ReResolve();
  executor_.Advance(absl::Milliseconds(1599));
  EXPECT_FALSE(is_asking());
  executor_.Advance(absl::Milliseconds(1));
  Answer(HostResolver::Addresses{"1.1.1.1"});
  EXPECT_EQ(observer_.Take(), Events{"svc:80[1.1.1.1:80]"});
  // 3. Success ends it.
  executor_.Advance(absl::Hours(1));
  EXPECT_EQ(queries(), 3u);
  // 4. And the back-off begins anew.
  ReResolve();
  Answer(absl::UnavailableError("refused"));
  executor_.Advance(absl::Seconds(1));
  EXPECT_TRUE(is_asking());
}

TEST_F(DnsResolverTest, TheLastAddressesStayThroughFailures) {
  Start("svc:80");
  Answer(HostResolver::Addresses{"1.1.1.1"});
  EXPECT_EQ(observer_.Take(), Events{"svc:80[1.1.1.1:80]"});
  clock_.Advance(absl::Seconds(30));
  ReResolve();
  Answer(absl::UnavailableError("refused"));
  EXPECT_EQ(observer_.Take(),
            Events{"svc:80[1.1.1.1:80]~target \"dns:///svc:80\": host \"svc\": refused"});
  EXPECT_EQ(observer_.configs[1]->clusters[0]->endpoints,
            observer_.configs[0]->clusters[0]->endpoints);
  EXPECT_EQ(observer_.configs[1]->routes, observer_.configs[0]->routes);
  executor_.Advance(absl::Seconds(1));
  Answer(HostResolver::Addresses{"1.1.1.1"});
  EXPECT_EQ(observer_.Take(), Events{"svc:80[1.1.1.1:80]"});
}

TEST_F(DnsResolverTest, AnotherOrderIsTheSameAnswer) {
  Start("svc:80");
  Answer(HostResolver::Addresses{"1.1.1.1", "2.2.2.2"});
  observer_.Take();
  executor_.Advance(absl::Seconds(30));
  ReResolve();
  Answer(HostResolver::Addresses{"2.2.2.2", "1.1.1.1"});
  EXPECT_EQ(observer_.Take(), Events());
  executor_.Advance(absl::Seconds(30));
  ReResolve();
  Answer(HostResolver::Addresses{"2.2.2.2"});
  EXPECT_EQ(observer_.Take(), Events{"svc:80[2.2.2.2:80]"});
  EXPECT_EQ(observer_.configs[1]->routes, observer_.configs[0]->routes);
  EXPECT_EQ(observer_.configs[1]->clusters[0]->cluster, observer_.configs[0]->clusters[0]->cluster);
}

TEST_F(DnsResolverTest, AsksAtMostEvery30Seconds) {
  Start("svc:80");
  ReResolve();  // it asks already
  EXPECT_EQ(queries(), 1u);
  executor_.Advance(absl::Seconds(5));
  Answer(HostResolver::Addresses{"1.1.1.1"});
  // However often it is told, one query follows, 30 s after the last one began.
  for (int i = 0; i < 10; ++i) ReResolve();
  executor_.Advance(absl::Milliseconds(24'999));
  EXPECT_EQ(queries(), 1u);
  executor_.Advance(absl::Milliseconds(1));
  EXPECT_EQ(queries(), 2u);
  Answer(HostResolver::Addresses{"1.1.1.1"});
  executor_.Advance(absl::Seconds(31));
  EXPECT_EQ(queries(), 2u);
  ReResolve();
  EXPECT_EQ(queries(), 3u);
}

TEST_F(DnsResolverTest, EndsWithItsQueryOrItsTimer) {
  Start("svc:80");
  EXPECT_TRUE(is_asking());
  serializer_.RunAndWait([this] { resolver_ = nullptr; });
  EXPECT_FALSE(is_asking());
  Start("svc:80");
  Answer(absl::UnavailableError("timeout"));
  EXPECT_EQ(executor_.pending_timers(), 1u);
  serializer_.RunAndWait([this] { resolver_ = nullptr; });
  EXPECT_EQ(executor_.pending_timers(), 0u);
}

TEST_F(DnsResolverTest, RefusesNamesThatCannotBe) {
  struct Case {
    std::string name, authority, error;
  };
  const Case cases[] = {
      {"svc:http", "", "target \"dns:///svc:http\": \"http\" is not a port"},
      {"::1", "", "target \"dns:///::1\": an IPv6 address needs brackets: [address]:port"},
      {"unix:/x", "",
       "target \"dns:///unix:/x\": a path has no DNS name; write static:///unix:/path"},
      {"svc", "ns.example",
       "target \"dns://ns.example/svc\": DNS server \"ns.example\": it is not an IP address"},
      {"svc", "1.1.1.1:x",
       "target \"dns://1.1.1.1:x/svc\": DNS server \"1.1.1.1:x\": \"x\" is not a port"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(NewDnsResolver(options(), {"dns", c.authority, c.name}).status(),
              absl::InvalidArgumentError(c.error));
  }
}

}  // namespace
}  // namespace mesh::resolver
