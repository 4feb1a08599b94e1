#ifndef MESH_CALL_CALL_START_H_
#define MESH_CALL_CALL_START_H_

#include <memory>
#include <utility>

#include "grpcpp/support/client_interceptor.h"

namespace mesh::call {

// Hands an interceptor to the call that this thread is about to create. gRPC asks the channel's
// factories for interceptors inside CreateCall, on the calling thread; a thread-local slot is
// the only way to tell the factory which call it is asked for. Scopes nest, because a factory of
// the application may itself make calls. On the stack only.
class CallStart {
 public:
  explicit CallStart(std::unique_ptr<grpc::experimental::Interceptor> interceptor)
      : interceptor_(std::move(interceptor)), outer_(innermost_) {
    innermost_ = this;
  }
  ~CallStart() { innermost_ = outer_; }
  CallStart(const CallStart&) = delete;
  CallStart& operator=(const CallStart&) = delete;

  // Whether a call of the application is being created on this thread.
  static bool active() { return innermost_ != nullptr; }

  // The interceptor of the innermost scope, at its first call; null ever after, and outside.
  static std::unique_ptr<grpc::experimental::Interceptor> Take() {
    if (innermost_ == nullptr) return nullptr;
    return std::move(innermost_->interceptor_);
  }

  // Whether the call took the interceptor.
  bool taken() const { return interceptor_ == nullptr; }

 private:
  static inline thread_local CallStart* innermost_ = nullptr;

  std::unique_ptr<grpc::experimental::Interceptor> interceptor_;
  CallStart* const outer_;
};

}  // namespace mesh::call

#endif  // MESH_CALL_CALL_START_H_
