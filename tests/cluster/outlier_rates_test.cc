// Outlier detection by rates: the conformance cases, by their ids, in both profiles.

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "mesh/cluster/outlier_detector.h"
#include "tests/cluster/outlier_fixture.h"

namespace mesh::cluster {
namespace {

struct ProfileCase {
  const char* name;
  model::OutlierDetection (*config)();
};

class OutlierRatesOfProfileTest : public ::testing::TestWithParam<ProfileCase> {
 protected:
  // Only success rates, resp. failure percentages, with room for one of five.
  static model::OutlierDetection SuccessRateConfig() {
    model::OutlierDetection config = GetParam().config();
    config.consecutive_5xx.threshold = 0;
    config.consecutive_gateway_failure.threshold = 0;
    config.max_ejection_percent = 20;
    return config;
  }
  static model::OutlierDetection FailurePercentageConfig() {
    model::OutlierDetection config = SuccessRateConfig();
    config.success_rate.on = false;
    config.failure_percentage.enforcing = 100;
    return config;
  }
};

INSTANTIATE_TEST_SUITE_P(Profiles, OutlierRatesOfProfileTest,
                         ::testing::Values(ProfileCase{"Envoy", &EnvoyConfig},
                                           ProfileCase{"Grpc", &GrpcConfig}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(OutlierRatesOfProfileTest, Od01ThresholdIsMeanMinusDeviations) {
  OutlierWorld world(5, SuccessRateConfig());
  world.Rate(0, 50, 100);
  for (size_t i = 1; i < 5; ++i) world.Rate(i, 0, 100);
  EXPECT_EQ(world.RunUntil(absl::Seconds(10)), "eject 0");
  ASSERT_TRUE(world.detector().success_rates().has_value());
  EXPECT_NEAR(world.detector().success_rates()->mean, 90, 1e-9);
  EXPECT_NEAR(world.detector().success_rates()->threshold, 52, 1e-9);
}

TEST_P(OutlierRatesOfProfileTest, Od02LowSuccessRateIsOutForItsTimeAndUpToTheNextTick) {
  OutlierWorld world(5, SuccessRateConfig());
  for (size_t i = 0; i < 4; ++i) world.Rate(i, 0, 200);
  world.Rate(4, 200, 200);
  EXPECT_EQ(world.RunUntil(absl::Milliseconds(9999)), "");
  EXPECT_EQ(world.RunUntil(absl::Seconds(10)), "eject 4");
  EXPECT_EQ(world.detector().counts(EjectionCause::kSuccessRate).enforced, 1u);
  EXPECT_EQ(world.detector().ejected(), 1u);
  EXPECT_EQ(world.detector().ejection(world.Key(4))->cause, EjectionCause::kSuccessRate);
  EXPECT_EQ(world.RunUntil(absl::Milliseconds(19999)), "");
  EXPECT_EQ(world.RunUntil(absl::Milliseconds(39999)), "");
  EXPECT_TRUE(world.is_ejected(4));
  EXPECT_EQ(world.RunUntil(absl::Seconds(40)), "readmit 4");
  EXPECT_FALSE(world.is_ejected(4));
}

TEST_P(OutlierRatesOfProfileTest, Od02TicksThatComeLateReadmitLate) {
  OutlierWorld world(5, SuccessRateConfig());
  for (size_t i = 0; i < 4; ++i) world.Rate(i, 0, 200);
  world.Rate(4, 200, 200);
  world.RunUntil(absl::Seconds(10));
  EXPECT_EQ(world.Words(world.detector().OnInterval(world.at(absl::Milliseconds(39999)))), "");
  EXPECT_EQ(world.Words(world.detector().OnInterval(world.at(absl::Seconds(47)))), "readmit 4");
}

TEST_P(OutlierRatesOfProfileTest, Od03TooFewAttemptsAreNotJudged) {
  OutlierWorld world(5, SuccessRateConfig());
  for (size_t i = 0; i < 4; ++i) world.Rate(i, 0, 25);
  world.Rate(4, 25, 25);
  EXPECT_EQ(world.RunUntil(absl::Seconds(10)), "");
  EXPECT_FALSE(world.detector().success_rates().has_value());
  // What was counted then does not count in the next interval.
  for (size_t i = 0; i < 4; ++i) world.Rate(i, 0, 99);
  world.Rate(4, 99, 99);
  EXPECT_EQ(world.RunUntil(absl::Seconds(20)), "");
  EXPECT_EQ(world.detector().counts(EjectionCause::kSuccessRate).detected, 0u);
}

TEST_P(OutlierRatesOfProfileTest, Od04And05FailurePercentageOfTheThresholdAndNoLess) {
  OutlierWorld world(5, FailurePercentageConfig());
  for (size_t i = 0; i < 3; ++i) world.Rate(i, 0, 50);
  world.Rate(3, 50, 60);  // OD-04: 83.3 %
  EXPECT_EQ(world.RunUntil(absl::Seconds(10)), "");
  for (size_t i = 0; i < 3; ++i) world.Rate(i, 0, 50);
  world.Rate(3, 50, 60);
  world.Rate(4, 60, 70);  // OD-05: 85.7 %
  EXPECT_EQ(world.RunUntil(absl::Seconds(20)), "eject 4");
  EXPECT_EQ(world.detector().counts(EjectionCause::kFailurePercentage).enforced, 1u);
}

TEST_P(OutlierRatesOfProfileTest, Od05ExactlyTheThresholdIsAnOutlierInEnvoyOnly) {
  OutlierWorld world(5, FailurePercentageConfig());
  for (size_t i = 0; i < 4; ++i) world.Rate(i, 0, 50);
  world.Rate(4, 85, 100);
  EXPECT_EQ(world.RunUntil(absl::Seconds(10)), GetParam().config == &EnvoyConfig ? "eject 4" : "");
}

TEST_P(OutlierRatesOfProfileTest, Od08NotEnforcedIsDetected) {
  model::OutlierDetection config = SuccessRateConfig();
  config.success_rate.enforcing = 0;
  OutlierWorld world(5, config);
  for (size_t i = 0; i < 4; ++i) world.Rate(i, 0, 100);
  world.Rate(4, 100, 100);
  EXPECT_EQ(world.RunUntil(absl::Seconds(10)), "");
  EXPECT_EQ(world.detector().counts(EjectionCause::kSuccessRate).detected, 1u);
  EXPECT_EQ(world.detector().counts(EjectionCause::kSuccessRate).enforced, 0u);
  EXPECT_EQ(world.detector().ejected(), 0u);
}

TEST_P(OutlierRatesOfProfileTest, Od12WhoLeavesWhileEjectedIsNotCounted) {
  OutlierWorld world(5, FailurePercentageConfig());
  for (size_t i = 0; i < 4; ++i) world.Rate(i, 0, 50);
  world.Rate(4, 50, 50);
  EXPECT_EQ(world.RunUntil(absl::Seconds(10)), "eject 4");
  EXPECT_EQ(world.detector().ejected(), 1u);
  world.detector().Remove(world.Key(4));
  EXPECT_EQ(world.detector().ejected(), 0u);
  EXPECT_FALSE(world.is_ejected(4));
  EXPECT_EQ(world.detector().size(), 4u);
  world.detector().Remove(world.Key(4));
  EXPECT_EQ(world.detector().size(), 4u);
  EXPECT_EQ(world.RunUntil(absl::Seconds(100)), "");
  EXPECT_EQ(world.detector().OnConsecutive(world.Key(4), {}, world.now()),
            EjectionDecision::kIgnored);
  EXPECT_FALSE(world.detector().ReadmitByActiveCheck(world.Key(4)));
}

TEST_P(OutlierRatesOfProfileTest, Od14WithoutEndpointsNothingHappens) {
  model::OutlierDetection config = FailurePercentageConfig();
  config.success_rate.on = true;
  config.success_rate.minimum_hosts = 0;
  config.success_rate.request_volume = 0;
  config.failure_percentage.minimum_hosts = 0;
  config.failure_percentage.request_volume = 0;
  OutlierWorld world(0, config);
  EXPECT_EQ(world.RunUntil(absl::Seconds(50)), "");
  // Nor with some that had no attempts.
  world.Add();
  world.Add();
  EXPECT_EQ(world.RunUntil(absl::Seconds(100)), "");
  EXPECT_FALSE(world.detector().success_rates().has_value());
}

TEST_P(OutlierRatesOfProfileTest, Od18OneFailsOfThree) {
  model::OutlierDetection config = FailurePercentageConfig();
  config.failure_percentage.threshold = 50;
  config.failure_percentage.minimum_hosts = 3;
  config.failure_percentage.request_volume = 3;
  config.max_ejection_percent = 10;
  const auto run = [&] {
    OutlierWorld world(3, config);
    world.Rate(0, 0, 10);
    world.Rate(1, 10, 10);
    world.Rate(2, 0, 10);
    return world.RunUntil(absl::Seconds(10));
  };
  // 10 % of 3: one in gRPC, none in Envoy, unless it is told to eject one always.
  EXPECT_EQ(run(), GetParam().config == &GrpcConfig ? "eject 1" : "");
  config.always_eject_one = true;
  EXPECT_EQ(run(), "eject 1");
}

TEST_P(OutlierRatesOfProfileTest, Od19NobodyIsEjected) {
  model::OutlierDetection config = FailurePercentageConfig();
  config.failure_percentage.minimum_hosts = 3;
  config.failure_percentage.request_volume = 3;
  config.max_ejection_percent = 100;
  const auto run = [](const model::OutlierDetection& c, size_t failures) {
    OutlierWorld world(3, c);
    world.Rate(0, 0, 10);
    world.Rate(1, failures, 10);
    world.Rate(2, 0, 10);
    return world.RunUntil(absl::Seconds(10));
  };
  EXPECT_EQ(run(config, 10), "eject 1");
  EXPECT_EQ(run(config, 0), "");  // none fails
  model::OutlierDetection not_enforced = config;
  not_enforced.failure_percentage.enforcing = 0;
  EXPECT_EQ(run(not_enforced, 10), "");
  model::OutlierDetection no_room = config;
  no_room.max_ejection_percent = 0;
  EXPECT_EQ(run(no_room, 10), "");
}

TEST_P(OutlierRatesOfProfileTest, Od20To23SuccessRateOfTwo) {
  struct Case {
    std::string what;
    uint32_t stdev_factor, enforcing, minimum_hosts, request_volume;
    size_t attempts;
    std::string changes;  // until 3 s, in which it would be back too
  };
  const Case cases[] = {
      {"OD-20: a tenth of the deviation", 100, 100, 1, 1, 3, "eject 1, readmit 1"},
      {"OD-21: the whole of it", 1000, 100, 1, 1, 3, ""},
      {"OD-23: enforcing 0", 100, 0, 1, 1, 3, ""},
      {"OD-23: too few endpoints", 100, 100, 3, 1, 3, ""},
      {"OD-23: too few attempts", 100, 100, 1, 4, 3, ""},
      {"just as many attempts", 100, 100, 1, 4, 4, "eject 1, readmit 1"},
      {"just as many endpoints", 100, 100, 2, 1, 3, "eject 1, readmit 1"},
  };
  for (const Case& c : cases) {
    model::OutlierDetection config = SuccessRateConfig();
    config.interval = absl::Seconds(1);
    config.base_ejection_time = absl::Seconds(1);
    config.max_ejection_percent = 50;
    config.success_rate.stdev_factor = c.stdev_factor;
    config.success_rate.enforcing = c.enforcing;
    config.success_rate.minimum_hosts = c.minimum_hosts;
    config.success_rate.request_volume = c.request_volume;
    OutlierWorld world(2, config);
    world.Rate(0, 0, c.attempts);
    world.Rate(1, c.attempts, c.attempts);
    EXPECT_EQ(world.RunUntil(absl::Seconds(3)), c.changes) << c.what;
  }
}

TEST_P(OutlierRatesOfProfileTest, Od21WhateverTheRatesOfTwoRoundingEjectsNone) {
  model::OutlierDetection config = SuccessRateConfig();
  config.max_ejection_percent = 50;
  config.success_rate.stdev_factor = 1000;
  config.success_rate.minimum_hosts = 2;
  config.success_rate.request_volume = 1;
  OutlierWorld world(2, config);
  absl::Duration time;
  for (size_t total = 1; total <= 40; ++total) {
    for (size_t failures = 1; failures <= total; ++failures) {
      world.Rate(0, 0, total + 1);
      world.Rate(1, failures, total);
      time += config.interval;
      EXPECT_EQ(world.RunUntil(time), "") << failures << " of " << total;
      world.Rate(0, 1, 7);
      world.Rate(1, failures, total);
      time += config.interval;
      EXPECT_EQ(world.RunUntil(time), "") << failures << " of " << total << ", and 1 of 7";
    }
  }
}

TEST_P(OutlierRatesOfProfileTest, Od24OneFailureIsOutForOneTick) {
  model::OutlierDetection config = FailurePercentageConfig();
  config.failure_percentage.threshold = 1;
  config.failure_percentage.minimum_hosts = 1;
  config.failure_percentage.request_volume = 1;
  config.base_ejection_time = absl::Seconds(1);
  config.max_ejection_time = absl::Seconds(1);
  config.max_ejection_percent = 50;
  OutlierWorld world(3, config);
  world.Rate(1, 1, 1);
  EXPECT_EQ(world.RunUntil(absl::Seconds(10)), "eject 1");
  EXPECT_EQ(world.RunUntil(absl::Seconds(20)), "readmit 1");
}

TEST(OutlierRatesTest, Od15RatesOfLocalOriginAreJudgedApart) {
  model::OutlierDetection config = EnvoyConfig();
  config.consecutive_5xx.threshold = 0;
  config.consecutive_gateway_failure.threshold = 0;
  config.consecutive_local_origin_failure.threshold = 0;
  config.split_local_origin = true;
  config.max_ejection_percent = 20;
  config.failure_percentage.enforcing_local_origin = 100;
  const auto run = [&](OutlierWorld* world) {
    for (size_t i = 0; i < 4; ++i) world->Attempts(i, 100, AttemptVerdict::kSuccess);
    world->Attempts(4, 100, AttemptVerdict::kLocalError);
    return world->RunUntil(absl::Seconds(10));
  };
  OutlierWorld by_rate(5, config);
  EXPECT_EQ(run(&by_rate), "eject 4");
  EXPECT_EQ(by_rate.detector().counts(EjectionCause::kSuccessRateLocalOrigin).enforced, 1u);
  EXPECT_FALSE(by_rate.detector().success_rates().has_value());  // only four had answers

  config.success_rate.on = false;
  OutlierWorld by_percentage(5, config);
  EXPECT_EQ(run(&by_percentage), "eject 4");
  EXPECT_EQ(by_percentage.detector().counts(EjectionCause::kFailurePercentageLocalOrigin).enforced,
            1u);

  // Together, it is a failure as any other.
  config.split_local_origin = false;
  config.failure_percentage.enforcing = 100;
  OutlierWorld together(5, config);
  EXPECT_EQ(run(&together), "eject 4");
  EXPECT_EQ(together.detector().counts(EjectionCause::kFailurePercentage).enforced, 1u);
}

TEST(OutlierRatesTest, ARateThatIsAnOutliersAgainAndAgainIsEjectedForLonger) {
  model::OutlierDetection config = GrpcConfig();
  config.max_ejection_percent = 20;
  OutlierWorld world(5, config);
  const auto end_interval = [&](absl::Duration time) {
    for (size_t i = 0; i < 4; ++i) world.Rate(i, 0, 100);
    world.Rate(4, 100, 100);
    return world.RunUntil(time);
  };
  EXPECT_EQ(end_interval(absl::Seconds(10)), "eject 4");
  EXPECT_EQ(world.RunUntil(absl::Seconds(30)), "");
  // What it did while it was out is not held against it.
  EXPECT_EQ(end_interval(absl::Seconds(40)), "readmit 4");
  EXPECT_EQ(end_interval(absl::Seconds(50)), "eject 4");
  EXPECT_EQ(world.detector().ejection(world.Key(4))->duration, absl::Seconds(60));
}

TEST(OutlierRatesTest, OfSeveralOutliersTheWorstIsEjected) {
  model::OutlierDetection config = EnvoyConfig();
  config.consecutive_5xx.threshold = 0;
  config.success_rate.on = false;
  config.failure_percentage.enforcing = 100;
  config.max_ejection_percent = 40;
  OutlierWorld world(5, config);
  const std::vector<size_t> failures = {86, 99, 0, 90, 100};
  for (size_t i = 0; i < failures.size(); ++i) world.Rate(i, failures[i], 100);
  EXPECT_EQ(world.RunUntil(absl::Seconds(10)), "eject 4, eject 1");
  EXPECT_EQ(world.detector().counts(EjectionCause::kFailurePercentage).detected, 4u);
  EXPECT_EQ(world.detector().counts(EjectionCause::kFailurePercentage).over_cap, 2u);
}

TEST(OutlierRatesTest, AnOutlierOfBothRatesIsEjectedOnce) {
  model::OutlierDetection config = EnvoyConfig();
  config.consecutive_5xx.threshold = 0;
  config.failure_percentage.enforcing = 100;
  config.max_ejection_percent = 100;
  OutlierWorld world(5, config);
  for (size_t i = 0; i < 4; ++i) world.Rate(i, 0, 100);
  world.Rate(4, 100, 100);
  EXPECT_EQ(world.RunUntil(absl::Seconds(10)), "eject 4");
  EXPECT_EQ(world.counts().enforced, 1u);
  EXPECT_EQ(world.detector().ejected(), 1u);
  EXPECT_EQ(world.detector().ejection(world.Key(4))->duration, absl::Seconds(30));
}

}  // namespace
}  // namespace mesh::cluster
