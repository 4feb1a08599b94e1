// Real queries: the hosts file, and a DNS server on the loopback interface.

#include "resolver/dns/cares_host_resolver.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "mesh/base/clock.h"
#include "mesh/base/serializer.h"
#include "mesh/base/thread_executor.h"
#include "tests/resolver/loopback_dns_server.h"
#include "tests/testing/gate.h"

namespace mesh::resolver {
namespace {

using Addresses = HostResolver::Addresses;
using Answer = HostResolver::Answer;
using Family = HostResolver::Family;

class CaresHostResolverTest : public ::testing::Test {
 protected:
  ~CaresHostResolverTest() override { serializer_.Shutdown(); }

  // Looks `host` up and waits for the answer; the addresses are sorted.
  absl::StatusOr<Addresses> LookUp(const std::string& host, const std::string& server,
                                   Family family = Family::kAny) {
    absl::StatusOr<Answer> answer = Ask(host, server, family);
    if (!answer.ok()) return answer.status();
    std::sort(answer->addresses.begin(), answer->addresses.end());
    return answer->addresses;
  }
  absl::StatusOr<Answer> Ask(const std::string& host, const std::string& server,
                             Family family = Family::kAny) {
    const std::unique_ptr<HostResolver> resolver = NewCaresHostResolver(&serializer_, server);
    std::unique_ptr<HostResolver::Query> query;
    testing::Gate answered;
    absl::StatusOr<Answer> result;
    serializer_.RunAndWait([&] {
      query = resolver->Lookup(host, family, [&](absl::StatusOr<Answer> answer) {
        EXPECT_TRUE(serializer_.is_held());
        query = nullptr;  // a query may end inside its own answer
        result = std::move(answer);
        answered.Open();
      });
    });
    answered.Wait();
    return result;
  }

  const SteadyClock clock_{};
  ThreadExecutor executor_{&clock_};
  Serializer serializer_{&executor_};
};

TEST_F(CaresHostResolverTest, FindsLocalhostInTheHostsFile) {
  testing::LoopbackDnsServer nothing({});
  const absl::StatusOr<Addresses> addresses = LookUp("localhost", nothing.address());
  ASSERT_TRUE(addresses.ok()) << addresses.status();
  EXPECT_NE(std::find(addresses->begin(), addresses->end(), "127.0.0.1"), addresses->end());
  for (const std::string& address : *addresses) {
    EXPECT_TRUE(address == "127.0.0.1" || address == "::1") << address;
  }
}

TEST_F(CaresHostResolverTest, AsksForBothKindsOfAddress) {
  testing::LoopbackDnsServer server({{"svc.test", {"10.0.0.2", "10.0.0.1", "2001:db8::1"}},
                                     {"v4.test", {"10.0.0.4"}},
                                     {"v6.test", {"2001:db8::6"}}});
  const absl::StatusOr<Addresses> both = LookUp("svc.test.", server.address());
  ASSERT_TRUE(both.ok()) << both.status();
  EXPECT_EQ(*both, (Addresses{"10.0.0.1", "10.0.0.2", "2001:db8::1"}));
  std::vector<std::string> questions = server.questions();
  std::sort(questions.begin(), questions.end());
  EXPECT_EQ(questions, (std::vector<std::string>{"svc.test A", "svc.test AAAA"}));

  const absl::StatusOr<Addresses> ipv4 = LookUp("v4.test.", server.address());
  ASSERT_TRUE(ipv4.ok()) << ipv4.status();
  EXPECT_EQ(*ipv4, Addresses{"10.0.0.4"});
  const absl::StatusOr<Addresses> ipv6 = LookUp("v6.test.", server.address());
  ASSERT_TRUE(ipv6.ok()) << ipv6.status();
  EXPECT_EQ(*ipv6, Addresses{"2001:db8::6"});
}

TEST_F(CaresHostResolverTest, AsksForOneKindOfAddressOnly) {
  testing::LoopbackDnsServer server({{"svc.test", {"10.0.0.1", "2001:db8::1"}}});
  EXPECT_EQ(*LookUp("svc.test.", server.address(), Family::kIpv4), Addresses{"10.0.0.1"});
  EXPECT_EQ(server.questions(), std::vector<std::string>{"svc.test A"});
  EXPECT_EQ(*LookUp("svc.test.", server.address(), Family::kIpv6), Addresses{"2001:db8::1"});
  EXPECT_EQ(server.questions(), (std::vector<std::string>{"svc.test A", "svc.test AAAA"}));
}

TEST_F(CaresHostResolverTest, AnAnswerHoldsAsLongAsItsFirstRecordToExpire) {
  testing::LoopbackDnsServer server(
      {{"svc.test", {"10.0.0.1 30", "10.0.0.2 20", "2001:db8::1 25"}}});
  const absl::StatusOr<Answer> answer = Ask("svc.test.", server.address());
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->ttl, absl::Seconds(20));
  EXPECT_EQ(Ask("svc.test.", server.address(), Family::kIpv6)->ttl, absl::Seconds(25));
  EXPECT_EQ(Ask("localhost", server.address())->ttl, absl::ZeroDuration()) << "of the hosts file";
}

TEST_F(CaresHostResolverTest, SaysWhyThereIsNoAddress) {
  testing::LoopbackDnsServer server({});
  EXPECT_EQ(LookUp("none.test.", server.address()).status(),
            absl::UnavailableError("Domain name not found"));
}

TEST_F(CaresHostResolverTest, AQueryThatIsTakenBackIsNotAnswered) {
  testing::LoopbackDnsServer server(testing::LoopbackDnsServer::Records{{"silent.test", {}}});
  const std::unique_ptr<HostResolver> resolver =
      NewCaresHostResolver(&serializer_, server.address());
  std::unique_ptr<HostResolver::Query> query;
  bool is_answered = false;
  serializer_.RunAndWait([&] {
    query = resolver->Lookup("silent.test.", Family::kAny,
                             [&](const auto& /*answer*/) { is_answered = true; });
  });
  server.AwaitQuestion();
  serializer_.RunAndWait([&] { query = nullptr; });  // long before the server's 2 s are over
  serializer_.RunAndWait([] {});
  EXPECT_FALSE(is_answered);
}

TEST_F(CaresHostResolverTest, ManyQueriesAtOnceComeAndGo) {
  testing::LoopbackDnsServer server({{"svc.test", {"10.0.0.1"}}, {"silent.test", {}}});
  const std::unique_ptr<HostResolver> resolver =
      NewCaresHostResolver(&serializer_, server.address());
  for (int round = 0; round < 20; ++round) {
    std::vector<std::unique_ptr<HostResolver::Query>> queries;
    serializer_.RunAndWait([&] {
      for (const char* host : {"svc.test.", "silent.test.", "localhost", "none.test."}) {
        queries.push_back(resolver->Lookup(host, Family::kAny, [](const auto& /*answer*/) {}));
      }
    });
    serializer_.RunAndWait([&] { queries.clear(); });
  }
}

}  // namespace
}  // namespace mesh::resolver
