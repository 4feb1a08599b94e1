#include "mesh/tools/call_load.h"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "grpcpp/client_context.h"
#include "grpcpp/completion_queue.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/byte_buffer.h"
#include "mesh/mesh.h"

namespace mesh::tools {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

struct Call {
  CallTrace trace;
  grpc::ClientContext context;
  grpc::ByteBuffer response;
  grpc::Status status;
  SteadyTime start;
  std::unique_ptr<grpc::ClientAsyncResponseReader<grpc::ByteBuffer>> reader;
};

// The endpoint that answered last; empty if none did.
std::string AnsweredBy(const CallTrace& trace) {
  const std::vector<CallTrace::Attempt> attempts = trace.attempts();
  if (attempts.empty() || !attempts.back().delivered) return "";
  return attempts.back().address;
}

class Load {
 public:
  Load(const CommandLine& line, const std::shared_ptr<grpc::ChannelInterface>& channel,
       const std::function<void(uint64_t, uint64_t)>& progress)
      : line_(line), stub_(channel), progress_(progress) {
    const grpc::Slice slice(line.data);
    request_ = grpc::ByteBuffer(&slice, 1);
  }

  CallSummary Run() {
    begin_ = std::chrono::steady_clock::now();
    next_progress_ = begin_ + kProgressInterval;
    while (summary_.calls() < line_.count) {
      StartDue();
      WaitForOne();
      ShowProgress();
    }
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) {
    }
    return std::move(summary_);
  }

 private:
  static constexpr std::chrono::milliseconds kProgressInterval{200};

  uint64_t in_flight() const { return started_ - summary_.calls(); }

  // When the next call of an open load is due.
  SteadyTime NextDue() const {
    return begin_ + std::chrono::duration_cast<SteadyTime::duration>(
                        std::chrono::duration<double>(static_cast<double>(started_) / line_.qps));
  }

  void StartDue() {
    if (line_.qps > 0) {
      const SteadyTime now = std::chrono::steady_clock::now();
      while (started_ < line_.count && NextDue() <= now) StartOne();
    } else {
      while (started_ < line_.count && in_flight() < line_.concurrency) StartOne();
    }
  }

  void StartOne() {
    ++started_;
    auto* call = new Call;  // owned by the queue until it comes back
    for (const auto& [key, value] : line_.metadata) call->context.AddMetadata(key, value);
    call->context.set_deadline(std::chrono::system_clock::now() +
                               absl::ToChronoMicroseconds(line_.deadline));
    if (line_.wait_for_ready) call->context.set_wait_for_ready(true);
    call->start = std::chrono::steady_clock::now();
    const CallTrace::Scope scope(&call->trace);
    std::optional<CallHash> hash;
    if (line_.hash.has_value()) hash.emplace(*line_.hash);
    call->reader = stub_.PrepareUnaryCall(&call->context, line_.method, request_, &queue_);
    call->reader->StartCall();
    call->reader->Finish(&call->response, &call->status, call);
  }

  void WaitForOne() {
    const auto now = std::chrono::steady_clock::now();
    SteadyTime until = now + kProgressInterval;
    if (line_.qps > 0 && started_ < line_.count) until = std::min(until, NextDue());
    void* tag = nullptr;
    bool ok = false;
    const auto deadline = std::chrono::system_clock::now() + std::max(until - now, {});
    if (queue_.AsyncNext(&tag, &ok, deadline) == grpc::CompletionQueue::GOT_EVENT) {
      const std::unique_ptr<Call> call(static_cast<Call*>(tag));
      summary_.Add(AnsweredBy(call->trace), call->status.error_code(), call->status.error_message(),
                   absl::FromChrono(std::chrono::steady_clock::now() - call->start));
    }
  }

  void ShowProgress() {
    const SteadyTime now = std::chrono::steady_clock::now();
    if (now < next_progress_) return;
    next_progress_ = now + kProgressInterval;
    if (progress_) progress_(summary_.calls(), summary_.failed());
  }

  const CommandLine& line_;
  grpc::GenericStub stub_;
  const std::function<void(uint64_t, uint64_t)>& progress_;
  grpc::ByteBuffer request_;
  grpc::CompletionQueue queue_;
  uint64_t started_ = 0;
  SteadyTime begin_;
  SteadyTime next_progress_;
  CallSummary summary_;
};

}  // namespace

CallSummary RunCalls(const CommandLine& line,
                     const std::shared_ptr<grpc::ChannelInterface>& channel,
                     const std::function<void(uint64_t, uint64_t)>& progress) {
  return Load(line, channel, progress).Run();
}

}  // namespace mesh::tools
