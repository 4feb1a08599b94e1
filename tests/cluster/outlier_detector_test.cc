// Outlier detection by failures in a row, caps, times and updates: the conformance cases, by their
// ids. Those of rates are in outlier_rates_test.cc; OD-25 is the decoder's.

#include "mesh/cluster/outlier_detector.h"

#include <algorithm>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/cluster/outlier_fixture.h"

namespace mesh::cluster {
namespace {

constexpr auto kServerError = AttemptVerdict::kServerError;
constexpr auto kGatewayError = AttemptVerdict::kGatewayError;
constexpr auto kLocalError = AttemptVerdict::kLocalError;
constexpr auto k5xx = EjectionCause::kConsecutive5xx;
constexpr auto kGateway = EjectionCause::kConsecutiveGatewayFailure;
constexpr auto kLocalOrigin = EjectionCause::kConsecutiveLocalOriginFailure;

// Endpoints are ejected by failures in a row, of all of them if need be.
model::OutlierDetection OnlyConsecutive() {
  model::OutlierDetection config = EnvoyConfig();
  config.success_rate.on = false;
  config.max_ejection_percent = 100;
  return config;
}

TEST(OutlierDetectorTest, Od06TheFifthFailureEjectsAtOnce) {
  OutlierWorld world(10, EnvoyConfig());
  EXPECT_EQ(world.Attempts(3, 4, kServerError), EjectionDecision::kIgnored);
  EXPECT_FALSE(world.is_ejected(3));
  EXPECT_EQ(world.Attempt(3, kServerError), EjectionDecision::kEjected);
  EXPECT_TRUE(world.is_ejected(3));
  EXPECT_EQ(world.detector().counts(k5xx).enforced, 1u);

  OutlierWorld grpc(10, GrpcConfig());  // which has no such detector
  grpc.Attempts(3, 100, kServerError);
  EXPECT_EQ(grpc.counts().detected, 0u);
}

TEST(OutlierDetectorTest, Od07Caps) {
  struct Case {
    std::string what;
    bool cap_counts_the_next, always_eject_one;
    uint32_t max_percent;
    size_t endpoints, ejected;
  };
  const Case cases[] = {
      {"OD-07: 1 % of 2, Envoy", true, false, 1, 2, 0},
      {"OD-07: 1 % of 2, Envoy, always one", true, true, 1, 2, 1},
      {"OD-07: 1 % of 2, gRPC", false, false, 1, 2, 1},
      {"10 % of 3, Envoy", true, false, 10, 3, 0},
      {"10 % of 3, gRPC", false, false, 10, 3, 1},
      {"10 % of 10", true, false, 10, 10, 1},
      {"10 % of 19, rounded down", true, false, 10, 19, 1},
      {"10 % of 10, gRPC", false, false, 10, 10, 1},
      {"10 % of 11, gRPC, rounded up", false, false, 10, 11, 2},
      {"half of 4", true, false, 50, 4, 2},
      {"half of 4, always one changes nothing", true, true, 50, 4, 2},
      {"half of 4, gRPC", false, false, 50, 4, 2},
      {"all, Envoy", true, false, 100, 4, 4},
      {"all, gRPC", false, false, 100, 4, 4},
      {"more than all", true, false, 250, 4, 4},
      {"none, Envoy", true, false, 0, 4, 0},
      {"none, Envoy, always one", true, true, 0, 4, 1},
      {"none, gRPC", false, false, 0, 4, 0},
      {"the only one, Envoy", true, false, 99, 1, 0},
      {"the only one, gRPC", false, false, 99, 1, 1},
  };
  for (const Case& c : cases) {
    model::OutlierDetection config = OnlyConsecutive();
    config.cap_counts_the_next = c.cap_counts_the_next;
    config.always_eject_one = c.always_eject_one;
    config.max_ejection_percent = c.max_percent;
    OutlierWorld world(c.endpoints, config);
    for (size_t i = 0; i < c.endpoints; ++i) {
      EXPECT_EQ(world.Attempts(i, 5, kServerError),
                i < c.ejected ? EjectionDecision::kEjected : EjectionDecision::kOverCap)
          << c.what << ", " << i;
    }
    EXPECT_EQ(world.detector().ejected(), c.ejected) << c.what;
    const OutlierDetector::Counts& counts = world.detector().counts(k5xx);
    EXPECT_EQ(counts.detected, c.endpoints) << c.what;
    EXPECT_EQ(counts.enforced, c.ejected) << c.what;
    EXPECT_EQ(counts.over_cap, c.endpoints - c.ejected) << c.what;
  }
}

TEST(OutlierDetectorTest, Od08GatewayFailuresAreNotEnforcedByDefault) {
  model::OutlierDetection config = OnlyConsecutive();
  config.consecutive_5xx.threshold = 8;
  OutlierWorld world(2, config);
  EXPECT_EQ(world.Attempts(0, 5, kGatewayError), EjectionDecision::kNotEnforced);
  EXPECT_EQ(world.detector().counts(kGateway).detected, 1u);
  EXPECT_EQ(world.detector().counts(kGateway).enforced, 0u);
  EXPECT_EQ(world.Attempts(0, 3, kGatewayError), EjectionDecision::kEjected);
  EXPECT_EQ(world.detector().ejection(world.Key(0))->cause, k5xx);
}

TEST(OutlierDetectorTest, EnforcingIsADrawBelowThePercentage) {
  model::OutlierDetection config = OnlyConsecutive();
  config.consecutive_5xx = {1, 30};
  OutlierWorld world(4, config, {30, 129, 99, 100});
  EXPECT_EQ(world.Attempt(0, kServerError), EjectionDecision::kNotEnforced);
  EXPECT_EQ(world.Attempt(1, kServerError), EjectionDecision::kEjected);  // 29 of 100
  EXPECT_EQ(world.Attempt(2, kServerError), EjectionDecision::kNotEnforced);
  EXPECT_EQ(world.Attempt(3, kServerError), EjectionDecision::kEjected);
  EXPECT_EQ(world.draws().drawn(), 4u);
  EXPECT_EQ(world.detector().counts(k5xx).detected, 4u);
  EXPECT_EQ(world.detector().counts(k5xx).enforced, 2u);
}

TEST(OutlierDetectorTest, BothThresholdsAtOnceEjectOnce) {
  model::OutlierDetection config = OnlyConsecutive();
  config.consecutive_gateway_failure.enforcing = 100;
  OutlierWorld world(2, config);
  EXPECT_EQ(world.Attempts(0, 5, kGatewayError), EjectionDecision::kEjected);
  EXPECT_EQ(world.detector().counts(kGateway).enforced, 1u);
  EXPECT_EQ(world.detector().counts(k5xx).detected, 0u);
  EXPECT_EQ(world.detector().ejected(), 1u);
}

TEST(OutlierDetectorTest, Od11JitterIsDrawnInMilliseconds) {
  model::OutlierDetection config = OnlyConsecutive();
  config.max_ejection_time_jitter = absl::Seconds(10);
  OutlierWorld world(2, config, {123456789});
  world.Attempts(0, 5, kServerError);
  const auto ejection = world.detector().ejection(world.Key(0));
  ASSERT_TRUE(ejection.has_value());
  EXPECT_EQ(ejection->duration, absl::Milliseconds(30000 + 4445));
  EXPECT_EQ(ejection->since, world.now());
  EXPECT_EQ(world.RunUntil(absl::Seconds(30)), "");
  EXPECT_EQ(world.RunUntil(absl::Seconds(40)), "readmit 0");
  // Another ejection draws anew, and gets 0.
  world.Attempts(0, 5, kServerError);
  EXPECT_EQ(world.detector().ejection(world.Key(0))->duration, absl::Seconds(60));
}

TEST(OutlierDetectorTest, Od13AThresholdThatIsToldTwiceEjectsOnce) {
  OutlierWorld world(10, EnvoyConfig());
  Crossings crossings;
  crossings.insert(k5xx);
  EXPECT_EQ(world.detector().OnConsecutive(world.Key(1), crossings, world.now()),
            EjectionDecision::kEjected);
  EXPECT_EQ(world.detector().OnConsecutive(world.Key(1), crossings, world.now()),
            EjectionDecision::kIgnored);
  EXPECT_EQ(world.detector().counts(k5xx).detected, 1u);
  EXPECT_EQ(world.detector().counts(k5xx).enforced, 1u);
  EXPECT_EQ(world.detector().ejected(), 1u);
}

TEST(OutlierDetectorTest, Od15LocalOriginCountsApartWhereItIsSplit) {
  model::OutlierDetection config = OnlyConsecutive();
  config.split_local_origin = true;
  OutlierWorld world(2, config);
  EXPECT_EQ(world.Attempts(0, 5, kLocalError), EjectionDecision::kEjected);
  EXPECT_EQ(world.detector().counts(kLocalOrigin).enforced, 1u);
  EXPECT_EQ(world.detector().counts(k5xx).detected, 0u);

  config.split_local_origin = false;
  OutlierWorld together(2, config);
  EXPECT_EQ(together.Attempts(0, 5, kLocalError), EjectionDecision::kEjected);
  EXPECT_EQ(together.detector().counts(kLocalOrigin).detected, 0u);
  EXPECT_EQ(together.detector().counts(kGateway).detected, 1u);
  EXPECT_EQ(together.detector().counts(k5xx).enforced, 1u);
}

TEST(OutlierDetectorTest, Od16Defaults) {
  const model::OutlierDetection config;
  EXPECT_EQ(config.interval, absl::Seconds(10));
  EXPECT_EQ(config.base_ejection_time, absl::Seconds(30));
  EXPECT_EQ(config.max_ejection_time, absl::Seconds(300));
  EXPECT_EQ(config.max_ejection_time_jitter, absl::ZeroDuration());
  EXPECT_EQ(config.max_ejection_percent, 10u);
  EXPECT_EQ(config.success_rate.stdev_factor, 1900u);
  EXPECT_EQ(config.success_rate.enforcing, 100u);
  EXPECT_EQ(config.success_rate.minimum_hosts, 5u);
  EXPECT_EQ(config.success_rate.request_volume, 100u);
  EXPECT_EQ(config.failure_percentage.threshold, 85u);
  EXPECT_EQ(config.failure_percentage.minimum_hosts, 5u);
  EXPECT_EQ(config.failure_percentage.request_volume, 50u);
}

TEST(OutlierDetectorTest, Od16WithoutADetectorItIsOff) {
  OutlierWorld none(3, std::nullopt);
  EXPECT_FALSE(none.detector().is_on());
  EXPECT_EQ(none.detector().NextInterval(), absl::InfiniteFuture());
  none.Attempts(0, 100, kServerError);
  EXPECT_EQ(none.counts().detected, 0u);

  // Success rates off, and failure percentages not enforced.
  model::OutlierDetection config = GrpcConfig();
  config.success_rate.on = false;
  EXPECT_FALSE(OutlierWorld(3, config).detector().is_on());
  // A threshold of local origin is none where that is not apart.
  config.consecutive_local_origin_failure.threshold = 5;
  EXPECT_FALSE(OutlierWorld(3, config).detector().is_on());
  config.split_local_origin = true;
  EXPECT_TRUE(OutlierWorld(3, config).detector().is_on());
}

// envoy outlier_detection_impl, ejectHost
TEST(OutlierDetectorTest, OneEjectionAfterTheTimeIsTheLongestCounts) {
  model::OutlierDetection config = OnlyConsecutive();
  config.max_ejection_time = absl::Seconds(60);
  OutlierWorld world(2, config);
  const auto eject = [&] {
    EXPECT_EQ(world.Attempts(0, 5, kServerError), EjectionDecision::kEjected);
    return world.detector().ejection(world.Key(0))->duration;
  };
  EXPECT_EQ(eject(), absl::Seconds(30));
  EXPECT_EQ(world.RunUntil(absl::Seconds(30)), "readmit 0");
  EXPECT_EQ(eject(), absl::Seconds(60));
  EXPECT_EQ(world.RunUntil(absl::Seconds(90)), "readmit 0");
  EXPECT_EQ(eject(), absl::Seconds(60));  // counts
  EXPECT_EQ(world.RunUntil(absl::Seconds(150)), "readmit 0");
  EXPECT_EQ(eject(), absl::Seconds(60));  // does not count
  EXPECT_EQ(world.RunUntil(absl::Seconds(210)), "readmit 0");
  EXPECT_EQ(world.RunUntil(absl::Seconds(230)), "");  // two intervals undo two of three
  EXPECT_EQ(eject(), absl::Seconds(60));
  EXPECT_EQ(world.RunUntil(absl::Seconds(290)), "readmit 0");
  EXPECT_EQ(world.RunUntil(absl::Seconds(310)), "");
  EXPECT_EQ(eject(), absl::Seconds(30));
}

TEST(OutlierDetectorTest, Od17EachEjectionInARowIsLongerAndHealthyIntervalsForget) {
  OutlierWorld world(2, OnlyConsecutive());
  const auto eject = [&] {
    EXPECT_EQ(world.Attempts(0, 5, kServerError), EjectionDecision::kEjected);
    return world.detector().ejection(world.Key(0))->duration;
  };
  world.RunUntil(absl::Seconds(5));
  EXPECT_EQ(eject(), absl::Seconds(30));  // over at 35
  EXPECT_EQ(world.RunUntil(absl::Milliseconds(39999)), "");
  EXPECT_EQ(world.RunUntil(absl::Seconds(41)), "readmit 0");
  EXPECT_EQ(eject(), absl::Seconds(60));  // over at 101
  EXPECT_EQ(world.RunUntil(absl::Milliseconds(109999)), "");
  EXPECT_EQ(world.RunUntil(absl::Seconds(110)), "readmit 0");
  // The interval in which it came back is none of health; the next one is, and one is forgotten.
  world.RunUntil(absl::Seconds(121));
  EXPECT_EQ(eject(), absl::Seconds(60));  // over at 181
  EXPECT_EQ(world.RunUntil(absl::Seconds(190)), "readmit 0");
  // Two, and then there is no more to forget.
  world.RunUntil(absl::Seconds(260));
  EXPECT_EQ(eject(), absl::Seconds(30));
}

TEST(OutlierDetectorTest, Od17NoEjectionIsLongerThanTheMost) {
  OutlierWorld world(2, OnlyConsecutive());
  absl::Duration time;
  for (int i = 1; i <= 14; ++i) {
    world.Attempts(0, 5, kServerError);
    ASSERT_TRUE(world.is_ejected(0));
    EXPECT_EQ(world.detector().ejection(world.Key(0))->duration,
              absl::Seconds(std::min(30 * i, 300)));
    time += absl::Seconds(std::min(30 * i, 300));
    EXPECT_EQ(world.RunUntil(time), "readmit 0") << i;
  }
  // Eleven healthy intervals forget all of it, however many ejections there were.
  world.RunUntil(time + absl::Seconds(110));
  world.Attempts(0, 5, kServerError);
  EXPECT_EQ(world.detector().ejection(world.Key(0))->duration, absl::Seconds(30));
}

TEST(OutlierDetectorTest, Od17ABaseAboveTheMostIsTheMost) {
  model::OutlierDetection config = OnlyConsecutive();
  config.base_ejection_time = absl::Seconds(40);
  config.max_ejection_time = absl::Seconds(20);
  OutlierWorld world(2, config);
  for (int i = 1; i <= 3; ++i) {
    world.Attempts(0, 5, kServerError);
    EXPECT_EQ(world.detector().ejection(world.Key(0))->duration, absl::Seconds(40));
    EXPECT_EQ(world.RunUntil(i * absl::Seconds(40)), "readmit 0");
  }
}

TEST(OutlierDetectorTest, CountsInARowBeginAnewAfterADecision) {
  model::OutlierDetection config = OnlyConsecutive();
  config.max_ejection_percent = 50;
  OutlierWorld world(2, config);
  EXPECT_EQ(world.Attempts(0, 5, kServerError), EjectionDecision::kEjected);
  // No room for another one; each five failures ask again.
  EXPECT_EQ(world.Attempts(1, 5, kServerError), EjectionDecision::kOverCap);
  EXPECT_EQ(world.Attempts(1, 4, kServerError), EjectionDecision::kIgnored);
  EXPECT_EQ(world.Attempt(1, kServerError), EjectionDecision::kOverCap);
  // Failures while it was out (in panic) do not count once it is back.
  world.Attempts(0, 4, kServerError);
  EXPECT_EQ(world.RunUntil(absl::Seconds(30)), "readmit 0");
  EXPECT_EQ(world.Attempts(0, 4, kServerError), EjectionDecision::kIgnored);
  EXPECT_EQ(world.Attempt(0, kServerError), EjectionDecision::kEjected);
}

TEST(OutlierDetectorTest, AnActiveCheckReadmits) {
  model::OutlierDetection config = OnlyConsecutive();
  OutlierWorld world(2, config);
  EXPECT_FALSE(world.detector().ReadmitByActiveCheck(world.Key(0)));
  world.Attempts(0, 5, kServerError);
  EXPECT_TRUE(world.detector().ReadmitByActiveCheck(world.Key(0)));
  EXPECT_FALSE(world.is_ejected(0));
  EXPECT_EQ(world.detector().ejected(), 0u);
  EXPECT_FALSE(world.detector().ReadmitByActiveCheck(world.Key(0)));

  config.readmit_on_active_check = false;
  world.detector().Update(config, world.now());
  world.Attempts(0, 5, kServerError);
  EXPECT_FALSE(world.detector().ReadmitByActiveCheck(world.Key(0)));
  EXPECT_TRUE(world.is_ejected(0));
}

TEST(OutlierDetectorTest, ANewIntervalKeepsThePhase) {
  model::OutlierDetection config = OnlyConsecutive();
  OutlierWorld world(2, config);
  EXPECT_EQ(world.detector().NextInterval(), world.at(absl::Seconds(10)));
  world.RunUntil(absl::Seconds(15));  // the interval began at 10
  config.interval = absl::Seconds(30);
  world.detector().Update(config, world.now());
  EXPECT_EQ(world.detector().NextInterval(), world.at(absl::Seconds(40)));
  config.interval = absl::Seconds(2);
  world.detector().Update(config, world.now());
  EXPECT_EQ(world.detector().NextInterval(), world.at(absl::Seconds(12)));  // at once
  // Off and on again, it begins then.
  world.detector().Update(std::nullopt, world.now());
  world.detector().Update(config, world.now());
  EXPECT_EQ(world.detector().NextInterval(), world.at(absl::Seconds(17)));
  // An interval of nothing is not one of no time.
  config.interval = absl::ZeroDuration();
  world.detector().Update(config, world.now());
  EXPECT_GT(world.detector().NextInterval(), world.now());
}

TEST(OutlierDetectorTest, TurnedOffEverybodyIsReadmittedAndAllIsForgotten) {
  model::OutlierDetection config = OnlyConsecutive();
  OutlierWorld world(3, config);
  world.Attempts(0, 5, kServerError);
  world.Attempts(2, 5, kServerError);
  world.Attempts(1, 4, kServerError);
  EXPECT_EQ(world.Words(world.detector().Update(std::nullopt, world.now())),
            "readmit 0, readmit 2");
  EXPECT_EQ(world.detector().ejected(), 0u);
  EXPECT_EQ(world.Words(world.detector().OnInterval(world.now())), "");
  EXPECT_EQ(world.Words(world.detector().Update(config, world.now())), "");
  EXPECT_EQ(world.Attempt(1, kServerError), EjectionDecision::kIgnored);
  EXPECT_EQ(world.Attempts(0, 5, kServerError), EjectionDecision::kEjected);
  EXPECT_EQ(world.detector().ejection(world.Key(0))->duration, absl::Seconds(30));
}

TEST(OutlierDetectorTest, ALowerThresholdIsNotPassedUnseen) {
  model::OutlierDetection config = OnlyConsecutive();
  config.consecutive_5xx.threshold = 100;
  OutlierWorld world(2, config);
  world.Attempts(0, 50, kServerError);
  config.consecutive_5xx.threshold = 5;
  world.detector().Update(config, world.now());
  EXPECT_EQ(world.Attempts(0, 5, kServerError), EjectionDecision::kEjected);
  // An update that changes none leaves the counts alone.
  world.Attempts(1, 4, kServerError);
  config.max_ejection_percent = 99;
  world.detector().Update(config, world.now());
  EXPECT_EQ(world.Attempt(1, kServerError), EjectionDecision::kOverCap);
}

}  // namespace
}  // namespace mesh::cluster
