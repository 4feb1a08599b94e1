#include "balancer/priority.h"

namespace mesh::balancer {

PriorityChoice ChoosePriority(const std::vector<PriorityView>& priorities) {
  std::optional<size_t> first_overdue;
  for (size_t i = 0; i < priorities.size(); ++i) {
    const PriorityView& priority = priorities[i];
    if (priority.usable == 0) continue;
    if (!priority.started) return {std::nullopt, i};
    if (priority.ready > 0) return {i, std::nullopt};
    if (priority.failing) continue;
    if (!priority.overdue) return {i, std::nullopt};
    if (!first_overdue) first_overdue = i;
  }
  return {first_overdue, std::nullopt};
}

}  // namespace mesh::balancer
