// When a host is asked for, and what is known of it in between.

#include "resolver/dns/host_table.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "tests/resolver/fake_host_resolver.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/fake_executor.h"
#include "tests/testing/fake_random.h"

namespace mesh::resolver {
namespace {

using Family = model::DnsOptions::Family;
using Texts = std::vector<std::string>;

class HostTableTest : public ::testing::Test {
 protected:
  HostTableTest() { Make(0.5); }  // the middle: delays without jitter
  ~HostTableTest() override {
    serializer_.RunAndWait([this] {
      watches_.clear();
      EXPECT_EQ(table_->size(), 0u);
      table_ = nullptr;
    });
    EXPECT_EQ(executor_.pending_timers(), 0u);
    serializer_.Shutdown();
  }

  void Make(double random) {
    random_ = std::make_unique<testing::FakeRandom>(std::vector<double>{random});
    serializer_.RunAndWait([this] {
      table_ = std::make_unique<HostTable>(
          &serializer_, random_.get(),
          std::make_unique<testing::FakeHostResolver>(&serializer_, record_));
    });
  }
  // Returns the index of the watch.
  size_t Watch(const std::string& host, const model::DnsOptions& options = {}) {
    const size_t index = watches_.size();
    changes_.push_back(0);
    serializer_.RunAndWait([&] {
      watches_.push_back(table_->Find(host, options, [this, index] { ++changes_[index]; }));
    });
    return index;
  }
  void End(size_t watch) {
    serializer_.RunAndWait([&] { watches_[watch] = nullptr; });
  }
  void Answer(const std::string& host, Texts addresses, absl::Duration ttl = absl::ZeroDuration()) {
    serializer_.RunAndWait([&] {
      EXPECT_TRUE(record_->Answer(host, HostResolver::Answer{std::move(addresses), ttl})) << host;
    });
  }
  void Fail(const std::string& host, const std::string& cause) {
    serializer_.RunAndWait(
        [&] { EXPECT_TRUE(record_->Answer(host, absl::UnavailableError(cause))) << host; });
  }
  // `unknown`, or addresses, and `!error`.
  std::string Text(size_t watch = 0) const {
    const HostState& state = watches_[watch]->state();
    if (!state.is_known()) return "unknown";
    return absl::StrCat(state.addresses == nullptr ? "" : absl::StrJoin(*state.addresses, " "),
                        state.error.ok() ? "" : absl::StrCat("!", state.error.message()));
  }
  size_t asked() const { return record_->asked.size(); }
  bool is_asking() const { return !record_->unanswered.empty(); }
  // Nothing is asked before `after`, and the next question comes then.
  void ExpectQuestion(absl::Duration after) {
    executor_.Advance(after - absl::Milliseconds(1));
    EXPECT_FALSE(is_asking()) << after;
    executor_.Advance(absl::Milliseconds(1));
    EXPECT_TRUE(is_asking()) << after;
  }

  testing::FakeClock clock_;
  testing::FakeExecutor executor_{&clock_};
  std::unique_ptr<testing::FakeRandom> random_;
  Serializer serializer_{&executor_};
  const std::shared_ptr<testing::FakeHostResolver::Record> record_ =
      std::make_shared<testing::FakeHostResolver::Record>();
  std::unique_ptr<HostTable> table_;
  std::vector<std::unique_ptr<HostTable::Watch>> watches_;
  std::vector<int> changes_;
};

TEST_F(HostTableTest, AsksAtOnceAndAgainAtTheRefreshRate) {
  model::DnsOptions options;
  options.refresh_rate = absl::Seconds(7);
  Watch("svc.test", options);
  EXPECT_EQ(Text(), "unknown");
  Answer("svc.test", {"10.0.0.2", "10.0.0.1"});
  EXPECT_EQ(Text(), "10.0.0.2 10.0.0.1");
  EXPECT_EQ(changes_[0], 1);
  ExpectQuestion(absl::Seconds(7));
  // Another order is the same answer.
  Answer("svc.test", {"10.0.0.1", "10.0.0.2"});
  EXPECT_EQ(Text(), "10.0.0.2 10.0.0.1");
  EXPECT_EQ(changes_[0], 1);
  ExpectQuestion(absl::Seconds(7));
  Answer("svc.test", {"10.0.0.3"});
  EXPECT_EQ(Text(), "10.0.0.3");
  EXPECT_EQ(changes_[0], 2);
}

TEST_F(HostTableTest, TheAnswersTimeCountsIfItIsToBeRespected) {
  model::DnsOptions options;
  Watch("svc.test", options);
  Answer("svc.test", {"10.0.0.1"}, absl::Seconds(60));
  ExpectQuestion(absl::Seconds(5));
  Answer("svc.test", {"10.0.0.1"}, absl::Seconds(60));
  options.respect_ttl = true;
  const size_t other = Watch("svc.test", options);  // asked for by itself
  Answer("svc.test", {"10.0.0.1"}, absl::Seconds(60));
  End(0);
  ExpectQuestion(absl::Seconds(60));
  Answer("svc.test", {"10.0.0.1"});  // an answer that does not say
  ExpectQuestion(absl::Seconds(5));
  End(other);
}

TEST_F(HostTableTest, JitterComesOnTop) {
  model::DnsOptions options;
  options.refresh_rate = absl::Seconds(10);
  options.jitter = absl::Seconds(4);
  Watch("svc.test", options);
  Answer("svc.test", {"10.0.0.1"});
  ExpectQuestion(absl::Seconds(12));
}

TEST_F(HostTableTest, NeverMoreOftenThanOnceASecond) {
  model::DnsOptions options;
  options.refresh_rate = options.failure_refresh_rate = options.max_failure_refresh_rate =
      absl::Milliseconds(2);
  options.respect_ttl = true;
  Watch("svc.test", options);
  Answer("svc.test", {"10.0.0.1"});
  ExpectQuestion(absl::Seconds(1));
  Answer("svc.test", {"10.0.0.1"}, absl::Milliseconds(5));
  ExpectQuestion(absl::Seconds(1));
  Fail("svc.test", "timeout");
  ExpectQuestion(absl::Seconds(1));
}

// F36.
TEST_F(HostTableTest, TheLastAddressesStayThroughFailuresAndItAsksAgainWithBackOff) {
  model::DnsOptions options;
  options.refresh_rate = absl::Seconds(100);
  options.failure_refresh_rate = absl::Seconds(2);
  options.max_failure_refresh_rate = absl::Seconds(7);
  Watch("svc.test", options);
  Answer("svc.test", {"10.0.0.1"});
  ExpectQuestion(absl::Seconds(100));
  // 1. DNS is lost: said once, and again only if it is another reason.
  Fail("svc.test", "timeout");
  EXPECT_EQ(Text(), "10.0.0.1!host \"svc.test\": timeout");
  EXPECT_EQ(changes_[0], 2);
  ExpectQuestion(absl::Seconds(2));
  Fail("svc.test", "timeout");
  EXPECT_EQ(changes_[0], 2);
  ExpectQuestion(absl::Seconds(4));
  Fail("svc.test", "refused");
  EXPECT_EQ(Text(), "10.0.0.1!host \"svc.test\": refused");
  EXPECT_EQ(changes_[0], 3);
  ExpectQuestion(absl::Seconds(7));
  Fail("svc.test", "refused");
  ExpectQuestion(absl::Seconds(7));
  // 2. It is back, with the same addresses.
  const auto before = watches_[0]->state().addresses;
  Answer("svc.test", {"10.0.0.1"});
  EXPECT_EQ(Text(), "10.0.0.1");
  EXPECT_EQ(watches_[0]->state().addresses, before);
  EXPECT_EQ(changes_[0], 4);
  ExpectQuestion(absl::Seconds(100));
  // 3. The back-off begins anew.
  Fail("svc.test", "timeout");
  ExpectQuestion(absl::Seconds(2));
}

TEST_F(HostTableTest, AFirstFailureIsKnowledge) {
  Watch("svc.test");
  Fail("svc.test", "Domain name not found");
  EXPECT_EQ(Text(), "!host \"svc.test\": Domain name not found");
  EXPECT_EQ(watches_[0]->state().error.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(changes_[0], 1);
  ExpectQuestion(absl::Seconds(5));
  Answer("svc.test", {"10.0.0.1"});
  EXPECT_EQ(Text(), "10.0.0.1");
}

TEST_F(HostTableTest, FailureDelaysAreSpread) {
  serializer_.RunAndWait([this] { table_ = nullptr; });
  Make(0.75);  // half of the jitter: +10 %
  Watch("svc.test");
  Fail("svc.test", "timeout");
  ExpectQuestion(absl::Milliseconds(5500));
}

TEST_F(HostTableTest, Families) {
  const Texts both = {"10.0.0.1", "2001:db8::1", "10.0.0.2"};
  const Texts ipv4 = {"10.0.0.1"};
  const Texts ipv6 = {"2001:db8::1"};
  using Ask = HostResolver::Family;
  const struct {
    Family family;
    Ask ask;
    Texts answer;
    std::string want;
  } kRows[] = {
      {Family::kAuto, Ask::kAny, both, "2001:db8::1"},
      {Family::kAuto, Ask::kAny, ipv4, "10.0.0.1"},
      {Family::kV4Preferred, Ask::kAny, both, "10.0.0.1 10.0.0.2"},
      {Family::kV4Preferred, Ask::kAny, ipv6, "2001:db8::1"},
      {Family::kAll, Ask::kAny, both, "10.0.0.1 2001:db8::1 10.0.0.2"},
      {Family::kV4Only, Ask::kIpv4, ipv4, "10.0.0.1"},
      {Family::kV6Only, Ask::kIpv6, ipv6, "2001:db8::1"},
  };
  for (const auto& row : kRows) {
    SCOPED_TRACE(absl::StrCat(static_cast<int>(row.family), " ", absl::StrJoin(row.answer, " ")));
    model::DnsOptions options;
    options.family = row.family;
    const size_t watch = Watch("svc.test", options);
    ASSERT_EQ(record_->unanswered.size(), 1u);
    EXPECT_EQ(record_->unanswered.front().family, row.ask);
    Answer("svc.test", row.answer);
    EXPECT_EQ(Text(watch), row.want);
    End(watch);
  }
}

TEST_F(HostTableTest, WatchesOfOneHostWithEqualOptionsShareIt) {
  Watch("svc.test");
  Watch("svc.test");
  EXPECT_EQ(asked(), 1u);
  EXPECT_EQ(table_->size(), 1u);
  Answer("svc.test", {"10.0.0.1"});
  EXPECT_EQ(changes_[0] + changes_[1], 2);
  // A later one knows at once, and is not told.
  Watch("svc.test");
  EXPECT_EQ(Text(2), "10.0.0.1");
  EXPECT_EQ(watches_[0]->state().addresses, watches_[2]->state().addresses);
  EXPECT_EQ(changes_[2], 0);
  EXPECT_EQ(asked(), 1u);
  End(0);
  End(1);
  ExpectQuestion(absl::Seconds(5));
  EXPECT_EQ(asked(), 2u);
}

TEST_F(HostTableTest, EndsWithItsLastWatch) {
  Watch("svc.test");
  EXPECT_TRUE(is_asking());
  End(0);
  EXPECT_FALSE(is_asking());
  Watch("svc.test");
  Answer("svc.test", {"10.0.0.1"});
  EXPECT_EQ(executor_.pending_timers(), 1u);
  End(1);
  EXPECT_EQ(executor_.pending_timers(), 0u);
  // It is forgotten.
  EXPECT_EQ(Text(Watch("svc.test")), "unknown");
}

TEST_F(HostTableTest, AsksForSoManyAtATime) {
  const int most = HostTable::kMostQueries;
  for (int i = 0; i < most + 3; ++i) Watch(absl::StrCat("h", i));
  EXPECT_EQ(record_->unanswered.size(), static_cast<size_t>(most));
  // 1. One that waits for its turn may go.
  End(static_cast<size_t>(most) + 1);
  // 2. An answer, or the end of one that is asked for, makes room.
  Answer("h0", {"10.0.0.1"});
  EXPECT_EQ(record_->asked.back(), absl::StrCat("h", most));
  End(1);
  EXPECT_EQ(record_->asked.back(), absl::StrCat("h", most + 2));
  EXPECT_EQ(record_->unanswered.size(), static_cast<size_t>(most));
  // 3. Those that are asked for again queue up like all others.
  executor_.Advance(absl::Seconds(5));
  EXPECT_EQ(record_->unanswered.size(), static_cast<size_t>(most));
  Fail("h2", "timeout");
  EXPECT_EQ(record_->asked.back(), "h0");
}

}  // namespace
}  // namespace mesh::resolver
