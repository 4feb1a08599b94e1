#include "mesh/call/held_call.h"

#include <utility>

#include "mesh/call/bytes.h"
#include "mesh/call/grpc_transport.h"

namespace mesh::call {
namespace {

constexpr int kCancelled = 1;
constexpr int kUnavailable = 14;

}  // namespace

HeldCall::HeldCall(ChannelCore* core, absl::string_view path, grpc::ClientContext* context,
                   const CallKey& key, std::shared_ptr<CallTrace::Log> trace)
    : core_(core),
      context_(context),
      attempts_(std::make_shared<Attempts>(
          core->shared_from_this(), std::make_unique<GrpcTransport>(core->environment(), context),
          UnaryCall{DescribeCall(*core, path, context, key, std::move(trace)), {}})) {}

void HeldCall::Begin() {
  if (!core_->registry().Add(this)) {
    attempts_->Cancel(kUnavailable, core_->Explain("mesh was destroyed"));
  }
}

CallRegistry::Canceller HeldCall::GetCanceller(const absl::Status& reason) {
  return [attempts = attempts_, text = std::string(reason.message())]() mutable {
    attempts->Cancel(kUnavailable, std::move(text));
  };
}

void HeldCall::Intercept(Batch* batch) {
  if (batch->QueryInterceptionHookPoint(Point::PRE_SEND_CANCEL)) {
    attempts_->Cancel(kCancelled, "cancelled by the application");
    return;
  }
  if (batch->QueryInterceptionHookPoint(Point::PRE_SEND_INITIAL_METADATA)) {
    Start(batch);
    batch->Hijack();  // calls Intercept() again, with the PRE_RECV_ points
    return;
  }
  if (batch->QueryInterceptionHookPoint(Point::PRE_RECV_INITIAL_METADATA) ||
      batch->QueryInterceptionHookPoint(Point::PRE_RECV_MESSAGE) ||
      batch->QueryInterceptionHookPoint(Point::PRE_RECV_STATUS)) {
    {
      MutexLock lock(&mutex_);
      if (!done_) {
        waiting_.push_back(batch);
        return;
      }
    }
    Answer(batch);
  }
  batch->Proceed();
}

void HeldCall::Start(Batch* batch) {
  absl::Cord body;
  if (batch->QueryInterceptionHookPoint(Point::PRE_SEND_MESSAGE)) {
    body = ToCord(*batch->GetSerializedSendMessage());
  }
  attempts_->StartHeld(std::move(body), [this](std::optional<ExchangeResponse> response) {
    OnDone(response.has_value() ? *std::move(response) : GoneResponse());
  });
}

void HeldCall::OnDone(ExchangeResponse response) {
  response_ = std::move(response);
  std::vector<Batch*> waiting;
  {
    MutexLock lock(&mutex_);
    done_ = true;
    waiting.swap(waiting_);
  }
  for (Batch* batch : waiting) Answer(batch);
  for (Batch* batch : waiting) batch->Proceed();  // the last may destroy this
}

void HeldCall::Answer(Batch* batch) {
  if (batch->QueryInterceptionHookPoint(Point::PRE_RECV_INITIAL_METADATA)) {
    ReplaceMetadata(response_.initial_metadata, batch->GetRecvInitialMetadata());
  }
  if (batch->QueryInterceptionHookPoint(Point::PRE_RECV_MESSAGE)) {
    if (response_.code == 0) {
      call_access::GiveMessage(batch, ToByteBuffer(response_.body));
    } else {
      batch->FailHijackedRecvMessage();
    }
  }
  if (batch->QueryInterceptionHookPoint(Point::PRE_RECV_STATUS)) {
    *batch->GetRecvStatus() = ToStatus(response_);
    ReplaceMetadata(response_.trailing_metadata, batch->GetRecvTrailingMetadata());
    call_access::SetDebugErrorString(response_.debug_text, context_);
  }
}

}  // namespace mesh::call
