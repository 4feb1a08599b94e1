// What endpoints weigh by what they report (gRFC A58), and when.

#include "balancer/load_weight.h"

#include <limits>

#include "gtest/gtest.h"

namespace mesh::balancer {
namespace {

using model::LoadReport;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinite = std::numeric_limits<double>::infinity();

LoadReport Report(double qps, double eps, double application, double cpu, double named = 0) {
  LoadReport report;
  report.qps = qps;
  report.eps = eps;
  report.application_utilization = application;
  report.cpu_utilization = cpu;
  report.named_utilization = named;
  return report;
}

TEST(LoadWeightTest, WeightsOfReports) {
  const struct {
    const char* what;
    LoadReport report;
    double penalty;
    double weight;
  } cases[] = {
      {"WRR-11: busy", Report(10, 0, 1.0, 0), 1, 10},
      {"WRR-11: idle", Report(10, 0, 0.1, 0), 1, 100},
      {"WRR-12: idle, but all calls fail", Report(10, 10, 0.1, 0), 0.9, 10},
      {"half of the calls fail", Report(10, 5, 0.5, 0), 1, 10},
      {"no penalty", Report(10, 10, 0.5, 0), 0, 20},
      {"errors below 0", Report(10, -10, 0.5, 0), 1, 20},
      {"errors that are no number", Report(10, kNan, 0.5, 0), 1, 20},
      {"the CPU's", Report(10, 0, 0, 0.5), 1, 20},
      {"the application's before others", Report(10, 0, 0.25, 0.5, 1), 1, 40},
      {"a named metric's before the CPU's", Report(10, 0, 0, 0.5, 1), 1, 10},
      {"above 1", Report(10, 0, 2, 0), 1, 5},
      {"an application's that says nothing", Report(10, 0, -1, 0.5), 1, 20},
      {"one that is no number", Report(10, 0, kNan, 0.5), 1, 20},
      {"nothing", Report(0, 0, 0, 0), 1, 0},
      {"no queries", Report(0, 0, 0.5, 0.5), 1, 0},
      {"no utilization", Report(10, 0, 0, 0), 1, 0},
      {"below 0", Report(-1, 0, 0.5, 0), 1, 0},
      {"queries that are no number", Report(kNan, 0, 0.5, 0), 1, 0},
      {"infinite queries", Report(kInfinite, 0, 0.5, 0), 1, 0},
      {"infinite utilization", Report(10, 0, kInfinite, 0), 1, 0},
      {"a CPU's that is no number", Report(10, 0, 0, kNan), 1, 0},
      {"more than a weight can be", Report(1e300, 0, 1e-300, 0), 1, 0},
      {"less than a weight can be", Report(1e-300, 0, 1, 0), 1, 0},
      {"infinite errors", Report(10, kInfinite, 0.5, 0), 1, 0},
  };
  for (const auto& c : cases) {
    EXPECT_DOUBLE_EQ(WeightOf(c.report, c.penalty), c.weight) << c.what;
  }
}

class LoadWeightLifeTest : public ::testing::Test {
 protected:
  void Record(double qps = 10) { weight_.Record(Report(qps, 0, 1, 0), rules_, now_); }
  double Get() { return weight_.Get(rules_, now_); }
  void Pass(double seconds) { now_ += absl::Seconds(seconds); }

  model::ClientSideWeightedRoundRobin rules_;
  absl::Time now_ = absl::FromUnixSeconds(1000);
  LoadWeight weight_;
};

TEST_F(LoadWeightLifeTest, UnknownUntilTheBlackoutIsOver) {  // WRR-13, WRR-15
  EXPECT_EQ(Get(), 0);
  Record(10);
  EXPECT_EQ(Get(), 0);
  Pass(9.9);
  Record(20);
  EXPECT_EQ(Get(), 0);
  Pass(0.1);
  EXPECT_EQ(Get(), 20);
}

TEST_F(LoadWeightLifeTest, WithoutABlackoutItIsKnownAtOnce) {
  rules_.blackout_period = absl::ZeroDuration();
  Record();
  EXPECT_EQ(Get(), 10);
}

TEST_F(LoadWeightLifeTest, ExpiryBeginsTheBlackoutAnew) {  // WRR-14
  Record();
  Pass(179);
  EXPECT_EQ(Get(), 10);
  Pass(1);
  EXPECT_EQ(Get(), 0);
  Record();
  Pass(9);
  EXPECT_EQ(Get(), 0);
  Pass(1);
  EXPECT_EQ(Get(), 10);
}

// As of an endpoint that takes no calls.
TEST_F(LoadWeightLifeTest, ExpiryThatNobodySeesBeginsTheBlackoutAnewToo) {
  Record();
  Pass(180);
  Record(20);
  Pass(9);
  EXPECT_EQ(Get(), 0);
  Pass(1);
  EXPECT_EQ(Get(), 20);
}

TEST_F(LoadWeightLifeTest, AReportThatSaysNothingKeepsNothingAlive) {
  Record();
  Pass(100);
  weight_.Record(LoadReport(), rules_, now_);
  EXPECT_EQ(Get(), 10);
  Pass(80);
  EXPECT_EQ(Get(), 0);
  // Nor does it begin a blackout.
  weight_.Record(LoadReport(), rules_, now_);
  Pass(9);
  Record();
  Pass(5);
  EXPECT_EQ(Get(), 0);
}

TEST_F(LoadWeightLifeTest, ReportsKeepItAlive) {
  for (int i = 0; i < 10; ++i) {
    Record();
    Pass(100);
  }
  EXPECT_EQ(Get(), 10);
}

TEST_F(LoadWeightLifeTest, OneThatIsBackReportsForABlackoutFirst) {
  Record();
  Pass(20);
  EXPECT_EQ(Get(), 10);
  weight_.Restart();
  EXPECT_EQ(Get(), 0);
  Pass(20);
  EXPECT_EQ(Get(), 0);  // what another server said there does not count
  Record(30);
  Pass(10);
  EXPECT_EQ(Get(), 30);
}

}  // namespace
}  // namespace mesh::balancer
