#include "mesh/call/native_call.h"

#include <string>

#include "grpcpp/client_context.h"
#include "mesh/call/grpc_transport.h"

namespace mesh::call {

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

void ObservedCall::Intercept(Batch* batch) {
  if (batch->QueryInterceptionHookPoint(Point::PRE_SEND_CANCEL)) return;
  if (batch->QueryInterceptionHookPoint(Point::POST_RECV_STATUS)) {
    const grpc::Status& status = *batch->GetRecvStatus();
    AttemptEnd end;
    end.code = status.error_code();
    end.delivered = status.ok() || !IsChannelTarget(context_->peer());
    EndNativeAttempt(end);
  }
  batch->Proceed();
}

}  // namespace mesh::call
