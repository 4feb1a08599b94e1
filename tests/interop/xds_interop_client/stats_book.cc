#include "tests/interop/xds_interop_client/stats_book.h"

#include <chrono>

namespace mesh::interop {

using grpc::testing::LoadBalancerAccumulatedStatsResponse;
using grpc::testing::LoadBalancerStatsResponse;

uint64_t StatsBook::Start(Method method) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++methods_[method].started;
  return next_++;
}

void StatsBook::End(uint64_t call, Method method, int code, absl::string_view hostname) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++methods_[method].results[code];
  const std::string peer(hostname);
  for (Waiter* waiter : waiters_) {
    if (call < waiter->begin || call >= waiter->end) continue;
    LoadBalancerStatsResponse& response = waiter->response;
    if (code == 0) {
      ++(*response.mutable_rpcs_by_peer())[peer];
      auto& by_method = (*response.mutable_rpcs_by_method())[std::string(ToString(method))];
      ++(*by_method.mutable_rpcs_by_peer())[peer];
    } else {
      response.set_num_failures(response.num_failures() + 1);
    }
    if (--waiter->missing == 0) waiter->done.notify_all();
  }
}

LoadBalancerStatsResponse StatsBook::WaitForNext(int32_t calls, absl::Duration timeout) {
  Waiter waiter;
  std::unique_lock<std::mutex> lock(mutex_);
  waiter.begin = next_;
  waiter.end = next_ + static_cast<uint64_t>(calls);
  waiter.missing = calls;
  waiters_.insert(&waiter);
  waiter.done.wait_for(lock, absl::ToChronoMicroseconds(timeout),
                       [&waiter] { return waiter.missing <= 0; });
  waiters_.erase(&waiter);
  waiter.response.set_num_failures(waiter.response.num_failures() + waiter.missing);
  return waiter.response;
}

LoadBalancerAccumulatedStatsResponse StatsBook::Accumulated() const {
  LoadBalancerAccumulatedStatsResponse response;
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& [method, of_method] : methods_) {
    const std::string name(ToString(method));
    auto& stats = (*response.mutable_stats_per_method())[name];
    stats.set_rpcs_started(of_method.started);
    (*response.mutable_num_rpcs_started_by_method())[name] = of_method.started;
    int32_t& succeeded = (*response.mutable_num_rpcs_succeeded_by_method())[name];
    int32_t& failed = (*response.mutable_num_rpcs_failed_by_method())[name];
    for (const auto& [code, count] : of_method.results) {
      (*stats.mutable_result())[code] = count;
      (code == 0 ? succeeded : failed) += count;
    }
  }
  return response;
}

}  // namespace mesh::interop
