#include "balancer/priority_load.h"

#include <algorithm>
#include <optional>

namespace mesh::balancer {
namespace {

constexpr uint32_t kAll = 100;

// What the ratios of a priority are of.
uint64_t Counted(const PriorityCounts& counts) {
  return counts.hosts - std::min(counts.hosts, counts.excluded);
}

// In percent, rounded down. Wide, since weights of 64 bits are multiplied.
uint32_t Availability(uint64_t part, uint64_t total, uint32_t overprovisioning) {
  if (total == 0) return 0;
  const auto percent = static_cast<unsigned __int128>(overprovisioning) * part / total;
  return static_cast<uint32_t>(std::min<unsigned __int128>(kAll, percent));
}

// In doubles, as Envoy has it: sums of thirds and sixths round alike.
bool IsBelow(uint32_t panic_threshold, const PriorityCounts& counts) {
  const uint64_t total = Counted(counts);
  double usable = 0;
  if (total > 0) {
    usable = 100.0 * static_cast<double>(counts.healthy) / static_cast<double>(total) +
             100.0 * static_cast<double>(counts.degraded) / static_cast<double>(total);
  }
  return usable < std::min(panic_threshold, kAll);
}

// Takes from `*left` what each priority can take of it, scaled so that `norm` gets all. Returns
// the first priority that can take any.
std::optional<size_t> Distribute(const std::vector<uint32_t>& availability, uint64_t norm,
                                 uint32_t* left, std::vector<uint32_t>* loads) {
  std::optional<size_t> first;
  for (size_t i = 0; i < availability.size(); ++i) {
    if (!first && availability[i] > 0) first = i;
    (*loads)[i] = std::min(*left, static_cast<uint32_t>(availability[i] * uint64_t{kAll} / norm));
    *left -= (*loads)[i];
  }
  return first;
}

// Every priority panics: what it has of all endpoints, whatever their health.
void DistributeByHosts(const std::vector<PriorityCounts>& counts, PriorityLoads* loads) {
  unsigned __int128 total = 0;
  for (const PriorityCounts& priority : counts) total += priority.hosts;
  uint32_t left = kAll;
  size_t first = 0;
  for (size_t i = counts.size(); i-- > 0;) {
    loads->healthy[i] = 0;
    loads->degraded[i] = 0;
    if (counts[i].hosts == 0) continue;
    first = i;
    loads->healthy[i] =
        static_cast<uint32_t>(static_cast<unsigned __int128>(counts[i].hosts) * kAll / total);
    left -= loads->healthy[i];
  }
  loads->healthy[first] += left;
}

}  // namespace

PriorityPick PriorityLoads::ChoosePriority(uint64_t hash) const {
  const auto target = static_cast<uint32_t>(hash % kAll);
  uint32_t end = 0;
  for (size_t i = 0; i < healthy.size(); ++i) {
    end += healthy[i];
    if (target < end) return {i, false};
  }
  for (size_t i = 0; i < degraded.size(); ++i) {
    end += degraded[i];
    if (target < end) return {i, true};
  }
  return {0, false};
}

PriorityLoads ComputePriorityLoads(const std::vector<PriorityCounts>& counts,
                                   uint32_t overprovisioning, uint32_t panic_threshold) {
  return ComputePriorityLoads(counts, counts, overprovisioning, panic_threshold);
}

PriorityLoads ComputePriorityLoads(const std::vector<PriorityCounts>& counts,
                                   const std::vector<PriorityCounts>& weights,
                                   uint32_t overprovisioning, uint32_t panic_threshold) {
  const size_t n = counts.size();
  PriorityLoads loads = {std::vector<uint32_t>(n, 0), std::vector<uint32_t>(n, 0),
                         std::vector<bool>(n, false)};
  if (n == 0) return loads;

  std::vector<uint32_t> health(n, 0);
  std::vector<uint32_t> degraded(n, 0);
  uint64_t sum = 0;
  for (size_t i = 0; i < n; ++i) {
    if (Counted(counts[i]) == 0) continue;
    const uint64_t total = Counted(weights[i]);
    health[i] = Availability(weights[i].healthy, total, overprovisioning);
    degraded[i] = Availability(weights[i].degraded, total, overprovisioning);
    sum += health[i] + degraded[i];
  }
  const uint64_t norm = std::min<uint64_t>(kAll, sum);

  if (norm > 0) {
    uint32_t left = kAll;
    const std::optional<size_t> first = Distribute(health, norm, &left, &loads.healthy);
    const std::optional<size_t> next = Distribute(degraded, norm, &left, &loads.degraded);
    if (first) {
      loads.healthy[*first] += left;
    } else {
      loads.degraded[*next] += left;  // norm > 0, so one of them has a value
    }
  } else if (panic_threshold == 0) {
    loads.healthy[0] = kAll;
  }

  if (norm == kAll || panic_threshold == 0) return loads;
  bool all_panic = true;
  for (size_t i = 0; i < n; ++i) {
    loads.panic[i] = IsBelow(panic_threshold, counts[i]);
    all_panic = all_panic && loads.panic[i];
  }
  if (all_panic) DistributeByHosts(counts, &loads);
  return loads;
}

}  // namespace mesh::balancer
