#ifndef TESTS_INTEROP_XDS_INTEROP_CLIENT_STATS_BOOK_H_
#define TESTS_INTEROP_XDS_INTEROP_CLIENT_STATS_BOOK_H_

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tests/interop/xds_interop_client/call_plan.h"
#include "tests/interop/xds_interop_client/interop.pb.h"

namespace mesh::interop {

// What became of the calls: since the beginning, and for whoever waits for the next ones.
// Thread-safe.
class StatsBook {
 public:
  // A call starts. Its number.
  uint64_t Start(Method method);
  // It ended with `code`; `hostname` answered, or is empty.
  void End(uint64_t call, Method method, int code, absl::string_view hostname);

  // Blocks until the next `calls` calls that start have ended, for `timeout` at most. Those that
  // have not ended by then, or have not even started, count as failures.
  grpc::testing::LoadBalancerStatsResponse WaitForNext(int32_t calls, absl::Duration timeout);

  grpc::testing::LoadBalancerAccumulatedStatsResponse Accumulated() const;

 private:
  struct Waiter {
    uint64_t begin = 0, end = 0;  // numbers of calls
    int32_t missing = 0;
    grpc::testing::LoadBalancerStatsResponse response;
    std::condition_variable done;
  };
  struct OfMethod {
    int32_t started = 0;
    std::map<int, int32_t> results;
  };

  mutable std::mutex mutex_;
  uint64_t next_ = 0;
  std::set<Waiter*> waiters_;
  std::map<Method, OfMethod> methods_;
};

}  // namespace mesh::interop

#endif  // TESTS_INTEROP_XDS_INTEROP_CLIENT_STATS_BOOK_H_
