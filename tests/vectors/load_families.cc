#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "balancer/deadline_schedule.h"
#include "balancer/locality_choice.h"
#include "balancer/priority_load.h"
#include "balancer/success_rate.h"
#include "mesh/base/retry_backoff.h"
#include "tests/vectors/family.h"

namespace mesh::vectors {
namespace {

// A longer sequence is a mistake, and would fill the memory.
constexpr uint64_t kMaxSequence = 1'000'000;
// Milliseconds that fit a duration.
constexpr uint64_t kMaxDelay = uint64_t{1} << 53;

uint64_t WholeIfThere(RowObject* object, const std::string& key) {
  return object->has(key) ? object->Whole(key) : 0;
}

Answer PriorityLoad(RowObject* input) {
  std::vector<balancer::PriorityCounts> counts;
  input->ForEach("priorities", [&counts](RowObject* priority) {
    const uint64_t hosts = priority->Whole("hosts");
    counts.push_back({hosts, priority->Whole("healthy", hosts), priority->Whole("degraded", hosts),
                      priority->Whole("excluded", hosts)});
  });
  std::vector<balancer::PriorityCounts> weights = counts;
  if (input->has("weights")) {
    weights.clear();
    input->ForEach("weights", [&weights](RowObject* priority) {
      const uint64_t total = priority->Whole("total");
      weights.push_back({total, priority->Whole("healthy", total),
                         priority->Whole("degraded", total), WholeIfThere(priority, "excluded")});
    });
    if (weights.size() != counts.size()) {
      input->errors()->Add(
          "weights", absl::StrCat("of ", weights.size(), " priorities, not of ", counts.size()));
    }
  }
  const uint32_t overprovisioning = input->Whole32("overprovisioning");
  const uint32_t threshold = input->Whole32("panic_threshold");
  Answer answer;
  if (!input->errors()->ok()) return answer;
  const balancer::PriorityLoads loads =
      balancer::ComputePriorityLoads(counts, weights, overprovisioning, threshold);
  std::vector<Answer::Value> panic;
  for (const bool truth : loads.panic) panic.push_back(Answer::Truth(truth));
  answer.Set("healthy_load", Answer::Numbers(loads.healthy));
  answer.Set("degraded_load", Answer::Numbers(loads.degraded));
  answer.Set("panic", Answer::List(std::move(panic)));
  return answer;
}

Answer LocalityShare(RowObject* input) {
  std::vector<balancer::LocalityCounts> localities;
  input->ForEach("localities", [&localities](RowObject* locality) {
    const uint64_t hosts = locality->Whole("hosts");
    localities.push_back({locality->Whole32("weight"), hosts, locality->Whole("healthy", hosts),
                          WholeIfThere(locality, "excluded")});
  });
  const uint32_t overprovisioning = input->Whole32("overprovisioning");
  const uint64_t picks = input->Whole("picks");
  const balancer::DeadlineSchedule schedule(
      balancer::AvailableLocalityShares(localities, overprovisioning), picks);
  Answer answer;
  answer.Set("counts", Answer::Numbers(schedule.turns()));
  return answer;
}

Answer WeightedPick(RowObject* input) {
  const std::vector<uint64_t> weights = input->Wholes("weights");
  const uint64_t picks = input->Whole("picks", kMaxSequence);
  balancer::DeadlineSchedule schedule(weights);
  std::vector<uint32_t> sequence;
  while (sequence.size() < picks && !schedule.empty()) sequence.push_back(schedule.Next());
  Answer answer;
  answer.Set("sequence", Answer::Numbers(sequence));
  return answer;
}

Answer SuccessRate(RowObject* input) {
  const std::vector<double> rates = input->Numbers("rates");
  const double factor = input->Number("stdev_factor");
  balancer::SuccessRates compared = {-1, -1};  // as Envoy has it when there is nothing to compare
  if (!rates.empty()) compared = balancer::CompareSuccessRates(rates, factor);
  Answer answer;
  answer.Set("mean", Answer::Number(compared.mean));
  answer.Set("threshold", Answer::Number(compared.threshold));
  return answer;
}

Answer Backoff(RowObject* input) {
  const auto base = absl::Milliseconds(static_cast<int64_t>(input->Whole("base_ms", kMaxDelay)));
  const auto max = absl::Milliseconds(static_cast<int64_t>(input->Whole("max_ms", kMaxDelay)));
  RetryBackoff backoff(base, max);
  std::vector<int64_t> delays;
  for (const uint64_t random : input->Wholes("random")) {
    delays.push_back(absl::ToInt64Milliseconds(backoff.Next(random)));
  }
  Answer answer;
  answer.Set("delay_ms", Answer::Numbers(delays));
  return answer;
}

}  // namespace

std::vector<Family> LoadFamilies() {
  return {
      {"priority_load", {"healthy_load", "degraded_load"}, 0, PriorityLoad},
      {"locality_share", {"counts"}, 0, LocalityShare},
      {"weighted_pick", {"sequence"}, 0, WeightedPick},
      {"success_rate", {"mean", "threshold"}, 1e-6, SuccessRate},
      {"backoff", {"delay_ms"}, 0, Backoff},
  };
}

}  // namespace mesh::vectors
