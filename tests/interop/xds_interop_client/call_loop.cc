#include "tests/interop/xds_interop_client/call_loop.h"

#include <algorithm>
#include <iostream>
#include <string>
#include <utility>

#include "grpcpp/client_context.h"
#include "grpcpp/support/async_unary_call.h"

namespace mesh::interop {

using grpc::testing::Empty;
using grpc::testing::SimpleRequest;
using grpc::testing::SimpleResponse;

// One call, from its start until the queue gives it back.
class CallLoop::Call {
 public:
  Call(const CallPlan::Call& plan, absl::Duration timeout, CallLoop* loop) : method_(plan.method) {
    number_ = loop->options_.book->Start(method_);
    for (const auto& [key, value] : plan.metadata) context_.AddMetadata(key, value);
    context_.set_wait_for_ready(true);
    context_.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMicroseconds(timeout));
    if (method_ == Method::kEmptyCall) {
      empty_call_ = loop->stub_->AsyncEmptyCall(&context_, Empty(), &loop->queue_);
      empty_call_->Finish(&empty_, &status_, this);
    } else {
      unary_call_ = loop->stub_->AsyncUnaryCall(&context_, SimpleRequest(), &loop->queue_);
      unary_call_->Finish(&response_, &status_, this);
    }
  }

  void End(StatsBook* book, bool print) const {
    book->End(number_, method_, status_.error_code(), Hostname());
    if (!print) return;
    if (status_.ok()) {
      std::cout << ToString(method_) << " answered by " << Hostname() << std::endl;
    } else {
      std::cout << ToString(method_) << " failed: " << status_.error_message() << std::endl;
    }
  }

 private:
  std::string Hostname() const {
    if (!response_.hostname().empty()) return response_.hostname();
    const auto& metadata = context_.GetServerInitialMetadata();
    const auto found = metadata.find("hostname");
    return found == metadata.end() ? "" : std::string(found->second.data(), found->second.size());
  }

  const Method method_;
  uint64_t number_ = 0;
  grpc::ClientContext context_;
  grpc::Status status_;
  Empty empty_;
  SimpleResponse response_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<Empty>> empty_call_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<SimpleResponse>> unary_call_;
};

CallLoop::CallLoop(Options options)
    : options_(std::move(options)), stub_(grpc::testing::TestService::NewStub(options_.channel)) {}

void CallLoop::Run() {
  const auto interval = std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::chrono::duration<double>(1 / options_.qps));
  Time next = std::chrono::steady_clock::now();
  while (!stopped_) {
    if (std::chrono::steady_clock::now() >= next) {
      StartTick();
      next += interval;
    } else {
      // Not longer than that, so that it hears of Stop().
      WaitForOne(std::min(next, std::chrono::steady_clock::now() + std::chrono::milliseconds(100)));
    }
  }
  queue_.Shutdown();
  while (in_flight_ > 0) WaitForOne(std::chrono::steady_clock::now() + std::chrono::seconds(1));
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) {
  }
}

void CallLoop::StartTick() {
  const CallPlan plan = options_.plan->Get();
  for (const CallPlan::Call& call : plan.calls) {
    ++in_flight_;
    new Call(call, plan.timeout, this);  // the queue has it until it comes back
  }
}

void CallLoop::WaitForOne(Time until) {
  void* tag = nullptr;
  bool ok = false;
  const auto wait = std::max(until - std::chrono::steady_clock::now(), Time::duration::zero());
  if (queue_.AsyncNext(&tag, &ok, std::chrono::system_clock::now() + wait) !=
      grpc::CompletionQueue::GOT_EVENT) {
    return;
  }
  const std::unique_ptr<Call> call(static_cast<Call*>(tag));
  --in_flight_;
  call->End(options_.book, options_.print_response);
}

}  // namespace mesh::interop
