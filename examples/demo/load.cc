#include "examples/demo/load.h"

#include <chrono>

#include "absl/strings/str_cat.h"
#include "examples/demo/demo.grpc.pb.h"
#include "grpcpp/client_context.h"

namespace mesh::demo {

Load::Load(std::shared_ptr<grpc::ChannelInterface> channel, int threads, int calls_per_second)
    : channel_(std::move(channel)) {
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this, rate = calls_per_second / threads] { Run(rate); });
  }
}

void Load::Stop() {
  stop_ = true;
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

Load::Counts Load::counts() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return counts_;
}

void Load::Run(int calls_per_second) {
  const std::unique_ptr<Echo::Stub> stub = Echo::NewStub(channel_);
  const std::chrono::microseconds interval(1'000'000 / calls_per_second);
  auto next = std::chrono::steady_clock::now();
  while (!stop_) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(2));
    EchoRequest request;
    request.set_text("hello");
    EchoReply reply;
    const grpc::Status status = stub->Say(&context, request, &reply);
    {
      std::lock_guard<std::mutex> lock(mutex_);
      ++counts_.calls;
      if (status.ok()) {
        ++counts_.by_server[reply.server()];
      } else {
        ++counts_.failed;
        if (counts_.first_error.empty()) {
          counts_.first_error =
              absl::StrCat("code ", status.error_code(), ": ", status.error_message());
        }
      }
    }
    next += interval;
    std::this_thread::sleep_until(next);
  }
}

}  // namespace mesh::demo
