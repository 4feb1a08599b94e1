#include "mesh/call/native_call.h"

#include <string>
#include <utility>

#include "grpcpp/client_context.h"
#include "mesh/call/grpc_attempt.h"

namespace mesh::call {

NativeCall::NativeCall(ChannelCore* core, cluster::Permit permit,
                       std::shared_ptr<CallTrace::Log> trace)
    : core_(core),
      permit_(std::move(permit)),
      trace_(std::move(trace)),
      start_(core->environment()->clock().Now()) {}

NativeCall::~NativeCall() {
  if (call_ != nullptr) grpc_call_unref(call_);
}

void NativeCall::Begin(grpc_call* call) {
  grpc_call_ref(call);
  call_ = call;
  if (!core_->registry().Add(this)) {
    GetCanceller(absl::UnavailableError(core_->Explain("mesh was destroyed")))();
  }
}

CallRegistry::Canceller NativeCall::GetCanceller(const absl::Status& reason) {
  grpc_call_ref(call_);
  return [call = call_, text = std::string(reason.message())] {
    grpc_call_cancel_with_status(call, GRPC_STATUS_UNAVAILABLE, text.c_str(), nullptr);
    grpc_call_unref(call);
  };
}

bool NativeCall::IsDelivered(const grpc::Status& status, const grpc::ClientContext& context) const {
  if (status.ok()) return true;
  // gRPC fails a call whose deadline is over before it looks for a transport.
  if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED &&
      DeadlineOf(context, core_->environment()->clock()) <= start_) {
    return false;
  }
  return MayBeDelivered(status.error_code(), context.peer());
}

xds::EncodedLoadReport NativeCall::LoadReportIn(Batch* batch) const {
  // Else gRPC would make a map of what came for nothing.
  if (!permit_ || permit_.endpoint()->load() == nullptr) return {};
  return FindLoadReport(permit_, *batch->GetRecvTrailingMetadata());
}

void NativeCall::EndNativeAttempt(absl::string_view method, bool delivered, Batch* batch) {
  const int code = batch->GetRecvStatus()->error_code();
  const absl::Time now = core_->environment()->clock().Now();
  EndAttempt({method, 0, code, delivered, start_, now, LoadReportIn(batch)}, *core_, trace_.get(),
             &permit_);
}

void ObservedCall::Intercept(Batch* batch) {
  if (batch->QueryInterceptionHookPoint(Point::PRE_SEND_CANCEL)) return;
  if (batch->QueryInterceptionHookPoint(Point::POST_RECV_STATUS)) {
    EndNativeAttempt("", IsDelivered(*batch->GetRecvStatus(), *context_), batch);
  }
  batch->Proceed();
}

}  // namespace mesh::call
