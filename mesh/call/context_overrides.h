#ifndef MESH_CALL_CONTEXT_OVERRIDES_H_
#define MESH_CALL_CONTEXT_OVERRIDES_H_

#include <string>

#include "absl/time/time.h"
#include "grpcpp/client_context.h"

namespace mesh::call {

// Both are read inside CreateCall, so they are put into the application's context before it and
// put back after it. On the stack only.

// The earlier of the application's deadline and one `timeout` from now, while it lives.
class DeadlineOverride {
 public:
  DeadlineOverride(grpc::ClientContext* context, absl::Duration timeout);
  ~DeadlineOverride();
  DeadlineOverride(const DeadlineOverride&) = delete;
  DeadlineOverride& operator=(const DeadlineOverride&) = delete;

 private:
  grpc::ClientContext* context_ = nullptr;  // null: nothing to put back
  gpr_timespec deadline_;
};

// `authority`, unless the application has set one, while it lives.
class AuthorityOverride {
 public:
  AuthorityOverride(grpc::ClientContext* context, const std::string& authority);
  ~AuthorityOverride();
  AuthorityOverride(const AuthorityOverride&) = delete;
  AuthorityOverride& operator=(const AuthorityOverride&) = delete;

 private:
  grpc::ClientContext* context_ = nullptr;  // null: nothing to put back
};

}  // namespace mesh::call

#endif  // MESH_CALL_CONTEXT_OVERRIDES_H_
