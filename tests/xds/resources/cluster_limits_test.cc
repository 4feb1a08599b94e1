// When the endpoints of a cluster are ejected, what may be in flight: envoy outlier_detection.proto
// and circuit_breaker.proto, gRFC A32 and A50, grpc-go's unmarshal_cds_test.go.

#include <string>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mesh/model/cluster.h"
#include "tests/xds/resources/cluster_text.h"
#include "tests/xds/resources/resource_text.h"

namespace mesh::xds {
namespace {

using model::OutlierDetection;
using model::Thresholds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::string Outlier(const std::string& fields) { return "outlier_detection { " + fields + " } "; }

OutlierDetection Detection(Profile profile, const std::string& fields) {
  const model::Cluster cluster = GoodCluster(profile, Outlier(fields));
  EXPECT_TRUE(cluster.outlier_detection.has_value());
  return cluster.outlier_detection.value_or(OutlierDetection());
}

TEST(ClusterLimitsTest, OD16_NoOutlierDetection) {
  for (const Profile profile : kAllProfiles) {
    EXPECT_FALSE(GoodCluster(profile, "").outlier_detection.has_value());
  }
}

// OD-16
TEST(ClusterLimitsTest, OD16_OutlierDetectionByDefault) {
  for (const Profile profile : kAllProfiles) {
    const bool grpc = profile == Profile::kGrpc;
    const OutlierDetection detection = Detection(profile, "");
    EXPECT_EQ(detection.interval, absl::Seconds(10));
    EXPECT_EQ(detection.base_ejection_time, absl::Seconds(30));
    EXPECT_EQ(detection.max_ejection_time, absl::Seconds(300));
    EXPECT_EQ(detection.max_ejection_time_jitter, absl::ZeroDuration());
    EXPECT_EQ(detection.max_ejection_percent, 10u);
    EXPECT_EQ(detection.cap_counts_the_next, !grpc);  // OD-07
    EXPECT_EQ(detection.every_error_fails, grpc);     // gRFC A50
    EXPECT_FALSE(detection.always_eject_one);
    EXPECT_FALSE(detection.split_local_origin);
    EXPECT_TRUE(detection.readmit_on_active_check);
    EXPECT_EQ(detection.consecutive_5xx.threshold, grpc ? 0u : 5u);
    EXPECT_EQ(detection.consecutive_5xx.enforcing, 100u);
    EXPECT_EQ(detection.consecutive_gateway_failure.threshold, grpc ? 0u : 5u);
    EXPECT_EQ(detection.consecutive_gateway_failure.enforcing, 0u);
    EXPECT_EQ(detection.consecutive_local_origin_failure.threshold, grpc ? 0u : 5u);
    EXPECT_EQ(detection.consecutive_local_origin_failure.enforcing, 100u);
    EXPECT_TRUE(detection.success_rate.on);
    EXPECT_EQ(detection.success_rate.enforcing, 100u);
    EXPECT_EQ(detection.success_rate.enforcing_local_origin, 100u);
    EXPECT_EQ(detection.success_rate.minimum_hosts, 5u);
    EXPECT_EQ(detection.success_rate.request_volume, 100u);
    EXPECT_EQ(detection.success_rate.stdev_factor, 1900u);
    EXPECT_EQ(detection.failure_percentage.threshold, 85u);
    EXPECT_EQ(detection.failure_percentage.or_equal, !grpc);  // OD-05
    EXPECT_EQ(detection.failure_percentage.enforcing, 0u);    // off
    EXPECT_EQ(detection.failure_percentage.enforcing_local_origin, 0u);
    EXPECT_EQ(detection.failure_percentage.minimum_hosts, 5u);
    EXPECT_EQ(detection.failure_percentage.request_volume, 50u);
  }
}

const char kEverything[] =
    "consecutive_5xx { value: 1 } interval { seconds: 2 } base_ejection_time { seconds: 3 } "
    "max_ejection_percent { value: 4 } enforcing_consecutive_5xx { value: 5 } "
    "enforcing_success_rate { value: 6 } success_rate_minimum_hosts { value: 7 } "
    "success_rate_request_volume { value: 8 } success_rate_stdev_factor { value: 9 } "
    "consecutive_gateway_failure { value: 10 } enforcing_consecutive_gateway_failure { value: 11 } "
    "split_external_local_origin_errors: true consecutive_local_origin_failure { value: 13 } "
    "enforcing_consecutive_local_origin_failure { value: 14 } "
    "enforcing_local_origin_success_rate { value: 15 } "
    "failure_percentage_threshold { value: 16 } enforcing_failure_percentage { value: 17 } "
    "enforcing_failure_percentage_local_origin { value: 18 } "
    "failure_percentage_minimum_hosts { value: 19 } "
    "failure_percentage_request_volume { value: 20 } max_ejection_time { seconds: 21 } "
    "max_ejection_time_jitter { seconds: 22 } "
    "successful_active_health_check_uneject_host { value: false } "
    "always_eject_one_host { value: true }";

TEST(ClusterLimitsTest, EverythingThatOutlierDetectionMaySay) {
  for (const Profile profile : kAllProfiles) {
    const bool grpc = profile == Profile::kGrpc;
    const OutlierDetection detection = Detection(profile, kEverything);
    EXPECT_EQ(detection.interval, absl::Seconds(2));
    EXPECT_EQ(detection.base_ejection_time, absl::Seconds(3));
    EXPECT_EQ(detection.max_ejection_percent, 4u);
    EXPECT_EQ(detection.max_ejection_time, absl::Seconds(21));
    EXPECT_EQ(detection.success_rate.enforcing, 6u);
    EXPECT_EQ(detection.success_rate.minimum_hosts, 7u);
    EXPECT_EQ(detection.success_rate.request_volume, 8u);
    EXPECT_EQ(detection.success_rate.stdev_factor, 9u);
    EXPECT_EQ(detection.failure_percentage.threshold, 16u);
    EXPECT_EQ(detection.failure_percentage.enforcing, 17u);
    EXPECT_EQ(detection.failure_percentage.minimum_hosts, 19u);
    EXPECT_EQ(detection.failure_percentage.request_volume, 20u);
    // What gRPC does not read:
    EXPECT_EQ(detection.consecutive_5xx.threshold, grpc ? 0u : 1u);
    EXPECT_EQ(detection.consecutive_gateway_failure.threshold, grpc ? 0u : 10u);
    EXPECT_EQ(detection.consecutive_local_origin_failure.threshold, grpc ? 0u : 13u);
    EXPECT_EQ(detection.split_local_origin, !grpc);
    if (grpc) continue;
    EXPECT_EQ(detection.consecutive_5xx.enforcing, 5u);
    EXPECT_EQ(detection.consecutive_gateway_failure.enforcing, 11u);
    EXPECT_EQ(detection.consecutive_local_origin_failure.enforcing, 14u);
    EXPECT_EQ(detection.success_rate.enforcing_local_origin, 15u);
    EXPECT_EQ(detection.failure_percentage.enforcing_local_origin, 18u);
    EXPECT_EQ(detection.max_ejection_time_jitter, absl::Seconds(22));
    EXPECT_FALSE(detection.readmit_on_active_check);
    EXPECT_TRUE(detection.always_eject_one);
  }
  EXPECT_THAT(GoodCluster(Profile::kMesh, Outlier(kEverything)).ignored, IsEmpty());
  EXPECT_EQ(GoodCluster(Profile::kGrpc, Outlier(kEverything)).ignored.size(), 12u);
}

// OD-16: zero switches off in gRPC; in Envoy it detects, and ejects nobody (OD-08).
TEST(ClusterLimitsTest, OD16_ZeroSwitchesOffInGrpc) {
  const std::string off = "enforcing_success_rate { } enforcing_failure_percentage { }";
  for (const Profile profile : kAllProfiles) {
    const OutlierDetection detection = Detection(profile, off);
    EXPECT_EQ(detection.success_rate.on, profile != Profile::kGrpc);
    EXPECT_EQ(detection.success_rate.enforcing, 0u);
    EXPECT_EQ(detection.failure_percentage.enforcing, 0u);
  }
}

TEST(ClusterLimitsTest, OD17_TheLongestEjection) {
  const std::string base = "base_ejection_time { seconds: 400 } ";
  for (const Profile profile : kAllProfiles) {
    EXPECT_EQ(Detection(profile, base).max_ejection_time, absl::Seconds(400));
    EXPECT_EQ(Detection(profile, base + "max_ejection_time { seconds: 500 }").max_ejection_time,
              absl::Seconds(500));
  }
  // Envoy's outlier_detection_impl.cc; OD-17.
  const std::string less = base + "max_ejection_time { seconds: 399 }";
  CheckClusters(kNotGrpc, {{"less than the base", Outlier(less),
                            "outlier_detection.max_ejection_time: less than base_ejection_time"}});
  EXPECT_EQ(Detection(Profile::kGrpc, less).max_ejection_time, absl::Seconds(400));
}

TEST(ClusterLimitsTest, OD25_RefusedInEveryProfile) {
  const std::string at = "outlier_detection.";
  CheckClusters(
      kAllProfiles,
      {
          {"good", Outlier("interval { seconds: 1 } max_ejection_percent { value: 100 }"), ""},
          {"interval negative", Outlier("interval { seconds: -1 }"), at + "interval: negative"},
          {"interval too large", Outlier("interval { seconds: 315576000001 }"),
           at + "interval: out of range"},
          {"base negative", Outlier("base_ejection_time { nanos: -1 }"),
           at + "base_ejection_time: negative"},
          {"base too large", Outlier("base_ejection_time { nanos: 1000000000 }"),
           at + "base_ejection_time: out of range"},
          {"max negative", Outlier("max_ejection_time { seconds: -1 }"),
           at + "max_ejection_time: negative"},
          {"max too large", Outlier("max_ejection_time { seconds: 315576000001 }"),
           at + "max_ejection_time: out of range"},
          {"max percent", Outlier("max_ejection_percent { value: 101 }"),
           at + "max_ejection_percent: 101 is more than 100 percent"},
          {"success rate", Outlier("enforcing_success_rate { value: 101 }"),
           at + "enforcing_success_rate: 101 is more than 100 percent"},
          {"threshold", Outlier("failure_percentage_threshold { value: 101 }"),
           at + "failure_percentage_threshold: 101 is more than 100 percent"},
          {"failure percentage", Outlier("enforcing_failure_percentage { value: 101 }"),
           at + "enforcing_failure_percentage: 101 is more than 100 percent"},
      });
}

TEST(ClusterLimitsTest, OD25_WhatOnlyEnvoyReads) {
  const std::string at = "outlier_detection.";
  std::vector<ClusterCase> cases = {
      {"interval 0", Outlier("interval { }"), at + "interval: zero"},
      {"base 0", Outlier("base_ejection_time { }"), at + "base_ejection_time: zero"},
      {"max 0", Outlier("max_ejection_time { }"), at + "max_ejection_time: zero"},
      {"jitter", Outlier("max_ejection_time_jitter { seconds: -1 }"),
       at + "max_ejection_time_jitter: negative"},
  };
  for (const std::string field :
       {"enforcing_consecutive_5xx", "enforcing_consecutive_gateway_failure",
        "enforcing_consecutive_local_origin_failure", "enforcing_local_origin_success_rate",
        "enforcing_failure_percentage_local_origin"}) {
    cases.push_back(
        {field, Outlier(field + " { value: 101 }"), at + field + ": 101 is more than 100 percent"});
  }
  CheckClusters(kNotGrpc, cases);
  for (ClusterCase& test : cases) test.error.clear();
  CheckClusters({Profile::kGrpc}, cases);
  EXPECT_EQ(Detection(Profile::kGrpc, "interval { }").interval, absl::Milliseconds(1));
  EXPECT_EQ(Detection(Profile::kMesh, "interval { nanos: 1 }").interval, absl::Milliseconds(1));
}

std::string Breakers(const std::string& thresholds) {
  return "circuit_breakers { " + thresholds + " } ";
}

TEST(ClusterLimitsTest, CB01_LimitsByDefault) {
  for (const std::string& fields : {std::string(), Breakers(""), Breakers("thresholds { }")}) {
    for (const Profile profile : kNotGrpc) {
      const model::CircuitBreakers breakers = GoodCluster(profile, fields).circuit_breakers;
      // Envoy's limits; but in kMesh none of retries, while no thresholds say otherwise (F16).
      Thresholds unsaid;
      if (profile == Profile::kMesh) unsaid.max_retries = Thresholds::kNone;
      const bool said = fields.find("thresholds") != std::string::npos;
      EXPECT_EQ(breakers.normal, said ? Thresholds() : unsaid);
      EXPECT_EQ(breakers.normal.max_connections, 1024u);
      EXPECT_EQ(breakers.high, unsaid);
    }
    // gRFC A32
    const model::CircuitBreakers grpc = GoodCluster(Profile::kGrpc, fields).circuit_breakers;
    const uint32_t none = Thresholds::kNone;
    EXPECT_EQ(grpc.normal, (Thresholds{none, none, 1024, none, {}}));
    EXPECT_EQ(grpc.high, (Thresholds{none, none, none, none, {}}));
  }
}

TEST(ClusterLimitsTest, TheFirstThresholdsOfAPriority) {
  const std::string fields = Breakers(
      "thresholds { priority: 1 max_requests { value: 7 } } "
      "thresholds { max_connections { value: 1 } max_pending_requests { value: 2 } "
      "  max_requests { value: 0 } max_retries { value: 4 } "
      "  retry_budget { budget_percent { value: 12.5 } min_retry_concurrency { value: 0 } } } "
      "thresholds { max_requests { value: 8 } } "
      "thresholds { priority: 1 max_requests { value: 9 } }");
  for (const Profile profile : kNotGrpc) {
    const model::Cluster cluster = GoodCluster(profile, fields);
    EXPECT_EQ(cluster.circuit_breakers.normal,
              (Thresholds{1, 2, 0, 4, Thresholds::RetryBudget{12.5, 0}}));
    EXPECT_EQ(cluster.circuit_breakers.high, (Thresholds{1024, 1024, 7, 3, {}}));
    EXPECT_THAT(cluster.ignored, ElementsAre("circuit_breakers.thresholds.priority, as before"));
  }
  const model::Cluster grpc = GoodCluster(Profile::kGrpc, fields);
  const uint32_t none = Thresholds::kNone;
  EXPECT_EQ(grpc.circuit_breakers.normal, (Thresholds{none, none, 0, none, {}}));
  EXPECT_EQ(grpc.circuit_breakers.high, (Thresholds{none, none, none, none, {}}));
  EXPECT_THAT(grpc.ignored,
              UnorderedElementsAre("circuit_breakers.thresholds.max_connections",
                                   "circuit_breakers.thresholds.max_pending_requests",
                                   "circuit_breakers.thresholds.max_retries",
                                   "circuit_breakers.thresholds.retry_budget",
                                   "circuit_breakers.thresholds.priority, as before",
                                   "circuit_breakers.thresholds.priority, other than DEFAULT"));
}

TEST(ClusterLimitsTest, ARetryBudgetByDefault) {
  const model::Cluster cluster =
      GoodCluster(Profile::kMesh, Breakers("thresholds { retry_budget { } }"));
  EXPECT_EQ(cluster.circuit_breakers.normal.retry_budget, (Thresholds::RetryBudget{20, 3}));
}

TEST(ClusterLimitsTest, ConnectionsOfAHost) {
  const auto of_host = [](const std::string& fields) {
    return "per_host_thresholds { " + fields + " } ";
  };
  const std::string seven = of_host("max_connections { value: 7 }");
  const struct {
    std::string fields;
    uint32_t limit;
    std::vector<std::string> ignored;
  } kRows[] = {
      {"", 0, {}},
      {of_host(""), 0, {}},
      {seven, 7, {}},
      {of_host("max_connections { }"), 1, {}},
      {of_host("priority: 1 max_connections { value: 5 }") + seven,
       7,
       {"circuit_breakers.per_host_thresholds.priority, other than DEFAULT"}},
      {seven + of_host("max_connections { value: 5 }"),
       7,
       {"circuit_breakers.per_host_thresholds.priority, as before"}},
  };
  for (const auto& row : kRows) {
    for (const Profile profile : kNotGrpc) {
      const model::Cluster cluster = GoodCluster(profile, Breakers(row.fields));
      EXPECT_EQ(cluster.connections.max_connections, row.limit) << row.fields;
      EXPECT_EQ(cluster.ignored, row.ignored) << row.fields;
      EXPECT_EQ(cluster.circuit_breakers.normal, GoodCluster(profile, "").circuit_breakers.normal);
    }
  }
  const model::Cluster grpc = GoodCluster(Profile::kGrpc, Breakers(seven));
  EXPECT_EQ(grpc.connections.max_connections, 0u);
  EXPECT_THAT(grpc.ignored, ElementsAre("circuit_breakers.per_host_thresholds"));
  const std::string at = "circuit_breakers.per_host_thresholds[0].";
  const std::string cause = ": not a limit of hosts, which have max_connections";
  std::vector<ClusterCase> cases = {
      {"a priority that is not known", Breakers(of_host("priority: 2")),
       at + "priority: unknown value 2"},
      {"a retry budget", Breakers(of_host("retry_budget { }")), at + "retry_budget" + cause},
  };
  for (const std::string field : {"max_pending_requests", "max_requests", "max_retries"}) {
    cases.push_back({field, Breakers(of_host(field + " { value: 5 }")), at + field + cause});
  }
  CheckClusters(kNotGrpc, cases);
}

TEST(ClusterLimitsTest, CircuitBreakersThatAreRefused) {
  const auto budget = [](const std::string& value) {
    return Breakers(
        "thresholds { } thresholds { priority: 1 retry_budget { budget_percent { value: " + value +
        " } } }");
  };
  const std::string at = "circuit_breakers.thresholds[1].";
  const std::string percent = at + "retry_budget.budget_percent.value: ";
  std::vector<ClusterCase> cases = {
      {"a priority that is not known", Breakers("thresholds { } thresholds { priority: 2 }"),
       at + "priority: unknown value 2"},
      {"a negative priority", Breakers("thresholds { } thresholds { priority: -1 }"),
       at + "priority: unknown value -1"},
      {"above", budget("101"), percent + "101 is not within 0 to 100 percent"},
      {"below", budget("-0.1"), percent + "-0.1 is not within 0 to 100 percent"},
      {"no number", budget("nan"), percent + "nan is not within 0 to 100 percent"},
  };
  CheckClusters(kNotGrpc, cases);
  for (ClusterCase& test : cases) test.error.clear();
  CheckClusters({Profile::kGrpc}, cases);
}

}  // namespace
}  // namespace mesh::xds
