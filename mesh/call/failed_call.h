#ifndef MESH_CALL_FAILED_CALL_H_
#define MESH_CALL_FAILED_CALL_H_

#include <memory>
#include <utility>

#include "grpcpp/support/client_interceptor.h"
#include "grpcpp/support/status.h"
#include "mesh/call/call_environment.h"
#include "mesh/call/delivery.h"

namespace mesh::call {

// A call of any kind that ends at once with a status of ours: made on the lame channel, every
// operation hijacked. Thread-safe as gRPC uses it.
class FailedCall final : public grpc::experimental::Interceptor {
 public:
  // Keeps `environment`, which owns the callback queue that the call may be on.
  FailedCall(std::shared_ptr<CallEnvironment> environment, grpc::Status status,
             Metadata trailing_metadata)
      : environment_(std::move(environment)),
        status_(std::move(status)),
        trailing_metadata_(std::move(trailing_metadata)) {}

  void Intercept(Batch* batch) override;

 private:
  const std::shared_ptr<CallEnvironment> environment_;
  const grpc::Status status_;
  const Metadata trailing_metadata_;
};

}  // namespace mesh::call

#endif  // MESH_CALL_FAILED_CALL_H_
