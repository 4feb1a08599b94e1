#ifndef TESTS_BENCH_CALL_LOOPS_H_
#define TESTS_BENCH_CALL_LOOPS_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/testing/echo.grpc.pb.h"

namespace mesh::bench {

using Stub = testing::Echo::Stub;

// Nanoseconds of the steady clock, which all processes of a machine share.
int64_t Now();

// What calls took, in the order in which they ended. A value.
struct Latencies {
  std::vector<int64_t> nanoseconds;
  int failed = 0;
  int64_t elapsed = 0;  // from the first call's begin to the last one's end
};

// One call that waits for readiness, for at most a minute.
struct OneCall {
  int64_t began = 0;
  int64_t ended = 0;
  std::string server;  // who answered; `error: ...` if nobody did
};
OneCall CallOnce(Stub* stub);

// `count` unary calls of 64 bytes, one after the other, by the synchronous API.
Latencies CallSync(Stub* stub, int count);
// The same by the asynchronous API: one thread, and `depth` calls at a time.
Latencies CallAsync(Stub* stub, int count, int depth);
// The same by the callback API, one after the other.
Latencies CallCallback(Stub* stub, int count);
// `count` messages of 64 bytes, each answered before the next, on one synchronous stream, which
// waits until the service is there.
Latencies PingPong(Stub* stub, int count);
// Synchronous calls that begin `rate` times a second, or at once where the last one took longer;
// a latency counts from when the call should have begun.
Latencies CallAtRate(Stub* stub, int rate, int count);
// Synchronous calls for `duration`; the times at which those began that `server` answered.
std::vector<int64_t> BeginsAnsweredBy(Stub* stub, const std::string& server,
                                      std::chrono::milliseconds duration);

// What became of one call.
struct Outcome {
  int64_t began = 0;
  int64_t took = 0;
  bool ok = false;
};
// So many callers at a time, each of which makes one unary call of 64 bytes after the other for
// `duration`; each call has that deadline. By the callback API, or by a thread for each caller.
struct Crowd {
  int callers = 1;
  bool callback = false;
  std::chrono::milliseconds duration{0};
  std::chrono::milliseconds deadline{1000};
};
// All their calls, in no order.
std::vector<Outcome> CallInACrowd(Stub* stub, const Crowd& crowd);

}  // namespace mesh::bench

#endif  // TESTS_BENCH_CALL_LOOPS_H_
