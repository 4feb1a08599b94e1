#include "mesh/call/rescuable_call.h"

#include <utility>

#include "mesh/call/bytes.h"
#include "mesh/call/grpc_transport.h"

namespace mesh::call {
namespace {

constexpr int kCancelled = 1;
constexpr int kUnavailable = 14;

}  // namespace

RescuableCall::RescuableCall(ChannelCore* core, cluster::Permit permit,
                             std::shared_ptr<CallTrace::Log> trace, const Setup& setup)
    : NativeCall(core, std::move(permit), std::move(trace)),
      copied_path_(setup.lasting_path == nullptr ? setup.path : absl::string_view()),
      path_(setup.lasting_path == nullptr ? copied_path_ : *setup.lasting_path),
      context_(setup.context),
      retry_(setup.retry),
      key_(setup.key),
      wait_for_ready_(setup.wait_for_ready),
      callback_api_(setup.callback_api) {}

CallRegistry::Canceller RescuableCall::GetCanceller(const absl::Status& reason) {
  CallRegistry::Canceller native = NativeCall::GetCanceller(reason);
  MutexLock lock(&mutex_);
  ended_ = true;
  if (attempts_ == nullptr) return native;
  return [native = std::move(native), attempts = attempts_,
          text = std::string(reason.message())]() mutable {
    native();  // has ended, but has a reference to drop
    attempts->Cancel(kUnavailable, std::move(text));
  };
}

void RescuableCall::Intercept(Batch* batch) {
  if (batch->QueryInterceptionHookPoint(Point::PRE_SEND_CANCEL)) {
    OnCancel();
  } else if (batch->QueryInterceptionHookPoint(Point::POST_RECV_STATUS)) {
    InterceptUp(batch, true);
  } else if (batch->QueryInterceptionHookPoint(Point::POST_RECV_INITIAL_METADATA)) {
    InterceptUp(batch, false);
  } else {
    InterceptDown(batch);
  }
}

void RescuableCall::OnCancel() {
  std::shared_ptr<Attempts> attempts;
  {
    MutexLock lock(&mutex_);
    ended_ = true;
    attempts = attempts_;
  }
  if (attempts != nullptr) attempts->Cancel(kCancelled, "cancelled by the application");
}

void RescuableCall::InterceptDown(Batch* batch) {
  if (batch->QueryInterceptionHookPoint(Point::PRE_SEND_MESSAGE)) {
    request_ = *batch->GetSerializedSendMessage();
  }
  if (!message_.exists()) message_ = call_access::MessageSlot::Of(batch);
  batch->Proceed();
}

void RescuableCall::InterceptUp(Batch* batch, bool has_status) {
  const bool has_initial_metadata =
      batch->QueryInterceptionHookPoint(Point::POST_RECV_INITIAL_METADATA);
  const bool committed = has_initial_metadata && !batch->GetRecvInitialMetadata()->empty();
  // An application that reads initial metadata on its own queue starts no other batch before it
  // has them: holding them back would be a deadlock.
  const bool hold = has_status || (callback_api_ && !committed);
  bool decide;
  {
    MutexLock lock(&mutex_);
    if (has_initial_metadata) {
      initial_metadata_came_ = true;
      committed_ = committed;
      if (hold) initial_metadata_batch_ = batch;
    }
    if (has_status) status_batch_ = batch;
    decide = status_batch_ != nullptr && (initial_metadata_came_ || !callback_api_);
  }
  if (!hold) batch->Proceed();
  // Without a held status the call, and this, may have ended by now.
  if (decide) OnStatus();
}

void RescuableCall::OnStatus() {
  const grpc::Status& status = *status_batch_->GetRecvStatus();
  const cluster::Endpoint* const endpoint = permit_.endpoint();
  AttemptOutcome outcome;
  outcome.code = status.error_code();
  if (!status.ok()) {
    outcome.delivered = IsDelivered(status, *context_);
    MutexLock lock(&mutex_);
    outcome.committed = committed_;
  }
  EndNativeAttempt(path_, outcome.delivered, status_batch_);
  if (status.ok() || !Rescue(outcome, endpoint)) Proceed();
}

bool RescuableCall::Rescue(const AttemptOutcome& outcome, const cluster::Endpoint* endpoint) {
  const RetryDecision decision = DecideRetry(retry_, {}, outcome, wait_for_ready_);
  if (decision == RetryDecision::kFinal || !request_.Valid() || !message_.writable()) return false;
  CallEnvironment& environment = *core_->environment();
  UnaryCall call;
  call.path = std::string(path_);
  call.authority = call_access::Authority(*context_);
  if (call.authority.empty()) call.authority = core_->authority();
  call.body = ToCord(request_);
  call.start = start_;
  call.deadline = DeadlineOf(*context_, environment.clock());
  call.wait_for_ready = wait_for_ready_;
  call.key = key_;
  call.tried.push_back(endpoint);
  NoteAttempt(outcome.code, outcome.delivered, environment.clock().Now(), &call);
  call.trace = trace_;
  if (decision == RetryDecision::kElsewhere) {
    call.counts.elsewhere = 1;
    environment.Add(CallEnvironment::Count::kElsewhere);
  } else {
    call.counts.retries = 1;
    environment.Add(CallEnvironment::Count::kRetries);
  }
  const auto attempts = std::make_shared<Attempts>(
      core_->shared_from_this(), std::make_unique<GrpcTransport>(core_->environment(), context_),
      std::move(call));
  {
    MutexLock lock(&mutex_);
    if (ended_) return false;
    attempts_ = attempts;
  }
  attempts->Start(
      [this](std::optional<ExchangeResponse> response) { OnRescued(std::move(response)); });
  return true;
}

void RescuableCall::OnRescued(std::optional<ExchangeResponse> response) {
  if (response.has_value()) {
    response_ = *std::move(response);
    if (initial_metadata_batch_ != nullptr) {
      ReplaceMetadata(response_.initial_metadata,
                      initial_metadata_batch_->GetRecvInitialMetadata());
    }
    ReplaceMetadata(response_.trailing_metadata, status_batch_->GetRecvTrailingMetadata());
    call_access::SetDebugErrorString(response_.debug_text, context_);
    const grpc::Status outcome = DeliverMessage(response_, message_);
    if (outcome.ok()) message_.MarkReceived();
    *status_batch_->GetRecvStatus() = outcome;
  }
  Proceed();
}

void RescuableCall::Proceed() {
  Batch* const status = status_batch_;
  Batch* const initial_metadata = initial_metadata_batch_;
  if (initial_metadata != nullptr && initial_metadata != status) initial_metadata->Proceed();
  status->Proceed();  // the application may destroy its context, and this with it
}

}  // namespace mesh::call
