#include "tests/bench/call_loops.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "grpcpp/client_context.h"
#include "grpcpp/completion_queue.h"

namespace mesh::bench {
namespace {

using testing::EchoReply;
using testing::EchoRequest;

EchoRequest Request() {
  EchoRequest request;
  request.set_text(std::string(64, 'x'));
  return request;
}

void Record(int64_t began, bool ok, Latencies* latencies) {
  latencies->nanoseconds.push_back(Now() - began);
  if (!ok) ++latencies->failed;
}

struct AsyncCall {
  grpc::ClientContext context;
  EchoReply reply;
  grpc::Status status;
  int64_t began = Now();
  std::unique_ptr<grpc::ClientAsyncResponseReader<EchoReply>> reader;
};

// One caller of a crowd. Thread-compatible.
class Caller {
 public:
  Caller(Stub* stub, const Crowd& crowd, int64_t end)
      : stub_(stub), deadline_(crowd.deadline), end_(end), callback_(crowd.callback) {}

  // Calls until the end, on a thread of its own or by callbacks.
  void Start() {
    if (callback_) {
      StartNext();
    } else {
      thread_ = std::thread([this] { CallUntilTheEnd(); });
    }
  }
  // Waits for the end; then all its outcomes.
  const std::vector<Outcome>& Join() {
    if (thread_.joinable()) thread_.join();
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return ended_; });
    return outcomes_;
  }

 private:
  void SetDeadline(grpc::ClientContext* context) const {
    context->set_deadline(std::chrono::system_clock::now() + deadline_);
  }
  void Record(int64_t began, bool ok) { outcomes_.push_back({began, Now() - began, ok}); }
  void End() {
    std::lock_guard<std::mutex> lock(mutex_);
    ended_ = true;
    changed_.notify_one();
  }

  void CallUntilTheEnd() {
    EchoReply reply;
    for (int64_t began = Now(); began < end_; began = Now()) {
      grpc::ClientContext context;
      SetDeadline(&context);
      Record(began, stub_->Unary(&context, request_, &reply).ok());
    }
    End();
  }

  struct CallbackCall {
    grpc::ClientContext context;
    EchoReply reply;
    int64_t began = Now();
  };
  void StartNext() {
    auto* const call = new CallbackCall;
    if (call->began >= end_) {
      delete call;
      End();
      return;
    }
    SetDeadline(&call->context);
    stub_->async()->Unary(&call->context, &request_, &call->reply,
                          [this, call](const grpc::Status& status) {
                            Record(call->began, status.ok());
                            delete call;
                            StartNext();
                          });
  }

  Stub* const stub_;
  const std::chrono::milliseconds deadline_;
  const int64_t end_;
  const bool callback_;
  const EchoRequest request_ = Request();
  std::vector<Outcome> outcomes_;  // of one call at a time, so by one thread at a time
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ended_ = false;
};

}  // namespace

int64_t Now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

OneCall CallOnce(Stub* stub) {
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(1));
  EchoReply reply;
  OneCall call;
  call.began = Now();
  const grpc::Status status = stub->Unary(&context, Request(), &reply);
  call.ended = Now();
  call.server = status.ok() ? reply.server() : "error: " + status.error_message();
  return call;
}

Latencies CallSync(Stub* stub, int count) {
  const EchoRequest request = Request();
  EchoReply reply;
  Latencies latencies;
  latencies.nanoseconds.reserve(count);
  const int64_t first = Now();
  for (int i = 0; i < count; ++i) {
    const int64_t began = Now();
    grpc::ClientContext context;
    Record(began, stub->Unary(&context, request, &reply).ok(), &latencies);
  }
  latencies.elapsed = Now() - first;
  return latencies;
}

Latencies CallAsync(Stub* stub, int count, int depth) {
  const EchoRequest request = Request();
  grpc::CompletionQueue queue;
  const auto start = [&] {
    auto* call = new AsyncCall;
    call->reader = stub->AsyncUnary(&call->context, request, &queue);
    call->reader->Finish(&call->reply, &call->status, call);
  };
  Latencies latencies;
  latencies.nanoseconds.reserve(count);
  const int64_t first = Now();
  int started = 0;
  for (; started < depth && started < count; ++started) start();
  for (int ended = 0; ended < count; ++ended) {
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    const std::unique_ptr<AsyncCall> call(static_cast<AsyncCall*>(tag));
    Record(call->began, call->status.ok(), &latencies);
    if (started < count) {
      start();
      ++started;
    }
  }
  latencies.elapsed = Now() - first;
  return latencies;
}

Latencies CallCallback(Stub* stub, int count) {
  const EchoRequest request = Request();
  EchoReply reply;
  std::mutex mutex;
  std::condition_variable changed;
  Latencies latencies;
  latencies.nanoseconds.reserve(count);
  const int64_t first = Now();
  for (int i = 0; i < count; ++i) {
    const int64_t began = Now();
    bool done = false;
    grpc::ClientContext context;
    stub->async()->Unary(&context, &request, &reply, [&](const grpc::Status& status) {
      std::lock_guard<std::mutex> lock(mutex);
      Record(began, status.ok(), &latencies);
      done = true;
      changed.notify_one();
    });
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return done; });
  }
  latencies.elapsed = Now() - first;
  return latencies;
}

Latencies PingPong(Stub* stub, int count) {
  const EchoRequest request = Request();
  EchoReply reply;
  Latencies latencies;
  latencies.nanoseconds.reserve(count);
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  const auto stream = stub->Bidi(&context);
  // The first message waits for the connection.
  if (!stream->Write(request) || !stream->Read(&reply)) ++latencies.failed;
  const int64_t first = Now();
  for (int i = 0; i < count; ++i) {
    const int64_t began = Now();
    Record(began, stream->Write(request) && stream->Read(&reply), &latencies);
  }
  latencies.elapsed = Now() - first;
  stream->WritesDone();
  if (!stream->Finish().ok()) ++latencies.failed;
  return latencies;
}

Latencies CallAtRate(Stub* stub, int rate, int count) {
  const EchoRequest request = Request();
  EchoReply reply;
  Latencies latencies;
  const int64_t first = Now();
  for (int i = 0; i < count; ++i) {
    const int64_t began = first + int64_t{1000000000} * i / rate;
    const int64_t early = began - Now();
    if (early > 0) std::this_thread::sleep_for(std::chrono::nanoseconds(early));
    grpc::ClientContext context;
    Record(began, stub->Unary(&context, request, &reply).ok(), &latencies);
  }
  latencies.elapsed = Now() - first;
  return latencies;
}

std::vector<int64_t> BeginsAnsweredBy(Stub* stub, const std::string& server,
                                      std::chrono::milliseconds duration) {
  const EchoRequest request = Request();
  EchoReply reply;
  std::vector<int64_t> begins;
  const int64_t end = Now() + std::chrono::nanoseconds(duration).count();
  for (int64_t began = Now(); began < end; began = Now()) {
    grpc::ClientContext context;
    const grpc::Status status = stub->Unary(&context, request, &reply);
    if (status.ok() && reply.server() == server) begins.push_back(began);
  }
  return begins;
}

std::vector<Outcome> CallInACrowd(Stub* stub, const Crowd& crowd) {
  const int64_t end = Now() + std::chrono::nanoseconds(crowd.duration).count();
  std::vector<std::unique_ptr<Caller>> callers;
  for (int i = 0; i < crowd.callers; ++i) {
    callers.push_back(std::make_unique<Caller>(stub, crowd, end));
    callers.back()->Start();
  }
  std::vector<Outcome> outcomes;
  for (const std::unique_ptr<Caller>& caller : callers) {
    const std::vector<Outcome>& some = caller->Join();
    outcomes.insert(outcomes.end(), some.begin(), some.end());
  }
  return outcomes;
}

}  // namespace mesh::bench
