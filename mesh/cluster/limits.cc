#include "mesh/cluster/limits.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace mesh::cluster {
namespace {

using model::RoutingPriority;
using model::Thresholds;

// A rule, from its lowest bit: 32 bits of the limit, or of the least that a budget allows; 20 bits
// of the budget, in millionths; then, whether it is a budget, and whether holds are counted.
constexpr uint64_t kMillion = 1'000'000;
constexpr int kBudgetShift = 32;
constexpr uint64_t kBudgetMask = (uint64_t{1} << 20) - 1;
constexpr uint64_t kIsBudget = uint64_t{1} << 52;
constexpr uint64_t kIsCounted = uint64_t{1} << 53;
static_assert(kMillion <= kBudgetMask, "a budget of 100 % fits");

uint64_t NumberOf(uint64_t rule) { return rule & Thresholds::kNone; }
uint64_t BudgetOf(uint64_t rule) { return (rule >> kBudgetShift) & kBudgetMask; }

// `is_needed`: somebody else needs to know the count.
uint64_t PlainRule(uint32_t limit, bool is_needed) {
  return limit | (limit != Thresholds::kNone || is_needed ? kIsCounted : 0);
}

// The budget is taken to a ten-thousandth of a percent, so that 20 % of 5 is 1 whatever the
// rounding of 0.2.
uint64_t BudgetRule(const Thresholds::RetryBudget& budget) {
  const double percent = std::min(std::max(0.0, budget.budget_percent), 100.0);
  const auto millionths = static_cast<uint64_t>(std::llround(percent * (kMillion / 100)));
  return kIsCounted | kIsBudget | (millionths << kBudgetShift) | budget.min_retry_concurrency;
}

}  // namespace

absl::string_view NameOf(LimitKind kind) {
  switch (kind) {
    case LimitKind::kConnections:
      return "max_connections";
    case LimitKind::kPending:
      return "max_pending_requests";
    case LimitKind::kRequests:
      return "max_requests";
    case LimitKind::kRetries:
      return "max_retries";
  }
  return "";
}

Limits::Limits(std::string cluster) : cluster_(std::move(cluster)) {
  for (Gauge& gauge : gauges_) gauge.limits = this;
}

Limits::Owner Limits::Create(std::string cluster, const model::CircuitBreakers& breakers) {
  Owner limits(new Limits(std::move(cluster)));
  limits->Update(breakers);
  return limits;
}

void Limits::Update(const model::CircuitBreakers& breakers) {
  UpdatePriority(RoutingPriority::kDefault, breakers.normal);
  UpdatePriority(RoutingPriority::kHigh, breakers.high);
}

void Limits::UpdatePriority(RoutingPriority priority, const Thresholds& thresholds) {
  const bool budget = thresholds.retry_budget.has_value();
  const auto set = [&](LimitKind kind, uint64_t rule) {
    gauges_[IndexOf(kind, priority)].rule.store(rule, std::memory_order_relaxed);
  };
  set(LimitKind::kConnections, PlainRule(thresholds.max_connections, false));
  set(LimitKind::kPending, PlainRule(thresholds.max_pending_requests, budget));
  set(LimitKind::kRequests, PlainRule(thresholds.max_requests, budget));
  set(LimitKind::kRetries,
      budget ? BudgetRule(*thresholds.retry_budget) : PlainRule(thresholds.max_retries, false));
}

uint64_t Limits::LimitOf(uint64_t rule, RoutingPriority priority) const {
  if ((rule & kIsBudget) == 0) return NumberOf(rule);
  const auto in_use = [&](LimitKind kind) {
    return gauges_[IndexOf(kind, priority)].word.load(std::memory_order_relaxed) & kCountMask;
  };
  const uint64_t calls = in_use(LimitKind::kRequests) + in_use(LimitKind::kPending);
  return std::max(NumberOf(rule), BudgetOf(rule) * calls / kMillion);
}

std::optional<LimitHold> Limits::TryAcquire(LimitKind kind, RoutingPriority priority) {
  Gauge& gauge = gauges_[IndexOf(kind, priority)];
  const uint64_t rule = gauge.rule.load(std::memory_order_relaxed);
  if ((rule & kIsCounted) == 0) return LimitHold();
  // Added only to the very count that was found to be below the limit. An addition that is taken
  // back if it was too much would be refused for others meanwhile.
  uint64_t word = gauge.word.load(std::memory_order_relaxed);
  do {
    const uint64_t limit = LimitOf(rule, priority);
    if (limit != Thresholds::kNone && (word & kCountMask) >= limit) {
      overflows_[IndexOf(kind, priority)].fetch_add(1, std::memory_order_relaxed);
      return std::nullopt;
    }
  } while (!gauge.word.compare_exchange_weak(word, word + 1, std::memory_order_relaxed));
  return LimitHold(&gauge);
}

void Limits::Release(Gauge* gauge) {
  if (gauge->word.fetch_sub(1, std::memory_order_acq_rel) == (kRetired | 1)) {  // (2)
    gauge->limits->OnWordDrained();
  }
}

void Limits::Retire() {
  for (Gauge& gauge : gauges_) {
    if (gauge.word.fetch_or(kRetired, std::memory_order_acq_rel) == 0) OnWordDrained();  // (1)
  }
  OnWordDrained();
}

void Limits::OnWordDrained() {
  if (undrained_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;  // (3)
}

absl::Status Limits::OverflowError(LimitKind kind, RoutingPriority priority) const {
  const uint64_t rule = gauges_[IndexOf(kind, priority)].rule.load(std::memory_order_relaxed);
  const absl::string_view of = priority == RoutingPriority::kHigh ? " of priority HIGH" : "";
  if ((rule & kIsBudget) != 0) {
    return absl::UnavailableError(
        absl::StrCat("cluster \"", cluster_, "\": circuit breaker: retry_budget", of, " ",
                     static_cast<double>(BudgetOf(rule)) * 100 / kMillion, " % (",
                     LimitOf(rule, priority), " retries) reached"));
  }
  return absl::UnavailableError(absl::StrCat("cluster \"", cluster_, "\": circuit breaker: ",
                                             NameOf(kind), of, " ", NumberOf(rule), " reached"));
}

LimitView Limits::View(LimitKind kind, RoutingPriority priority) const {
  const Gauge& gauge = gauges_[IndexOf(kind, priority)];
  const uint64_t rule = gauge.rule.load(std::memory_order_relaxed);
  LimitView view;
  view.limit = LimitOf(rule, priority);
  view.in_use = gauge.word.load(std::memory_order_relaxed) & kCountMask;
  view.is_budget = (rule & kIsBudget) != 0;
  if (!view.is_budget) view.remaining = view.limit - std::min(view.limit, view.in_use);
  view.overflows = overflows_[IndexOf(kind, priority)].load(std::memory_order_relaxed);
  return view;
}

}  // namespace mesh::cluster
