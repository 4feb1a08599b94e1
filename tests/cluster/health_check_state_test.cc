#include "mesh/cluster/health_check_state.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "mesh/base/random.h"
#include "tests/testing/fake_random.h"

namespace mesh::cluster {
namespace {

using testing::FakeRandom;
using wire::ProbeOutcome;

// Every delay has another length, so that it names itself.
model::HealthCheck Check(uint32_t unhealthy_threshold, uint32_t healthy_threshold) {
  model::HealthCheck check;
  check.timeout = absl::Seconds(1);
  check.interval = absl::Seconds(10);
  check.unhealthy_threshold = unhealthy_threshold;
  check.healthy_threshold = healthy_threshold;
  check.unhealthy_interval = absl::Seconds(20);
  check.unhealthy_edge_interval = absl::Seconds(2);
  check.healthy_edge_interval = absl::Seconds(3);
  return check;
}

ProbeOutcome OutcomeOf(char result) {
  switch (result) {
    case '+':
      return ProbeOutcome::kSuccess;
    case 'x':
      return ProbeOutcome::kUnexpected;
    case 'u':
      return ProbeOutcome::kUnimplemented;
    case 'r':
      return ProbeOutcome::kRetriable;
    case 'n':
      return ProbeOutcome::kNetwork;
    default:
      return ProbeOutcome::kTimeout;
  }
}

char NameOf(CheckedHealth health) {
  switch (health) {
    case CheckedHealth::kPending:
      return 'P';
    case CheckedHealth::kHealthy:
      return 'H';
    case CheckedHealth::kUnhealthy:
      return 'U';
  }
  return '?';
}

// The health after each result, and the seconds that follow it: `H10 H2 U20`.
std::string Story(const model::HealthCheck& check, CheckedHealth start, const std::string& results,
                  bool had_calls = true) {
  FakeRandom random({0.5});
  HealthCheckState state(start);
  std::string story;
  for (const char result : results) {
    state.Count(check, OutcomeOf(result));
    const absl::Duration delay = state.NextDelay(check, had_calls, &random);
    absl::StrAppend(&story, story.empty() ? "" : " ", std::string(1, NameOf(state.health())),
                    absl::ToDoubleSeconds(delay));
  }
  return story;
}

TEST(HealthCheckStateTest, TruthTable) {
  constexpr auto kPending = CheckedHealth::kPending;
  constexpr auto kHealthy = CheckedHealth::kHealthy;
  constexpr auto kUnhealthy = CheckedHealth::kUnhealthy;
  const struct {
    const char* name;
    uint32_t unhealthy_threshold;
    uint32_t healthy_threshold;
    CheckedHealth start;
    const char*
        results;  // + success, x unexpected, u unimplemented, r retriable, n network, t timeout
    const char* story;
  } kCases[] = {
      {"first success", 3, 3, kPending, "+", "H10"},
      {"first failure", 3, 3, kPending, "n", "U20"},
      {"first answer", 3, 3, kPending, "x", "U20"},
      {"first result decides how many more", 3, 3, kPending, "n+++", "U20 U3 U3 H10"},
      {"threshold of one", 1, 1, kPending, "+n+t+", "H10 U20 H10 U20 H10"},
      {"network counts", 3, 1, kPending, "+nnn", "H10 H2 H2 U20"},
      {"timeout counts", 3, 1, kPending, "+ttt", "H10 H2 H2 U20"},
      {"both count together", 3, 1, kPending, "+tnt", "H10 H2 H2 U20"},
      {"success starts the count again", 2, 1, kPending, "+n+nn", "H10 H2 H10 H2 U20"},
      {"an answer does not count", 3, 1, kPending, "+x", "H10 U20"},
      {"nor does unimplemented", 3, 1, kPending, "+u", "H10 U20"},
      {"a retriable one does", 3, 1, kPending, "+rnr", "H10 H2 H2 U20"},
      {"failure starts the count again", 1, 3, kUnhealthy, "n++n+++", "U20 U3 U3 U20 U3 U3 H10"},
      {"stays unhealthy", 2, 2, kPending, "nntx", "U20 U20 U20 U20"},
      {"stays healthy", 2, 2, kPending, "++++", "H10 H10 H10 H10"},
      {"was healthy", 2, 2, kHealthy, "nn", "H2 U20"},
      {"was healthy, and answers", 2, 2, kHealthy, "x", "U20"},
      {"was healthy, and is", 2, 2, kHealthy, "+n+", "H10 H2 H10"},
      {"was unhealthy", 2, 2, kUnhealthy, "n+", "U20 U3"},
      {"was unhealthy, first success", 2, 2, kUnhealthy, "+", "H10"},
  };
  for (const auto& test : kCases) {
    EXPECT_EQ(
        Story(Check(test.unhealthy_threshold, test.healthy_threshold), test.start, test.results),
        test.story)
        << test.name;
  }
}

TEST(HealthCheckStateTest, IsWhatItStartedAsUntilTheFirstResult) {
  EXPECT_EQ(HealthCheckState().health(), CheckedHealth::kPending);
  EXPECT_FALSE(HealthCheckState().checked());
  for (const CheckedHealth start :
       {CheckedHealth::kPending, CheckedHealth::kHealthy, CheckedHealth::kUnhealthy}) {
    EXPECT_EQ(HealthCheckState(start).health(), start);
  }
}

TEST(HealthCheckStateTest, UnsetIntervalsAreTheirBases) {
  model::HealthCheck check = Check(2, 2);
  check.healthy_edge_interval = absl::ZeroDuration();
  check.unhealthy_edge_interval = absl::ZeroDuration();
  EXPECT_EQ(Story(check, CheckedHealth::kHealthy, "nn++"), "H20 U20 U10 H10");
  check.unhealthy_interval = absl::ZeroDuration();
  EXPECT_EQ(Story(check, CheckedHealth::kHealthy, "nn++"), "H10 U10 U10 H10");
}

TEST(HealthCheckStateTest, WithoutCallsOneIntervalIsForAll) {
  EXPECT_EQ(Story(Check(2, 2), CheckedHealth::kPending, "+nn++", false), "H60 H60 U60 U60 H60");
  model::HealthCheck check = Check(2, 2);
  check.no_traffic_interval = absl::Seconds(7);
  EXPECT_EQ(Story(check, CheckedHealth::kPending, "+n", false), "H7 H7");
}

TEST(HealthCheckStateTest, WithoutCallsOneThatPassesMayWaitLonger) {
  model::HealthCheck check = Check(2, 2);
  check.no_traffic_interval = absl::Seconds(7);
  check.no_traffic_healthy_interval = absl::Seconds(70);
  EXPECT_EQ(Story(check, CheckedHealth::kPending, "+nn++", false), "H70 H7 U7 U70 H70");
  EXPECT_EQ(Story(check, CheckedHealth::kPending, "+n", true),
            Story(Check(2, 2), CheckedHealth::kPending, "+n", true));
}

TEST(HealthCheckStateTest, BothMustPass) {
  constexpr auto kPending = CheckedHealth::kPending;
  constexpr auto kHealthy = CheckedHealth::kHealthy;
  constexpr auto kUnhealthy = CheckedHealth::kUnhealthy;
  const struct {
    CheckedHealth a, b, both;
  } kCases[] = {
      {kHealthy, kHealthy, kHealthy},     {kHealthy, kPending, kPending},
      {kHealthy, kUnhealthy, kUnhealthy}, {kPending, kPending, kPending},
      {kPending, kUnhealthy, kUnhealthy}, {kUnhealthy, kUnhealthy, kUnhealthy},
  };
  for (const auto& test : kCases) {
    EXPECT_EQ(Both(test.a, test.b), test.both) << NameOf(test.a) << NameOf(test.b);
    EXPECT_EQ(Both(test.b, test.a), test.both) << NameOf(test.b) << NameOf(test.a);
  }
}

TEST(HealthCheckStateTest, Jitter) {
  const struct {
    const char* name;
    absl::Duration jitter;
    uint32_t percent;
    std::vector<double> random;  // for the percentage first
    absl::Duration delay;
  } kCases[] = {
      {"none", absl::ZeroDuration(), 0, {0.9}, absl::Seconds(10)},
      {"up to a time", absl::Seconds(4), 0, {0.5}, absl::Seconds(12)},
      {"the least", absl::Seconds(4), 0, {0.0}, absl::Seconds(10)},
      {"up to a part", absl::ZeroDuration(), 20, {0.5}, absl::Seconds(11)},
      {"more than the whole", absl::ZeroDuration(), 200, {0.5}, absl::Seconds(20)},
      {"both", absl::Seconds(4), 20, {0.5, 0.25}, absl::Seconds(12)},
  };
  for (const auto& test : kCases) {
    model::HealthCheck check = Check(1, 1);
    check.interval_jitter = test.jitter;
    check.interval_jitter_percent = test.percent;
    FakeRandom random(test.random);
    HealthCheckState state;
    state.Count(check, ProbeOutcome::kSuccess);
    EXPECT_EQ(state.NextDelay(check, true, &random), test.delay) << test.name;
  }
}

TEST(HealthCheckStateTest, TheFirstDelayIsPartOfTheInitialJitter) {
  model::HealthCheck check = Check(1, 1);
  FakeRandom random({0.25});
  EXPECT_EQ(HealthCheckState::InitialDelay(check, &random), absl::ZeroDuration());
  check.initial_jitter = absl::Seconds(8);
  EXPECT_EQ(HealthCheckState::InitialDelay(check, &random), absl::Seconds(2));
}

TEST(HealthCheckStateTest, NoDelayIsZero) {
  model::HealthCheck check = Check(1, 1);
  check.interval = absl::Nanoseconds(1);
  FakeRandom random({0.0});
  HealthCheckState state;
  state.Count(check, ProbeOutcome::kSuccess);
  EXPECT_EQ(state.NextDelay(check, true, &random), absl::Milliseconds(1));
}

// The rules as Envoy's health_checker_base_impl.cc has them: flags and two counters.
class EnvoyHost {
 public:
  explicit EnvoyHost(const model::HealthCheck& check) : check_(check) {}

  // Returns the seconds to the next check.
  double Count(ProbeOutcome outcome) {
    return absl::ToDoubleSeconds(outcome == ProbeOutcome::kSuccess
                                     ? CountSuccess()
                                     : CountFailure(outcome == ProbeOutcome::kNetwork ||
                                                    outcome == ProbeOutcome::kRetriable ||
                                                    outcome == ProbeOutcome::kTimeout));
  }
  bool failed() const { return failed_; }

 private:
  absl::Duration CountSuccess() {
    bool change_pending = false;
    num_unhealthy_ = 0;
    if (failed_) {
      if (first_check_ || ++num_healthy_ == check_.healthy_threshold) {
        failed_ = false;
      } else {
        change_pending = true;
      }
    }
    first_check_ = false;
    return change_pending ? check_.healthy_edge_interval : check_.interval;
  }

  absl::Duration CountFailure(bool network) {
    bool change_pending = false;
    num_healthy_ = 0;
    if (!failed_) {
      if (!network || ++num_unhealthy_ == check_.unhealthy_threshold) {
        failed_ = true;
      } else {
        change_pending = true;
      }
    }
    first_check_ = false;
    return change_pending ? check_.unhealthy_edge_interval : check_.unhealthy_interval;
  }

  const model::HealthCheck check_;
  bool failed_ = true;  // as every new host of a cluster with checks
  bool first_check_ = true;
  uint32_t num_healthy_ = 0;
  uint32_t num_unhealthy_ = 0;
};

TEST(HealthCheckStateTest, AgreesWithEnvoyOnRandomResults) {
  const std::unique_ptr<Random> random = NewSeededRandom(7);
  FakeRandom no_jitter({0.0});
  int changes = 0;
  for (int run = 0; run < 500; ++run) {
    const model::HealthCheck check = Check(1 + static_cast<uint32_t>(random->NextBelow(4)),
                                           1 + static_cast<uint32_t>(random->NextBelow(4)));
    EnvoyHost envoy(check);
    HealthCheckState state;
    bool healthy = false;
    for (int i = 0; i < 60; ++i) {
      const char result = "+++++xuntntr"[random->NextBelow(12)];
      const double seconds = envoy.Count(OutcomeOf(result));
      state.Count(check, OutcomeOf(result));
      ASSERT_EQ(state.health() == CheckedHealth::kHealthy, !envoy.failed())
          << run << ":" << i << " " << result;
      ASSERT_EQ(absl::ToDoubleSeconds(state.NextDelay(check, true, &no_jitter)), seconds)
          << run << ":" << i << " " << result;
      if (healthy == envoy.failed()) ++changes;
      healthy = !envoy.failed();
    }
  }
  EXPECT_GT(changes, 1000);  // else it compared nothing
}

}  // namespace
}  // namespace mesh::cluster
