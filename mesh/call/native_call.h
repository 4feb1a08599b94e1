#ifndef MESH_CALL_NATIVE_CALL_H_
#define MESH_CALL_NATIVE_CALL_H_

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "grpc/grpc.h"
#include "grpcpp/support/client_interceptor.h"
#include "mesh/call/attempt_report.h"
#include "mesh/call/call_registry.h"
#include "mesh/call/call_trace.h"
#include "mesh/call/channel_core.h"
#include "mesh/call/delivery.h"
#include "mesh/cluster/endpoint.h"
#include "mesh/xds/load_report.h"

namespace mesh::call {

// A call on an endpoint's own channel and the caller's own queue, watched by an interceptor, which
// is this and lives in the call's context. What the two kinds share.
class NativeCall : public grpc::experimental::Interceptor, protected CallRegistry::Entry {
 public:
  ~NativeCall() override;

  // The call was created. If the mesh has gone meanwhile, ends it.
  void Begin(grpc_call* call);

 protected:
  // `core` is kept alive by its registry, from Begin() to Unregister().
  NativeCall(ChannelCore* core, cluster::Permit permit, std::shared_ptr<CallTrace::Log> trace);

  // Must be the first thing that the destructor of a final class does: the registry calls
  // GetCanceller() until then. After it `core_` may be gone.
  void Unregister() { Leave(); }

  CallRegistry::Canceller GetCanceller(const absl::Status& reason) override;

  // Whether the attempt may have been given to a transport. REQUIRES: it has ended with `status`.
  bool IsDelivered(const grpc::Status& status, const grpc::ClientContext& context) const;

  // Gives the permit back with the outcome of the attempt, whose status is in `batch`.
  void EndNativeAttempt(absl::string_view method, bool delivered, Batch* batch);

  ChannelCore* const core_;
  cluster::Permit permit_;
  const std::shared_ptr<CallTrace::Log> trace_;  // null: none
  const absl::Time start_;

 private:
  xds::EncodedLoadReport LoadReportIn(Batch* batch) const;

  // A reference of ours: the context drops its own before it destroys this.
  grpc_call* call_ = nullptr;
};

// A native call of any kind that stays with its endpoint. Reports its status once, and gives its
// permit back also if no status ever comes. Thread-safe as gRPC uses it.
class ObservedCall final : public NativeCall {
 public:
  ObservedCall(ChannelCore* core, cluster::Permit permit, std::shared_ptr<CallTrace::Log> trace,
               grpc::ClientContext* context)
      : NativeCall(core, std::move(permit), std::move(trace)), context_(context) {}
  ~ObservedCall() override { Unregister(); }

  void Intercept(Batch* batch) override;

 private:
  grpc::ClientContext* const context_;
};

}  // namespace mesh::call

#endif  // MESH_CALL_NATIVE_CALL_H_
