#ifndef TESTS_INTEROP_XDS_INTEROP_CLIENT_CALL_LOOP_H_
#define TESTS_INTEROP_XDS_INTEROP_CLIENT_CALL_LOOP_H_

#include <atomic>
#include <chrono>
#include <memory>

#include "grpcpp/completion_queue.h"
#include "grpcpp/impl/channel_interface.h"
#include "tests/interop/xds_interop_client/call_plan.h"
#include "tests/interop/xds_interop_client/interop.grpc.pb.h"
#include "tests/interop/xds_interop_client/stats_book.h"

namespace mesh::interop {

// Makes the calls of a plan, some ticks a second, however long the answers take. Every call waits
// for readiness, since the client may start before there is anything to call. Thread-compatible,
// but for Stop().
class CallLoop {
 public:
  struct Options {
    std::shared_ptr<grpc::ChannelInterface> channel;
    double qps = 1;  // ticks a second
    bool print_response = false;
    const CurrentPlan* plan = nullptr;  // outlives the loop, and so does `book`
    StatsBook* book = nullptr;
  };
  explicit CallLoop(Options options);

  // Returns when Stop() was called and all calls have ended.
  void Run();
  // From any thread.
  void Stop() { stopped_ = true; }

 private:
  using Time = std::chrono::steady_clock::time_point;
  class Call;

  void StartTick();
  // Waits for an event until `until`.
  void WaitForOne(Time until);

  const Options options_;
  const std::unique_ptr<grpc::testing::TestService::Stub> stub_;
  grpc::CompletionQueue queue_;
  std::atomic<bool> stopped_{false};
  int in_flight_ = 0;
};

}  // namespace mesh::interop

#endif  // TESTS_INTEROP_XDS_INTEROP_CLIENT_CALL_LOOP_H_
