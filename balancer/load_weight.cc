#include "balancer/load_weight.h"

#include <limits>

namespace mesh::balancer {
namespace {

double UtilizationIn(const model::LoadReport& report) {
  if (report.application_utilization > 0) return report.application_utilization;
  if (report.named_utilization > 0) return report.named_utilization;
  return report.cpu_utilization;
}

}  // namespace

double WeightOf(const model::LoadReport& report, double error_utilization_penalty) {
  const double utilization = UtilizationIn(report);
  if (!(report.qps > 0) || !(utilization > 0)) return 0;
  const double penalty = report.eps > 0 && error_utilization_penalty > 0
                             ? report.eps / report.qps * error_utilization_penalty
                             : 0;
  const double weight = report.qps / (utilization + penalty);
  // The range of gRPC's weights: sums of these are finite, too.
  using Limits = std::numeric_limits<float>;
  return weight >= Limits::min() && weight <= Limits::max() ? weight : 0;
}

void LoadWeight::Record(const model::LoadReport& report,
                        const model::ClientSideWeightedRoundRobin& rules, absl::Time now) {
  const double weight = WeightOf(report, rules.error_utilization_penalty);
  if (weight == 0) return;
  if (now - last_ >= rules.weight_expiration_period) Restart();  // which Get() may not have seen
  weight_ = weight;
  last_ = now;
  if (first_ == absl::InfiniteFuture()) first_ = now;
}

double LoadWeight::Get(const model::ClientSideWeightedRoundRobin& rules, absl::Time now) {
  if (now - last_ >= rules.weight_expiration_period) {
    Restart();
    return 0;
  }
  const bool blackout =
      rules.blackout_period > absl::ZeroDuration() && now - first_ < rules.blackout_period;
  return blackout ? 0 : weight_;
}

}  // namespace mesh::balancer
