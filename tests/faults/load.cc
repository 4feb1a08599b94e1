#include "tests/faults/load.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "grpcpp/client_context.h"
#include "mesh/base/clock.h"
#include "tests/testing/echo.grpc.pb.h"

namespace mesh {
namespace {

constexpr absl::Duration kPausePerCaller = absl::Microseconds(1500);
constexpr absl::Duration kPatience = absl::Seconds(10);

}  // namespace

absl::Duration LoadReport::Quantile(double q) const {
  if (latencies.empty()) return absl::ZeroDuration();
  std::vector<absl::Duration> sorted = latencies;
  const auto place = sorted.begin() + static_cast<size_t>(q * (sorted.size() - 1));
  std::nth_element(sorted.begin(), place, sorted.end());
  return *place;
}

std::string LoadReport::ToString() const {
  std::string text = absl::StrCat(calls, " calls, ", lost, " lost, p99 ",
                                  absl::ToDoubleMilliseconds(Quantile(0.99)), " ms, slowest ",
                                  absl::ToDoubleMilliseconds(Quantile(1)), " ms");
  for (const auto& [error, count] : errors) absl::StrAppend(&text, "\n  ", count, ": ", error);
  return text;
}

Load::Load(std::shared_ptr<grpc::ChannelInterface> channel, absl::Duration deadline, int callers)
    : channel_(std::move(channel)) {
  const absl::Duration pause = callers * kPausePerCaller;
  for (int i = 0; i < callers; ++i) {
    threads_.emplace_back([this, deadline, pause] { Run(deadline, pause); });
  }
}

void Load::Run(absl::Duration deadline, absl::Duration pause) {
  const SteadyClock clock;
  const std::unique_ptr<testing::Echo::Stub> stub = testing::Echo::NewStub(channel_);
  for (;;) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMicroseconds(deadline));
    testing::EchoRequest request;
    testing::EchoReply reply;
    const absl::Time begin = clock.Now();
    const grpc::Status status = stub->Unary(&context, request, &reply);
    const absl::Duration took = clock.Now() - begin;
    MutexLock lock(&mutex_);
    ++ended_;
    ++report_.calls;
    report_.latencies.push_back(took);
    if (status.ok()) {
      ++report_.servers[reply.server()];
    } else {
      ++report_.lost;
      ++report_.errors[absl::StrCat(status.error_code(), " ", status.error_message())];
    }
    changed_.SignalAll();
    const absl::Time due = clock.Now() + pause;
    for (absl::Duration left = pause; !stop_ && left > absl::ZeroDuration();
         left = due - clock.Now()) {
      changed_.WaitFor(&mutex_, left);
    }
    if (stop_) return;
  }
}

void Load::WaitForCalls(int count) {
  const SteadyClock clock;
  const absl::Time end = clock.Now() + kPatience;
  MutexLock lock(&mutex_);
  const int aim = ended_ + count;
  while (ended_ < aim) {
    const absl::Duration left = end - clock.Now();
    if (left <= absl::ZeroDuration()) return;
    changed_.WaitFor(&mutex_, left);
  }
}

LoadReport Load::report() const {
  MutexLock lock(&mutex_);
  return report_;
}

LoadReport Load::Restart() {
  MutexLock lock(&mutex_);
  return std::exchange(report_, {});
}

LoadReport Load::Stop() {
  {
    MutexLock lock(&mutex_);
    stop_ = true;
    changed_.SignalAll();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  return report();
}

}  // namespace mesh
